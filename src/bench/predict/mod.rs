//! The times that kernels would take on a named GPU, calculated: counts of the scene times figures of the compiled code.
//!
//! Nothing is run there. A kernel takes as long as the slowest of three: issuing its instructions, moving its bytes, and waiting for
//! results with as many subgroups as its registers allow; and then its launches. A real time is rather longer: bounds never overlap
//! perfectly, and tiles differ. Every kernel has pieces that run a counted number of times (`work`). What a piece costs is
//! counted in the code for GA102 (`code`); other devices take it times the ratio of the whole kernel's instructions.

mod code;
mod lines;
mod machine;
mod walk;
mod work;

use serde::{Deserialize, Serialize};

pub(super) use lines::prediction_lines;
pub use machine::{MACHINES, Machine, machine};
pub use walk::{Visits, WIDTHS};

use super::run::BenchRun;
use code::Figures;
use work::Work;

/// The cycles until a read of memory and of workgroup memory arrives: about what is published for the H100, as for its predecessors.
/// Source: Luo et al., "Benchmarking and Dissecting the Nvidia Hopper GPU Architecture via Microbenchmarking" (arXiv 2402.13499).
const WAITS: [f64; 2] = [500.0, 30.0];

/// The share of a memory's bandwidth that kernels reach which only copy: about 3.0 of the H100's 3.35 TB/s.
const BANDWIDTH_SHARE: f64 = 0.9;

/// What holds the time of a kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bound {
    /// Instructions are issued one a clock.
    Issue,
    /// Whole numbers, comparisons, minima and maxima, for which there are half as many units.
    HalfRate,
    /// Loads and stores of memory and workgroup memory, and exchanges between lanes.
    LoadStore,
    /// Exponentials, logarithms, reciprocals and conversions.
    Special,
    /// The bandwidth of the memory.
    Memory,
    /// Waiting for results, with too few subgroups to fill the time.
    Latency,
    /// Starting dispatches.
    Launch,
}

impl Bound {
    /// The bound in words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Issue => "issue",
            Self::HalfRate => "issue of half-rate instructions",
            Self::LoadStore => "issue of loads and stores",
            Self::Special => "issue of special functions",
            Self::Memory => "memory bandwidth",
            Self::Latency => "latency and occupancy",
            Self::Launch => "launches",
        }
    }
}

/// The calculated time of a kernel, all its dispatches of a frame or an iteration together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KernelPrediction {
    /// The name of the kernel.
    pub name: String,
    /// Milliseconds: the largest of the next three, and `launch`.
    pub milliseconds: f64,
    /// What holds it.
    pub bound: Bound,
    /// Milliseconds of issuing, with the kind of instructions that takes longest.
    pub issue: f64,
    /// Milliseconds of moving bytes to and from the memory.
    pub memory: f64,
    /// Milliseconds of waiting.
    pub latency: f64,
    /// Milliseconds of starting the dispatches.
    pub launch: f64,
}

/// The calculated time of a frame or an iteration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// Name of the machine on the command line.
    pub machine: String,
    /// `calculation`: nothing was measured on the machine.
    pub kind: String,
    /// Milliseconds of all kernels.
    pub milliseconds: f64,
    /// The kernels, in the order in which they first run.
    pub kernels: Vec<KernelPrediction>,
}

/// Calculates the times of a run's kernels; nothing where the run has no [`Visits`].
#[must_use]
pub fn predict(run: &BenchRun, points_per_convex: usize, machine: &Machine) -> Option<Prediction> {
    let work = Work::of(run, points_per_convex)?;
    let kernels: Vec<_> = work.kernels().into_iter().map(|name| kernel(name, &work, machine)).collect();
    Some(Prediction {
        machine: machine.name.to_owned(),
        kind: "calculation".to_owned(),
        milliseconds: kernels.iter().map(|kernel| kernel.milliseconds).sum(),
        kernels,
    })
}

fn kernel(name: &str, work: &Work, machine: &Machine) -> KernelPrediction {
    let figures = Figures::of(name, machine.device);
    let mut sums = [0.0; 4];
    let [mut path, mut subgroups] = [0.0; 2];
    for piece in &figures.pieces {
        let (times, waits) = work.piece(name, piece.name, machine.width);
        let costs = [piece.issues, piece.half_rate, piece.load_store, piece.special];
        sums.iter_mut().zip(costs).for_each(|(sum, cost)| *sum += times * cost * figures.scale);
        let waited: f64 = waits.iter().zip(WAITS).map(|(count, cycles)| count * cycles).sum();
        path += times * (piece.cycles * figures.scale + waited);
        // The first piece is what every subgroup does.
        subgroups = if subgroups == 0.0 { times } else { subgroups };
    }
    let milliseconds = 1e-6 / machine.gigahertz;
    let lanes = f64::from(WIDTHS[machine.width]) / machine.lanes;
    let issues: [f64; 4] = std::array::from_fn(|i| sums[i] * lanes / (machine.rates[i] * machine.processors));
    let most = (0..4).max_by(|a, b| issues[*a].total_cmp(&issues[*b])).unwrap_or(0);
    let at_once = machine.processors * machine.resident(figures.waves);
    let latency = (path / at_once).max(path / f64::max(subgroups, 1.0)) * milliseconds;
    let memory = work.bytes(name, machine) / (machine.gigabytes_per_second * BANDWIDTH_SHARE) * 1e-6;
    let launch = work.dispatches(name) * machine.launch_microseconds * 1e-3;
    let issue = issues[most] * milliseconds;
    let kind = [Bound::Issue, Bound::HalfRate, Bound::LoadStore, Bound::Special][most];
    let bounds = [(issue, kind), (memory, Bound::Memory), (latency, Bound::Latency), (launch, Bound::Launch)];
    let bound = bounds.into_iter().max_by(|a, b| a.0.total_cmp(&b.0)).map_or(kind, |(_, bound)| bound);
    let milliseconds = issue.max(memory).max(latency) + launch;
    KernelPrediction { name: name.to_owned(), milliseconds, bound, issue, memory, latency, launch }
}

#[cfg(test)]
mod tests;
