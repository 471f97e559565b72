//! Turns a count on the GPU into the workgroups of an indirect dispatch.

use super::buffer::Buffer;
use super::commands::{Commands, Grid};
use super::context::Gpu;
use super::error::GpuError;
use super::kernel::Kernel;
use super::mirror::mirror;
use super::shader::{ONE_VARIANT, Shader, shader};

/// The row of the kernel.
pub const GROUPS: Shader = shader!("groups", [], ONE_VARIANT);

mirror! {
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
}

/// Workgroups that are computed on the GPU from a count.
#[derive(Debug)]
pub(crate) struct IndirectGroups {
    args: Buffer<GroupsArgs>,
    /// Workgroups in x, y and z, then the entries that all workgroups of the line write.
    pub(crate) groups: Buffer<u32>,
}

impl IndirectGroups {
    /// Memory for the workgroups and their arguments.
    pub(crate) fn new(gpu: &Gpu, args: &GroupsArgs) -> Result<Self, GpuError> {
        Ok(Self { args: gpu.uniform("groups.args", args)?, groups: gpu.zeros("groups", 4)? })
    }

    /// Records the computation; `kernel` is compiled from [`GROUPS`].
    pub(crate) fn update(
        &self,
        commands: &mut Commands<'_>,
        kernel: &Kernel,
        counts: &Buffer<u32>,
    ) -> Result<(), GpuError> {
        let bindings = [("args", self.args.all()), ("counts", counts.all()), ("groups", self.groups.all())];
        commands.dispatch(kernel, Grid::Groups(1), &bindings)
    }

    /// The grid of a dispatch with these workgroups.
    pub(crate) const fn grid(&self) -> Grid<'_> {
        Grid::Indirect(&self.groups, 0)
    }
}
