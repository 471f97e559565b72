//! Playing and editing a camera path.

use crate::camera::Camera;
use crate::camera_path::{CameraPath, Key};

/// Seconds between a new key frame and the one before.
const STEP: f64 = 2.0;

/// Seconds between two key frames at least.
const CLOSEST: f64 = 0.05;

/// A key frame is at most at this time, seconds.
const LATEST: f64 = 3600.0;

/// A camera path, and where in it the user is.
#[derive(Debug, Clone, Default)]
pub(crate) struct Track {
    /// The path.
    pub path: CameraPath,
    /// Seconds.
    pub time: f64,
    /// Whether it plays.
    pub is_playing: bool,
}

impl Track {
    /// Adds a key frame: after the last one, or where the user has scrubbed to between others.
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

    /// Takes another path.
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
        let [first, last] = self.room(index);
        self.path.remove(index);
        self.path.insert(Key { time: time.clamp(first, last), ..key });
        self.is_playing = false;
    }

    /// The earliest and the latest time of a key frame between its neighbours.
    #[must_use]
    pub(crate) fn room(&self, index: usize) -> [f64; 2] {
        let time = |index: usize| self.path.keys().get(index).map(|key| key.time);
        let before = index.checked_sub(1).and_then(time).map_or(0.0, |time| time + CLOSEST);
        let after = time(index + 1).map_or(f64::INFINITY, |time| time - CLOSEST);
        [before.min(after), after.min(LATEST).max(before)]
    }

    /// Plays, from the start if it was at the end; or stops.
    pub(crate) fn toggle_play(&mut self) {
        let (start, end) = self.range();
        self.is_playing = !self.is_playing && end > start;
        if self.is_playing && self.time >= end - 1e-9 {
            self.time = start;
        }
    }

    /// Times of the first and the last key.
    #[must_use]
    pub(crate) fn range(&self) -> (f64, f64) {
        let time = |key: Option<&Key>| key.map_or(0.0, |key| key.time);
        (time(self.path.keys().first()), time(self.path.keys().last()))
    }

    /// Plays on by so many seconds; the key to look from, while it plays.
    pub(crate) fn advance(&mut self, seconds: f64) -> Option<Key> {
        if !self.is_playing {
            return None;
        }
        let (_, end) = self.range();
        self.time = (self.time + seconds).min(end);
        self.is_playing = self.time < end;
        self.path.at(self.time)
    }

    /// Goes to a time; the key to look from.
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
    fn keys_follow_each_other_or_go_between() {
        let mut track = Track::default();
        for x in [0.0, 1.0, 2.0] {
            track.add(&camera(x));
        }
        assert_eq!(track.range(), (0.0, 4.0));
        track.scrub(1.0);
        track.add(&camera(9.0));
        assert_eq!(track.path.keys().len(), 4);
        assert!((track.path.at(1.0).unwrap().position[0] - 9.0).abs() < 1e-9);
    }

    #[test]
    fn a_key_stays_between_its_neighbours() {
        let mut track = Track::default();
        for x in [0.0, 1.0, 2.0] {
            track.add(&camera(x));
        }
        track.retime(1, 9.0);
        track.retime(2, 7.5);
        let times: Vec<f64> = track.path.keys().iter().map(|key| key.time).collect();
        assert_eq!(times, [0.0, 4.0 - CLOSEST, 7.5]);
        assert!((track.path.keys()[1].position[0] - 1.0).abs() < 1e-9, "the camera stays");
    }

    #[test]
    fn it_plays_to_the_end_at_any_frame_rate_and_again() {
        for rate in [7.0, 60.0] {
            let mut track = Track::default();
            track.toggle_play();
            assert!(!track.is_playing, "nothing to play");
            track.add(&camera(0.0));
            track.add(&camera(1.0));
            track.toggle_play();
            assert_eq!(track.time, 0.0);
            let mut frames = 0;
            while track.advance(1.0 / rate).is_some() {
                frames += 1;
            }
            assert!((f64::from(frames) / rate - 2.0).abs() < 1.5 / rate, "{frames} frames");
            assert_eq!(track.time, 2.0);
        }
    }
}
