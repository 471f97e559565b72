//! The time that work of the device takes, and how it is cut so that no submission takes too long.
//!
//! A device that works on one submission answers nobody else: the desktop stands still, and some drivers reset a device after
//! two seconds. So what is under way at once may take a quarter of a second, a second where the processor is the device.
//! The measured time decides about sizes of submissions alone, never about a result.

use std::time::Duration;

use super::context::Gpu;

/// The longest time of everything that is under way.
const GPU_LIMIT: Duration = Duration::from_millis(250);
const SOFTWARE_LIMIT: Duration = Duration::from_secs(1);

/// Submissions that are under way at a time.
const UNDER_WAY: u32 = 2;

/// Most pieces of a long stage.
const MAX_PIECES: u32 = 128;

/// The measured time of a kind of work, in units that its user chooses: an iteration, a frame of some size.
#[derive(Debug, Clone)]
pub struct Pace {
    /// The longest time of one submission, seconds.
    limit: f64,
    /// Seconds of a unit, as last measured.
    seconds: Option<f64>,
}

impl Pace {
    /// Most iterations of a list whose length follows from their time. The host records an iteration in about half a millisecond while the device works on the list
    /// before, so eight of them hide the milliseconds in which the host learns of the end of a list; more would hide no more.
    pub const MAX_LIST: u32 = 8;

    /// Nothing is measured yet.
    #[must_use]
    pub fn new(gpu: &Gpu) -> Self {
        Self::with_limit(if gpu.is_software() { SOFTWARE_LIMIT } else { GPU_LIMIT })
    }

    /// The same with another limit of the time of everything under way.
    #[must_use]
    pub fn with_limit(limit: Duration) -> Self {
        Self { limit: limit.as_secs_f64() / f64::from(UNDER_WAY), seconds: None }
    }

    /// Takes in how long some units took.
    pub fn add(&mut self, units: f64, took: Duration) {
        if units > 0.0 {
            self.seconds = Some(took.as_secs_f64() / units);
        }
    }

    /// Takes in that some units took at most so long: the host did something else, and found them done.
    pub fn add_at_most(&mut self, units: f64, took: Duration) {
        if units > 0.0 {
            let most = took.as_secs_f64() / units;
            self.seconds = Some(self.seconds.map_or(most, |seconds| seconds.min(most)));
        }
    }

    /// Forgets what was measured: the next work is of another kind.
    pub const fn forget(&mut self) {
        self.seconds = None;
    }

    /// Units that one submission may hold: at least 1, and 1 where nothing is measured.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before the cast")]
    pub fn list_len(&self) -> u32 {
        self.seconds.map_or(1, |seconds| (self.limit / seconds).clamp(1.0, f64::from(Self::MAX_LIST)) as u32)
    }

    /// The number of pieces that the stages of so many units are cut into; 1 where all of them fit one submission.
    /// Powers of two, so that small changes of the time change nothing.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before the cast")]
    pub fn num_pieces(&self, units: f64) -> u32 {
        let most = f64::from(MAX_PIECES);
        let pieces = self.seconds.map_or(most, |seconds| (seconds * units / self.limit).ceil().clamp(1.0, most));
        (pieces as u32).next_power_of_two()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(milliseconds: u64) -> Pace {
        let mut pace = Pace::with_limit(Duration::from_secs(1));
        pace.add(4.0, Duration::from_millis(4 * milliseconds));
        pace
    }

    #[test]
    fn two_lists_take_no_longer_than_the_limit() {
        let lens = [1, 62, 63, 100, 250, 251, 9000].map(|milliseconds| pace(milliseconds).list_len());
        assert_eq!(lens, [8, 8, 7, 5, 2, 1, 1]);
        assert_eq!(Pace::with_limit(Duration::from_secs(1)).list_len(), 1, "nothing is known");
        assert_eq!(pace(0).list_len(), 8);
    }

    #[test]
    fn the_time_of_a_host_that_came_late_is_only_a_bound() {
        let mut pace = pace(100);
        pace.add_at_most(1.0, Duration::from_secs(9));
        assert_eq!(pace.list_len(), 5);
        pace.add_at_most(1.0, Duration::from_millis(80));
        assert_eq!(pace.list_len(), 6);
        let mut unknown = Pace::with_limit(Duration::from_secs(1));
        unknown.add_at_most(1.0, Duration::from_millis(250));
        assert_eq!(unknown.list_len(), 2, "a bound is better than nothing");
    }

    #[test]
    fn work_is_cut_where_it_takes_longer() {
        let pieces = [1, 500, 501, 1001, 7000, 1_000_000].map(|milliseconds| pace(milliseconds).num_pieces(1.0));
        assert_eq!(pieces, [1, 1, 2, 4, 16, 128]);
        assert_eq!(pace(100).num_pieces(10.0), 2);
        assert_eq!(Pace::with_limit(Duration::from_secs(1)).num_pieces(1.0), 128, "nothing is known");
        assert_eq!(Pace::with_limit(Duration::ZERO).num_pieces(1.0), 128, "as finely as can be");
    }
}
