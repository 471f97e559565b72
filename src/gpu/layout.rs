//! Structs that shaders and Rust share, each once in Rust and once in WGSL. A test compares names, offsets and sizes
//! of the members with what naga finds in the shaders.

use bytemuck::{Pod, Zeroable};

/// A struct that exists in WGSL too.
pub trait Mirror: Pod {
    /// Name in Rust and in WGSL.
    const NAME: &'static str;
    /// Name and byte offset of each member, in order.
    const MEMBERS: &'static [(&'static str, usize)];
}

/// What the test compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MirrorShape {
    /// Name of the struct.
    pub name: &'static str,
    /// Size in bytes.
    pub bytes: usize,
    /// Name and byte offset of each member.
    pub members: &'static [(&'static str, usize)],
}

const fn shape<M: Mirror>() -> MirrorShape {
    MirrorShape { name: M::NAME, bytes: size_of::<M>(), members: M::MEMBERS }
}

macro_rules! mirrors {
    ($($(#[$doc:meta])* pub struct $Name:ident { $($(#[$member_doc:meta])* pub $member:ident: $kind:ty,)* })*) => {
        $(
            $(#[$doc])*
            #[repr(C)]
            #[derive(Debug, Clone, Copy, Default, PartialEq, Pod, Zeroable)]
            pub struct $Name { $($(#[$member_doc])* pub $member: $kind,)* }

            impl Mirror for $Name {
                const NAME: &'static str = stringify!($Name);
                const MEMBERS: &'static [(&'static str, usize)] =
                    &[$((stringify!($member), std::mem::offset_of!($Name, $member)),)*];
            }
        )*

        /// Every mirror.
        pub const MIRRORS: &[MirrorShape] = &[$(shape::<$Name>(),)*];
    };
}

/// Structs in bound memory that only shaders write and read; Rust asks reflection for their size.
pub const GPU_ONLY: &[&str] = &["Projected"];

mirrors! {
    /// A camera and what else a picture depends on.
    pub struct Camera {
        /// Rows of R in `p_view = R·p_world + t`; the last component is t.
        pub view_from_world: [[f32; 4]; 3],
        /// Where the camera stands, world units; the last component is the near plane's depth.
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

    /// What a list of frames or iterations leaves for the host to read when it likes.
    pub struct Status {
        /// 1 once a frame did not fit; nothing changes any parameter from then on.
        pub has_overflowed: u32,
        /// Most instances that a frame has asked for.
        pub needed_instances: u32,
        /// Iterations that changed the parameters.
        pub num_steps: u32,
        /// Unused.
        pub padding: u32,
    }

    /// What the rasterizer does in one tile.
    pub struct TileStatistics {
        /// Convexes that the tile was visited for.
        pub num_instances: u32,
        /// Those that are drawn in at least one pixel.
        pub num_drawn_instances: u32,
        /// Pairs of a pixel and a convex whose lines are evaluated.
        pub tested_pairs: u32,
        /// Those that the largest line alone does not reject.
        pub near_pairs: u32,
        /// Those among them that need the sum of exponentials.
        pub smooth_pairs: u32,
        /// Those that are drawn.
        pub drawn_pairs: u32,
    }

    /// What the kernels of the loss are told.
    pub struct LossArgs {
        /// Width and height in pixels.
        pub size: [u32; 2],
        /// Width and height in tiles.
        pub num_tiles: [u32; 2],
        /// Weight of L1.
        pub l1_weight: f32,
        /// Weight of 1 − SSIM.
        pub ssim_weight: f32,
        /// Where the sums are put.
        pub index: u32,
        /// Unused.
        pub padding: u32,
    }

    /// Arguments of a step of Adam on one parameter.
    pub struct AdamArgs {
        /// Values in the window that the bindings show.
        pub num_values: u32,
        /// The first of them in the whole parameter.
        pub first_value: u32,
        /// Values of one convex.
        pub row_width: u32,
        /// How many of them at its front have a rate of their own.
        pub front_width: u32,
        /// The rate of those.
        pub front_rate: f32,
        /// The rate of the others.
        pub rate: f32,
        /// Inverse of 1 − beta1^step.
        pub correction1: f32,
        /// Inverse of 1 − beta2^step.
        pub correction2: f32,
    }

    /// What becomes of a convex when the scene is rebuilt.
    pub struct Edit {
        /// The convex that it comes from.
        pub source: u32,
        /// What is done to the points; a constant of the shader.
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

    /// Arguments of the kernel that gathers rows.
    pub struct GatherRowsArgs {
        /// Values of a row.
        pub row_width: u32,
        /// 1 where only convexes that keep their moments get their row.
        pub is_moment: u32,
        /// First row of the window of the new array.
        pub first_row: u32,
        /// First row of the window of the old one.
        pub first_old: u32,
    }

    /// Weights of what keeps a scene tidy.
    pub struct RegulariseArgs {
        /// Number of convexes.
        pub num_convexes: u32,
        /// Weight of the mean opacity.
        pub opacity: f32,
        /// Weight of the mean root-mean-square distance of the points from the centroid, per unit of length.
        pub extent: f32,
        /// Unused.
        pub padding: u32,
    }

    /// From normalised units to those of the dataset.
    pub struct ToWorldArgs {
        /// World units per normalised unit.
        pub scale: f32,
        /// What is added to the logarithms of delta and sigma.
        pub shift: f32,
        /// Number of convexes.
        pub num_convexes: u32,
        /// Unused.
        pub padding: u32,
        /// Where the normalised origin is, relative to the origin of the scene in the world; the last component is unused.
        pub centre: [f32; 4],
    }

    /// What a shown picture depends on besides the frame.
    pub struct DisplayArgs {
        /// Rows of R in `p_view = R·p_world + t`; the last component is t.
        pub view_from_world: [[f32; 4]; 3],
        /// fx, fy and cx, cy of the frame, pixels.
        pub focal_principal: [f32; 4],
        /// sRGB behind everything; the last component is unused.
        pub background: [f32; 4],
        /// Width and height of the frame.
        pub size: [u32; 2],
        /// Width and height of the frame in tiles.
        pub num_tiles: [u32; 2],
        /// View depths of both ends of the ramp.
        pub depth_range: [f32; 2],
        /// Count at the upper end of the ramp.
        pub max_count: f32,
        /// 0: no edges, 1: edges over the picture.
        pub edges: f32,
        /// One of the modes.
        pub mode: u32,
        /// Pixels from row to row of the canvas.
        pub row_pixels: u32,
        /// Convexes that the bindings show.
        pub num_convexes: u32,
        /// Number of the first of them.
        pub first_convex: u32,
        /// sRGB at equal distances.
        pub ramp: [[f32; 4]; crate::constants::RAMP_STOPS as usize],
    }

    /// How a scene is changed before it is shown.
    pub struct AlterArgs {
        /// Lower corner of the box that is kept, by centroids; the last component is unused.
        pub crop_low: [f32; 4],
        /// Upper corner of that box; the last component is unused.
        pub crop_high: [f32; 4],
        /// Number of convexes.
        pub num_convexes: u32,
        /// Size of every convex relative to its own.
        pub scale: f32,
        /// Opacity before the sigmoid below which convexes are hidden.
        pub raw_threshold: f32,
        /// Unused.
        pub padding: u32,
    }

    /// Arguments of the kernel that turns a count into workgroups.
    pub struct GroupsArgs {
        /// Place of the count in its buffer.
        pub count_index: u32,
        /// Largest count that the buffers hold.
        pub max_count: u32,
        /// Items per workgroup.
        pub items_per_group: u32,
        /// Workgroups before the window that the dispatch covers.
        pub first_group: u32,
        /// Most workgroups of the window.
        pub window_groups: u32,
        /// Entries that each workgroup of the whole line writes for a later scan; 0 if there is none.
        pub entries_per_group: u32,
    }

    /// Arguments of the scan kernels.
    pub struct ScanArgs {
        /// Place of the count in its buffer.
        pub count_index: u32,
        /// Largest count that the buffers hold.
        pub max_count: u32,
        /// First block of the window that the bindings show.
        pub first_block: u32,
    }

    /// Arguments of the radix sort kernels.
    pub struct SortArgs {
        /// Place of the count in its buffer.
        pub count_index: u32,
        /// Largest count that the buffers hold.
        pub max_count: u32,
        /// First block of the window that the input bindings show.
        pub first_block: u32,
        /// First bit of the digit.
        pub shift: u32,
        /// Bits of the digit, 1..=8.
        pub bits: u32,
        /// First element of the window that the output bindings show.
        pub output_first: u32,
        /// Elements of that window.
        pub output_len: u32,
    }
}
