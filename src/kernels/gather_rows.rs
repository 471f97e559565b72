//! Rows of a new array from those of an old one.

use std::ops::Range;

use super::edit::Edit;
use super::windows::windows;
use crate::gpu::{Buffer, Commands, Gpu, GpuError, Grid, Kernel, Shader, file, mirror, shader};
use crate::real::to_u32;

/// The row of the kernel.
pub(super) const SHADER: Shader = shader!("gather_rows", [file!("shared/edit.wgsl")]);

mirror! {
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
}

/// The compiled kernel.
#[derive(Debug)]
pub struct GatherRows(Kernel);

/// An array of the old scene and the one of the new scene that its rows are copied to.
#[derive(Debug, Clone, Copy)]
pub struct GatherRowsRecord<'a> {
    /// The array of the old scene.
    pub old: &'a Buffer<f32>,
    /// The array of the new scene, which holds zeros.
    pub new: &'a Buffer<f32>,
    /// Values of a row.
    pub row_width: u32,
    /// Whether the array is a moment of the optimiser: rows of convexes that do not keep theirs stay zero.
    pub is_moment: bool,
}

impl GatherRows {
    /// Compiles the kernel.
    ///
    /// # Errors
    /// Returns [`GpuError::Shader`] when the kernel does not compile.
    pub fn new(gpu: &Gpu) -> Result<Self, GpuError> {
        Ok(Self(Kernel::new(gpu, &SHADER, &[])?))
    }

    /// Records that every row of the new array becomes the row of the convex that its edit comes from.
    ///
    /// # Errors
    /// Returns [`GpuError`] when there is no memory for the arguments.
    pub fn record(
        &self,
        commands: &mut Commands<'_>,
        edits: &Buffer<Edit>,
        record: GatherRowsRecord<'_>,
    ) -> Result<(), GpuError> {
        // In windows where a binding does not show everything: every new one looks for its rows in every old one.
        let GatherRowsRecord { old, new, row_width, is_moment } = record;
        let gpu = commands.gpu();
        let width = u64::from(row_width);
        let values = |rows: &Range<u64>| rows.start * width..rows.end * width;
        let rows_of = |array: &Buffer<f32>| windows(gpu, row_width, to_u32(array.len() / width));
        for rows in rows_of(new) {
            for old_rows in rows_of(old) {
                let args = GatherRowsArgs {
                    row_width,
                    is_moment: is_moment.into(),
                    first_row: to_u32(rows.start),
                    first_old: to_u32(old_rows.start),
                };
                let args = commands.uniform(&args)?;
                let bindings = [
                    ("args", args.all()),
                    ("edits", edits.all()),
                    ("old", old.window(values(&old_rows))),
                    ("rows", new.window(values(&rows))),
                ];
                let threads = Grid::Threads(to_u32((rows.end - rows.start) * width));
                commands.dispatch(&self.0, threads, &bindings)?;
            }
        }
        Ok(())
    }
}
