//! A capture of 3000 views from start to end: trained, killed, resumed and evaluated within 2 GiB.

use std::path::Path;
use std::time::Duration;

use anyhow::ensure;

use crate::case::Case;
use crate::program::{Ended, Program, lapidary};
use crate::training::is_complete;

/// The most memory that any command may take, KiB.
const MOST_MEMORY: u64 = 2 << 20;

const HOUR: u64 = 3600;

pub(crate) fn run(case: &mut Case<'_>) -> anyhow::Result<()> {
    let [data, out, report] = ["data", "run", "report"].map(|name| case.folder.join(name));
    let size = ["--views", "2700", "--test-views", "300", "--size", "32x24"];
    watched("synth", lapidary(["synth", "--out"]).arg(&data).args(size), None)?.succeeded()?;
    let train = || {
        let words = ["--iterations", "300", "--max-convexes", "500", "--checkpoint-every", "25", "--eval-every", "0"];
        lapidary(["train"]).arg(&data).arg("--out").arg(&out).args(words)
    };
    let killed = watched("train, killed", train(), Some(&out.join("checkpoint.safetensors")))?;
    ensure!(killed.signal() == Some(9) && !is_complete(&out), "{killed}; expected it to be killed before its end");
    watched("train, resumed", train().arg("--resume"), None)?.succeeded()?;
    let eval = lapidary(["eval"]).arg(&out).arg("--dataset").arg(&data).arg("--out").arg(&report);
    watched("eval", eval, None)?.succeeded()?;
    watched("info", lapidary(["info"]).arg(&data), None)?.succeeded()?;
    Ok(())
}

/// Runs a program, kills it soon after a file has come to be, and tells its time and the most memory that it took.
fn watched(name: &str, program: Program, until: Option<&Path>) -> anyhow::Result<Ended> {
    let mut running = program.limit(HOUR).start()?;
    let mut peak = 0;
    while !running.is_over() {
        peak = peak.max(running.peak_memory().unwrap_or(0));
        if until.is_some_and(Path::exists) {
            std::thread::sleep(Duration::from_secs(1));
            running.send("KILL")?;
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let ended = running.wait()?;
    println!("{name}: {:.0} s, at most {} MiB", ended.seconds, peak >> 10);
    ensure!(peak > 0, "the system does not say how much memory a program takes");
    ensure!(peak < MOST_MEMORY, "{ended}; it took {} MiB", peak >> 10);
    Ok(ended)
}
