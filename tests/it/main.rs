//! One test binary: it links once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::cast_possible_truncation, reason = "tests cut numbers that they know to be small")]
#![allow(clippy::disallowed_methods, reason = "tests read and write files of their own")]

mod adam;
mod backward;
mod bench;
mod cli;
mod convert;
mod dataset;
mod defaults;
mod density;
mod device;
mod display;
mod evaluate;
mod formats;
mod fuzz;
mod inputs;
mod language;
mod layering;
mod loss;
mod metrics;
mod normals;
mod optimiser;
mod origin;
mod photographs;
mod rasterize;
mod reference;
mod render;
mod run;
mod scan;
mod shaders;
mod shares;
mod sort;
mod statistics;
mod support;
mod synth;
mod tiles;
mod to_world;
mod train;
#[cfg(all(feature = "viewer", target_os = "linux"))]
mod viewer;
mod viewer_parts;
