//! What held and what failed.

use std::collections::BTreeMap;

use crate::kinds::Kind;

/// An attack that this machine has no means for; it is told, and counts neither as held nor as failed.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Impossible(pub(crate) String);

/// Counts of one kind.
#[derive(Debug, Default)]
struct Counts {
    held: u32,
    failed: u32,
    /// Why the kind was left out, if it was.
    impossible: Option<String>,
}

/// Counts of all kinds.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    counts: BTreeMap<&'static str, Counts>,
    failures: Vec<String>,
}

impl Tally {
    /// Counts a case. Whatever failed is told at once, with the command that repeats it.
    pub(crate) fn add(&mut self, kind: &'static Kind, seed: u64, number: u32, result: anyhow::Result<()>) {
        let counts = self.counts.entry(kind.name).or_default();
        match result {
            Ok(()) => counts.held += 1,
            Err(error) if error.is::<Impossible>() => counts.impossible = Some(error.to_string()),
            Err(error) => {
                counts.failed += 1;
                let repeat = format!("scripts/soak 1 --seed {seed} --only {} --case {number}", kind.name);
                let failure = format!("{repeat}\n    {error:#}");
                println!("failed: {failure}");
                self.failures.push(failure);
            }
        }
    }

    /// Whether nothing more can be done with a kind.
    pub(crate) fn is_impossible(&self, kind: &Kind) -> bool {
        self.counts.get(kind.name).is_some_and(|counts| counts.impossible.is_some())
    }

    /// Whether anything failed.
    pub(crate) fn has_failures(&self) -> bool {
        !self.failures.is_empty()
    }

    /// A table for people.
    pub(crate) fn print(&self, kinds: &[&'static Kind]) {
        println!("\n{:16} {:>6} {:>6}", "kind", "held", "failed");
        for kind in kinds {
            let none = Counts::default();
            let Counts { held, failed, impossible } = self.counts.get(kind.name).unwrap_or(&none);
            let left_out = impossible.as_ref().map_or_else(String::new, |reason| format!("; left out: {reason}"));
            println!("{:16} {held:>6} {failed:>6}  {}{left_out}", kind.name, kind.about);
        }
    }
}
