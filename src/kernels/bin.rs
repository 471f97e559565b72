//! Puts convexes into tiles: counts, emits and finds the instances of every tile. The sorts between are the caller's.

use super::project::ProjectedBuffers;
use super::sort::Pairs;
use crate::gpu::layout::{Camera, Status};
use crate::gpu::{Buffer, Commands, Gpu, GpuError, Grid, Kernel, shaders};

/// The compiled kernels.
#[derive(Debug)]
pub struct Bin {
    keys: Kernel,
    count: Kernel,
    emit: Kernel,
    ranges: Kernel,
    admit: Kernel,
}

/// What all of them share.
#[derive(Debug, Clone, Copy)]
pub struct BinArgs<'a> {
    /// The camera.
    pub camera: &'a Buffer<Camera>,
    /// Number of convexes.
    pub num_convexes: u32,
    /// What `project` wrote.
    pub projected: &'a ProjectedBuffers,
    /// Convexes in the order of depth.
    pub convex_from_rank: &'a Buffer<u32>,
    /// Number of instances by rank; after the scan, the first slot.
    pub first_slot_from_rank: &'a Buffer<u32>,
}

impl Bin {
    /// Compiles the kernels for convexes of this many points.
    ///
    /// # Errors
    /// [`GpuError::Shader`].
    pub fn new(gpu: &Gpu, points_per_convex: u32) -> Result<Self, GpuError> {
        let constants = [("POINTS", points_per_convex)];
        Ok(Self {
            keys: Kernel::new(gpu, &shaders::DEPTH_KEYS, &constants)?,
            count: Kernel::new(gpu, &shaders::COUNT_INSTANCES, &constants)?,
            emit: Kernel::new(gpu, &shaders::EMIT_INSTANCES, &constants)?,
            ranges: Kernel::new(gpu, &shaders::TILE_RANGES, &[])?,
            admit: Kernel::new(gpu, &shaders::ADMIT_INSTANCES, &[])?,
        })
    }

    /// Records what the sort by depth is given: keys that are ordered like the depths, the largest where a convex is
    /// culled, and 0, 1, 2, … for it to move.
    ///
    /// # Errors
    /// [`GpuError::Binding`].
    pub fn keys(
        &self,
        commands: &mut Commands<'_>,
        (camera, num_convexes): (&Buffer<Camera>, u32),
        projected: &ProjectedBuffers,
        by_depth: &Pairs,
    ) -> Result<(), GpuError> {
        let bindings = [
            ("camera", camera.all()),
            ("projected", projected.convexes.all()),
            ("depth_keys", by_depth.keys.all()),
            ("convex_from_rank", by_depth.values.all()),
        ];
        commands.dispatch(&self.keys, Grid::Threads(num_convexes), &bindings)
    }

    /// Records the counting into `first_slot_from_rank`.
    ///
    /// # Errors
    /// [`GpuError::Binding`].
    pub fn count(&self, commands: &mut Commands<'_>, args: BinArgs<'_>) -> Result<(), GpuError> {
        let bindings = [
            ("camera", args.camera.all()),
            ("projected", args.projected.convexes.all()),
            ("convex_from_rank", args.convex_from_rank.all()),
            ("first_slot_from_rank", args.first_slot_from_rank.all()),
        ];
        commands.dispatch(&self.count, Grid::Threads(args.num_convexes), &bindings)
    }

    /// Records that the `total` of the scan becomes the number of instances, or zero where the buffers do not hold them.
    ///
    /// # Errors
    /// [`GpuError::Binding`].
    pub fn admit(
        &self,
        commands: &mut Commands<'_>,
        camera: &Buffer<Camera>,
        total: &Buffer<u32>,
        num_instances: &Buffer<u32>,
        status: &Buffer<Status>,
    ) -> Result<(), GpuError> {
        let bindings = [
            ("camera", camera.all()),
            ("total", total.all()),
            ("num_instances", num_instances.all()),
            ("status", status.all()),
        ];
        commands.dispatch(&self.admit, Grid::Groups(1), &bindings)
    }

    /// Records the emission of tiles and slots into `instances`.
    ///
    /// # Errors
    /// [`GpuError::Binding`].
    pub fn emit(
        &self,
        commands: &mut Commands<'_>,
        args: BinArgs<'_>,
        instances: &Pairs,
        convex_from_slot: &Buffer<u32>,
    ) -> Result<(), GpuError> {
        let bindings = [
            ("camera", args.camera.all()),
            ("projected", args.projected.convexes.all()),
            ("lines", args.projected.lines.all()),
            ("convex_from_rank", args.convex_from_rank.all()),
            ("first_slot_from_rank", args.first_slot_from_rank.all()),
            ("tile_keys", instances.keys.all()),
            ("slots", instances.values.all()),
            ("convex_from_slot", convex_from_slot.all()),
        ];
        commands.dispatch(&self.emit, Grid::Threads(args.num_convexes), &bindings)
    }

    /// Records the search for the first instance of every tile among sorted keys; `groups` are the workgroups of one
    /// thread per instance and one more.
    ///
    /// # Errors
    /// [`GpuError::Binding`].
    pub fn ranges(
        &self,
        commands: &mut Commands<'_>,
        camera: &Buffer<Camera>,
        num_instances: &Buffer<u32>,
        tile_keys: &Buffer<u32>,
        first_instance_from_tile: &Buffer<u32>,
    ) -> Result<(), GpuError> {
        let bindings = [
            ("camera", camera.all()),
            ("num_instances", num_instances.all()),
            ("tile_keys", tile_keys.all()),
            ("first_instance_from_tile", first_instance_from_tile.all()),
        ];
        let threads = u32::try_from(tile_keys.len()).unwrap_or(u32::MAX - 1) + 1;
        commands.dispatch(&self.ranges, Grid::Threads(threads), &bindings)
    }
}
