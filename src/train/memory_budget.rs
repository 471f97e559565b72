//! The number of convexes that the device allows: by its memory, and by the buffers that it can bind.

use super::options::TrainOptions;
use crate::gpu::Gpu;
use crate::real::to_u32;
use crate::renderer::Costs;

/// Part of a GPU's memory that a training takes where nothing else is said. The memory of a software device is that of
/// the host, where the decoded pictures and all other programs are too: there it is less.
const SHARE: f64 = 0.8;
const SOFTWARE_SHARE: f64 = 0.4;

/// The allowed memory over the part of it that pictures may take; the rest is for convexes and frames.
const PICTURES_SHARE: u64 = 4;

/// Bytes for pictures where the device does not tell its memory.
const DEFAULT_PICTURE_BYTES: u64 = 2 << 30;

/// Instances that are expected of a convex, and those that a tile has however few convexes there are. A picture of 1237×822
/// has about 7.5 million instances of a million convexes.
const INSTANCES_PER_CONVEX: u64 = 12;
const INSTANCES_PER_TILE: u64 = 16;

/// Keeps a training within a device's memory: growth stops before a buffer would be refused. What it decides depends on
/// the options, the device and the size of the pictures alone, so that a resumed training decides the same.
#[derive(Debug)]
pub(super) struct MemoryBudget {
    allowed: Option<u64>,
    most_convexes: u32,
    /// Whether bindings of the device are what allows no more.
    is_bound: bool,
}

impl MemoryBudget {
    /// Allows what the options say, or a part of what the device has; from now on the device refuses more.
    pub(super) fn new(gpu: &Gpu, options: &TrainOptions) -> Self {
        let share = if gpu.is_software() { SOFTWARE_SHARE } else { SHARE };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of a number of bytes")]
        let of_device = |bytes: u64| (bytes as f64 * share) as u64;
        let allowed = match options.memory {
            0 => gpu.memory().map(of_device),
            mebibytes => Some(u64::from(mebibytes) << 20),
        };
        if let Some(bytes) = allowed {
            gpu.allow(bytes);
        }
        Self { allowed, most_convexes: u32::MAX, is_bound: false }
    }

    /// Bytes that the targets may take.
    pub(super) fn target_bytes(&self) -> u64 {
        self.allowed.map_or(DEFAULT_PICTURE_BYTES, |bytes| bytes / PICTURES_SHARE)
    }

    /// Decides the number of convexes from the costs, the size of the largest picture, and the number of convexes that the
    /// device can bind.
    pub(super) fn plan(&mut self, costs: Costs, num_pixels: u64, num_tiles: u64, most_bound: u32) {
        let in_memory = self.allowed.map_or(u32::MAX, |allowed| {
            let fixed = num_pixels * costs.pixel + num_tiles * INSTANCES_PER_TILE * costs.instance;
            let room = (allowed - self.target_bytes()).saturating_sub(fixed);
            let most = room / (costs.convex + INSTANCES_PER_CONVEX * costs.instance);
            to_u32(most)
        });
        self.most_convexes = in_memory.min(most_bound);
        self.is_bound = most_bound < in_memory;
    }

    /// Memory that may be taken, MiB.
    pub(super) fn allowed_mebibytes(&self) -> u64 {
        self.allowed.unwrap_or_default() >> 20
    }

    /// The largest number of convexes that fit.
    pub(super) const fn most_convexes(&self) -> u32 {
        self.most_convexes
    }

    /// A sentence for the user where the device allows fewer convexes than are wanted.
    pub(super) fn note(&self, wanted: u32) -> Option<String> {
        let (most, allowed) = (self.most_convexes, self.allowed_mebibytes());
        let (reason, advice) = if self.is_bound {
            ("buffers that this GPU can bind hold".to_owned(), "")
        } else {
            (format!("{allowed} MiB of GPU memory hold about"), "; a higher `memory` allows more")
        };
        (most < wanted).then(|| {
            format!(
                "{reason} {most} convexes of the {wanted} that were asked for; their number will stop growing \
                 there{advice}"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_convexes_is_what_the_memory_and_the_bindings_hold() {
        let mut memory_budget = MemoryBudget { allowed: Some(100_000), most_convexes: u32::MAX, is_bound: false };
        let costs = Costs { convex: 400, instance: 50, pixel: 10 };
        memory_budget.plan(costs, 1000, 10, 1000);
        // A quarter is for targets; 10 000 and 8 000 are taken by pixels and tiles; a convex takes 1000.
        assert_eq!(memory_budget.most_convexes(), 57);
        assert_eq!(memory_budget.note(57), None);
        assert!(memory_budget.note(58).is_some_and(|note| note.contains("about 57 convexes of the 58")));
        memory_budget.plan(costs, 1000, 10, 30);
        assert_eq!(memory_budget.note(30), None);
        assert!(memory_budget.note(31).is_some_and(|note| note.contains("can bind hold 30 convexes of the 31")));
        memory_budget.plan(costs, 100_000, 10, 1000);
        assert_eq!(memory_budget.most_convexes(), 0, "not even the image fits");
        let mut unknown = MemoryBudget { allowed: None, most_convexes: u32::MAX, is_bound: false };
        unknown.plan(costs, 1000, 10, u32::MAX);
        assert_eq!(unknown.note(u32::MAX), None);
    }
}
