//! What is attacked, and for how long.

use clap::Parser;

use crate::kinds::{KINDS, Kind};

/// Attacks lapidary for a time, prints what held and what failed, and ends with 1 if anything failed.
#[derive(Debug, Clone, Parser)]
pub(crate) struct Options {
    /// Begin no further case after this time
    #[arg(long)]
    pub(crate) seconds: f64,
    /// Changes every random choice
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// Only this kind; may be given several times
    #[arg(long, value_name = "KIND", value_parser = kind)]
    pub(crate) only: Vec<&'static Kind>,
    /// Only the case of this number
    #[arg(long, value_name = "N", requires = "only")]
    pub(crate) case: Option<u32>,
    /// Cases at the same time [default: one for each processor]
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<usize>,
}

impl Options {
    /// The kinds that are attacked: all that belong to a round, or those that were asked for.
    pub(crate) fn kinds(&self) -> Vec<&'static Kind> {
        if self.only.is_empty() { KINDS.iter().filter(|kind| kind.cases > 0).collect() } else { self.only.clone() }
    }

    /// Number of cases at the same time.
    pub(crate) fn jobs(&self) -> usize {
        self.jobs.or_else(|| std::thread::available_parallelism().map(usize::from).ok()).unwrap_or(1).max(1)
    }
}

fn kind(name: &str) -> Result<&'static Kind, String> {
    let names = || KINDS.iter().map(|kind| kind.name).collect::<Vec<_>>().join(", ");
    KINDS.iter().find(|kind| kind.name == name).ok_or_else(|| format!("expected one of {}", names()))
}
