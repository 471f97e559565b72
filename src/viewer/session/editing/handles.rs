//! Dragging the crop box and the axes of the world by their handles.

use glam::{DVec2, DVec3};

use crate::camera::Camera;
use crate::viewer::document::{CropBox, Handle, HandleDrag, SceneEdit};
use crate::viewer::session::Session;
use crate::viewer::session::action::DrawStep;
use crate::viewer::session::editing::Gesture;

impl Session {
    /// Takes a step of a drag; a whole drag is one edit.
    pub(super) fn drag_handle(&mut self, step: DrawStep, handle: Handle, camera: Camera, pixel: DVec2) {
        if step == DrawStep::Begin {
            let state = self.editing.edits.state();
            let drag = HandleDrag { handle, camera, from: pixel, crop: state.crop, placement: state.placement };
            self.editing.gesture = Some(Gesture::Handle { drag: Box::new(drag), has_moved: false });
            return;
        }
        let Some(Gesture::Handle { drag, has_moved }) = &mut self.editing.gesture else { return };
        if let Some(edit) = drag.edit(pixel)
            && self.editing.edits.push_step(edit, *has_moved)
        {
            *has_moved = true;
            self.view.crop = self.editing.edits.state().crop;
        }
        if step == DrawStep::End {
            self.editing.gesture = None;
            self.log_edit();
        }
    }

    /// Returns the box around the subject, as far as the scene reaches.
    pub(in crate::viewer::session) fn usual_crop(&self) -> CropBox {
        let (centre, half) = (self.subject.centre, DVec3::splat(self.subject.radius));
        let (low, high) = ((centre - half).max(self.extent.low), (centre + half).min(self.extent.high));
        let has_room = low.cmplt(high).all();
        let (low, high) = if has_room { (low, high) } else { (centre - half, centre + half) };
        CropBox { low, high, degrees: DVec3::ZERO }
    }

    /// Sets the crop box, as an edit where the scene can be edited.
    pub(in crate::viewer::session) fn set_crop(&mut self, crop: Option<CropBox>, is_continued: bool) {
        if self.reason_not_to_edit().is_none() {
            self.editing.edits.push_step(SceneEdit::Crop(crop), is_continued);
        }
        self.view.crop = crop;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::viewer::session::action::{Action, EditAction};
    use crate::viewer::session::apply::tests::applied;
    use crate::viewer::session::editing::tests::{edit, with_row};

    #[test]
    fn a_drag_of_a_handle_is_one_edit_that_comes_back() {
        let mut session = with_row();
        let crop = CropBox { low: -DVec3::ONE, high: DVec3::ONE, degrees: DVec3::ZERO };
        applied(&mut session, Action::SetCrop(Some(crop), false));
        let camera = Camera::look_at(DVec3::new(0.0, -10.0, 0.0), DVec3::ZERO, DVec3::Z, 100.0, 200, 160);
        let steps = [(DrawStep::Begin, 110.0), (DrawStep::Go, 115.0), (DrawStep::Go, 120.0), (DrawStep::End, 130.0)];
        for (handle, text) in
            [(Handle::CropFace(0, true), "crop box"), (Handle::MoveAxis(0), "place: moved by -2.000, 0.000, 0.000")]
        {
            let before = session.editing.edits.edits().len();
            for (step, x) in steps {
                edit(&mut session, EditAction::DragHandle(step, handle, camera, DVec2::new(x, 80.0)));
            }
            let listed = session.editing.edits.edits();
            assert_eq!((listed.len(), listed[before].text.as_str()), (before + 1, text));
            assert_eq!(session.editing.gesture, None);
        }
        let moved = session.view.crop.unwrap();
        assert!((moved.high.x - 3.0).abs() < 1e-9, "two units at the box: {moved:?}");
        edit(&mut session, EditAction::Undo);
        assert_eq!(
            (session.view.crop, session.editing.edits.state().placement.translation),
            (Some(moved), DVec3::ZERO)
        );
        edit(&mut session, EditAction::Undo);
        assert_eq!(session.view.crop, Some(crop));
        edit(&mut session, EditAction::Undo);
        assert_eq!(session.view.crop, None);
        edit(&mut session, EditAction::GoTo(2));
        assert_eq!(session.view.crop, Some(moved));
        assert!(session.may_lose_edits(), "a crop box is nothing to save");
    }

    #[test]
    fn steps_of_a_slider_are_one_edit_and_a_watched_training_is_cropped_without_one() {
        let mut session = with_row();
        let crop = |x: f64| Some(CropBox { low: DVec3::splat(-x), high: DVec3::ONE, degrees: DVec3::ZERO });
        for (x, is_continued) in [(1.0, false), (2.0, true), (3.0, true), (5.0, false)] {
            applied(&mut session, Action::SetCrop(crop(x), is_continued));
        }
        assert_eq!((session.view.crop, session.editing.edits.edits().len()), (crop(5.0), 2));
        applied(&mut session, Action::ToggleCrop);
        assert_eq!(session.view.crop, None);
        applied(&mut session, Action::ToggleCrop);
        let around = session.view.crop.unwrap().oriented();
        assert!(around.contains(session.subject.centre), "{around:?}");
        let mut empty = crate::viewer::session::tests::session(1);
        applied(&mut empty, Action::SetCrop(crop(1.0), false));
        assert_eq!((empty.view.crop, empty.editing.edits.edits().len()), (crop(1.0), 0));
    }
}
