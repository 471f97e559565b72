//! Watching a training run. The trainer works on its own thread and is never waited for, nor made to wait: it copies its
//! state to buffers of its own only when the window has asked, at a moment that suits it.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::renderer::GpuScene;

/// What the trainer gives the window. Every call returns at once.
pub trait LiveSource: Send {
    /// Asks for a copy of the state at the trainer's next chance. Asking again before it came changes nothing.
    fn request(&mut self);

    /// The copy that was asked for, once; no other thread writes to it again.
    fn take(&mut self) -> Option<GpuScene>;

    /// What was taken is on the screen.
    fn shown(&mut self) {}

    /// Where training is now, and the losses since the last call.
    fn progress(&mut self) -> Progress;

    /// Passes on what the user wants.
    fn command(&mut self, command: LiveCommand);
}

/// Where a training run is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Progress {
    /// Iterations done.
    pub iteration: u64,
    /// Iterations in all.
    pub iterations: u64,
    /// Number of convexes.
    pub num_convexes: u32,
    /// Iterations per second over the last while; 0 while paused.
    pub iterations_per_second: f64,
    /// Whether it waits for [`LiveCommand::Resume`].
    pub is_paused: bool,
    /// Whether it is done, and the error if it failed.
    pub finished: Option<Result<(), String>>,
    /// Iteration and loss of some iterations since the last call.
    pub new_losses: Vec<(u64, f32)>,
    /// A sentence for the user, such as where a checkpoint was written, once.
    pub message: Option<String>,
}

/// What a user can ask of a trainer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LiveCommand {
    /// Stop before the next iteration.
    Pause,
    /// Go on.
    Resume,
    /// Write a checkpoint now.
    Save,
    /// Write a checkpoint and end.
    Stop,
}

/// How often the window takes the state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LiveRate {
    /// Never.
    Off,
    /// Every two seconds.
    Slow,
    /// As soon as the last one is drawn.
    #[default]
    Live,
}

impl LiveRate {
    fn pause(self) -> Option<Duration> {
        match self {
            Self::Off => None,
            Self::Slow => Some(Duration::from_secs(2)),
            Self::Live => Some(Duration::ZERO),
        }
    }
}

/// Most losses that are kept; beyond, every second is dropped.
const MAX_LOSSES: usize = 2048;

/// Part of the last value in the averages of the speed.
const SPEED_WEIGHT: f64 = 0.1;

/// A training run as the window sees it.
pub(super) struct Live {
    source: Box<dyn LiveSource>,
    /// How often the state is taken.
    pub rate: LiveRate,
    /// The latest answer, without its losses.
    pub progress: Progress,
    /// Iteration and loss.
    pub losses: Vec<(u64, f32)>,
    /// Iterations per second while the window takes nothing, and while it does.
    speed_alone: Option<f64>,
    speed_watched: Option<f64>,
    asked: bool,
    last_taken: Option<Instant>,
}

impl std::fmt::Debug for Live {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Live").field("rate", &self.rate).field("progress", &self.progress).finish_non_exhaustive()
    }
}

impl Live {
    /// Watches a source.
    #[must_use]
    pub(super) fn new(source: Box<dyn LiveSource>, rate: LiveRate) -> Self {
        Self {
            source,
            rate,
            progress: Progress::default(),
            losses: Vec::new(),
            speed_alone: None,
            speed_watched: None,
            asked: false,
            last_taken: None,
        }
    }

    /// Asks and takes as the rate says. Gives the new state, if one came, and a sentence for the user, if there is one.
    pub(super) fn poll(&mut self, now: Instant) -> (Option<GpuScene>, Option<String>) {
        let mut progress = self.source.progress();
        for loss in progress.new_losses.drain(..).filter(|(_, loss)| loss.is_finite()) {
            self.losses.push(loss);
        }
        if self.losses.len() > MAX_LOSSES {
            let mut index = 0;
            self.losses.retain(|_| {
                index += 1;
                index % 2 == 0
            });
        }
        let message = progress.message.take();
        self.progress = progress;
        self.measure();
        let taken = self.asked.then(|| self.source.take()).flatten();
        if taken.is_some() {
            (self.asked, self.last_taken) = (false, Some(now));
        }
        let due = |pause: Duration| self.last_taken.is_none_or(|last| now.duration_since(last) >= pause);
        if !self.asked && self.rate.pause().is_some_and(due) {
            self.source.request();
            self.asked = true;
        }
        (taken, message)
    }

    fn measure(&mut self) {
        let speed = self.progress.iterations_per_second;
        if !(speed.is_finite() && speed > 0.0) || self.progress.is_paused {
            return;
        }
        let average = if self.rate == LiveRate::Off { &mut self.speed_alone } else { &mut self.speed_watched };
        *average = Some(average.map_or(speed, |old| old + (speed - old) * SPEED_WEIGHT));
    }

    /// Part of the iterations per second that watching costs; known once both speeds were seen.
    #[must_use]
    pub(super) fn cost(&self) -> Option<f64> {
        Some((1.0 - self.speed_watched? / self.speed_alone?).max(0.0))
    }

    /// Forgets the speed while watched, as after a change of the rate.
    pub(super) fn set_rate(&mut self, rate: LiveRate) {
        if rate != self.rate && rate != LiveRate::Off {
            self.speed_watched = None;
        }
        self.rate = rate;
    }

    /// What was taken is on the screen.
    pub(super) fn shown(&mut self) {
        self.source.shown();
    }

    /// Passes on a command.
    pub(super) fn command(&mut self, command: LiveCommand) {
        self.source.command(command);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex, PoisonError};

    use super::*;
    use crate::scene::Params;

    #[derive(Debug, Default)]
    struct Log {
        requests: usize,
        taken: usize,
        commands: Vec<LiveCommand>,
        speed: f64,
    }

    struct Trainer(Arc<Mutex<Log>>);

    impl LiveSource for Trainer {
        fn request(&mut self) {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).requests += 1;
        }

        fn take(&mut self) -> Option<GpuScene> {
            self.0.lock().unwrap().taken += 1;
            // Never ready: buffers would need a device.
            None
        }

        fn progress(&mut self) -> Progress {
            let log = self.0.lock().unwrap();
            let new_losses = vec![(1, 0.5), (2, f32::NAN)];
            Progress { iterations_per_second: log.speed, new_losses, ..Progress::default() }
        }

        fn command(&mut self, command: LiveCommand) {
            self.0.lock().unwrap().commands.push(command);
        }
    }

    fn watched(rate: LiveRate) -> (Live, Arc<Mutex<Log>>) {
        let log = Arc::new(Mutex::new(Log { speed: 10.0, ..Log::default() }));
        (Live::new(Box::new(Trainer(Arc::clone(&log))), rate), log)
    }

    #[test]
    fn nothing_is_asked_for_while_off_and_once_while_waiting() {
        let now = Instant::now();
        let (mut live, log) = watched(LiveRate::Off);
        live.poll(now);
        live.poll(now);
        let counts = || {
            let log = log.lock().unwrap();
            (log.requests, log.taken)
        };
        assert_eq!(counts(), (0, 0));
        live.set_rate(LiveRate::Live);
        live.poll(now);
        live.poll(now);
        assert_eq!(counts(), (1, 1));
    }

    #[test]
    fn the_cost_is_the_part_of_the_speed_that_is_lost() {
        let (mut live, log) = watched(LiveRate::Off);
        live.poll(Instant::now());
        assert_eq!(live.cost(), None);
        live.set_rate(LiveRate::Slow);
        log.lock().unwrap().speed = 8.0;
        live.poll(Instant::now());
        assert!((live.cost().unwrap() - 0.2).abs() < 1e-9);
    }

    #[test]
    fn losses_are_kept_without_nan_and_within_bounds() {
        let (mut live, _) = watched(LiveRate::Off);
        for _ in 0..5000 {
            live.poll(Instant::now());
        }
        assert!(live.losses.len() <= MAX_LOSSES && live.losses.iter().all(|(_, loss)| *loss == 0.5));
        // A scene is not needed to know its shape.
        assert_eq!(Params::<usize>::default().points, 0);
    }
}
