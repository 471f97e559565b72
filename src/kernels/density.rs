//! Statistics that densification asks for, regularization of the scene, and building a new scene from an old one.

use std::ops::Range;

use super::windows::windows;
use crate::gpu::layout::{Camera, Edit, GatherRowsArgs, RegulariseArgs, Status};
use crate::gpu::{Buffer, Commands, Gpu, GpuError, Grid, Kernel, shaders};
use crate::scene::Params;

/// What is done to the points of a convex when the scene is rebuilt; the numbers are those of the shader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Shape {
    /// They stay.
    Same = 0,
    /// They are pressed into the half that lies towards the furthest point.
    FrontHalf = 1,
    /// They are pressed into the other half.
    BackHalf = 2,
    /// They are scaled, and moved so that one of them becomes the centroid.
    AtPoint = 3,
}

/// The compiled kernels.
#[derive(Debug)]
pub struct Density {
    accumulate: Kernel,
    regularise: Kernel,
    rebuild: Kernel,
    gather_rows: Kernel,
}

impl Density {
    /// Compiles the kernels for convexes of this many points.
    ///
    /// # Errors
    /// [`GpuError::Shader`].
    pub fn new(gpu: &Gpu, points_per_convex: u32) -> Result<Self, GpuError> {
        let constants = [("POINTS", points_per_convex)];
        Ok(Self {
            accumulate: Kernel::new(gpu, &shaders::ACCUMULATE, &constants)?,
            regularise: Kernel::new(gpu, &shaders::REGULARISE, &constants)?,
            rebuild: Kernel::new(gpu, &shaders::REBUILD, &constants)?,
            gather_rows: Kernel::new(gpu, &shaders::GATHER_ROWS, &[])?,
        })
    }

    /// Records that the gradients of an iteration are added to the statistics: for each convex the norm of the gradient
    /// of its points times its extent, the gradient of `log_sigma`, and the number of views that see it; and its extent.
    ///
    /// # Errors
    /// [`GpuError::Binding`].
    pub fn accumulate(
        &self,
        commands: &mut Commands<'_>,
        (camera, status, projected): (&Buffer<Camera>, &Buffer<Status>, &Buffer<u32>),
        points: &Buffer<f32>,
        gradients: &Params<Buffer<f32>>,
        statistics: &Buffer<[f32; 4]>,
    ) -> Result<(), GpuError> {
        let bindings = [
            ("camera", camera.all()),
            ("status", status.all()),
            ("projected", projected.all()),
            ("v_points", gradients.points.all()),
            ("v_log_sigma", gradients.log_sigma.all()),
            ("points", points.all()),
            ("statistics", statistics.all()),
        ];
        commands.dispatch(&self.accumulate, Grid::Threads(small(statistics.len())), &bindings)
    }

    /// Records that the gradients of mean opacity and mean extent are added.
    ///
    /// # Errors
    /// [`GpuError::Binding`].
    pub fn regularise(
        &self,
        commands: &mut Commands<'_>,
        args: RegulariseArgs,
        params: &Params<Buffer<f32>>,
        gradients: &Params<Buffer<f32>>,
    ) -> Result<(), GpuError> {
        let args_buffer = commands.gpu().uniform("regularise.args", &args)?;
        let bindings = [
            ("args", args_buffer.all()),
            ("points", params.points.all()),
            ("raw_opacity", params.raw_opacity.all()),
            ("v_points", gradients.points.all()),
            ("v_raw_opacity", gradients.raw_opacity.all()),
        ];
        commands.dispatch(&self.regularise, Grid::Threads(args.num_convexes), &bindings)
    }

    /// Records that `new`, which holds zeros, becomes what the edits make of `old`, one row per edit.
    ///
    /// # Errors
    /// [`GpuError`] when there is no memory for the arguments.
    pub fn rebuild(
        &self,
        commands: &mut Commands<'_>,
        edits: &Buffer<Edit>,
        old: &Params<Buffer<f32>>,
        new: &Params<Buffer<f32>>,
        sh_width: u32,
    ) -> Result<(), GpuError> {
        let bindings = [
            ("edits", edits.all()),
            ("old_points", old.points.all()),
            ("old_log_delta", old.log_delta.all()),
            ("old_log_sigma", old.log_sigma.all()),
            ("points", new.points.all()),
            ("log_delta", new.log_delta.all()),
            ("log_sigma", new.log_sigma.all()),
            ("raw_opacity", new.raw_opacity.all()),
        ];
        commands.dispatch(&self.rebuild, Grid::Threads(small(edits.len())), &bindings)?;
        self.gather(commands, edits, (&old.sh, &new.sh), sh_width, false)
    }

    /// Records that the optimiser's moments move along with their convexes, or stay at the zeros that `new` holds.
    ///
    /// # Errors
    /// As [`Self::rebuild`].
    pub fn rebuild_moments(
        &self,
        commands: &mut Commands<'_>,
        edits: &Buffer<Edit>,
        old: &Params<Buffer<f32>>,
        new: &Params<Buffer<f32>>,
        row_widths: Params<u32>,
    ) -> Result<(), GpuError> {
        for ((old, new), width) in old.as_ref().zip(new.as_ref()).zip(row_widths).into_array() {
            self.gather(commands, edits, (old, new), width, true)?;
        }
        Ok(())
    }

    fn gather(
        &self,
        commands: &mut Commands<'_>,
        edits: &Buffer<Edit>,
        (old, new): (&Buffer<f32>, &Buffer<f32>),
        row_width: u32,
        is_moment: bool,
    ) -> Result<(), GpuError> {
        // In windows where a binding does not show everything: every new one looks for its rows in every old one.
        let gpu = commands.gpu();
        let width = u64::from(row_width);
        let values = |rows: &Range<u64>| rows.start * width..rows.end * width;
        let rows_of = |array: &Buffer<f32>| windows(gpu, row_width, small(array.len() / width));
        for rows in rows_of(new) {
            for old_rows in rows_of(old) {
                let args = GatherRowsArgs {
                    row_width,
                    is_moment: is_moment.into(),
                    first_row: small(rows.start),
                    first_old: small(old_rows.start),
                };
                let args = gpu.uniform("gather_rows.args", &args)?;
                let bindings = [
                    ("args", args.all()),
                    ("edits", edits.all()),
                    ("old", old.window(values(&old_rows))),
                    ("rows", new.window(values(&rows))),
                ];
                let threads = Grid::Threads(small((rows.end - rows.start) * width));
                commands.dispatch(&self.gather_rows, threads, &bindings)?;
            }
        }
        Ok(())
    }
}

/// Lengths of buffers that shaders index fit 32 bits.
fn small(len: u64) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
