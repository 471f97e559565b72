//! Trials: iterations that belong to no training, for the time that they take.

use web_time::{Duration, Instant};

use super::strategy::Refinement;
use super::{TrainError, Trainer};

/// Iterations before a refinement of a trial, whose gradients say what is split.
const GRADIENT_ITERATIONS: u32 = 2;

/// The number of views that trials are made on: more would have to be decoded for every one.
const TRIAL_VIEWS: u32 = 4;

impl Trainer {
    /// Does so many iterations on the first views, with sides halved `level` times and all spherical harmonics, and returns how
    /// long the device took; pictures are decoded before. The scene belongs to no training afterwards.
    ///
    /// # Errors
    /// The same as [`Self::advance`].
    pub fn try_iterations(&mut self, level: u32, number: u32) -> Result<Duration, TrainError> {
        let mut iterations = Vec::new();
        for iteration in 0..number.max(1) {
            iterations.push(self.iteration_of(1 + iteration % TRIAL_VIEWS, level)?);
        }
        self.optimiser.set_sh_degree(u32::try_from(self.options.sh_degree).unwrap_or(0));
        let begin = Instant::now();
        // Lists as long as those of a training, one after another.
        while !iterations.is_empty() {
            let rest = iterations.split_off(iterations.len().min(self.list_len() as usize));
            self.optimiser.submit(std::mem::replace(&mut iterations, rest))?;
            self.collect_losses(0)?;
        }
        self.losses.clear();
        Ok(begin.elapsed())
    }

    /// Does a few iterations as [`Self::try_iterations`] and one refinement after them, which adds convexes as those of a training
    /// do, up to so many. Returns whether there are more than before.
    ///
    /// # Errors
    /// The same as [`Self::try_iterations`]; and where there is no memory.
    pub fn try_growth(&mut self, level: u32, max_convexes: u32) -> Result<bool, TrainError> {
        self.try_iterations(level, GRADIENT_ITERATIONS)?;
        let before = self.num_convexes();
        let max_convexes = max_convexes.min(self.memory_budget.most_convexes());
        let stats = &self.convex_stats()?;
        // No other refinement is left behind the last iteration.
        let (options, iteration) = (&self.options, self.options.iterations);
        let edits = self.options.strategy.strategy().edits(&Refinement { options, iteration, max_convexes, stats });
        if edits.len() <= stats.len() {
            return Ok(false);
        }
        self.optimiser.rebuild(&edits)?;
        Ok(self.num_convexes() > before)
    }

    /// The number of convexes that the device has room for.
    #[must_use]
    pub const fn most_convexes(&self) -> u32 {
        self.memory_budget.most_convexes()
    }
}
