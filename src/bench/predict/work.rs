//! How often the pieces of every kernel run, and the bytes that it moves.

use super::{Machine, Visits, WIDTHS};
use crate::bench::run::{BenchRun, Workload};
use crate::constants::{BLOCK_SIZE, TILE_SIZE, WG_SIZE};
use crate::scene::row_widths;

/// The work of a frame or an iteration.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Work {
    pub(super) is_iteration: bool,
    pub(super) convexes: f64,
    pub(super) points: f64,
    /// Values of a convex in all parameters.
    pub(super) values: f64,
    pub(super) pixels: f64,
    pub(super) tiles: f64,
    pub(super) instances: f64,
    pub(super) visits: Visits,
}

/// Kernels of a frame in the order in which they first run.
const FRAME: [&str; 13] = [
    "project",
    "count_tiles",
    "groups",
    "sort_count",
    "scan_reduce",
    "scan_sums",
    "scan_apply",
    "sort_scatter",
    "count_instances",
    "admit_instances",
    "emit_instances",
    "tile_ranges",
    "rasterize",
];
/// What an iteration has besides.
const REST: [&str; 13] = [
    "loss",
    "loss_sum",
    "loss_backward",
    "totals",
    "rasterize_backward",
    "forget_rest",
    "gather_chunks",
    "gather_cotangents",
    "sh_backward",
    "project_backward",
    "accumulate",
    "adam",
    "finish_step",
];

/// Threads of a tile in the rasterizer, and in the loss.
const TILE_THREADS: f64 = 64.0;
const LOSS_THREADS: f64 = 128.0;
/// Numbers of an instance's cotangent for each point, and besides.
const COTANGENTS: [f64; 2] = [3.0, 6.0];
/// Bits of a depth key, and of a digit.
const DEPTH_BITS: u32 = 32;
const DIGIT_BITS: u32 = 8;
/// Convexes of a batch of the backward pass.
const BACKWARD_BATCH: f64 = 8.0;
/// Bytes of a projected convex without its lines, of a line, and of what is read at once where a word is needed.
const PROJECTED: f64 = 64.0;
const LINE: f64 = 16.0;
const SECTOR: f64 = 32.0;

/// One sort: its items, steps, and digits of a step in bits.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Sorting {
    items: f64,
    steps: f64,
    bits: f64,
}

impl Sorting {
    fn of(items: f64, key_bits: u32) -> Self {
        let steps = key_bits.div_ceil(DIGIT_BITS);
        Self { items, steps: steps.into(), bits: key_bits.div_ceil(steps.max(1)).into() }
    }

    fn blocks(self) -> f64 {
        blocks(self.items)
    }

    /// Entries of the histogram of a step.
    fn entries(self) -> f64 {
        self.blocks() * self.bits.exp2()
    }
}

fn blocks(items: f64) -> f64 {
    (items / f64::from(BLOCK_SIZE)).ceil().max(1.0)
}

impl Work {
    pub(super) fn of(run: &BenchRun, points_per_convex: usize) -> Option<Self> {
        let tiles = [run.width, run.height].map(|side| f64::from(side.div_ceil(TILE_SIZE)));
        Some(Self {
            is_iteration: run.what == Workload::Iteration,
            convexes: run.num_convexes.into(),
            points: points_per_convex as f64,
            values: row_widths(points_per_convex).into_array().into_iter().sum::<usize>() as f64,
            pixels: run.num_pixels() as f64,
            tiles: tiles[0] * tiles[1],
            instances: run.counts.instances,
            visits: run.counts.visits?,
        })
    }

    /// The kernels that run.
    pub(super) fn kernels(&self) -> Vec<&'static str> {
        let rest: &[&str] = if self.is_iteration { &REST } else { &[] };
        [&FRAME, rest].concat()
    }

    /// The sort by depth, and the one by tile.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of tiles")]
    fn sortings(&self) -> [Sorting; 2] {
        let tile_bits = u32::BITS - (self.tiles as u32).leading_zeros();
        [Sorting::of(self.convexes, DEPTH_BITS), Sorting::of(self.instances, tile_bits)]
    }

    /// Blocks of every prefix sum: of the sorts' steps, and of the slots.
    fn scanned_blocks(&self) -> f64 {
        let sorts: f64 = self.sortings().iter().map(|sorting| sorting.steps * blocks(sorting.entries())).sum();
        sorts + blocks(self.convexes)
    }

    fn num_scans(&self) -> f64 {
        self.sortings().iter().map(|sorting| sorting.steps).sum::<f64>() + 1.0
    }

    fn over_sorts(&self, of: impl Fn(Sorting) -> f64) -> f64 {
        self.sortings().into_iter().map(|sorting| sorting.steps * of(sorting)).sum()
    }

    /// How often subgroups run a piece, and how often each of these runs waits for memory and for workgroup memory.
    pub(super) fn piece(&self, kernel: &str, piece: &str, width: usize) -> (f64, [f64; 2]) {
        let lanes = f64::from(WIDTHS[width]);
        let (group, convex, pixel) = (f64::from(WG_SIZE) / lanes, self.convexes / lanes, self.pixels / lanes);
        let (tile, loss_tile) = (self.tiles * TILE_THREADS / lanes, self.tiles * LOSS_THREADS / lanes);
        let visits = &self.visits;
        let batches = visits.batches.map(|batches| batches * TILE_THREADS / lanes);
        let [near, smooth, drawn] = [visits.near[width], visits.smooth[width], visits.drawn[width]];
        let [forward, backward] = [visits.forward[width], visits.backward[width]];
        match (kernel, piece) {
            ("project" | "project_backward", "start") => (convex, [3.0, 0.0]),
            ("project" | "project_backward", "point") => (self.points * convex, [1.0, 0.0]),
            ("project", "hull") => (self.points * convex, [0.0; 2]),
            ("project_backward", "further_edge") => ((self.points - 6.0).max(0.0) * convex, [1.0, 0.0]),
            ("count_tiles" | "emit_instances", "start") => (convex, [3.0, 0.0]),
            ("count_tiles" | "emit_instances", "row") => (visits.rows[width], [0.0; 2]),
            ("emit_instances", "column") => (visits.tiles[width], [0.0; 2]),
            // Convexes in more than 256 tiles are not told apart.
            ("emit_instances", _) => (0.0, [0.0; 2]),
            ("count_instances" | "accumulate", _) => (convex, [2.0, 0.0]),
            ("sh_backward", _) => (convex, [4.0, 0.0]),
            ("adam", _) => (self.values * convex, [2.0, 0.0]),
            ("sort_count", "start") => (self.over_sorts(Sorting::blocks) * group, [1.0, 2.0]),
            ("sort_count", _) => (self.over_sorts(Sorting::blocks) * group * 8.0, [1.0, 0.0]),
            ("sort_scatter", "start") => (self.over_sorts(Sorting::blocks) * group, [24.0, 16.0]),
            ("sort_scatter", _) => {
                (self.over_sorts(|sorting| sorting.blocks() * (sorting.bits / 2.0).ceil()) * group, [0.0, 12.0])
            }
            ("scan_reduce" | "scan_apply", "start") => (self.scanned_blocks() * group, [1.0, 8.0]),
            ("scan_reduce" | "scan_apply", _) => (self.scanned_blocks() * group * 8.0, [1.0, 0.0]),
            ("scan_sums", "start") => (self.num_scans() * group, [1.0, 2.0]),
            ("scan_sums", "block") => (self.blocks_of_sums() * group, [0.0, 8.0]),
            ("scan_sums", _) => (self.blocks_of_sums() * group * 8.0, [2.0, 0.0]),
            ("groups" | "admit_instances" | "finish_step", _) => (self.dispatches(kernel), [2.0, 0.0]),
            ("tile_ranges", _) => (self.instances / lanes, [1.0, 0.0]),
            ("rasterize" | "rasterize_backward", "start") => (tile, [2.0, 1.0]),
            ("rasterize", "batch") => (batches[0], [3.0, 5.0]),
            ("rasterize_backward", "batch") => (batches[1], [3.0, 5.0]),
            ("rasterize", "visit") => (forward, [0.0, 1.0]),
            ("rasterize", "far") => ((forward - near).max(0.0), [0.0; 2]),
            ("rasterize_backward", "visit") => (backward, [0.0, 1.0]),
            ("rasterize_backward", "far") => ((backward - near).max(0.0), [0.0; 2]),
            ("rasterize" | "rasterize_backward", "near") => (near, [0.0; 2]),
            ("rasterize" | "rasterize_backward", "smooth") => (smooth, [0.0; 2]),
            ("rasterize", "drawn") => (drawn, [0.0, 1.0]),
            ("rasterize_backward", "drawn") => (drawn, [0.0, 4.0]),
            ("rasterize_backward", "drawn_smooth") => (smooth.min(drawn), [0.0; 2]),
            ("rasterize_backward", "drawn_plain") => ((drawn - smooth).max(0.0), [0.0; 2]),
            ("rasterize_backward", "write") => {
                (batches[1] * (BACKWARD_BATCH * (self.cotangents() + 1.0) / TILE_THREADS).ceil(), [0.0, 2.0])
            }
            ("rasterize_backward", _) => ((self.instances - self.loaded(1)) / lanes, [1.0, 0.0]),
            ("loss" | "loss_backward", "start") => (loss_tile, [1.0, 1.0]),
            ("loss" | "loss_backward", "channel") => (loss_tile * 3.0, [7.0, 6.0]),
            // One subgroup of a tile does it, while the others are done.
            ("loss", _) => (self.tiles * LOSS_THREADS, [0.0, 1.0]),
            ("loss_sum", "start") => (group, [1.0, 2.0]),
            ("loss_sum", "tile") => ((self.tiles / f64::from(WG_SIZE)).ceil() * group, [1.0, 0.0]),
            ("loss_sum", _) => (f64::from(WG_SIZE) * group, [0.0, 1.0]),
            ("totals", _) => (pixel, [1.0, 0.0]),
            ("forget_rest", _) => (group, [2.0, 0.0]),
            ("gather_chunks", "start") => (self.instances / 64.0 * self.cotangents() / lanes, [2.0, 0.0]),
            ("gather_cotangents", "start") => (convex * 8.0, [3.0, 0.0]),
            ("gather_cotangents", _) => (visits.shared_tiles[width], [2.0, 0.0]),
            // Whole chunks belong to convexes in more than 64 tiles, which are not told apart.
            _ => (0.0, [0.0; 2]),
        }
    }

    /// Turns of the single workgroup of `scan_sums` over blocks of sums.
    fn blocks_of_sums(&self) -> f64 {
        self.over_sorts(|sorting| blocks(blocks(sorting.entries()))) + blocks(blocks(self.convexes))
    }

    /// Numbers of a convex's cotangent.
    fn cotangents(&self) -> f64 {
        COTANGENTS[0] * self.points + COTANGENTS[1]
    }

    /// Instances that batches load.
    fn loaded(&self, pass: usize) -> f64 {
        let batch = [32.0, BACKWARD_BATCH][pass];
        (self.visits.batches[pass] * batch).min(self.instances)
    }

    /// Bytes of projected convexes that batches load: all convexes once where the cache holds them with as much besides.
    fn loaded_bytes(&self, pass: usize, machine: &Machine) -> f64 {
        let convex = PROJECTED + LINE * self.points;
        let all = self.visits.visible * convex;
        let ids = 4.0 + SECTOR;
        if 2.0 * all <= machine.cache_bytes {
            all + self.loaded(pass) * 4.0
        } else {
            self.loaded(pass) * (convex + ids)
        }
    }

    /// Bytes that a kernel reads from memory and writes to it. What a workgroup reads twice counts once.
    pub(super) fn bytes(&self, kernel: &str, machine: &Machine) -> f64 {
        let Self { convexes, points, values, pixels, tiles, instances, visits, .. } = self;
        let (seen, cotangents) = (visits.visible, 4.0 * self.cotangents());
        let (lines, geometry, colour) = (LINE * points, 12.0 * points, 192.0);
        match kernel {
            "project" => convexes * (geometry + 12.0 + PROJECTED) + seen * (colour + lines),
            "count_tiles" => convexes * (PROJECTED + SECTOR + 8.0) + seen * lines,
            "sort_count" => self.over_sorts(|sorting| sorting.items * 4.0 + sorting.entries() * 4.0),
            "sort_scatter" => self.over_sorts(|sorting| sorting.items * 16.0 + sorting.entries() * 4.0),
            "scan_reduce" => self.scanned_blocks() * f64::from(BLOCK_SIZE) * 4.0,
            "scan_apply" => self.scanned_blocks() * f64::from(BLOCK_SIZE) * 8.0,
            "scan_sums" => self.scanned_blocks() * 8.0,
            "count_instances" => convexes * (8.0 + SECTOR),
            "emit_instances" => convexes * (8.0 + PROJECTED) + seen * lines + instances * 12.0,
            "tile_ranges" => instances * 4.0 + tiles * 4.0,
            "rasterize" => self.loaded_bytes(0, machine) + pixels * 20.0,
            "loss" => pixels * (20.0 + 36.0),
            "loss_backward" => pixels * (36.0 + 20.0 + 16.0),
            "loss_sum" => tiles * 8.0,
            "totals" => pixels * 48.0,
            "rasterize_backward" => {
                let idle = instances - visits.drawn_instances;
                self.loaded_bytes(1, machine)
                    + pixels * 24.0
                    + visits.drawn_instances * (cotangents + 4.0)
                    + idle * SECTOR
            }
            "gather_chunks" => instances / 64.0 * 2.0 * SECTOR,
            "gather_cotangents" => {
                let idle = instances - visits.drawn_instances;
                convexes * (8.0 + SECTOR + cotangents) + visits.drawn_instances * (cotangents + 4.0) + idle * SECTOR
            }
            "sh_backward" => convexes * (PROJECTED + colour) + seen * (cotangents + geometry + colour + SECTOR),
            "project_backward" => convexes * (PROJECTED + geometry + 12.0) + seen * (geometry + lines + cotangents),
            "accumulate" => convexes * SECTOR + seen * (2.0 * geometry + 4.0 + 32.0),
            "adam" => convexes * values * 28.0,
            _ => 0.0,
        }
    }

    /// Dispatches of a kernel, where every buffer fits a binding.
    pub(super) fn dispatches(&self, kernel: &str) -> f64 {
        let scans = self.num_scans();
        match kernel {
            "groups" => 2.0 + scans,
            "scan_reduce" | "scan_sums" | "scan_apply" => scans,
            "sort_count" | "sort_scatter" => scans - 1.0,
            // One for each parameter.
            "adam" => 5.0,
            _ => 1.0,
        }
    }
}
