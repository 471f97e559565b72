//! Cameras and pictures that people have.

pub mod transforms;
