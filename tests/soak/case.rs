//! One case: its folder, its random numbers, and what all cases share.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::{Context as _, anyhow};
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64Mcg;

use crate::device::Layer;
use crate::outputs::Job;
use crate::program::lapidary;
use crate::seeds::Seed;
use crate::tally::Impossible;
use crate::training::Training;

/// What is made once and is the same for all cases.
#[derive(Debug)]
pub(crate) struct Ground {
    /// Everything lies below it.
    pub(crate) folder: PathBuf,
    gems: Once<PathBuf>,
    training: Once<Training>,
    jobs: Once<Vec<Job>>,
    seeds: Once<Vec<Seed>>,
    layer: Once<Layer>,
}

/// Something that is made when it is first needed; an error is the same every time.
type Once<T> = OnceLock<Result<T, anyhow::Error>>;

fn once<T>(cell: &Once<T>, make: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<&T> {
    cell.get_or_init(make).as_ref().map_err(|error| match error.downcast_ref::<Impossible>() {
        Some(impossible) => impossible.clone().into(),
        None => anyhow!("{error:#}"),
    })
}

impl Ground {
    pub(crate) fn new(folder: &Path) -> Self {
        Self {
            folder: folder.into(),
            gems: Once::new(),
            training: Once::new(),
            jobs: Once::new(),
            seeds: Once::new(),
            layer: Once::new(),
        }
    }

    /// A small dataset: ten views to train on and two held back.
    pub(crate) fn gems(&self) -> anyhow::Result<&Path> {
        let make = || {
            let gems = self.folder.join("gems");
            let words = ["synth", "--views", "10", "--test-views", "2", "--size", "48x36", "--out"];
            lapidary(words).arg(&gems).run()?.succeeded()?;
            Ok(gems)
        };
        once(&self.gems, make).map(PathBuf::as_path)
    }

    /// A training that nothing disturbed.
    pub(crate) fn training(&self) -> anyhow::Result<&Training> {
        once(&self.training, || Training::make(self))
    }

    /// What convert, render and eval write when nothing disturbs them.
    pub(crate) fn jobs(&self) -> anyhow::Result<&[Job]> {
        once(&self.jobs, || Job::make_all(self)).map(Vec::as_slice)
    }

    /// Good files of every format.
    pub(crate) fn seeds(&self) -> anyhow::Result<&[Seed]> {
        once(&self.seeds, || Seed::make_all(self)).map(Vec::as_slice)
    }

    /// The layer that makes a device fail.
    pub(crate) fn layer(&self) -> anyhow::Result<&Layer> {
        once(&self.layer, || Layer::make(self))
    }
}

/// One case of a kind.
#[derive(Debug)]
pub(crate) struct Case<'a> {
    pub(crate) ground: &'a Ground,
    /// An empty folder.
    pub(crate) folder: PathBuf,
    /// Its number among those of its kind.
    pub(crate) number: u32,
    pub(crate) chance: Chance,
}

/// Random numbers that depend on the seed, the kind and the number of a case.
#[derive(Debug)]
pub(crate) struct Chance(Pcg64Mcg);

impl Chance {
    pub(crate) fn new(seed: u64, kind: &str, number: u32) -> Self {
        // FNV-1a: the same with every version of Rust.
        let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        let text = format!("{seed} {kind} {number}");
        Self(Pcg64Mcg::seed_from_u64(text.bytes().fold(0xcbf2_9ce4_8422_2325, mix)))
    }

    /// Evenly in 0..below; 0 where that is empty.
    pub(crate) fn below(&mut self, below: usize) -> usize {
        if below == 0 { 0 } else { self.0.random_range(0..below) }
    }

    /// Evenly from 0 to 1.
    pub(crate) fn part(&mut self) -> f64 {
        self.0.random()
    }

    /// True in this part of the cases.
    pub(crate) fn is(&mut self, part: f64) -> bool {
        self.part() < part
    }

    /// One of several.
    pub(crate) fn of<'v, T>(&mut self, values: &'v [T]) -> anyhow::Result<&'v T> {
        values.get(self.below(values.len())).context("there is nothing to choose from")
    }

    pub(crate) fn bits(&mut self) -> u64 {
        self.0.random()
    }
}
