//! The camera as the kernels read it.

use crate::gpu::mirror;

mirror! {
    /// A camera, the background, and the windows of the buffers that are bound. `shaders/shared/camera.wgsl`
    pub struct CameraUniform {
        /// Rows of R in `p_view = R·p_world + t`; the last component is t.
        pub view_from_world: [[f32; 4]; 3],
        /// The position of the camera, world units; the last component is the near plane's depth.
        pub position_near: [f32; 4],
        /// sRGB behind everything; the last component is unused.
        pub background: [f32; 4],
        /// fx, fy in pixels.
        pub focal: [f32; 2],
        /// cx, cy in pixels.
        pub principal: [f32; 2],
        /// Width and height in pixels.
        pub size: [u32; 2],
        /// Width and height in tiles.
        pub num_tiles: [u32; 2],
        /// Number of convexes.
        pub num_convexes: u32,
        /// Degree of the spherical harmonics in use.
        pub sh_degree: u32,
        /// Largest number of instances that the buffers hold.
        pub max_instances: u32,
        /// First row of tiles whose pixels the bindings show.
        pub first_tile_row: u32,
        /// First slot whose cotangents the binding shows.
        pub first_slot: u32,
        /// The slot behind the last of them.
        pub end_slot: u32,
        /// First convex whose parameters the bindings show.
        pub first_convex: u32,
        /// The convex behind the last of them.
        pub end_convex: u32,
    }
}
