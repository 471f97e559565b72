//! Which convexes a tool, a click or a number selects.

use glam::DVec3;

use crate::camera::Camera;
use crate::viewer::document::{ConvexMask, ConvexTable, SceneEdit, SelectionShape};
use crate::viewer::scene_view::settings::ViewSettings;
use crate::viewer::session::Session;
use crate::viewer::session::action::{Criterion, SelectionMode};

impl Session {
    fn table(&self) -> &ConvexTable {
        self.editing
            .table
            .get_or_init(|| self.document.scene.as_ref().map(|scene| ConvexTable::of(scene)).unwrap_or_default())
    }

    /// The convexes that can be seen, and so selected.
    pub(super) fn selectable(&self) -> ConvexMask {
        let shown = self.editing.edits.state().shown();
        let ViewSettings { crop, min_opacity, .. } = self.view;
        if crop.is_none() && min_opacity <= 0.0 {
            return shown;
        }
        let table = self.table();
        let crop = crop.map(|crop| crop.oriented());
        let is_inside = |place: DVec3| crop.is_none_or(|crop| crop.contains(place));
        let is_drawn = |index: usize| table.opacity(index) >= min_opacity && is_inside(table.place(index));
        shown.and(&ConvexMask::from_fn(table.len(), is_drawn))
    }

    /// The convexes that a shape takes, those that cannot be seen as well.
    pub(super) fn found(&self, shape: &SelectionShape) -> ConvexMask {
        shape.select(self.table())
    }

    pub(super) fn select(&mut self, shape: &SelectionShape, mode: SelectionMode) {
        let found = self.found(shape);
        self.select_found(&found, &shape.words(), mode);
    }

    /// Selects what was found, as far as it can be.
    pub(super) fn select_found(&mut self, found: &ConvexMask, words: &str, mode: SelectionMode) {
        let found = found.and(&self.selectable());
        let before = &self.editing.edits.state().selected;
        let (selected, how) = match mode {
            _ if before.is_empty() && mode != SelectionMode::Remove => (found, words.to_owned()),
            SelectionMode::Replace => (found, words.to_owned()),
            SelectionMode::Add => (before.or(&found), format!("and {words}")),
            SelectionMode::Remove => (before.without(&found), format!("without {words}")),
        };
        self.change(SceneEdit::Select(selected), &how);
    }

    pub(super) fn shape_of(&self, criterion: Criterion) -> SelectionShape {
        let numbers = &self.editing.numbers;
        match criterion {
            Criterion::All => SelectionShape::All,
            Criterion::Fainter => SelectionShape::Fainter(numbers.opacity),
            Criterion::Larger => SelectionShape::Larger(numbers.size),
            Criterion::SeenByFewer => {
                let cameras = self.document.cameras.iter().map(|named| named.camera).collect();
                SelectionShape::SeenByFewer { cameras, fewest: numbers.fewest }
            }
            Criterion::BeyondCameras => {
                SelectionShape::Beyond { centre: self.subject.centre, reach: numbers.reach * self.farthest_camera() }
            }
            Criterion::Sphere => {
                SelectionShape::Sphere { centre: numbers.sphere_centre, radius: numbers.sphere_radius }
            }
            Criterion::Box => SelectionShape::Box(numbers.sides),
        }
    }

    /// The largest distance of a camera from the subject, or the radius of the subject where there are no cameras.
    fn farthest_camera(&self) -> f64 {
        let away = |camera: &Camera| camera.position().distance(self.subject.centre);
        let farthest = self.document.cameras.iter().map(|named| away(&named.camera)).fold(0.0, f64::max);
        if farthest > 0.0 { farthest } else { self.subject.radius }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use glam::DVec2;

    use crate::viewer::session::action::EditAction;
    use crate::viewer::session::editing::EditNumbers;
    use crate::viewer::session::editing::tests::{edit, selected, with_row};

    #[test]
    fn selections_replace_add_and_remove() {
        let mut session = with_row();
        edit(&mut session, EditAction::Select(Criterion::Fainter, SelectionMode::Replace));
        assert_eq!(selected(&session), [0, 1, 2]);
        let sphere = |x: f64| EditNumbers {
            sphere_centre: DVec3::new(x, 0.0, 0.0),
            sphere_radius: 1.2,
            ..with_row().editing.numbers
        };
        edit(&mut session, EditAction::SetNumbers(sphere(8.0)));
        edit(&mut session, EditAction::Select(Criterion::Sphere, SelectionMode::Add));
        assert_eq!(selected(&session), [0, 1, 2, 7, 8, 9]);
        edit(&mut session, EditAction::SetNumbers(sphere(0.0)));
        edit(&mut session, EditAction::Select(Criterion::Sphere, SelectionMode::Remove));
        assert_eq!(selected(&session), [2, 7, 8, 9]);
        edit(&mut session, EditAction::Invert);
        assert_eq!(selected(&session), [0, 1, 3, 4, 5, 6]);
        let camera = session.camera([64, 48]);
        edit(&mut session, EditAction::Pick(camera, DVec2::ONE, SelectionMode::Replace));
        assert_eq!(selected(&session), [7], "every pixel of the host shows convex 7");
        edit(&mut session, EditAction::Change(SceneEdit::Delete));
        assert!(session.editing.are_marks_new, "the image changes");
        edit(&mut session, EditAction::Select(Criterion::All, SelectionMode::Replace));
        assert_eq!(selected(&session).len(), 9, "what is deleted cannot be selected");
        edit(&mut session, EditAction::GoTo(0));
        assert_eq!((selected(&session).len(), session.editing.edits.edits().len()), (0, 7));
    }

    #[test]
    fn only_what_is_shown_is_selected() {
        let mut session = with_row();
        session.view.min_opacity = 0.5;
        let (low, high) = (DVec3::splat(-1.0), DVec3::new(5.5, 1.0, 1.0));
        session.set_crop(Some(crate::viewer::document::CropBox { low, high, degrees: DVec3::ZERO }), false);
        edit(&mut session, EditAction::Select(Criterion::All, SelectionMode::Replace));
        assert_eq!(selected(&session), [3, 4, 5]);
        edit(&mut session, EditAction::Invert);
        assert_eq!(selected(&session), [0; 0]);
    }
}
