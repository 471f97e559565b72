//! The views that the user had before, and can go back to.

use web_time::{Duration, Instant};

use crate::viewer::scene_view::pose::Pose;

/// The time after which a motion is another one than the last.
const GESTURE_PAUSE: Duration = Duration::from_millis(700);

/// The views before and after the present one.
#[derive(Debug, Default)]
pub(crate) struct ViewHistory {
    past: Vec<Pose>,
    future: Vec<Pose>,
    last_motion: Option<Instant>,
}

impl ViewHistory {
    /// Keeps the view before a change. The steps of one drag, or of a turning wheel, are one change.
    pub(crate) fn keep(&mut self, before: Pose, is_motion: bool, now: Instant) {
        let continues = is_motion && self.last_motion.is_some_and(|last| now.duration_since(last) < GESTURE_PAUSE);
        self.last_motion = is_motion.then_some(now);
        if !continues {
            self.future.clear();
            if self.past.last() != Some(&before) {
                self.past.push(before);
            }
        }
    }

    /// Returns the view before this one.
    pub(crate) fn back(&mut self, present: Pose) -> Option<Pose> {
        step(&mut self.past, &mut self.future, present)
    }

    /// Returns the view that [`Self::back`] left.
    pub(crate) fn forward(&mut self, present: Pose) -> Option<Pose> {
        step(&mut self.future, &mut self.past, present)
    }
}

fn step(from: &mut Vec<Pose>, to: &mut Vec<Pose>, present: Pose) -> Option<Pose> {
    let found = from.pop()?;
    to.push(present);
    Some(found)
}

#[cfg(test)]
mod tests {
    use glam::DVec3;

    use super::*;

    fn pose(x: f64) -> Pose {
        Pose::look_at(DVec3::new(x, 0.0, 0.0), DVec3::X, 4.0, DVec3::Z, 1.0)
    }

    #[test]
    fn views_come_back_in_order_and_forward_again() {
        let (mut history, now) = (ViewHistory::default(), Instant::now());
        history.keep(pose(0.0), false, now);
        history.keep(pose(1.0), false, now);
        assert_eq!(history.back(pose(2.0)), Some(pose(1.0)));
        assert_eq!(history.back(pose(1.0)), Some(pose(0.0)));
        assert_eq!(history.back(pose(0.0)), None);
        assert_eq!(history.forward(pose(0.0)), Some(pose(1.0)));
        history.keep(pose(1.0), false, now);
        assert_eq!(history.forward(pose(5.0)), None, "another way was taken");
        assert_eq!(history.back(pose(5.0)), Some(pose(1.0)));
    }

    #[test]
    fn a_drag_is_one_change() {
        let (mut history, now) = (ViewHistory::default(), Instant::now());
        for step in 0..30u32 {
            history.keep(pose(step.into()), true, now + step * Duration::from_millis(50));
        }
        history.keep(pose(30.0), true, now + Duration::from_secs(9));
        assert_eq!(history.back(pose(31.0)), Some(pose(30.0)));
        assert_eq!(history.back(pose(30.0)), Some(pose(0.0)));
        assert_eq!(history.back(pose(0.0)), None);
    }
}
