//! Editing the scene by hand: what the tools, the numbers of the panel and the keys change.

use std::cell::OnceCell;
use std::path::PathBuf;
use std::sync::Arc;

use glam::{DVec2, DVec3};

use crate::camera::Camera;
use crate::convert::WriteOptions;
use crate::gpu::GpuError;
use crate::scene_file::Metadata;
use crate::source;
use crate::viewer::document::{
    ConvexMask, ConvexTable, Document, EditList, EditedCopy, OutlineKind, SceneEdit, SelectionBox, SelectionShape,
    ViewSubject,
};
use crate::viewer::scene_view::settings::ViewSettings;
use crate::viewer::session::action::{ActionHost, Criterion, DrawStep, EditAction, SelectionMode, Tool};
use crate::viewer::session::{Session, free_name};

/// The numbers of the panel that selections are made with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct EditNumbers {
    /// Convexes fainter than this are selected.
    pub opacity: f32,
    /// Convexes that reach farther than this are selected, world units.
    pub size: f64,
    /// Convexes that fewer cameras than this see are selected.
    pub fewest: usize,
    /// The reach of the cameras, in parts of the largest distance of a camera from the subject.
    pub reach: f64,
    /// The middle of the sphere, world units.
    pub sphere_centre: DVec3,
    /// The radius of the sphere, world units.
    pub sphere_radius: f64,
    /// The box.
    pub sides: SelectionBox,
    /// The true length of the measured distance.
    pub length: f64,
}

impl EditNumbers {
    fn of(subject: &ViewSubject) -> Self {
        let ViewSubject { centre, radius } = *subject;
        Self {
            opacity: 0.1,
            size: 0.5 * radius,
            fewest: 1,
            reach: 1.0,
            sphere_centre: centre,
            sphere_radius: radius,
            sides: SelectionBox { centre, half: DVec3::splat(radius), degrees: DVec3::ZERO },
            length: 1.0,
        }
    }
}

/// The drawing that is under way over the picture, pixels of its camera.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Gesture {
    /// Two corners of a rectangle.
    Rectangle([DVec2; 2]),
    /// The corners of a lasso.
    Lasso(Vec<DVec2>),
    /// A sphere or a box around the surface where the drag began.
    Volume {
        /// The pixel where it began.
        from: DVec2,
        /// World units at that surface per pixel.
        per_pixel: f64,
    },
    /// Places that were clicked, world units.
    Places(Vec<DVec3>),
}

/// The file that the edited scene is written to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SavedFile {
    /// The name; its ending is that of the format.
    pub name: String,
    /// Whether a `.ply` holds Gaussians instead of convexes.
    pub gaussians: bool,
}

/// Everything about editing that the user changes.
#[derive(Debug)]
pub(crate) struct Editing {
    /// The edits of the scene.
    pub edits: EditList,
    /// The tool that a drag with the left button uses.
    pub tool: Tool,
    /// The drawing that is under way.
    pub gesture: Option<Gesture>,
    /// The numbers of the panel.
    pub numbers: EditNumbers,
    /// The file to save to.
    pub file: SavedFile,
    /// Whether the picture does not show the present state yet.
    pub are_marks_new: bool,
    /// The edits of the file that was written last; none before.
    saved: EditList,
    /// Whether the user was warned that edits would be lost, and has edited nothing since.
    is_warned: bool,
    /// Made when something is selected for the first time.
    table: OnceCell<ConvexTable>,
}

impl Editing {
    /// Nothing is edited yet.
    #[must_use]
    pub(crate) fn of(document: &Document, subject: &ViewSubject) -> Self {
        let path = document.path.as_deref();
        let stem = path.and_then(|path| path.file_stem()).map_or("scene".into(), |stem| stem.to_string_lossy());
        let name = free_name(&PathBuf::new(), &format!("{stem}-edited"), "safetensors");
        let edits = EditList::new(document.scene.as_ref().map_or(0, |scene| scene.len()));
        Self {
            saved: edits.clone(),
            edits,
            is_warned: false,
            tool: Tool::default(),
            gesture: None,
            numbers: EditNumbers::of(subject),
            file: SavedFile { name: name.display().to_string(), gaussians: false },
            are_marks_new: false,
            table: OnceCell::new(),
        }
    }
}

impl Editing {
    /// Takes note that the last file was not written.
    pub(super) fn forget_saved(&mut self) {
        self.saved = EditList::new(self.edits.num_convexes());
    }
}

impl Session {
    /// Returns whether edits that are in no file may be lost: at the second time of asking.
    pub(crate) fn may_lose_edits(&mut self) -> bool {
        let Editing { edits, saved, is_warned, .. } = &mut self.editing;
        if edits.makes_the_same_as(saved) || std::mem::replace(is_warned, true) {
            return true;
        }
        self.notify_error("The edits are not saved. Ctrl + S saves them; the same once more loses them.".to_owned());
        false
    }

    /// Returns why the scene cannot be edited.
    #[must_use]
    pub(crate) fn reason_not_to_edit(&self) -> Option<&'static str> {
        if self.live.is_some() {
            return Some(
                "A training that is watched is not edited: it changes its scene itself. Open its folder when it is over.",
            );
        }
        let is_missing = self.document.scene.as_ref().is_none_or(|scene| scene.is_empty());
        is_missing.then_some("There is no scene to edit.")
    }

    /// Applies an action that edits.
    pub(super) fn edit(&mut self, action: EditAction, host: &mut dyn ActionHost) -> Result<(), GpuError> {
        if let Some(reason) = self.reason_not_to_edit() {
            self.notify(reason.to_owned());
            return Ok(());
        }
        match action {
            EditAction::SetTool(tool) => {
                let is_same = self.editing.tool == tool;
                self.editing.tool = if is_same { Tool::Look } else { tool };
                self.editing.gesture = None;
            }
            EditAction::Draw(step, camera, pixel, mode) => self.draw(step, &camera, pixel, mode, host)?,
            EditAction::Pick(camera, pixel, _) if matches!(self.editing.tool, Tool::Ground | Tool::Measure) => {
                if let Some(picked) = host.pick(&camera, &self.view, pixel)? {
                    self.click_place(picked.point);
                }
            }
            EditAction::Pick(camera, pixel, mode) => {
                if let Some(picked) = host.pick(&camera, &self.view, pixel)? {
                    self.select(&SelectionShape::Convex(picked.convex as usize), mode);
                } else if mode == SelectionMode::Replace {
                    self.change(SceneEdit::Select(ConvexMask::none(self.editing.edits.num_convexes())), "nothing");
                }
            }
            EditAction::Select(criterion, mode) => self.select(&self.shape_of(criterion), mode),
            EditAction::SelectNone => {
                self.change(SceneEdit::Select(ConvexMask::none(self.editing.edits.num_convexes())), "nothing");
            }
            EditAction::Invert => {
                let inverse = self.selectable().without(&self.editing.edits.state().selected);
                self.change(SceneEdit::Select(inverse), "the inverse");
            }
            EditAction::Change(edit) => self.change(edit, ""),
            EditAction::Place(placement, is_continued) => {
                if self.editing.edits.push_place(placement, is_continued) {
                    self.log_edit();
                }
            }
            EditAction::SetLength(length) => {
                let measured = self.measured_length().filter(|measured| *measured > 0.0 && length > 0.0);
                if let Some(measured) = measured {
                    let placement = self.editing.edits.state().placement.scaled(length / measured);
                    self.change(SceneEdit::Place(placement), "");
                }
            }
            EditAction::Undo => self.go_to(self.editing.edits.num_done().saturating_sub(1)),
            EditAction::Redo => self.go_to(self.editing.edits.num_done() + 1),
            EditAction::GoTo(num_done) => self.go_to(num_done),
            EditAction::SetNumbers(numbers) => self.editing.numbers = numbers,
            EditAction::SetFile(file) => self.editing.file = file,
            EditAction::Save => self.save_scene(),
        }
        Ok(())
    }

    fn change(&mut self, edit: SceneEdit, how: &str) {
        if self.editing.edits.push(edit, how) {
            self.show_edits();
            self.log_edit();
        }
    }

    fn log_edit(&self) {
        log::info!("edit: {}", self.editing.edits.edits().last().map_or("", |listed| listed.text.as_str()));
    }

    /// Takes a clicked place of the ground, or an end of a measured distance.
    fn click_place(&mut self, place: DVec3) {
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

    fn go_to(&mut self, num_done: usize) {
        self.editing.edits.go_to(num_done);
        self.show_edits();
        log::info!("edits that hold: {}", self.editing.edits.num_done());
    }

    fn show_edits(&mut self) {
        self.editing.is_warned = false;
        self.editing.are_marks_new = true;
        self.generation += 1;
    }

    fn table(&self) -> &ConvexTable {
        self.editing
            .table
            .get_or_init(|| self.document.scene.as_ref().map(|scene| ConvexTable::of(scene)).unwrap_or_default())
    }

    /// The convexes that can be seen, and so selected.
    fn selectable(&self) -> ConvexMask {
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

    fn select(&mut self, shape: &SelectionShape, mode: SelectionMode) {
        let found = shape.select(self.table()).and(&self.selectable());
        let before = &self.editing.edits.state().selected;
        let (selected, how) = match mode {
            _ if before.is_empty() && mode != SelectionMode::Remove => (found, shape.words()),
            SelectionMode::Replace => (found, shape.words()),
            SelectionMode::Add => (before.or(&found), format!("and {}", shape.words())),
            SelectionMode::Remove => (before.without(&found), format!("without {}", shape.words())),
        };
        self.change(SceneEdit::Select(selected), &how);
    }

    fn shape_of(&self, criterion: Criterion) -> SelectionShape {
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

    fn draw(
        &mut self,
        step: DrawStep,
        camera: &Camera,
        pixel: DVec2,
        mode: SelectionMode,
        host: &mut dyn ActionHost,
    ) -> Result<(), GpuError> {
        match step {
            DrawStep::Begin => self.editing.gesture = self.begin_gesture(camera, pixel, host)?,
            DrawStep::Go => self.continue_gesture(pixel),
            DrawStep::End => {
                self.continue_gesture(pixel);
                let outline = |corners: Vec<DVec2>, kind| SelectionShape::Outline { camera: *camera, corners, kind };
                match self.editing.gesture.take() {
                    None | Some(Gesture::Places(_)) => {}
                    Some(Gesture::Rectangle([a, b])) => {
                        let corners = vec![a, DVec2::new(b.x, a.y), b, DVec2::new(a.x, b.y)];
                        self.select(&outline(corners, OutlineKind::Rectangle), mode);
                    }
                    Some(Gesture::Lasso(corners)) => self.select(&outline(corners, OutlineKind::Lasso), mode),
                    Some(Gesture::Volume { .. }) => {
                        let is_box = self.editing.tool == Tool::Box;
                        let shape = self.shape_of(if is_box { Criterion::Box } else { Criterion::Sphere });
                        self.select(&shape, mode);
                    }
                }
            }
        }
        Ok(())
    }

    fn begin_gesture(
        &mut self,
        camera: &Camera,
        pixel: DVec2,
        host: &mut dyn ActionHost,
    ) -> Result<Option<Gesture>, GpuError> {
        Ok(match self.editing.tool {
            Tool::Look | Tool::Click | Tool::Ground | Tool::Measure => None,
            Tool::Rectangle => Some(Gesture::Rectangle([pixel; 2])),
            Tool::Lasso => Some(Gesture::Lasso(vec![pixel])),
            Tool::Sphere | Tool::Box => host.pick(camera, &self.view, pixel)?.map(|picked| {
                let numbers = &mut self.editing.numbers;
                if self.editing.tool == Tool::Box {
                    numbers.sides.centre = picked.point;
                } else {
                    numbers.sphere_centre = picked.point;
                }
                let depth = camera.view_from_world.transform_point3(picked.point).z;
                Gesture::Volume { from: pixel, per_pixel: depth / camera.intrinsics.fx }
            }),
        })
    }

    fn continue_gesture(&mut self, pixel: DVec2) {
        let numbers = &mut self.editing.numbers;
        match &mut self.editing.gesture {
            None | Some(Gesture::Places(_)) => {}
            Some(Gesture::Rectangle([_, corner])) => *corner = pixel,
            Some(Gesture::Lasso(corners)) if corners.last().is_some_and(|last| last.distance(pixel) < 1.5) => {}
            Some(Gesture::Lasso(corners)) => corners.push(pixel),
            Some(Gesture::Volume { from, per_pixel }) => {
                let radius = (pixel.distance(*from) * *per_pixel).max(1e-9);
                if self.editing.tool == Tool::Box {
                    numbers.sides.half = DVec3::splat(radius);
                } else {
                    numbers.sphere_radius = radius;
                }
            }
        }
    }

    /// Writes the edited scene on another thread.
    fn save_scene(&mut self) {
        let Some(scene) = self.document.scene.clone() else { return };
        let SavedFile { name, gaussians } = self.editing.file.clone();
        let path = PathBuf::from(name.trim());
        let own = self.document.path.as_deref().map(source::scene_file_of);
        let is_own =
            own.is_some_and(|own| own.canonicalize().ok().is_some_and(|own| path.canonicalize().ok() == Some(own)));
        if is_own {
            self.notify_error(format!("{} is the file that is open; choose another name", path.display()));
            return;
        }
        let options = WriteOptions {
            gaussians: gaussians && path.extension().is_some_and(|end| end == "ply"),
            ..WriteOptions::default()
        };
        let edits = self.editing.edits.clone();
        // Who opens the file sees what is seen now.
        let start_view = Some(self.present_view()).filter(|view| view.check().is_ok());
        let bookmarks = self.bookmarks.clone();
        self.settings.forget_bookmarks(&path);
        let metadata = Metadata { start_view, bookmarks, ..self.document.metadata.clone() };
        self.notify(format!("Saving {} …", path.display()));
        self.editing.saved = edits.clone();
        self.saver.start(EditedCopy { scene, edits, metadata, options, path }, Arc::clone(&self.request_redraw));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::{Params, Scene};
    use crate::viewer::session::action::Action;
    use crate::viewer::session::apply::tests::NoWindow;
    use crate::viewer::session::tests::session;

    /// A session with convexes at x = 0, 1, … 9 before its camera.
    fn with_row() -> Session {
        let mut scene = Scene::empty(4, 0);
        for i in 0..10u8 {
            let x = f32::from(i);
            let points = [x, 0.0, 0.0, x + 0.1, 0.0, 0.0, x, 0.1, 0.0, x, 0.0, 0.1];
            let opacity = [if i < 3 { -4.0 } else { 4.0 }];
            scene.push(Params {
                points: &points,
                log_delta: &[1.0],
                log_sigma: &[1.0],
                raw_opacity: &opacity,
                sh: &[0.1; 48],
            });
        }
        let mut session = session(2);
        let document = Document { scene: Some(Arc::new(scene)), ..session.document.clone() };
        session.set_document(document);
        session
    }

    fn edit(session: &mut Session, action: EditAction) {
        session.apply(Action::Edit(action), &mut NoWindow::default()).unwrap();
    }

    fn selected(session: &Session) -> Vec<usize> {
        session.editing.edits.state().selected.indices().collect()
    }

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
        session.view.crop = Some(crate::viewer::scene_view::settings::CropBox { low, high, degrees: DVec3::ZERO });
        edit(&mut session, EditAction::Select(Criterion::All, SelectionMode::Replace));
        assert_eq!(selected(&session), [3, 4, 5]);
        edit(&mut session, EditAction::Invert);
        assert_eq!(selected(&session), [0; 0]);
    }

    #[test]
    fn a_rectangle_and_a_sphere_are_drawn() {
        let mut session = with_row();
        let camera = Camera::look_at(DVec3::new(4.5, -10.0, 0.0), DVec3::new(4.5, 0.0, 0.0), DVec3::Z, 100.0, 100, 80);
        let draw = |session: &mut Session, step: DrawStep, x: f64, y: f64| {
            edit(session, EditAction::Draw(step, camera, DVec2::new(x, y), SelectionMode::Replace));
        };
        edit(&mut session, EditAction::SetTool(Tool::Rectangle));
        draw(&mut session, DrawStep::Begin, 45.0, 20.0);
        draw(&mut session, DrawStep::Go, 60.0, 30.0);
        draw(&mut session, DrawStep::End, 67.0, 60.0);
        assert_eq!((selected(&session), &session.editing.gesture), (vec![4, 5, 6], &None));
        edit(&mut session, EditAction::SetTool(Tool::Sphere));
        draw(&mut session, DrawStep::Begin, 5.0, 40.0);
        draw(&mut session, DrawStep::End, 35.0, 40.0);
        let numbers = session.editing.numbers;
        assert_eq!(numbers.sphere_centre, DVec3::ZERO, "every pixel of the host shows the origin");
        assert!((numbers.sphere_radius - 3.0).abs() < 1e-9, "{numbers:?}");
        assert_eq!(selected(&session), [0, 1, 2]);
        edit(&mut session, EditAction::SetTool(Tool::Sphere));
        assert_eq!(session.editing.tool, Tool::Look, "the same key puts the tool away");
    }

    #[test]
    fn edits_are_lost_only_at_the_second_time_of_asking() {
        let mut session = with_row();
        edit(&mut session, EditAction::Select(Criterion::Fainter, SelectionMode::Replace));
        assert!(session.may_lose_edits(), "a selection is nothing to save");
        edit(&mut session, EditAction::Change(SceneEdit::Delete));
        assert!(!session.may_lose_edits());
        assert!(session.notices.last().unwrap().is_error && session.may_lose_edits());
        edit(&mut session, EditAction::Undo);
        edit(&mut session, EditAction::Redo);
        assert!(!session.may_lose_edits(), "there are other edits");
        edit(&mut session, EditAction::Undo);
        assert!(session.may_lose_edits(), "nothing is changed");
    }

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

    #[test]
    fn a_training_that_is_watched_is_not_edited() {
        let mut session = with_row();
        let (_events, incoming) = std::sync::mpsc::channel();
        let (control, _controls) = std::sync::mpsc::channel();
        let link = crate::viewer::live::LiveLink { events: incoming, control };
        session.live = Some(crate::viewer::live::Live::new(link, crate::viewer::live::LiveRate::Off));
        edit(&mut session, EditAction::Select(Criterion::All, SelectionMode::Replace));
        assert_eq!(session.editing.edits.edits().len(), 0);
        assert!(session.notices.last().unwrap().text.contains("training"));
    }

    #[test]
    fn the_edited_scene_is_saved_with_its_provenance_and_never_over_the_open_file() {
        let folder = tempfile::tempdir().unwrap();
        let open = folder.path().join("open.safetensors");
        let mut session = with_row();
        crate::scene_file::save(session.document.scene.as_ref().unwrap(), &open).unwrap();
        session.document.path = Some(open.clone());
        session.document.metadata.provenance = Some("by hand".to_owned());
        edit(&mut session, EditAction::Select(Criterion::Fainter, SelectionMode::Replace));
        edit(&mut session, EditAction::Change(SceneEdit::Delete));
        let mut save = |name: &std::path::Path| {
            edit(&mut session, EditAction::SetFile(SavedFile { name: name.display().to_string(), gaussians: false }));
            edit(&mut session, EditAction::Save);
            for _ in 0..1000 {
                session.receive();
                let text = &session.notices.last().unwrap().text;
                if !text.starts_with("Saving") {
                    return text.clone();
                }
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            panic!("nothing was saved")
        };
        let saved = folder.path().join("saved.safetensors");
        assert!(save(&saved).contains("7 convexes"));
        let (scene, metadata) = crate::scene_file::load_with(&saved).unwrap();
        let told = "by hand; edited by hand, 3 of 10 convexes deleted (delete 3: opacity below 0.10)";
        assert_eq!((scene.len(), metadata.provenance.as_deref()), (7, Some(told)));
        assert!(save(&open).contains("choose another name"));
        assert!(save(&folder.path().join("saved.xyz")).contains("saved.xyz"));
        assert!(save(&folder.path().join("saved.glb")).contains("7 solids"));
        assert_eq!(crate::scene_file::load(&open).unwrap().len(), 10);
    }
}
