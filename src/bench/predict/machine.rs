//! GPUs by their published figures.

/// A GPU, and what it does in a clock.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Machine {
    /// Name on the command line.
    pub name: &'static str,
    /// The name of the product.
    pub title: &'static str,
    /// The device of `tools/shader-stats/baseline.tsv` that stands for it.
    pub device: &'static str,
    /// Streaming multiprocessors, compute units or cores.
    pub processors: f64,
    /// Boost clock.
    pub gigahertz: f64,
    /// Bandwidth of the memory, 10⁹ bytes a second.
    pub gigabytes_per_second: f64,
    /// Bytes of the last cache before the memory.
    pub cache_bytes: f64,
    /// Lanes of an instruction that a unit takes at a time.
    pub lanes: f64,
    /// Instructions of that many lanes that a processor takes in a clock: all of them, those of half rate, loads and stores, special
    /// functions.
    pub rates: [f64; 4],
    /// Threads or subgroups that the table of the device counts as one subgroup that is resident.
    pub waves_per_subgroup: f64,
    /// Index of the subgroup's width in [`super::WIDTHS`].
    pub width: usize,
    /// Microseconds from the end of a dispatch to the start of the next that waits for it: an assumption.
    pub launch_microseconds: f64,
}

/// Rates of NVIDIA's streaming multiprocessors since GA102: 128 lanes a clock in all, 64 for whole numbers and comparisons, 32 for loads
/// and stores, 16 for special functions. Source: CUDA C++ Programming Guide, "Arithmetic Instructions", throughput for 8.6, 8.9, 9.0.
const NVIDIA: Machine = Machine {
    name: "",
    title: "",
    device: "ga102",
    processors: 0.0,
    gigahertz: 0.0,
    gigabytes_per_second: 0.0,
    cache_bytes: 0.0,
    lanes: 32.0,
    rates: [4.0, 2.0, 1.0, 0.5],
    waves_per_subgroup: 1.0,
    width: 1,
    launch_microseconds: 2.5,
};

/// The machines that are known. The GPUs of Apple get no wider subgroups promised than four lanes and run other variants of some
/// kernels than those that were counted, so that theirs are the coarsest figures.
pub const MACHINES: [Machine; 7] = [
    // NVIDIA H100 Tensor Core GPU Architecture (white paper): SXM5, 66.9 TFLOP/s of f32, 50 MB of L2; data sheet: 3.35 TB/s.
    Machine {
        name: "h100",
        title: "NVIDIA H100 SXM",
        processors: 132.0,
        gigahertz: 1.98,
        gigabytes_per_second: 3350.0,
        cache_bytes: 50e6,
        ..NVIDIA
    },
    // NVIDIA Ada GPU Architecture (white paper), appendix on the GeForce RTX 4090.
    Machine {
        name: "rtx4090",
        title: "NVIDIA GeForce RTX 4090",
        device: "ada",
        processors: 128.0,
        gigahertz: 2.52,
        gigabytes_per_second: 1008.0,
        cache_bytes: 72e6,
        ..NVIDIA
    },
    // NVIDIA Ampere GA102 GPU Architecture (white paper), GeForce RTX 3080 with 10 GB.
    Machine {
        name: "rtx3080",
        title: "NVIDIA GeForce RTX 3080",
        processors: 68.0,
        gigahertz: 1.71,
        gigabytes_per_second: 760.0,
        cache_bytes: 5e6,
        ..NVIDIA
    },
    // AMD's product page (96 units, up to 2.5 GHz, 960 GB/s, 96 MB of Infinity Cache) and "RDNA3" Instruction Set Architecture:
    // two SIMD units of 32 lanes a compute unit, special functions a quarter of the rate.
    Machine {
        name: "rx7900xtx",
        title: "AMD Radeon RX 7900 XTX",
        device: "navi31",
        processors: 96.0,
        gigahertz: 2.5,
        gigabytes_per_second: 960.0,
        cache_bytes: 96e6,
        rates: [2.0, 2.0, 1.0, 0.5],
        width: 2,
        ..NVIDIA
    },
    // Apple's newsroom, November 2020: 8 cores, 128 units each, 2.6 TFLOP/s; memory LPDDR4X-4266, 128 bits.
    Machine {
        name: "m1",
        title: "Apple M1, 8 cores",
        device: "m1-metal",
        processors: 8.0,
        gigahertz: 1.27,
        gigabytes_per_second: 68.0,
        cache_bytes: 8e6,
        rates: [4.0, 4.0, 1.0, 1.0],
        waves_per_subgroup: 32.0,
        ..NVIDIA
    },
    // Apple's newsroom, June 2022: 10 cores, 3.6 TFLOP/s, 100 GB/s.
    Machine {
        name: "m2",
        title: "Apple M2, 10 cores",
        device: "m1-metal",
        processors: 10.0,
        gigahertz: 1.4,
        gigabytes_per_second: 100.0,
        cache_bytes: 8e6,
        rates: [4.0, 4.0, 1.0, 1.0],
        waves_per_subgroup: 32.0,
        ..NVIDIA
    },
    // Two cores that are said to take an instruction of eight lanes a clock, so that ratios to measured times show whether the counts
    // are right: docs/archive/prediction.md. They are no statement about a processor.
    Machine {
        name: "lavapipe",
        title: "Mesa's software driver, to compare ratios",
        processors: 2.0,
        gigahertz: 1.0,
        gigabytes_per_second: 1e6,
        cache_bytes: 32e6,
        lanes: 8.0,
        rates: [1.0; 4],
        waves_per_subgroup: 1e-6,
        width: 0,
        launch_microseconds: 0.0,
        ..NVIDIA
    },
];

impl Machine {
    /// Subgroups that a processor holds at a time, from the table's number.
    pub(super) fn resident(&self, waves: f64) -> f64 {
        waves / self.waves_per_subgroup
    }
}

/// Finds a machine by name.
///
/// # Errors
/// A sentence that lists the names.
pub fn machine(name: &str) -> Result<&'static Machine, String> {
    let names = || MACHINES.map(|machine| machine.name).join(", ");
    let found = MACHINES.iter().find(|machine| machine.name.eq_ignore_ascii_case(name));
    found.ok_or_else(|| format!("expected a machine: {}", names()))
}
