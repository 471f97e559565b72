//! The GPU floor, and the only place that creates wgpu objects. It knows bytes, shaders and devices, not convexes.
//!
//! * [`Gpu`] is an open device; [`adapter`] chooses it and [`report`] describes what could be chosen.
//! * [`shaders`] is the table of kernels; a [`Kernel`] is one of them compiled, its bindings found by reflection.
//! * [`Buffer`] is typed memory; [`layout`] holds the structs that shaders share with Rust.
//! * `Screen` is a window's surface (feature `viewer`).
//! * [`Commands`] records dispatches and copies; a [`Profile`] times them.

pub mod adapter;
mod buffer;
mod commands;
mod context;
mod error;
mod kernel;
pub mod layout;
mod ledger;
mod memory;
mod probe;
mod profile;
pub mod report;
#[cfg(feature = "viewer")]
mod screen;
pub mod shaders;

pub use adapter::Selector;
pub use buffer::{Binding, Buffer, Readback};
pub use commands::{Commands, Grid};
pub use context::{Gpu, GpuOptions, LimitSet};
pub use error::GpuError;
pub use kernel::{Kernel, KernelBinding, KernelInterface, reflect};
pub use profile::{KernelTime, Profile};
#[cfg(feature = "viewer")]
pub use screen::{Painting, ROW_MULTIPLE, Screen, ScreenPicture, Shown};
