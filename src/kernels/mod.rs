//! One module per kernel: `shaders/STEM.wgsl` belongs to `STEM.rs`, which holds the kernel's row (its name, the parts that it is
//! composed of and its variants), the structs that it shares with WGSL, and its dispatcher. A dispatcher knows the arguments
//! and the grid of its kernel; the order of kernels belongs to the callers.
//!
//! Kernels that are of use only together share a module:
//!
//! | module | kernels |
//! |---|---|
//! | `scan` | `scan_reduce`, `scan_sums`, `scan_apply` |
//! | `sort` | `sort_count`, `sort_scatter` |
//! | `loss` | `loss`, `loss_backward`, `loss_sum` |
//! | `shares` | `shares`, `gather_shares` |
//!
//! `probe` and `groups` belong to [`crate::gpu`]. Structs of `shaders/shared` that several kernels read stand in modules of the
//! same stem: `camera`, `status`, `edit`.

mod accumulate;
mod adam;
mod admit_instances;
mod alter;
mod antialias;
mod blocks;
mod camera;
mod cotangents;
mod count_instances;
mod count_tiles;
mod count_visible;
mod display;
mod display_mode;
mod edit;
mod emit_instances;
mod finish_step;
mod forget_rest;
mod gather_chunks;
mod gather_cotangents;
mod gather_rows;
mod hull_edges;
mod loss;
mod mark;
mod normals;
mod parts;
mod project;
mod project_backward;
mod rasterize;
mod rasterize_backward;
mod rebuild;
mod regularise;
mod scan;
mod sh_backward;
mod shares;
mod sort;
mod statistics;
mod status;
mod tile_ranges;
mod to_world;
mod totals;
mod windows;
mod wireframe;

pub use accumulate::{Accumulate, AccumulateArgs};
pub use adam::{Adam, AdamArgs, AdamRecord, Rates};
pub use admit_instances::AdmitInstances;
pub use alter::{Alter, AlterArgs, AlterBuffers};
pub use blocks::Count;
pub use camera::CameraUniform;
pub use cotangents::{OffsetCotangents, ProjectBackwardArgs, cotangents_per_convex, cotangents_per_instance};
pub use count_instances::{CountInstances, RankedConvexes};
pub use count_tiles::{CountTiles, CountTilesArgs};
pub use count_visible::CountVisible;
pub use display::{Display, DisplayArgs, DisplayBuffers};
pub use display_mode::{DisplayMode, RAMP, Ramp, colour_of_number, ramp};
pub use edit::{Edit, ShapeEdit};
pub use emit_instances::EmitInstances;
pub use finish_step::FinishStep;
pub use forget_rest::ForgetRest;
pub use gather_chunks::GatherChunks;
pub use gather_cotangents::{GatherArgs, GatherCotangents};
pub use gather_rows::{GatherRows, GatherRowsArgs, GatherRowsRecord};
pub use hull_edges::HullEdges;
pub use loss::{LossArgs, LossKernels, LossMemory, LossRecord};
pub use mark::{ConvexMark, Mark, MarkArgs};
pub use normals::Normals;
pub use project::{GPU_ONLY, Project, ProjectArgs, ProjectedBuffers};
pub use project_backward::{Gradient, ProjectBackward};
pub use rasterize::{BandArgs, PixelBuffers, Rasterize, RasterizeArgs};
pub use rasterize_backward::{RasterizeBackward, RasterizeBackwardArgs};
pub use rebuild::Rebuild;
pub use regularise::{Regularise, RegulariseArgs};
pub use scan::{Scan, ScanArgs, ScanPlan};
pub use sh_backward::ShBackward;
pub use shares::Shares;
pub use sort::{Pairs, Sort, SortArgs, SortPlan};
pub use statistics::{CountPairs, TileStatistics};
pub use status::Status;
pub use tile_ranges::TileRanges;
pub use to_world::{ToWorld, ToWorldArgs};
pub use totals::Totals;
pub use windows::windows;
pub use wireframe::Wireframe;

use crate::gpu::{GROUPS, GroupsArgs, MirrorShape, Shader, probe};

/// The row of every kernel.
pub const SHADERS: &[Shader] = &[
    probe::PROBE,
    GROUPS,
    scan::REDUCE,
    scan::SUMS,
    scan::APPLY,
    sort::COUNT,
    sort::SCATTER,
    project::SHADER,
    count_tiles::SHADER,
    count_instances::SHADER,
    emit_instances::SHADER,
    tile_ranges::SHADER,
    count_visible::SHADER,
    rasterize::SHADER,
    normals::SHADER,
    statistics::SHADER,
    shares::SHARES,
    shares::GATHER,
    totals::SHADER,
    rasterize_backward::SHADER,
    forget_rest::SHADER,
    gather_chunks::SHADER,
    gather_cotangents::SHADER,
    project_backward::SHADER,
    sh_backward::SHADER,
    admit_instances::SHADER,
    loss::LOSS,
    loss::LOSS_BACKWARD,
    loss::LOSS_SUM,
    adam::SHADER,
    finish_step::SHADER,
    accumulate::SHADER,
    regularise::SHADER,
    rebuild::SHADER,
    gather_rows::SHADER,
    to_world::SHADER,
    mark::SHADER,
    alter::SHADER,
    hull_edges::SHADER,
    wireframe::SHADER,
    display::SHADER,
];

/// Every struct that shaders share with Rust.
pub const MIRRORS: &[MirrorShape] = &[
    MirrorShape::new::<GroupsArgs>(),
    MirrorShape::new::<ScanArgs>(),
    MirrorShape::new::<SortArgs>(),
    MirrorShape::new::<CameraUniform>(),
    MirrorShape::new::<Status>(),
    MirrorShape::new::<TileStatistics>(),
    MirrorShape::new::<LossArgs>(),
    MirrorShape::new::<AdamArgs>(),
    MirrorShape::new::<Edit>(),
    MirrorShape::new::<GatherRowsArgs>(),
    MirrorShape::new::<RegulariseArgs>(),
    MirrorShape::new::<ToWorldArgs>(),
    MirrorShape::new::<DisplayArgs>(),
    MirrorShape::new::<AlterArgs>(),
    MirrorShape::new::<MarkArgs>(),
];
