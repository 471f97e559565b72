//! Stable sort of u32 keys with u32 values by the lowest bits of the key.
//!
//! Least significant digit first, up to eight bits a step; a step counts digits per block, scans the counts and
//! scatters. Stable and without atomics on global memory, so the same bits on every run.

use super::blocks::{BlockWindow, groups_of};
use super::parts::WORKGROUP_SCAN;
use super::scan::{Scan, ScanPlan};
use crate::constants::BLOCK_SIZE;
use crate::gpu::groups::IndirectGroups;
use crate::gpu::{Buffer, Commands, GROUPS, Gpu, GpuError, GroupsArgs, Kernel, Shader, file, mirror, shader};

/// Number of keys with each digit, per block.
pub(super) const COUNT: Shader = shader!("sort_count", [file!("shared/block.wgsl"), file!("shared/sort.wgsl")]);

/// Moves keys and values to their place by one digit.
pub(super) const SCATTER: Shader = shader!(
    "sort_scatter",
    [file!("shared/block.wgsl"), file!("shared/scan_vec2.wgsl"), WORKGROUP_SCAN, file!("shared/sort.wgsl")]
);

mirror! {
    /// Arguments of the radix sort kernels.
    pub struct SortArgs {
        /// Place of the count in its buffer.
        pub count_index: u32,
        /// Largest count that the buffers hold.
        pub max_count: u32,
        /// First block of the window that the input bindings show.
        pub first_block: u32,
        /// First bit of the digit.
        pub shift: u32,
        /// Bits of the digit, 1..=8.
        pub bits: u32,
        /// First element of the window that the output bindings show.
        pub output_first: u32,
        /// Elements of that window.
        pub output_len: u32,
    }
}

/// Most bits that one step sorts by.
const MAX_DIGIT_BITS: u32 = 8;

/// Keys and the values that move with them.
#[derive(Debug)]
pub struct Pairs {
    /// The keys that are sorted by.
    pub keys: Buffer<u32>,
    /// The values that move along.
    pub values: Buffer<u32>,
}

impl Pairs {
    /// Pairs of zeros.
    ///
    /// # Errors
    /// Returns [`GpuError`] when there is no memory.
    pub fn zeros(gpu: &Gpu, label: &str, len: u32) -> Result<Self, GpuError> {
        Ok(Self {
            keys: gpu.zeros(&format!("{label}.keys"), len.into())?,
            values: gpu.zeros(&format!("{label}.values"), len.into())?,
        })
    }
}

/// The compiled kernels.
#[derive(Debug)]
pub struct Sort {
    groups: Kernel,
    count: Kernel,
    scatter: Kernel,
    scan: Scan,
}

/// Memory and arguments for lines of up to a given length and keys of a given number of bits.
#[derive(Debug)]
pub struct SortPlan {
    windows: Vec<PlannedWindow>,
    histogram: Buffer<u32>,
    histogram_scan: ScanPlan,
    num_steps: usize,
}

#[derive(Debug)]
struct PlannedWindow {
    window: BlockWindow,
    groups: IndirectGroups,
    /// Arguments of each step for each window of the output.
    steps: Vec<Vec<Buffer<SortArgs>>>,
}

/// Place of the number of histogram entries in the output of the `groups` kernel.
const ENTRIES_INDEX: u32 = 3;

impl Sort {
    /// Compiles the kernels.
    ///
    /// # Errors
    /// Returns [`GpuError::Shader`] when the kernel does not compile.
    pub fn new(gpu: &Gpu) -> Result<Self, GpuError> {
        Ok(Self {
            groups: Kernel::new(gpu, &GROUPS, &[])?,
            count: Kernel::new(gpu, &COUNT, &[])?,
            scatter: Kernel::new(gpu, &SCATTER, &[])?,
            scan: Scan::new(gpu)?,
        })
    }

    /// Prepares for up to `max_count` pairs and keys of `key_bits` bits (1..=32; higher bits of a key are ignored), whose
    /// count will be at `count_index` of a buffer of counts.
    ///
    /// # Errors
    /// Returns [`GpuError`] when there is no memory.
    pub fn plan(&self, gpu: &Gpu, max_count: u32, key_bits: u32, count_index: u32) -> Result<SortPlan, GpuError> {
        let key_bits = key_bits.clamp(1, 32);
        let digits = Digits::of(key_bits);
        let windows = BlockWindow::all(gpu, max_count);
        let max_entries = max_count.div_ceil(BLOCK_SIZE).max(1) << digits.bits;
        let plan_window = |window: &BlockWindow| {
            let args = |step: u32, output: &BlockWindow| SortArgs {
                count_index,
                max_count,
                first_block: window.first_block,
                shift: step * digits.bits,
                bits: digits.bits.min(key_bits - step * digits.bits),
                output_first: output.first_block * BLOCK_SIZE,
                output_len: output.num_blocks * BLOCK_SIZE,
            };
            let step = |step: u32| windows.iter().map(|output| gpu.uniform("sort.args", &args(step, output))).collect();
            let groups_args =
                GroupsArgs { count_index, max_count, entries_per_group: 1 << digits.bits, ..GroupsArgs::default() };
            Ok(PlannedWindow {
                window: *window,
                groups: groups_of(gpu, *window, groups_args)?,
                steps: (0..digits.num_steps).map(step).collect::<Result<_, GpuError>>()?,
            })
        };
        Ok(SortPlan {
            windows: windows.iter().map(plan_window).collect::<Result<_, GpuError>>()?,
            histogram: gpu.zeros("sort.histogram", max_entries.into())?,
            histogram_scan: self.scan.plan(gpu, max_entries, ENTRIES_INDEX)?,
            num_steps: digits.num_steps as usize,
        })
    }

    /// Records the sort of the first `count` pairs. `pairs` and `scratch` are both overwritten;
    /// [`SortPlan::result`] says which of them holds the result.
    ///
    /// # Errors
    /// Returns [`GpuError::Binding`] when a buffer is shorter than the plan.
    pub fn record(
        &self,
        commands: &mut Commands<'_>,
        plan: &SortPlan,
        counts: &Buffer<u32>,
        pairs: &Pairs,
        scratch: &Pairs,
    ) -> Result<(), GpuError> {
        for planned in &plan.windows {
            planned.groups.update(commands, &self.groups, counts)?;
        }
        let (mut from, mut to) = (pairs, scratch);
        for step in 0..plan.num_steps {
            self.count_digits(commands, plan, step, counts, from)?;
            // Every window knows the number of entries of the whole histogram.
            self.scan.record(commands, &plan.histogram_scan, &plan.windows[0].groups.groups, &plan.histogram)?;
            self.scatter(commands, plan, step, counts, from, to)?;
            commands.border();
            std::mem::swap(&mut from, &mut to);
        }
        Ok(())
    }

    fn count_digits(
        &self,
        commands: &mut Commands<'_>,
        plan: &SortPlan,
        step: usize,
        counts: &Buffer<u32>,
        from: &Pairs,
    ) -> Result<(), GpuError> {
        for planned in &plan.windows {
            let bindings = [
                ("args", planned.steps[step][0].all()),
                ("counts", counts.all()),
                ("keys", from.keys.window(planned.window.items())),
                ("histogram", plan.histogram.all()),
            ];
            commands.dispatch(&self.count, planned.groups.grid(), &bindings)?;
        }
        Ok(())
    }

    fn scatter(
        &self,
        commands: &mut Commands<'_>,
        plan: &SortPlan,
        step: usize,
        counts: &Buffer<u32>,
        from: &Pairs,
        to: &Pairs,
    ) -> Result<(), GpuError> {
        for planned in &plan.windows {
            for (args, output) in planned.steps[step].iter().zip(&plan.windows) {
                let bindings = [
                    ("args", args.all()),
                    ("counts", counts.all()),
                    ("keys", from.keys.window(planned.window.items())),
                    ("values", from.values.window(planned.window.items())),
                    ("places", plan.histogram.all()),
                    ("sorted_keys", to.keys.window(output.window.items())),
                    ("sorted_values", to.values.window(output.window.items())),
                ];
                commands.dispatch(&self.scatter, planned.groups.grid(), &bindings)?;
            }
        }
        Ok(())
    }
}

impl SortPlan {
    /// Which of the two that a sort was given holds its result: they take turns with every step.
    #[must_use]
    pub const fn result<'p>(&self, pairs: &'p Pairs, scratch: &'p Pairs) -> &'p Pairs {
        if self.num_steps.is_multiple_of(2) { pairs } else { scratch }
    }
}

/// How a key is cut into digits: as few as possible, of nearly equal size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Digits {
    bits: u32,
    num_steps: u32,
}

impl Digits {
    fn of(key_bits: u32) -> Self {
        let num_steps = key_bits.div_ceil(MAX_DIGIT_BITS);
        Self { bits: key_bits.div_ceil(num_steps), num_steps }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_few_and_of_nearly_equal_size() {
        let of = |bits| (Digits::of(bits).bits, Digits::of(bits).num_steps);
        assert_eq!([of(1), of(8), of(9), of(13), of(24), of(32)], [(1, 1), (8, 1), (5, 2), (7, 2), (8, 3), (8, 4)]);
    }
}
