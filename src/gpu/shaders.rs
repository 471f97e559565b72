//! The table of kernels: a row is a name and the parts that its source is made of, in order.

use std::fmt::Write as _;

use crate::constants;

/// A row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Shader {
    /// Stem of the file.
    pub name: &'static str,
    parts: &'static [Part],
}

/// A piece of WGSL.
#[derive(Debug, Clone, Copy)]
enum Part {
    /// The same text on every device.
    Text(&'static str),
    /// One of several texts that define the same functions.
    Choice(fn(Traits) -> &'static str),
}

/// What of a device decides which variant of a part it gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Traits {
    /// Lanes of the smallest and of the largest subgroup, if there are subgroup operations and lanes are consecutive
    /// threads.
    pub subgroups: Option<(u32, u32)>,
    /// The processor plays GPU.
    pub is_software: bool,
}

impl Traits {
    /// No more than WebGPU guarantees.
    pub const WEBGPU: Self = Self { subgroups: None, is_software: false };

    /// Subgroups exist and hold clusters of eight lanes.
    const fn has_clusters(self) -> bool {
        matches!(self.subgroups, Some((fewest, _)) if fewest >= 8)
    }

    /// Lanes are better at passing numbers on than workgroup memory is: so it is where the processor plays GPU, see
    /// docs/archive/speed.md. Every subgroup is one cluster there.
    const fn has_cheap_shuffles(self) -> bool {
        self.is_software && matches!(self.subgroups, Some((8, 8)))
    }
}

macro_rules! text {
    ($path:literal) => {
        Part::Text(include_str!(concat!("../../shaders/", $path)))
    };
}

/// The text in one file where the condition holds, else that in the other.
macro_rules! choice {
    ($condition:expr, $yes:literal, $no:literal) => {
        Part::Choice(|traits| {
            if $condition(traits) {
                include_str!(concat!("../../shaders/", $yes))
            } else {
                include_str!(concat!("../../shaders/", $no))
            }
        })
    };
}

const WORKGROUP_SCAN: Part = choice!(
    |traits: Traits| traits.subgroups.is_some(),
    "shared/workgroup_scan_subgroups.wgsl",
    "shared/workgroup_scan.wgsl"
);

/// Whether threads of a subgroup go the same way through a batch of convexes.
const TOGETHER: Part = choice!(Traits::has_clusters, "shared/together_subgroups.wgsl", "shared/together.wgsl");

/// How a convex of the batch is read.
const ROW: Part = choice!(Traits::has_cheap_shuffles, "shared/row_lanes.wgsl", "shared/row.wgsl");

/// How numbers of a convex are added up.
const SUMS: Part = choice!(Traits::has_clusters, "shared/sums_subgroups.wgsl", "shared/sums.wgsl");

/// Clusters of eight threads whose numbers the lanes of a subgroup add up.
const GROUPS_OF_CLUSTERS: Part = Part::Choice(|traits| match traits.subgroups {
    Some((fewest, _)) if fewest >= 32 => "const CLUSTERS_PER_GROUP: u32 = 4u;\n",
    Some((fewest, _)) if fewest >= 16 => "const CLUSTERS_PER_GROUP: u32 = 2u;\n",
    _ => "const CLUSTERS_PER_GROUP: u32 = 1u;\n",
});

/// Pixels of a thread of the loss: more of them read less memory and hold more in registers, of which GPUs have too few.
const RUN_OF_LOSS: Part =
    Part::Choice(|traits| if traits.is_software { "const RUN: u32 = 4u;\n" } else { "const RUN: u32 = 2u;\n" });

/// Whether lanes of subgroups are consecutive threads. Constant: `PROBE_THREADS`.
pub const PROBE: Shader = Shader { name: "probe", parts: &[text!("probe.wgsl")] };

/// Turns a count on the GPU into workgroups of an indirect dispatch.
pub const GROUPS: Shader = Shader { name: "groups", parts: &[text!("groups.wgsl")] };

/// Sum of each block.
pub const SCAN_REDUCE: Shader = Shader {
    name: "scan_reduce",
    parts: &[text!("shared/block.wgsl"), text!("shared/scan_u32.wgsl"), WORKGROUP_SCAN, text!("scan_reduce.wgsl")],
};

/// Exclusive prefix sums of the sums of the blocks.
pub const SCAN_SUMS: Shader = Shader {
    name: "scan_sums",
    parts: &[text!("shared/block.wgsl"), text!("shared/scan_u32.wgsl"), WORKGROUP_SCAN, text!("scan_sums.wgsl")],
};

/// Exclusive prefix sums within each block, on top of those of the blocks.
pub const SCAN_APPLY: Shader = Shader {
    name: "scan_apply",
    parts: &[text!("shared/block.wgsl"), text!("shared/scan_u32.wgsl"), WORKGROUP_SCAN, text!("scan_apply.wgsl")],
};

/// Number of keys with each digit, per block.
pub const SORT_COUNT: Shader = Shader {
    name: "sort_count",
    parts: &[text!("shared/block.wgsl"), text!("shared/sort.wgsl"), text!("sort_count.wgsl")],
};

/// Moves keys and values to their place by one digit.
pub const SORT_SCATTER: Shader = Shader {
    name: "sort_scatter",
    parts: &[
        text!("shared/block.wgsl"),
        text!("shared/scan_vec2.wgsl"),
        WORKGROUP_SCAN,
        text!("shared/sort.wgsl"),
        text!("sort_scatter.wgsl"),
    ],
};

/// Convexes as a camera sees them. Constants: POINTS, ANTIALIAS.
pub const PROJECT: Shader = Shader {
    name: "project",
    parts: &[
        text!("shared/camera.wgsl"),
        text!("shared/projected.wgsl"),
        text!("shared/tiles.wgsl"),
        text!("shared/two_floats.wgsl"),
        text!("shared/points.wgsl"),
        text!("shared/sh.wgsl"),
        text!("shared/hull.wgsl"),
        text!("shared/finite.wgsl"),
        text!("shared/antialias.wgsl"),
        text!("project.wgsl"),
    ],
};

/// Tiles of every convex, and what convexes are sorted by depth with. Constant: POINTS.
pub const COUNT_TILES: Shader = Shader {
    name: "count_tiles",
    parts: &[
        text!("shared/camera.wgsl"),
        text!("shared/projected.wgsl"),
        text!("shared/tiles.wgsl"),
        text!("count_tiles.wgsl"),
    ],
};

/// Instances of every convex in the order of depth. Constant: POINTS.
pub const COUNT_INSTANCES: Shader = Shader {
    name: "count_instances",
    parts: &[text!("shared/camera.wgsl"), text!("shared/projected.wgsl"), text!("count_instances.wgsl")],
};

/// An instance for every tile that a convex can touch. Constant: POINTS.
pub const EMIT_INSTANCES: Shader = Shader {
    name: "emit_instances",
    parts: &[
        text!("shared/camera.wgsl"),
        text!("shared/projected.wgsl"),
        text!("shared/tiles.wgsl"),
        text!("shared/scan_u32.wgsl"),
        WORKGROUP_SCAN,
        text!("emit_instances.wgsl"),
    ],
};

/// First instance of every tile.
pub const TILE_RANGES: Shader =
    Shader { name: "tile_ranges", parts: &[text!("shared/camera.wgsl"), text!("tile_ranges.wgsl")] };

/// How many convexes can be seen.
pub const COUNT_VISIBLE: Shader = Shader { name: "count_visible", parts: &[text!("count_visible.wgsl")] };

/// Pictures. Constants: POINTS, INSPECT.
pub const RASTERIZE: Shader = Shader {
    name: "rasterize",
    parts: &[
        text!("shared/camera.wgsl"),
        text!("shared/projected.wgsl"),
        text!("shared/blend.wgsl"),
        TOGETHER,
        ROW,
        text!("rasterize.wgsl"),
    ],
};

/// Normals of the depth.
pub const NORMALS: Shader = Shader {
    name: "normals",
    parts: &[text!("shared/camera.wgsl"), text!("shared/finite.wgsl"), text!("normals.wgsl")],
};

/// What the rasterizer does in every tile, counted alike on every device. Constant: POINTS.
pub const STATISTICS: Shader = Shader {
    name: "statistics",
    parts: &[
        text!("shared/camera.wgsl"),
        text!("shared/projected.wgsl"),
        text!("shared/blend.wgsl"),
        text!("shared/together.wgsl"),
        text!("shared/row.wgsl"),
        text!("statistics.wgsl"),
    ],
};

/// What the loss sees of each pixel in all.
pub const TOTALS: Shader = Shader { name: "totals", parts: &[text!("shared/camera.wgsl"), text!("totals.wgsl")] };

/// Cotangents of every instance. Constant: POINTS.
pub const RASTERIZE_BACKWARD: Shader = Shader {
    name: "rasterize_backward",
    parts: &[
        text!("shared/camera.wgsl"),
        text!("shared/projected.wgsl"),
        text!("shared/cotangents.wgsl"),
        text!("shared/blend.wgsl"),
        TOGETHER,
        ROW,
        GROUPS_OF_CLUSTERS,
        SUMS,
        text!("rasterize_backward.wgsl"),
    ],
};

/// Slots without a tile. Constant: POINTS.
pub const FORGET_REST: Shader = Shader {
    name: "forget_rest",
    parts: &[text!("shared/camera.wgsl"), text!("shared/cotangents.wgsl"), text!("forget_rest.wgsl")],
};

/// Sums of the chunks of instances that are one convex's alone. Constant: POINTS.
pub const GATHER_CHUNKS: Shader = Shader {
    name: "gather_chunks",
    parts: &[
        text!("shared/camera.wgsl"),
        text!("shared/cotangents.wgsl"),
        text!("shared/chunks.wgsl"),
        text!("gather_chunks.wgsl"),
    ],
};

/// Cotangents of every projected convex. Constants: POINTS, LANES.
pub const GATHER_COTANGENTS: Shader = Shader {
    name: "gather_cotangents",
    parts: &[
        text!("shared/camera.wgsl"),
        text!("shared/projected.wgsl"),
        text!("shared/cotangents.wgsl"),
        text!("shared/chunks.wgsl"),
        text!("gather_cotangents.wgsl"),
    ],
};

/// Gradients of every parameter but the spherical harmonics. Constants: POINTS, GRADIENT, ANTIALIAS.
pub const PROJECT_BACKWARD: Shader = Shader {
    name: "project_backward",
    parts: &[
        text!("shared/camera.wgsl"),
        text!("shared/projected.wgsl"),
        text!("shared/cotangents.wgsl"),
        text!("shared/projected_cotangents.wgsl"),
        text!("shared/two_floats.wgsl"),
        text!("shared/points.wgsl"),
        text!("shared/finite.wgsl"),
        text!("shared/antialias.wgsl"),
        text!("shared/antialias_backward.wgsl"),
        text!("project_backward.wgsl"),
    ],
};

/// Gradients of the spherical harmonics. Constant: POINTS.
pub const SH_BACKWARD: Shader = Shader {
    name: "sh_backward",
    parts: &[
        text!("shared/camera.wgsl"),
        text!("shared/projected.wgsl"),
        text!("shared/cotangents.wgsl"),
        text!("shared/two_floats.wgsl"),
        text!("shared/points.wgsl"),
        text!("shared/sh.wgsl"),
        text!("shared/sh_gradient.wgsl"),
        text!("shared/finite.wgsl"),
        text!("sh_backward.wgsl"),
    ],
};

/// Lets the instances of a frame in where they fit.
pub const ADMIT_INSTANCES: Shader = Shader {
    name: "admit_instances",
    parts: &[text!("shared/camera.wgsl"), text!("shared/status.wgsl"), text!("admit_instances.wgsl")],
};

/// L1 and SSIM, and derivatives by the moments of every window.
pub const LOSS: Shader = Shader {
    name: "loss",
    parts: &[text!("shared/loss_args.wgsl"), RUN_OF_LOSS, text!("shared/ssim.wgsl"), text!("loss.wgsl")],
};

/// Gradient of the loss by the picture.
pub const LOSS_BACKWARD: Shader = Shader {
    name: "loss_backward",
    parts: &[text!("shared/loss_args.wgsl"), RUN_OF_LOSS, text!("shared/ssim.wgsl"), text!("loss_backward.wgsl")],
};

/// Means over the picture.
pub const LOSS_SUM: Shader =
    Shader { name: "loss_sum", parts: &[text!("shared/loss_args.wgsl"), text!("loss_sum.wgsl")] };

/// One step of the optimiser on one parameter.
pub const ADAM: Shader = Shader { name: "adam", parts: &[text!("shared/status.wgsl"), text!("adam.wgsl")] };

/// Counts an iteration that was not skipped.
pub const FINISH_STEP: Shader =
    Shader { name: "finish_step", parts: &[text!("shared/status.wgsl"), text!("finish_step.wgsl")] };

/// Statistics for densification. Constant: POINTS.
pub const ACCUMULATE: Shader = Shader {
    name: "accumulate",
    parts: &[
        text!("shared/camera.wgsl"),
        text!("shared/status.wgsl"),
        text!("shared/projected.wgsl"),
        text!("accumulate.wgsl"),
    ],
};

/// Gradients of what keeps a scene tidy. Constant: POINTS.
pub const REGULARISE: Shader =
    Shader { name: "regularise", parts: &[text!("shared/finite.wgsl"), text!("regularise.wgsl")] };

/// A new scene from an old one. Constant: POINTS.
pub const REBUILD: Shader = Shader { name: "rebuild", parts: &[text!("shared/edit.wgsl"), text!("rebuild.wgsl")] };

/// Rows of a new array from those of an old one.
pub const GATHER_ROWS: Shader =
    Shader { name: "gather_rows", parts: &[text!("shared/edit.wgsl"), text!("gather_rows.wgsl")] };

/// From normalised units to those of the dataset. Constant: POINTS.
pub const TO_WORLD: Shader = Shader { name: "to_world", parts: &[text!("to_world.wgsl")] };

/// A scene as it is to be shown. Constant: POINTS.
pub const ALTER: Shader = Shader { name: "alter", parts: &[text!("shared/alter.wgsl"), text!("alter.wgsl")] };

/// Edges of every hull in space. Constant: POINTS.
pub const HULL_EDGES: Shader =
    Shader { name: "hull_edges", parts: &[text!("shared/alter.wgsl"), text!("hull_edges.wgsl")] };

/// Edges of the hulls in a picture. Constant: POINTS.
pub const WIREFRAME: Shader =
    Shader { name: "wireframe", parts: &[text!("shared/display.wgsl"), text!("wireframe.wgsl")] };

/// The picture that is shown. Constant: POINTS.
pub const DISPLAY: Shader = Shader { name: "display", parts: &[text!("shared/display.wgsl"), text!("display.wgsl")] };

/// Every row.
pub const SHADERS: &[Shader] = &[
    PROBE,
    GROUPS,
    SCAN_REDUCE,
    SCAN_SUMS,
    SCAN_APPLY,
    SORT_COUNT,
    SORT_SCATTER,
    PROJECT,
    COUNT_TILES,
    COUNT_INSTANCES,
    EMIT_INSTANCES,
    TILE_RANGES,
    COUNT_VISIBLE,
    RASTERIZE,
    NORMALS,
    STATISTICS,
    TOTALS,
    RASTERIZE_BACKWARD,
    FORGET_REST,
    GATHER_CHUNKS,
    GATHER_COTANGENTS,
    PROJECT_BACKWARD,
    SH_BACKWARD,
    ADMIT_INSTANCES,
    LOSS,
    LOSS_BACKWARD,
    LOSS_SUM,
    ADAM,
    FINISH_STEP,
    ACCUMULATE,
    REGULARISE,
    REBUILD,
    GATHER_ROWS,
    TO_WORLD,
    ALTER,
    HULL_EDGES,
    WIREFRAME,
    DISPLAY,
];

impl Shader {
    /// What callers compile it with besides POINTS: the constants of every variant, the usual one first.
    #[must_use]
    pub fn variants(&self) -> &'static [&'static [(&'static str, u32)]] {
        match self.name {
            "probe" => &[&[("PROBE_THREADS", 64)]],
            "rasterize" => &[&[("INSPECT", 0)], &[("INSPECT", 1)]],
            "gather_cotangents" => &[&[("LANES", 8)]],
            "project" => &[&[("ANTIALIAS", 0)], &[("ANTIALIAS", 1)]],
            "project_backward" => &[
                &[("GRADIENT", 0), ("ANTIALIAS", 0)],
                &[("GRADIENT", 0), ("ANTIALIAS", 1)],
                &[("GRADIENT", 1), ("ANTIALIAS", 0)],
                &[("GRADIENT", 1), ("ANTIALIAS", 1)],
                &[("GRADIENT", 2), ("ANTIALIAS", 0)],
                &[("GRADIENT", 2), ("ANTIALIAS", 1)],
            ],
            _ => &[&[]],
        }
    }

    /// The whole source: constants of the crate, constants of the caller, parts.
    #[must_use]
    pub fn source(&self, traits: Traits, constants: &[(&str, u32)]) -> String {
        let mut source = constants::wgsl_header();
        for (name, value) in constants {
            // Writing to a string does not fail.
            writeln!(source, "const {name}: u32 = {value}u;").unwrap_or_default();
        }
        for part in self.parts {
            source.push_str(match part {
                Part::Text(text) => text,
                Part::Choice(text) => text(traits),
            });
        }
        source
    }
}
