//! Plays and edits a camera path.

use crate::camera::Camera;
use crate::camera_path::{CameraPath, Key};

/// The time between a new key frame and the one before, in seconds.
const STEP: f64 = 2.0;

/// The time between two cameras of a dataset, in seconds, and most cameras that a path leads through.
const CAMERA_STEP: f64 = 1.0;
const MAX_CAMERAS: usize = 60;

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
    /// Whether it leads back to its first key frame and begins again.
    pub loops: bool,
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
        *self = Self { time: path.keys().first().map_or(0.0, |key| key.time), path, ..Self::default() };
    }

    /// Replaces the key frames by cameras that follow each other, evenly among them where they are many; returns how many they are.
    pub(crate) fn go_through(&mut self, cameras: &[Camera]) -> usize {
        let number = cameras.len().min(MAX_CAMERAS);
        let camera = |i: usize| &cameras[i * (cameras.len() - 1) / (number - 1).max(1)];
        let key = |i: usize| Key::of_camera(i as f64 * CAMERA_STEP, camera(i));
        self.load(CameraPath::new((0..number).map(key).collect(), self.path.frames_per_second));
        number
    }

    /// Returns the path with the way back to its beginning, if it loops.
    #[must_use]
    pub(crate) fn whole(&self) -> CameraPath {
        let mut path = self.path.clone();
        if let (true, [first, .., last]) = (self.loops, self.path.keys()) {
            path.insert(Key { time: last.time + STEP, ..*first });
        }
        path
    }

    /// Lets the path lead back to its beginning, or not.
    pub(crate) fn set_loop(&mut self, loops: bool) {
        self.loops = loops;
        self.time = self.time.min(self.range().1);
    }

    /// Lets two key frames change places; the times stay.
    pub(crate) fn swap(&mut self, index: usize, other: usize) {
        let key = |index: usize| self.path.keys().get(index).copied();
        let (Some(a), Some(b)) = (key(index), key(other)) else { return };
        self.path.insert(Key { time: a.time, ..b });
        self.path.insert(Key { time: b.time, ..a });
        self.is_playing = false;
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

    /// Returns the times of the first and the last key frame, or of the return to the first one.
    #[must_use]
    pub(crate) fn range(&self) -> (f64, f64) {
        let time = |key: Option<&Key>| key.map_or(0.0, |key| key.time);
        let keys = self.path.keys();
        let end = time(keys.last());
        (time(keys.first()), if self.loops && keys.len() > 1 { end + STEP } else { end })
    }

    /// Plays on by so many seconds, and returns the key frame to look from while it plays.
    pub(crate) fn advance(&mut self, seconds: f64) -> Option<Key> {
        if !self.is_playing {
            return None;
        }
        let (start, end) = self.range();
        self.time += seconds;
        if self.loops && end > start {
            self.time = start + (self.time - start).rem_euclid(end - start);
        }
        self.time = self.time.min(end);
        self.is_playing = self.time < end;
        self.whole().at(self.time)
    }

    /// Stops at a time, and returns the key frame to look from.
    pub(crate) fn scrub(&mut self, time: f64) -> Option<Key> {
        self.is_playing = false;
        self.time = time;
        self.whole().at(time)
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
    fn key_frames_change_places_and_keep_their_times() {
        let mut playback = PathPlayback::default();
        for x in [0.0, 1.0, 2.0] {
            playback.add(&camera(x));
        }
        playback.swap(2, 1);
        playback.swap(0, 9);
        let keys: Vec<(f64, f64)> =
            playback.path.keys().iter().map(|key| (key.time, key.position[0].round())).collect();
        assert_eq!(keys, [(0.0, 0.0), (2.0, 2.0), (4.0, 1.0)]);
    }

    #[test]
    fn a_loop_leads_back_and_plays_on() {
        let mut playback = PathPlayback::default();
        playback.set_loop(true);
        playback.add(&camera(0.0));
        assert_eq!(playback.range(), (0.0, 0.0), "one key frame is no path");
        playback.add(&camera(1.0));
        assert_eq!((playback.range(), playback.whole().keys().len()), ((0.0, 4.0), 3));
        playback.toggle_play();
        playback.scrub(0.0);
        playback.toggle_play();
        for _ in 0..9 {
            assert!(playback.advance(0.5).is_some() && playback.is_playing);
        }
        assert!((playback.time - 0.5).abs() < 1e-9, "it began again: {}", playback.time);
        assert!(playback.scrub(4.0).unwrap().position[0].abs() < 1e-9, "back at the first one");
        playback.set_loop(false);
        assert_eq!((playback.range(), playback.time), ((0.0, 2.0), 2.0));
    }

    #[test]
    fn a_path_through_cameras_has_the_first_and_the_last() {
        let cameras: Vec<Camera> = (0..150).map(|i| camera(f64::from(i))).collect();
        let mut playback = PathPlayback::default();
        playback.path.frames_per_second = 12.0;
        for (count, number) in [(0, 0), (1, 1), (7, 7), (150, MAX_CAMERAS)] {
            assert_eq!(playback.go_through(&cameras[..count]), number);
            let keys = playback.path.keys();
            assert_eq!((keys.len(), playback.path.frames_per_second), (number, 12.0));
            if let [first, .., last] = keys {
                assert!(first.position[0].abs() < 1e-9 && (last.position[0] - (count - 1) as f64).abs() < 1e-9);
            }
        }
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
