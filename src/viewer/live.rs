//! The window's side of a training run: it reads the run's events and sends controls. The run waits for the window once,
//! before its first iteration, so that its beginning can be seen; later it copies its scene only when it was asked to, between
//! two submissions.

use std::sync::mpsc::{Receiver, Sender, channel};
use web_time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::renderer::GpuScene;
use crate::run::{RunControl, RunEvent, RunStarted, RunStep};

/// The channels between a window and a training run.
#[derive(Debug)]
pub struct LiveLink {
    /// The events of the run.
    pub events: Receiver<RunEvent>,
    /// The controls of the run.
    pub control: Sender<RunControl>,
}

/// The progress of a training run.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct LiveProgress {
    /// The number of iterations submitted.
    pub iteration: u32,
    /// The number of iterations of the whole training; 0 before it starts.
    pub iterations: u32,
    /// The number of convexes.
    pub num_convexes: u32,
    /// Iterations per second over the last while.
    pub iterations_per_second: f64,
    /// The time until everything is done, where it is known.
    pub remaining: Option<Duration>,
    /// The work that is done before the first iteration.
    pub preparing: Option<String>,
    /// Whether the run waits for [`RunControl::Resume`].
    pub is_paused: bool,
    /// The end of the run, and the error if it failed.
    pub finished: Option<Result<(), String>>,
}

/// The rate at which the window shows new scenes of the training.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LiveRate {
    /// Never.
    Off,
    /// Every two seconds.
    Slow,
    /// A new scene as soon as the last one is drawn.
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

/// A training run that the window shows.
#[derive(Debug)]
pub(super) struct Live {
    link: LiveLink,
    /// The rate at which new scenes are asked for.
    pub rate: LiveRate,
    /// The progress by the latest events.
    pub progress: LiveProgress,
    /// Iteration and loss.
    pub losses: Vec<(u32, f32)>,
    /// Iterations per second while the window asks for no scenes, and while it does.
    speed_alone: Option<f64>,
    speed_watched: Option<f64>,
    /// Whether a scene was asked for and did not come yet.
    asked: bool,
    /// Whether the scene has changed, as far as the window knows, since one was asked for last.
    is_behind: bool,
    last_taken: Option<Instant>,
    /// Whether the run still waits for the window's first picture.
    is_first_awaited: bool,
    /// A sentence for the user that was not told yet.
    message: Option<String>,
}

/// The least time between two events that wake the window.
const WAKING_INTERVAL: Duration = Duration::from_millis(50);

/// Returns the same events, and calls `wake` when some have come: a window that nothing happens in sleeps.
pub(super) fn waking(events: Receiver<RunEvent>, wake: impl Fn() + Send + 'static) -> Receiver<RunEvent> {
    let (sender, passed_on) = channel();
    std::thread::spawn(move || {
        while let Ok(first) = events.recv() {
            // A window that is gone takes no events.
            if std::iter::once(first).chain(events.try_iter()).any(|event| sender.send(event).is_err()) {
                return;
            }
            wake();
            std::thread::sleep(WAKING_INTERVAL);
        }
    });
    passed_on
}

/// The news since the last call of [`Live::poll`].
#[derive(Debug, Default)]
pub(super) struct LiveNews {
    /// A new scene.
    pub scene: Option<GpuScene>,
    /// A sentence for the user.
    pub message: Option<String>,
}

impl Live {
    /// Reads and controls a run.
    #[must_use]
    pub(super) fn new(link: LiveLink, rate: LiveRate) -> Self {
        let mut live = Self {
            link,
            rate,
            progress: LiveProgress::default(),
            losses: Vec::new(),
            speed_alone: None,
            speed_watched: None,
            asked: false,
            is_behind: true,
            last_taken: None,
            is_first_awaited: true,
            message: None,
        };
        if rate == LiveRate::Off {
            live.resume_after_first_picture();
        }
        live
    }

    /// Reads the events since the last call, and asks for a new scene as often as the rate tells.
    pub(super) fn poll(&mut self, now: Instant) -> LiveNews {
        let mut scene = None;
        while let Ok(event) = self.link.events.try_recv() {
            scene = self.read(event, now).or(scene);
        }
        if self.losses.len() > MAX_LOSSES {
            let mut index = 0;
            self.losses.retain(|_| {
                index += 1;
                index % 2 == 0
            });
        }
        self.measure();
        if self.next_request(now).is_some_and(|time| time <= now) {
            (self.asked, self.is_behind) = (true, false);
            self.command(RunControl::Snapshot);
        }
        LiveNews { scene, message: self.message.take() }
    }

    /// Returns when the next scene is to be asked for; `None` while none is wanted, one is on its way, or the last one is what
    /// the training still has: a run that is paused or over costs nothing.
    pub(super) fn next_request(&self, now: Instant) -> Option<Instant> {
        let pause = self.rate.pause().filter(|_| self.is_behind && !self.asked && self.progress.finished.is_none())?;
        Some(self.last_taken.map_or(now, |last| last + pause))
    }

    /// Applies an event; returns its scene if it has one.
    fn read(&mut self, event: RunEvent, now: Instant) -> Option<GpuScene> {
        match event {
            RunEvent::Started(RunStarted { iteration, iterations, num_convexes, .. }) => {
                self.is_behind = true;
                self.progress = LiveProgress { iteration, iterations, num_convexes, ..self.progress.clone() };
            }
            RunEvent::Step(step) => self.step(&step),
            RunEvent::Paused(paused) => self.progress.is_paused = paused.at_most.is_none(),
            RunEvent::Resumed => self.progress.is_paused = false,
            RunEvent::Finished(_) => self.finish(Ok(())),
            RunEvent::Failed(notice) => self.finish(Err(notice.message)),
            RunEvent::Snapshot(snapshot) => match snapshot.scene {
                Ok(scene) => {
                    (self.asked, self.last_taken) = (false, Some(now));
                    return Some(*scene);
                }
                Err(reason) => self.message = Some(format!("the scene cannot be shown: {reason}")),
            },
            RunEvent::Replanned(line) => {
                self.progress.iterations = line.end;
                self.message = Some(line.to_string());
            }
            RunEvent::Note(note) => self.message = Some(note.message),
            RunEvent::Preparing(preparing) => self.progress.preparing = Some(preparing.work),
            RunEvent::Warning(_)
            | RunEvent::Logged(_)
            | RunEvent::Evaluated(_)
            | RunEvent::Saved(_)
            | RunEvent::Profiled(_) => (),
        }
        None
    }

    fn finish(&mut self, result: Result<(), String>) {
        log::info!("the training is over");
        self.progress.finished = Some(result);
    }

    fn step(&mut self, step: &RunStep) {
        self.is_behind = true;
        self.progress.preparing = None;
        self.progress.iteration = step.iteration;
        self.progress.iterations = step.iterations;
        self.progress.num_convexes = step.num_convexes;
        self.progress.iterations_per_second = step.iterations_per_second;
        self.progress.remaining = step.remaining;
        let finite = step.losses.iter().filter(|loss| loss.loss.is_finite());
        self.losses.extend(finite.map(|loss| (loss.iteration, loss.loss)));
    }

    fn measure(&mut self) {
        let speed = self.progress.iterations_per_second;
        if !(speed.is_finite() && speed > 0.0) || self.progress.is_paused {
            return;
        }
        let average = if self.rate == LiveRate::Off { &mut self.speed_alone } else { &mut self.speed_watched };
        *average = Some(average.map_or(speed, |old| old + (speed - old) * SPEED_WEIGHT));
    }

    /// The part of the iterations per second that showing the scene costs; known once both speeds were measured.
    #[must_use]
    pub(super) fn cost(&self) -> Option<f64> {
        Some((1.0 - self.speed_watched? / self.speed_alone?).max(0.0))
    }

    /// Changes the rate. The speed while the scene is shown is measured anew.
    pub(super) fn set_rate(&mut self, rate: LiveRate) {
        if rate != self.rate && rate != LiveRate::Off {
            self.speed_watched = None;
        }
        self.rate = rate;
    }

    /// Resumes the run, which waits until its first scene is on the screen.
    pub(super) fn resume_after_first_picture(&mut self) {
        if std::mem::take(&mut self.is_first_awaited) {
            self.command(RunControl::Resume);
        }
    }

    /// Sends a control to the run.
    pub(super) fn command(&mut self, control: RunControl) {
        if control == RunControl::Pause {
            // The user's pause is not ended by the window's first picture.
            self.is_first_awaited = false;
        }
        if control == RunControl::Save {
            self.message = Some("saving".to_owned());
        }
        // A run that is over takes no controls.
        self.link.control.send(control).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;
    use crate::evaluate::{ReplanLine, ReplanReason};
    use crate::run::{IterationLoss, RunNotice, RunPaused, RunPreparing, RunSnapshot};

    /// A window's side, and the run's ends of its channels.
    fn live(rate: LiveRate) -> (Live, Sender<RunEvent>, Receiver<RunControl>) {
        let (sender, events) = channel();
        let (control, controls) = channel();
        (Live::new(LiveLink { events, control }, rate), sender, controls)
    }

    fn step(iterations_per_second: f64, losses: &[f32]) -> RunEvent {
        let losses = (1..).zip(losses).map(|(iteration, loss)| IterationLoss { iteration, loss: *loss }).collect();
        let (iteration, iterations, num_convexes, remaining) = (9, 10, 5, None);
        RunEvent::Step(RunStep { iteration, iterations, num_convexes, iterations_per_second, remaining, losses })
    }

    #[test]
    fn no_scene_is_asked_for_while_off_and_one_while_waiting() {
        let now = Instant::now();
        let (mut live, events, controls) = live(LiveRate::Off);
        live.poll(now);
        assert_eq!(controls.try_iter().collect::<Vec<_>>(), [RunControl::Resume], "no image is waited for");
        live.set_rate(LiveRate::Live);
        live.poll(now);
        live.poll(now);
        assert_eq!(controls.try_iter().collect::<Vec<_>>(), [RunControl::Snapshot]);
        events.send(RunEvent::Snapshot(RunSnapshot { scene: Err("no memory".to_owned()) })).unwrap();
        let news = live.poll(now);
        assert!(news.scene.is_none() && news.message.unwrap().contains("no memory"));
        assert_eq!(live.poll(now).message, None, "it is told once");
    }

    #[test]
    fn a_run_that_is_paused_or_over_is_not_asked_for_scenes() {
        let now = Instant::now();
        let (mut live, events, controls) = live(LiveRate::Live);
        let answer = || RunEvent::Snapshot(RunSnapshot { scene: Err("no memory".to_owned()) });
        let num_asked = || controls.try_iter().filter(|control| *control == RunControl::Snapshot).count();
        live.poll(now);
        assert_eq!(num_asked(), 1, "the start is shown");
        live.asked = false;
        live.poll(now);
        assert_eq!((num_asked(), live.next_request(now)), (0, None), "it is shown already");
        events.send(step(8.0, &[])).unwrap();
        live.poll(now);
        assert_eq!(num_asked(), 1, "there is a new one");
        events.send(step(8.0, &[])).unwrap();
        events.send(RunEvent::Failed(RunNotice { message: "lost".to_owned() })).unwrap();
        events.send(answer()).unwrap();
        live.asked = false;
        live.poll(now);
        assert_eq!((num_asked(), live.next_request(now)), (0, None), "nobody would answer");
    }

    #[test]
    fn events_wake_the_window() {
        let (sender, events) = channel();
        let (wake, woken) = channel();
        let passed_on = waking(events, move || wake.send(()).unwrap());
        sender.send(RunEvent::Resumed).unwrap();
        woken.recv_timeout(Duration::from_secs(20)).unwrap();
        assert!(matches!(passed_on.try_recv(), Ok(RunEvent::Resumed)));
        drop(sender);
        assert!(woken.recv_timeout(Duration::from_secs(20)).is_err(), "nothing more comes");
    }

    #[test]
    fn the_run_goes_on_when_its_first_picture_is_shown() {
        let (mut live, _events, controls) = live(LiveRate::Live);
        live.poll(Instant::now());
        assert_eq!(controls.try_iter().collect::<Vec<_>>(), [RunControl::Snapshot]);
        live.resume_after_first_picture();
        live.resume_after_first_picture();
        assert_eq!(controls.try_iter().collect::<Vec<_>>(), [RunControl::Resume]);
    }

    #[test]
    fn a_pause_before_the_first_picture_stays() {
        let (mut live, _events, controls) = live(LiveRate::Live);
        live.command(RunControl::Pause);
        live.resume_after_first_picture();
        assert_eq!(controls.try_iter().collect::<Vec<_>>(), [RunControl::Pause]);
    }

    #[test]
    fn events_update_the_progress() {
        let (mut live, events, _controls) = live(LiveRate::Off);
        events.send(RunEvent::Paused(RunPaused { at_most: Some(Duration::from_secs(1)) })).unwrap();
        live.poll(Instant::now());
        assert!(!live.progress.is_paused, "the wait for the first picture is no pause of the user");
        events.send(RunEvent::Paused(RunPaused { at_most: None })).unwrap();
        live.poll(Instant::now());
        assert!(live.progress.is_paused);
        events.send(RunEvent::Resumed).unwrap();
        events.send(RunEvent::Preparing(RunPreparing { work: "compiling".to_owned() })).unwrap();
        live.poll(Instant::now());
        assert_eq!(live.progress.preparing.as_deref(), Some("compiling"));
        events.send(step(8.0, &[0.5])).unwrap();
        let (end, end_before, reason) = (12, 10, ReplanReason::Asked);
        let line = ReplanLine { iteration: 9, seconds: 1.0, end, end_before, reason };
        events.send(RunEvent::Replanned(line)).unwrap();
        assert!(live.poll(Instant::now()).message.unwrap().contains("3 more iterations"));
        events.send(RunEvent::Failed(RunNotice { message: "lost".to_owned() })).unwrap();
        live.poll(Instant::now());
        let expected = LiveProgress {
            iteration: 9,
            iterations: 12,
            num_convexes: 5,
            iterations_per_second: 8.0,
            remaining: None,
            preparing: None,
            is_paused: false,
            finished: Some(Err("lost".to_owned())),
        };
        assert_eq!((&live.progress, &live.losses[..]), (&expected, &[(1, 0.5)][..]));
    }

    #[test]
    fn the_cost_is_the_part_of_the_speed_that_is_lost() {
        let (mut live, events, _controls) = live(LiveRate::Off);
        events.send(step(10.0, &[])).unwrap();
        live.poll(Instant::now());
        assert_eq!(live.cost(), None);
        live.set_rate(LiveRate::Slow);
        events.send(step(8.0, &[])).unwrap();
        live.poll(Instant::now());
        assert!((live.cost().unwrap() - 0.2).abs() < 1e-9);
    }

    #[test]
    fn losses_are_kept_without_nan_and_within_bounds() {
        let (mut live, events, _controls) = live(LiveRate::Off);
        for _ in 0..5000 {
            events.send(step(1.0, &[0.5, f32::NAN])).unwrap();
            live.poll(Instant::now());
        }
        assert!(live.losses.len() <= MAX_LOSSES && live.losses.iter().all(|(_, loss)| *loss == 0.5));
    }
}
