//! How much work a frame is, in counts that do not depend on a clock.

use super::{GpuScene, RenderedFrame, Renderer};
use crate::gpu::{Commands, Gpu, GpuError, waiting};
use crate::kernels::{CountPairs, CountVisible, Shares, TileStatistics};

/// The work of the rasterizer in one frame. An instance is a tile and a convex, a pair is a pixel and a convex.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Instances that the tiles are visited for.
    pub num_instances: u64,
    /// Instances drawn in no pixel: the convex misses them, or is occluded.
    pub num_idle_instances: u64,
    /// Pairs whose lines are evaluated.
    pub tested_pairs: u64,
    /// Pairs that the largest line alone does not reject: they cost an exponential.
    pub near_pairs: u64,
    /// Pairs among them that need the sum of exponentials, because a second line is as near as the largest.
    pub smooth_pairs: u64,
    /// Pairs that contribute to the picture.
    pub drawn_pairs: u64,
}

impl Statistics {
    fn add(self, tile: TileStatistics) -> Self {
        Self {
            num_instances: self.num_instances + u64::from(tile.num_instances),
            num_idle_instances: self.num_idle_instances + u64::from(tile.num_instances - tile.num_drawn_instances),
            tested_pairs: self.tested_pairs + u64::from(tile.tested_pairs),
            near_pairs: self.near_pairs + u64::from(tile.near_pairs),
            smooth_pairs: self.smooth_pairs + u64::from(tile.smooth_pairs),
            drawn_pairs: self.drawn_pairs + u64::from(tile.drawn_pairs),
        }
    }

    /// Share of the pairs near a convex that need the sum of exponentials, 0..=1.
    #[must_use]
    pub fn slow_path_rate(&self) -> f64 {
        self.smooth_pairs as f64 / self.near_pairs.max(1) as f64
    }
}

/// What the tiles of a frame are drawn from, copied to the host for counts that no kernel makes.
#[derive(Debug)]
pub struct TileLists {
    /// Width and height in pixels.
    pub size: [u32; 2],
    /// K.
    pub points_per_convex: usize,
    /// First instance of every tile (row-major), and the end of the last.
    pub first_instance_from_tile: Vec<u32>,
    /// Convexes of the instances, tile after tile, front to back.
    pub convexes: Vec<u32>,
    /// Projected convexes, 16 words each: `shaders/shared/projected.wgsl`.
    pub projected: Vec<[u32; 16]>,
    /// K lines (a, b, c, v) of every convex.
    pub lines: Vec<[f32; 4]>,
}

impl RenderedFrame {
    /// Copies what the tiles are drawn from to the host. The scene must be that of the frame.
    ///
    /// # Errors
    /// Returns [`GpuError`] when the device was lost or has no memory for the copies.
    pub fn tile_lists(&self, gpu: &Gpu, scene: &GpuScene) -> Result<TileLists, GpuError> {
        let num_tiles = self.num_tiles().into_iter().map(u64::from).product::<u64>();
        let num_convexes = u64::from(scene.num_convexes);
        let projected = &self.memory.projected;
        Ok(TileLists {
            size: [self.camera.width, self.camera.height],
            points_per_convex: scene.points_per_convex as usize,
            first_instance_from_tile: self.memory.first_instance_from_tile.read_first(gpu, num_tiles + 1)?,
            convexes: self.instances(gpu)?.into_iter().map(|(_, convex)| convex).collect(),
            projected: projected.convexes.read_first(gpu, num_convexes * 16)?.as_chunks().0.to_vec(),
            lines: projected.lines.read_first(gpu, num_convexes * u64::from(scene.points_per_convex))?,
        })
    }
}

impl Renderer {
    /// Counts the convexes that any tile of a frame can touch.
    ///
    /// # Errors
    /// Returns [`GpuError`] when the device was lost.
    pub fn num_visible(&mut self, frame: &RenderedFrame) -> Result<u32, GpuError> {
        waiting::block_on(self.counted_visible(frame))
    }

    /// The same as [`Self::num_visible`], for whoever may run in a browser: there it is awaited, elsewhere it waits.
    ///
    /// # Errors
    /// The same as [`Self::num_visible`].
    pub async fn counted_visible(&mut self, frame: &RenderedFrame) -> Result<u32, GpuError> {
        let kernel = match self.count_visible.take() {
            Some(kernel) => kernel,
            None => CountVisible::new(&self.gpu)?,
        };
        let found = self.gpu.zeros("num_visible", 1)?;
        let mut commands = Commands::new(&self.gpu, "num_visible");
        kernel.record(&mut commands, &frame.memory.num_convexes, &frame.memory.ranked().keys, &found)?;
        commands.submit();
        self.count_visible = Some(kernel);
        let found = found.read_later(&self.gpu)?.arrived(&self.gpu).await?;
        Ok(found.first().copied().unwrap_or_default())
    }

    /// Finds the largest share of a pixel, `T·alpha`, that every convex has in a frame of this scene: 0 where it is not drawn, above
    /// where the picture would be another without it.
    ///
    /// # Errors
    /// Returns [`GpuError`] when the device was lost or has no memory for the shares.
    pub fn shares(&mut self, scene: &GpuScene, frame: &RenderedFrame) -> Result<Vec<f32>, GpuError> {
        let kernels = match self.shares.take() {
            Some(kernels) => kernels,
            None => Shares::new(&self.gpu, scene.points_per_convex)?,
        };
        let by_slot = self.gpu.zeros("share_from_slot", frame.num_instances().max(1).into())?;
        let by_convex = self.gpu.zeros("share_from_convex", scene.num_convexes.max(1).into())?;
        let num_pieces = self.num_pieces(frame.memory.shape());
        let mut commands = Commands::new(&self.gpu, "shares").in_pieces(num_pieces);
        let view = frame.view(&mut commands, scene)?;
        for band in &view.bands {
            kernels.record(&mut commands, frame.memory.rasterize_args(), band.args(&band.camera), &by_slot)?;
            commands.border();
        }
        let convexes = frame.memory.ranked_convexes(&view, scene.num_convexes);
        kernels.record_gather(&mut commands, convexes, &by_slot, &by_convex)?;
        commands.into_parts().submit_all()?;
        self.shares = Some(kernels);
        by_convex.read_first(&self.gpu, scene.num_convexes.into())
    }

    /// Counts what drawing a frame of this scene took. The same frame gives the same numbers on every device that rounds
    /// alike.
    ///
    /// # Errors
    /// Returns [`GpuError`] when the device was lost or has no memory for the counts.
    pub fn statistics(&mut self, scene: &GpuScene, frame: &RenderedFrame) -> Result<Statistics, GpuError> {
        let kernel = match self.count_pairs.take() {
            Some(kernel) => kernel,
            None => CountPairs::new(&self.gpu, scene.points_per_convex)?,
        };
        let num_tiles = frame.num_tiles().into_iter().map(u64::from).product();
        let tiles = self.gpu.zeros::<TileStatistics>("tiles", num_tiles)?;
        let mut commands = Commands::new(&self.gpu, "statistics");
        let view = frame.view(&mut commands, scene)?;
        for band in &view.bands {
            kernel.record(&mut commands, frame.memory.rasterize_args(), band.args(&band.camera), &tiles)?;
        }
        commands.submit();
        self.count_pairs = Some(kernel);
        Ok(tiles.read(&self.gpu)?.into_iter().fold(Statistics::default(), Statistics::add))
    }
}
