//! One iteration, and what it records: forward, loss, backward, statistics, step.

use super::{Memory, Optimiser};
use crate::camera::{Camera, RenderOptions};
use crate::gpu::{Buffer, Commands, GpuError};
use crate::kernels::{AccumulateArgs, Adam, AdamRecord, LossKernels, LossRecord, Rates, RegulariseArgs, Status};
use crate::real::to_u32;
use crate::scene::{Params, row_widths};

/// One iteration: a picture of a camera is compared with a target, and the parameters are moved.
#[derive(Debug, Clone)]
pub struct Iteration {
    /// The camera.
    pub camera: Camera,
    /// The other values that the picture depends on.
    pub options: RenderOptions,
    /// `[H, W]`: red, green, blue and weight, a byte each, red in the lowest.
    pub target: Buffer<u32>,
    /// w in `(1 − w)·L1 + w·(1 − SSIM)`.
    pub ssim_weight: f32,
    /// Learning rate of each parameter, in units of its values.
    pub rates: Params<Rates>,
    /// 1 for the first step since the moments were zero.
    pub step: u32,
    /// Weights of the mean opacity, and of the mean extent of the convexes per unit of length.
    pub regularization: [f32; 2],
}

/// The loss of one iteration, before its step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LossMeans {
    /// Mean of `|x − y|`.
    pub l1: f32,
    /// Mean of the SSIM.
    pub ssim: f32,
}

impl LossMeans {
    /// The loss itself, without the regularization. Source: docs/spec.md §6.
    #[must_use]
    pub fn loss(&self, ssim_weight: f32) -> f32 {
        (1.0 - ssim_weight) * self.l1 + ssim_weight * (1.0 - self.ssim)
    }
}

/// The buffer of a list of iterations that receives their losses, and the place of one of them.
#[derive(Debug, Clone, Copy)]
pub(super) struct LossSlot<'a> {
    pub(super) losses: &'a Buffer<[f32; 2]>,
    pub(super) index: usize,
}

impl Optimiser {
    /// Records an iteration.
    pub(super) fn record(
        &self,
        commands: &mut Commands<'_>,
        memory: &Memory,
        iteration: &Iteration,
        slot: LossSlot<'_>,
    ) -> Result<(), GpuError> {
        let Memory { frame, backward, v, .. } = memory;
        let view = frame.view(commands, &self.scene, &iteration.camera, &iteration.options)?;
        self.renderer.record(commands, &self.scene, &view)?;
        self.record_loss(commands, memory, iteration, slot)?;
        commands.border();
        self.differentiator.record(commands, &self.scene, &view, v, backward)?;
        // What changes statistics, moments and parameters is one part: an iteration that ends before it leaves no trace.
        let gradients = &backward.gradients;
        let accumulate = AccumulateArgs {
            camera: view.camera(),
            status: frame.status(),
            projected: frame.projected(),
            points: &self.scene.params.points,
            gradients,
            statistics: &self.statistics,
        };
        self.accumulate.record(commands, accumulate)?;
        self.record_regularization(commands, iteration.regularization, gradients)?;
        self.record_step(commands, iteration, frame.status(), gradients)?;
        self.finish_step.record(commands, frame.status())
    }

    /// Records the comparison of the picture with its target, and the cotangents of the picture.
    fn record_loss(
        &self,
        commands: &mut Commands<'_>,
        memory: &Memory,
        iteration: &Iteration,
        slot: LossSlot<'_>,
    ) -> Result<(), GpuError> {
        let size = [iteration.camera.width, iteration.camera.height];
        let args = LossKernels::args(size, iteration.ssim_weight, to_u32(slot.index));
        let record = LossRecord {
            args: &commands.uniform(&args)?,
            num_tiles: args.num_tiles,
            rgba: memory.frame.rgba(),
            target: &iteration.target,
            v_rgba: &memory.v.rgba,
            losses: slot.losses,
        };
        self.loss.record(commands, record, &memory.loss)
    }

    /// Records the gradients of the regularization, where it has a weight.
    fn record_regularization(
        &self,
        commands: &mut Commands<'_>,
        [opacity, extent]: [f32; 2],
        gradients: &Params<Buffer<f32>>,
    ) -> Result<(), GpuError> {
        if [opacity, extent] == [0.0; 2] {
            return Ok(());
        }
        let args = RegulariseArgs { num_convexes: self.scene.num_convexes, opacity, extent, padding: 0 };
        self.regularise.record(commands, args, &self.scene.params, gradients)
    }

    /// Records the step of every parameter.
    fn record_step(
        &self,
        commands: &mut Commands<'_>,
        iteration: &Iteration,
        status: &Buffer<Status>,
        gradients: &Params<Buffer<f32>>,
    ) -> Result<(), GpuError> {
        let widths = row_widths(self.scene.points_per_convex as usize);
        let [first, second] = &self.moments;
        let moments = first.as_ref().zip(second.as_ref());
        let rows = self.scene.params.as_ref().zip(gradients.as_ref()).zip(moments).zip(widths.zip(iteration.rates));
        for (((values, gradient), moments), (width, rates)) in rows.into_array() {
            let record = AdamRecord {
                status,
                row_width: to_u32(width),
                num_values: u64::from(self.scene.num_convexes) * width as u64,
                rates,
                corrections: Adam::corrections(iteration.step),
                gradient,
                values,
                moments: [moments.0, moments.1],
            };
            self.adam.record(commands, record)?;
        }
        Ok(())
    }
}
