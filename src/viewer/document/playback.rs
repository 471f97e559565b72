//! Plays and edits a camera path.

use crate::camera::Camera;
use crate::camera_path::{CameraPath, Key};

/// The time between a new key frame and the one before, in seconds.
const STEP: f64 = 2.0;

/// The least time between two key frames, in seconds.
const CLOSEST: f64 = 0.05;

/// The latest time of a key frame, in seconds.
const LATEST: f64 = 3600.0;

/// A camera path, and the time in it that is shown.
#[derive(Debug, Clone, Default)]
pub(crate) struct PathPlayback {
    /// The path.
    pub path: CameraPath,
    /// The time that is shown, in seconds.
    pub time: f64,
    /// Whether it plays.
    pub is_playing: bool,
}

impl PathPlayback {
    /// Adds a key frame: after the last one, or at the time that is shown if that is before the last one.
    pub(crate) fn add(&mut self, camera: &Camera) {
        let last = self.path.keys().last().map(|key| key.time);
        self.time = match last {
            None => 0.0,
            Some(last) if self.time >= last - 1e-9 => last + STEP,
            Some(_) => self.time,
        };
        self.path.insert(Key::of_camera(self.time, camera));
        self.is_playing = false;
    }

    /// Replaces the path.
    pub(crate) fn load(&mut self, path: CameraPath) {
        *self = Self { time: path.keys().first().map_or(0.0, |key| key.time), path, is_playing: false };
    }

    /// Removes a key frame.
    pub(crate) fn remove(&mut self, index: usize) {
        self.path.remove(index);
        self.is_playing = false;
    }

    /// Moves a key frame in time, between its neighbours.
    pub(crate) fn retime(&mut self, index: usize, time: f64) {
        let Some(key) = self.path.keys().get(index).copied() else { return };
        let [first, last] = self.time_bounds(index);
        self.path.remove(index);
        self.path.insert(Key { time: time.clamp(first, last), ..key });
        self.is_playing = false;
    }

    /// Returns the earliest and the latest time that a key frame can have between its neighbours.
    #[must_use]
    pub(crate) fn time_bounds(&self, index: usize) -> [f64; 2] {
        let time = |index: usize| self.path.keys().get(index).map(|key| key.time);
        let before = index.checked_sub(1).and_then(time).map_or(0.0, |time| time + CLOSEST);
        let after = time(index + 1).map_or(f64::INFINITY, |time| time - CLOSEST);
        [before.min(after), after.min(LATEST).max(before)]
    }

    /// Starts to play, from the beginning if the end was reached, or stops.
    pub(crate) fn toggle_play(&mut self) {
        let (start, end) = self.range();
        self.is_playing = !self.is_playing && end > start;
        if self.is_playing && self.time >= end - 1e-9 {
            self.time = start;
        }
    }

    /// Returns the times of the first and the last key frame.
    #[must_use]
    pub(crate) fn range(&self) -> (f64, f64) {
        let time = |key: Option<&Key>| key.map_or(0.0, |key| key.time);
        (time(self.path.keys().first()), time(self.path.keys().last()))
    }

    /// Plays on by so many seconds, and returns the key frame to look from while it plays.
    pub(crate) fn advance(&mut self, seconds: f64) -> Option<Key> {
        if !self.is_playing {
            return None;
        }
        let (_, end) = self.range();
        self.time = (self.time + seconds).min(end);
        self.is_playing = self.time < end;
        self.path.at(self.time)
    }

    /// Stops at a time, and returns the key frame to look from.
    pub(crate) fn scrub(&mut self, time: f64) -> Option<Key> {
        self.is_playing = false;
        self.time = time;
        self.path.at(time)
    }
}

#[cfg(test)]
mod tests {
    use glam::DVec3;

    use super::*;

    fn camera(x: f64) -> Camera {
        Camera::look_at(DVec3::new(x, -4.0, 1.0), DVec3::ZERO, DVec3::Z, 60.0, 80, 60)
    }

    #[test]
    fn new_keys_stand_at_the_end_or_at_the_time_that_is_shown() {
        let mut playback = PathPlayback::default();
        for x in [0.0, 1.0, 2.0] {
            playback.add(&camera(x));
        }
        assert_eq!(playback.range(), (0.0, 4.0));
        playback.scrub(1.0);
        playback.add(&camera(9.0));
        assert_eq!(playback.path.keys().len(), 4);
        assert!((playback.path.at(1.0).unwrap().position[0] - 9.0).abs() < 1e-9);
    }

    #[test]
    fn a_key_stays_between_its_neighbours() {
        let mut playback = PathPlayback::default();
        for x in [0.0, 1.0, 2.0] {
            playback.add(&camera(x));
        }
        playback.retime(1, 9.0);
        playback.retime(2, 7.5);
        let times: Vec<f64> = playback.path.keys().iter().map(|key| key.time).collect();
        assert_eq!(times, [0.0, 4.0 - CLOSEST, 7.5]);
        assert!((playback.path.keys()[1].position[0] - 1.0).abs() < 1e-9, "the camera stays");
    }

    #[test]
    fn a_path_plays_to_its_end_at_any_frame_rate() {
        for rate in [7.0, 60.0] {
            let mut playback = PathPlayback::default();
            playback.toggle_play();
            assert!(!playback.is_playing, "nothing to play");
            playback.add(&camera(0.0));
            playback.add(&camera(1.0));
            playback.toggle_play();
            assert_eq!(playback.time, 0.0);
            let mut frames = 0;
            while playback.advance(1.0 / rate).is_some() {
                frames += 1;
            }
            assert!((f64::from(frames) / rate - 2.0).abs() < 1.5 / rate, "{frames} frames");
            assert_eq!(playback.time, 2.0);
        }
    }
}
