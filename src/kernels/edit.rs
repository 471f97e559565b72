//! How a convex of a new scene is made from one of the old scene.

use crate::gpu::mirror;

/// The change of the points of a convex when the scene is rebuilt; the numbers are those of the shader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum ShapeEdit {
    /// They stay.
    Same = 0,
    /// They are pressed into the half that lies towards the furthest point.
    FrontHalf = 1,
    /// They are pressed into the other half.
    BackHalf = 2,
    /// They are scaled, and moved so that one of them becomes the centroid.
    AtPoint = 3,
}

mirror! {
    /// One convex of the new scene. `shaders/shared/edit.wgsl`
    pub struct Edit {
        /// The convex that it comes from.
        pub source: u32,
        /// The number of a [`ShapeEdit`].
        pub shape: u32,
        /// The point that becomes the centroid, where the shape is moved to one.
        pub point: u32,
        /// 1 where the optimiser's moments go along, 0 where they begin at zero.
        pub keeps_moments: u32,
        /// Factor of the shape, where it is moved to a point.
        pub scale: f32,
        /// Factor of `log_sigma`.
        pub sigma_exponent: f32,
        /// Added to `log_delta`.
        pub log_delta_shift: f32,
        /// The new value.
        pub raw_opacity: f32,
    }
}
