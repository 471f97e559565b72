//! The GPU floor: bytes, the composition of shaders, and devices. It knows no convex.
//!
//! * [`Gpu`] is an open device; [`adapter`] chooses it and [`report`] describes what could be chosen.
//! * A [`Shader`] is the source of a kernel, composed of parts; a [`Kernel`] is it compiled, its bindings found by reflection.
//! * [`Buffer`] is typed memory, a [`Uniform`] a value for one list of commands; a [`Mirror`] is a struct that shaders share.
//! * `WindowSurface` is what a window presents (feature `viewer`).
//! * [`Commands`] records dispatches and copies; a [`KernelTimer`] times them. [`CommandParts`] submits them part by part, and
//!   [`Pace`] says where that is needed.

pub mod adapter;
mod bind_groups;
mod buffer;
mod commands;
mod context;
mod error;
pub(crate) mod groups;
mod guard;
mod kernel;
mod kernel_timer;
mod memory;
mod memory_tracker;
mod mirror;
mod pace;
mod parts;
pub(crate) mod probe;
mod readbacks;
pub mod report;
mod shader;
#[cfg(feature = "viewer")]
mod surface;
mod uniforms;
pub(crate) mod waiting;

pub use adapter::Selector;
pub use buffer::{Binding, Buffer, Readback, RecordedCopy};
pub use commands::{Commands, Grid};
pub use context::{Gpu, GpuOptions, LimitSet};
pub use error::GpuError;
pub use groups::{GROUPS, GroupsArgs};
#[cfg(feature = "viewer")]
pub(crate) use guard::guarded;
pub use guard::panics_are_errors;
pub use kernel::{Kernel, KernelBinding, KernelInterface, reflect};
pub use kernel_timer::{KernelTime, KernelTimer};
pub(crate) use mirror::mirror;
pub use mirror::{Mirror, MirrorShape};
pub use pace::Pace;
pub use parts::CommandParts;
pub use shader::{DeviceTraits, ONE_VARIANT, Shader, ShaderPart};
pub(crate) use shader::{choice, file, shader};
#[cfg(feature = "viewer")]
pub(crate) use surface::{Unavailable, WindowSurface};
pub use uniforms::Uniform;
