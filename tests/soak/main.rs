//! Attacks the program for a given time: kills, lost devices, refused memory, broken output, broken files, absurd arguments.
//!
//! `scripts/soak SECONDS` runs it, docs/robustness.md says what each kind does and what was found. A case depends on the seed,
//! its kind and its number alone, so that a failure can be repeated. Without `--seconds` nothing is done: `cargo test` stays
//! fast.
#![allow(clippy::disallowed_methods, reason = "the attack reads and writes files of its own")]

#[cfg(unix)]
mod absurd;
#[cfg(unix)]
mod broken_files;
#[cfg(unix)]
mod capture;
#[cfg(unix)]
mod case;
#[cfg(unix)]
mod device;
#[cfg(unix)]
mod kill_outputs;
#[cfg(unix)]
mod kill_training;
#[cfg(unix)]
mod kinds;
#[cfg(unix)]
mod mutate;
#[cfg(unix)]
mod options;
#[cfg(unix)]
mod outputs;
#[cfg(unix)]
mod program;
#[cfg(unix)]
mod readers;
#[cfg(unix)]
mod schedule;
#[cfg(unix)]
mod seeds;
#[cfg(unix)]
mod streams;
#[cfg(unix)]
mod tally;
#[cfg(unix)]
mod training;

#[cfg(unix)]
fn main() -> std::process::ExitCode {
    if std::env::args().any(|word| word.starts_with("--seconds")) {
        return schedule::main();
    }
    println!("nothing is attacked without a time; `scripts/soak SECONDS` does it");
    std::process::ExitCode::SUCCESS
}

#[cfg(not(unix))]
fn main() {
    println!("nothing is attacked: signals and broken output are made with a Unix shell");
}
