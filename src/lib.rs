//! lapidary cuts a scene into facets: 3D Convex Splatting on wgpu.
//!
//! A scene is a set of smooth convexes, each the soft hull of a few points in space. Data flows one way:
//!
//! ```text
//! dataset ──► scene ──► GPU scene ──► forward ──► loss ──► backward ──► optimiser ──► density ──► checkpoint
//! ```
//!
//! The modules, from the ground up (a test keeps imports running downwards only):
//!
//! | floor | modules | what they know |
//! |---|---|---|
//! | 0 | [`constants`], [`real`], [`files`], [`text`], [`camera`], [`image`] | numbers, files, cameras, pictures |
//! | 1 | [`scene`], [`camera_path`] | the parameters of convexes; the way of a camera |
//! | 2 | [`scene_file`], [`dataset`], [`mod@reference`], [`gpu`] | files; the method in plain Rust; wgpu |
//! | 3 | [`kernels`], [`synth`], [`metrics`], [`convert`] | one dispatcher per shader; a dataset made on the CPU; likeness of pictures; files of others |
//! | 4 | [`renderer`] | the order of the kernels: a scene on the GPU and its pictures |
//! | 5 | [`optimiser`], [`evaluate`] | iterations of training on the GPU; pictures of a scene against the truth, and a report |
//! | 6 | [`train`], [`mod@render`], [`mod@bench`] | from photographs to convexes; from cameras to pictures and films; what it costs |
//! | 7 | `viewer` | the window (feature `viewer`) |
//!
//! [`mod@reference`] is the method's explanation and its judge: read it first.

#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests read and write files of their own"))]
// They panic where nobody reads.
#![warn(clippy::print_stderr, clippy::print_stdout)]

pub mod bench;
pub mod camera;
pub mod camera_path;
pub mod constants;
pub mod convert;
pub mod dataset;
pub mod evaluate;
#[doc(hidden)]
pub mod fault;
pub mod files;
pub mod gpu;
pub mod image;
pub mod kernels;
pub mod metrics;
pub mod optimiser;
pub mod real;
pub mod reference;
pub mod render;
pub mod renderer;
pub mod scene;
pub mod scene_file;
pub mod synth;
pub mod text;
pub mod train;
#[cfg(feature = "viewer")]
pub mod viewer;
