//! The place of the scene in the world that it is saved in.

use glam::DVec3;

use crate::viewer::document::SceneEdit;
use crate::viewer::session::Session;
use crate::viewer::session::action::Tool;
use crate::viewer::session::editing::Gesture;

impl Session {
    /// Takes a clicked place of the ground, or an end of a measured distance.
    pub(super) fn click_place(&mut self, place: DVec3) {
        let most = if self.editing.tool == Tool::Ground { 3 } else { 2 };
        let mut places = match self.editing.gesture.take() {
            Some(Gesture::Places(places)) if places.len() < most => places,
            _ => Vec::new(),
        };
        places.push(place);
        if let (Tool::Ground, [first, second, third]) = (self.editing.tool, &places[..]) {
            let (places, above) = ([*first, *second, *third], self.navigator.pose().position);
            match self.editing.edits.state().placement.on_ground(places, above) {
                Some(placement) => {
                    self.change(SceneEdit::Place(placement), "");
                    self.navigator.set_up(placement.axes().z_axis);
                    self.editing.tool = Tool::Look;
                }
                None => self.notify_error("The three places lie in a line; click again".to_owned()),
            }
            return;
        }
        self.editing.gesture = Some(Gesture::Places(places));
    }

    /// The distance of the two places that were clicked, in units of the world that the scene is saved in.
    #[must_use]
    pub(crate) fn measured_length(&self) -> Option<f64> {
        let Some(Gesture::Places(places)) = &self.editing.gesture else { return None };
        let [first, second] = places[..] else { return None };
        Some(first.distance(second) * self.editing.edits.state().placement.scale)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::viewer::session::action::EditAction;
    use crate::viewer::session::editing::tests::{edit, with_row};

    #[test]
    fn a_known_distance_scales_the_scene_and_three_places_are_its_ground() {
        let mut session = with_row();
        edit(&mut session, EditAction::SetTool(Tool::Measure));
        session.click_place(DVec3::ZERO);
        assert_eq!(session.measured_length(), None);
        session.click_place(DVec3::new(0.0, 0.0, 4.0));
        assert_eq!(session.measured_length(), Some(4.0));
        edit(&mut session, EditAction::SetLength(1.0));
        assert_eq!(session.measured_length(), Some(1.0));
        edit(&mut session, EditAction::SetTool(Tool::Ground));
        assert!(session.navigator.pose().position.z > 0.0, "the camera is above the ground");
        for place in [DVec3::ZERO, DVec3::X, DVec3::Y] {
            session.click_place(place - DVec3::Z);
        }
        let placement = session.editing.edits.state().placement;
        assert!((placement.saved(DVec3::new(0.0, 0.0, 3.0)).z - 1.0).abs() < 1e-9, "{placement:?}");
        assert_eq!((session.editing.tool, session.navigator.up()), (Tool::Look, DVec3::Z));
        assert_eq!(session.editing.edits.edits().len(), 2);
    }
}
