//! What a Vulkan driver's compiler makes of every kernel of lapidary: registers, spills, memory, occupancy, instructions.
//!
//! Nothing is run. `scripts/shader-stats` starts this with the drivers of Mesa and fake devices, once per device, and lets it
//! compare the numbers with those of `baseline.tsv`.

mod driver;
mod executable;
mod spirv;
mod table;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Parser;
use lapidary::gpu::DeviceTraits;
use lapidary::kernels::SHADERS;

use driver::Driver;
use table::Table;

#[derive(Debug, Parser)]
enum Command {
    /// Print a row of the table for every kernel, compiled by the first Vulkan driver.
    Measure(Measure),
    /// Print a table, and what is worse in it than in another; the exit code is 1 where something is.
    Compare {
        /// The table to compare with.
        baseline: PathBuf,
        /// The table to print.
        now: PathBuf,
    },
}

#[derive(Debug, clap::Args)]
struct Measure {
    /// Name of the device in the table.
    #[arg(long)]
    device: String,
    /// Lanes of a subgroup that the driver must take.
    #[arg(long)]
    lanes: Option<u32>,
    /// Fewest and most lanes that another driver for this device reports: kernels are the variants for that one.
    #[arg(long, num_args = 2)]
    reported_lanes: Option<Vec<u32>>,
    /// Points of a convex.
    #[arg(long, default_value_t = 6)]
    points: u32,
    /// Print the code of this kernel instead, as the compiler made it.
    #[arg(long)]
    isa: Option<String>,
    /// Compile the WGSL of this file instead of the kernels, to try something out.
    #[arg(long)]
    source: Option<PathBuf>,
}

fn main() -> Result<ExitCode> {
    match Command::parse() {
        Command::Measure(options) => measure(&options)?,
        Command::Compare { baseline, now } => return compare(&baseline, &now),
    }
    Ok(ExitCode::SUCCESS)
}

fn measure(options: &Measure) -> Result<()> {
    let driver = Driver::open()?;
    let lanes = match (options.reported_lanes.as_deref(), options.lanes) {
        (Some(&[fewest, most]), _) => (fewest, most),
        (_, Some(lanes)) => (lanes, lanes),
        _ => driver.lanes(),
    };
    let traits = DeviceTraits { subgroups: Some(lanes), is_software: false };
    if let Some(path) = &options.source {
        let source = String::from_utf8(lapidary::files::read(path)?)?;
        return print(&driver, options, &path.display().to_string(), &source);
    }
    let variants =
        || SHADERS.iter().flat_map(|shader| shader.variants.iter().map(move |constants| (shader, *constants)));
    let names: Vec<_> = variants().map(|(shader, constants)| name_of(shader.name, constants)).collect();
    if let Some(wanted) = options.isa.as_ref().filter(|wanted| !names.contains(wanted)) {
        bail!("there is no kernel {wanted}; there are {}", names.join(", "));
    }
    for ((shader, constants), name) in variants().zip(names) {
        if options.isa.as_ref().is_none_or(|wanted| *wanted == name) {
            let source = shader.source(traits, &[&[("POINTS", options.points)], constants].concat());
            print(&driver, options, &name, &source)?;
        }
    }
    Ok(())
}

/// Compiles a kernel and prints its row of the table, or its code.
fn print(driver: &Driver, options: &Measure, kernel: &str, source: &str) -> Result<()> {
    let report = driver.compile(&spirv::compile(source)?, options.lanes, options.isa.is_some())?;
    match report.code {
        Some(code) => println!("{code}"),
        None => println!("{}", table::Row::of_statistics(&options.device, kernel, &report.statistics)),
    }
    Ok(())
}

/// The kernel with those constants that are not zero; a kernel of one variant is called by its name alone.
fn name_of(shader: &str, constants: &[(&str, u32)]) -> String {
    let is_choice = |(name, value): &&(&str, u32)| *value != 0 && !["LANES", "PROBE_THREADS"].contains(name);
    let choices = constants.iter().filter(is_choice).map(|(name, value)| format!(",{name}={value}"));
    std::iter::once(shader.to_owned()).chain(choices).collect()
}

fn compare(baseline: &std::path::Path, now: &std::path::Path) -> Result<ExitCode> {
    let (old, new) = (Table::read(baseline)?, Table::read(now)?);
    print!("{new}");
    let worse = new.worse_than(&old);
    let lost: BTreeSet<_> = old.keys().difference(&new.keys()).cloned().collect();
    let added = new.keys().difference(&old.keys()).count();
    for line in &worse {
        println!("worse: {line}");
    }
    for (device, kernel) in &lost {
        println!("missing: {kernel} on {device}");
    }
    println!(
        "{} kernels and devices compared, {added} of them new: {} numbers are worse",
        new.keys().len(),
        worse.len()
    );
    Ok(ExitCode::from(u8::from(!worse.is_empty() || !lost.is_empty())))
}
