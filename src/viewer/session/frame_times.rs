//! The durations of the last frames.

use std::collections::VecDeque;
use web_time::{Duration, Instant};

/// The number of frames that are kept, and plotted.
pub(crate) const KEPT_FRAMES: usize = 240;

/// The durations of the last frames, and when each was finished.
#[derive(Debug, Default)]
pub(crate) struct FrameTimes {
    milliseconds: VecDeque<f32>,
    ends: VecDeque<Instant>,
}

impl FrameTimes {
    /// Adds the duration of a frame that was just finished.
    pub(crate) fn add(&mut self, seconds: f64) {
        #[expect(clippy::cast_possible_truncation, reason = "for a plot")]
        self.milliseconds.push_back((seconds * 1e3) as f32);
        self.ends.push_back(Instant::now());
        while self.milliseconds.len() > KEPT_FRAMES {
            self.milliseconds.pop_front();
            self.ends.pop_front();
        }
    }

    /// The durations in milliseconds, the newest last.
    #[must_use]
    pub(crate) const fn milliseconds(&self) -> &VecDeque<f32> {
        &self.milliseconds
    }

    /// Returns the frames per second over the last second, while some are drawn.
    #[must_use]
    pub(crate) fn per_second(&self) -> Option<f64> {
        let recent = self.ends.iter().rev().take_while(|end| end.elapsed() < Duration::from_secs(1));
        let recent: Vec<&Instant> = recent.collect();
        let (newest, oldest) = (recent.first()?, recent.last()?);
        let span = newest.duration_since(**oldest).as_secs_f64();
        (recent.len() > 2 && span > 0.0).then(|| (recent.len() - 1) as f64 / span)
    }
}
