//! One dispatcher per shader, by the same stem. A dispatcher knows the arguments and the grid of its kernel; the order
//! of kernels belongs to whoever calls them.

mod adam;
mod antialias;
mod bin;
mod blocks;
mod density;
mod display;
mod loss;
mod normals;
mod project;
mod rasterize;
mod scan;
mod sort;
mod statistics;
mod to_world;
mod windows;

pub use adam::{Adam, AdamRecord, Rates};
pub use bin::{Bin, BinArgs};
pub use blocks::Count;
pub use density::{Density, Shape};
pub use display::{AlterBuffers, Display, DisplayBuffers, DisplayMode, RAMP, Ramp, colour_of_number, ramp};
pub use loss::{Loss, LossMemory, LossRecord};
pub use normals::Normals;
pub use project::{GatherArgs, Gradient, Project, ProjectArgs, ProjectBackward, ProjectBackwardArgs, ProjectedBuffers};
pub use rasterize::{BandArgs, PixelBuffers, Rasterize, RasterizeArgs, RasterizeBackward, RasterizeBackwardArgs};
pub use scan::{Scan, ScanPlan};
pub use sort::{Pairs, Sort, SortPlan};
pub use statistics::{CountPairs, CountVisible};
pub use to_world::ToWorld;
pub use windows::windows;
