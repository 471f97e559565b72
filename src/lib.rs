//! lapidary cuts a scene into facets: 3D Convex Splatting on wgpu.
//!
//! A scene is a set of smooth convexes, each the soft hull of a few points in space. This renders one to a picture:
//!
//! ```no_run
//! use lapidary::camera::Camera;
//! use lapidary::glam::DVec3;
//! use lapidary::gpu::{Gpu, GpuOptions};
//! use lapidary::renderer::{GpuScene, Outputs, Renderer};
//! use lapidary::scene_file;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (scene, metadata) = scene_file::load_with("scene.safetensors".as_ref())?;
//! let camera = Camera::look_at(DVec3::new(3.0, -3.0, 2.0), DVec3::ZERO, DVec3::Z, 700.0, 800, 600);
//! let gpu = Gpu::open(&GpuOptions::default())?;
//! let on_gpu = GpuScene::upload(&gpu, &scene)?;
//! let mut renderer = Renderer::new(&gpu, on_gpu.points_per_convex)?;
//! let pictures = renderer.render(&on_gpu, &camera, &metadata.render_options(), Outputs::default())?;
//! pictures.image().save_png("picture.png".as_ref())?;
//! # Ok(())
//! # }
//! ```
//!
//! and this trains one on photographs with known cameras:
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use lapidary::dataset::{Dataset, DatasetOptions};
//! use lapidary::gpu::{Gpu, GpuOptions};
//! use lapidary::scene_file;
//! use lapidary::train::{TrainOptions, Trainer};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let dataset = Arc::new(Dataset::open("photographs".as_ref(), &DatasetOptions::default())?);
//! let options = TrainOptions { max_convexes: 50_000, ..TrainOptions::default() };
//! let mut trainer = Trainer::new(&Gpu::open(&GpuOptions::default())?, dataset, options)?;
//! while !trainer.is_done() {
//!     trainer.advance(u32::MAX)?;
//! }
//! scene_file::save_with(&trainer.scene()?, &trainer.metadata(), "scene.safetensors".as_ref())?;
//! # Ok(())
//! # }
//! ```
//!
//! Both stand in `examples/`, beside one that renders on a device which the caller opened. Data flows one way:
//!
//! ```text
//! dataset ──► scene ──► GPU scene ──► forward ──► loss ──► backward ──► optimiser ──► density ──► checkpoint
//! ```
//!
//! The modules, from the ground up (a test keeps imports running downwards only):
//!
//! | floor | modules | what they know |
//! |---|---|---|
//! | 0 | [`constants`], [`real`], [`camera`], [`image`] | numbers, cameras, pictures |
//! | 1 | [`scene`], [`camera_path`] | the parameters of convexes; the way of a camera |
//! | 2 | [`scene_file`], [`dataset`], [`mod@reference`], [`gpu`] | files; the method in plain Rust; wgpu |
//! | 3 | [`kernels`], [`synth`], [`metrics`], [`convert`] | a row, shared structs and a dispatcher per shader; a dataset made on the CPU; image metrics; files of others |
//! | 4 | [`renderer`] | the order of the kernels: a scene on the GPU and its pictures |
//! | 5 | [`optimiser`], [`evaluate`] | iterations of training on the GPU; pictures of a scene against the ground truth, and a report |
//! | 6 | [`train`], [`mod@render`], [`mod@bench`] | training on photographs; pictures and videos of a scene; the cost of frames and iterations |
//! | 7 | [`source`] | what a path holds that a user gives |
//! | 8 | [`run`] | a training as a whole: its folder, log, checkpoints, evaluation and report |
//! | 9 | `viewer` | the window (feature `viewer`) |
//!
//! [`mod@reference`] explains the method, and every kernel is tested against it: read it first.

#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests read and write files of their own"))]
// These macros panic where the output is closed.
#![warn(clippy::print_stderr, clippy::print_stdout)]

pub use {glam, wgpu};

pub mod bench;
pub mod camera;
pub mod camera_path;
pub mod constants;
pub mod convert;
pub mod dataset;
pub mod evaluate;
#[doc(hidden)]
pub mod fault;
#[doc(hidden)]
pub mod files;
pub mod gpu;
mod html;
pub mod image;
pub mod kernels;
pub mod metrics;
pub mod optimiser;
#[cfg(feature = "web")]
pub mod page;
pub mod real;
pub mod reference;
pub mod render;
pub mod renderer;
pub mod run;
pub mod scene;
pub mod scene_file;
pub mod source;
pub mod synth;
#[doc(hidden)]
pub mod text;
pub mod train;
#[cfg(feature = "viewer")]
pub mod viewer;
