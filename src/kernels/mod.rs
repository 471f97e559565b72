//! One dispatcher per shader, by the same stem. A dispatcher knows the arguments and the grid of its kernel; the order
//! of kernels belongs to whoever calls them.

mod blocks;
mod scan;
mod sort;

pub use blocks::Count;
pub use scan::{Scan, ScanPlan};
pub use sort::{Pairs, Sort, SortPlan};
