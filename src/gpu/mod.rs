//! The GPU floor, and the only place that creates wgpu objects. It knows bytes, shaders and devices, not convexes.
//!
//! * [`Gpu`] is an open device; [`adapter`] chooses it and [`report`] describes what could be chosen.
//! * [`shaders`] is the table of kernels; a [`Kernel`] is one of them compiled, its bindings found by reflection.
//! * [`Buffer`] is typed memory; [`layout`] holds the structs that shaders share with Rust.
//! * `Surface` is what a window presents (feature `viewer`).
//! * [`Commands`] records dispatches and copies; a [`Profile`] times them.

pub mod adapter;
mod buffer;
mod commands;
mod context;
mod error;
mod guard;
mod kernel;
pub mod layout;
mod ledger;
mod memory;
mod probe;
mod profile;
pub mod report;
pub mod shaders;
#[cfg(feature = "viewer")]
mod surface;

pub use adapter::Selector;
pub use buffer::{Binding, Buffer, Readback};
pub use commands::{Commands, Grid};
pub use context::{Gpu, GpuOptions, LimitSet};
pub use error::GpuError;
#[cfg(feature = "viewer")]
pub(crate) use guard::guarded;
pub use guard::panics_are_errors;
pub use kernel::{Kernel, KernelBinding, KernelInterface, reflect};
pub use profile::{KernelTime, Profile};
#[cfg(feature = "viewer")]
pub(crate) use surface::{Surface, Unavailable};
