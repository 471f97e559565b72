//! Editing the scene by hand: what the tools, the numbers of the panel and the keys change.

mod drawing;
mod handles;
mod placing;
mod saving;
mod selecting;
mod visibility;

use std::cell::OnceCell;
use std::path::PathBuf;

pub(crate) use drawing::Gesture;

use glam::DVec3;
pub(crate) use saving::SavedFile;
pub(crate) use visibility::ViewCount;

use crate::gpu::GpuError;
use crate::viewer::document::{
    ConvexMask, ConvexTable, Document, EditList, GroundPlane, SceneEdit, SelectionBox, SelectionShape, ViewSubject,
};
use crate::viewer::scene_view::shares::SceneShares;
use crate::viewer::session::action::{ActionHost, EditAction, SelectionMode, Tool};
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
    /// Whether an outline selects only what is seen.
    pub only_seen: bool,
    /// The part of a pixel that a convex has to make somewhere to be seen, 0 to 1.
    pub share: f32,
    /// The reach of the cameras, in parts of the largest distance of a camera from the subject.
    pub reach: f64,
    /// The middle of the sphere, world units.
    pub sphere_centre: DVec3,
    /// The radius of the sphere, world units.
    pub sphere_radius: f64,
    /// The box.
    pub sides: SelectionBox,
}

impl EditNumbers {
    fn of(subject: &ViewSubject) -> Self {
        let ViewSubject { centre, radius } = *subject;
        Self {
            opacity: 0.1,
            size: 0.5 * radius,
            fewest: 1,
            only_seen: false,
            share: 0.1,
            reach: 1.0,
            sphere_centre: centre,
            sphere_radius: radius,
            sides: SelectionBox { centre, half: DVec3::splat(radius), degrees: DVec3::ZERO },
        }
    }
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
    /// The ground that was found, while its tool is held.
    ground: Option<GroundPlane>,
    /// The counting of the images that show each convex, while it goes on.
    pub counting: Option<ViewCount>,
    /// The scene on the device, while it is asked what pictures show.
    shares: Option<SceneShares>,
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
            ground: None,
            counting: None,
            shares: None,
            table: OnceCell::new(),
        }
    }
}

impl Session {
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
                (self.editing.gesture, self.editing.shares, self.editing.ground) = (None, None, None);
                if self.editing.tool == Tool::Ground {
                    self.propose_ground();
                }
            }
            EditAction::Draw(step, camera, pixel, mode) => self.draw(step, &camera, pixel, mode, host)?,
            EditAction::Pick(camera, pixel, _) if matches!(self.editing.tool, Tool::Ground | Tool::Measure) => {
                if let Some(picked) = host.pick(&camera, &self.view, pixel)? {
                    self.click_surface(&picked);
                }
            }
            EditAction::Pick(camera, pixel, mode) => {
                if let Some(picked) = host.pick(&camera, &self.view, pixel)? {
                    self.select(&SelectionShape::Convex(picked.convex as usize), mode);
                } else if mode == SelectionMode::Replace {
                    self.change(SceneEdit::Select(ConvexMask::none(self.editing.edits.num_convexes())), "nothing");
                }
            }
            EditAction::SelectByViews(mode) => self.begin_count(mode),
            EditAction::Select(criterion, mode) => self.select(&self.shape_of(criterion), mode),
            EditAction::ToggleSeen => {
                let numbers = &mut self.editing.numbers;
                numbers.only_seen = !numbers.only_seen;
                let taken = if numbers.only_seen { "only what is seen" } else { "all behind them" };
                self.notify(format!("Rectangle and lasso take {taken}"));
            }
            EditAction::GoOnCounting => self.go_on_counting(host)?,
            EditAction::SelectNone => {
                self.change(SceneEdit::Select(ConvexMask::none(self.editing.edits.num_convexes())), "nothing");
            }
            EditAction::Invert => {
                let inverse = self.selectable().without(&self.editing.edits.state().selected);
                self.change(SceneEdit::Select(inverse), "the inverse");
            }
            EditAction::Change(edit) => self.change(edit, ""),
            EditAction::Place(placement, is_continued) => {
                if self.editing.edits.push_step(SceneEdit::Place(placement), is_continued) {
                    self.log_edit();
                }
            }
            EditAction::TakeGround => self.take_ground(),
            EditAction::DragHandle(step, handle, camera, pixel) => self.drag_handle(step, handle, camera, pixel),
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

    fn go_to(&mut self, num_done: usize) {
        self.editing.edits.go_to(num_done);
        self.show_edits();
        log::info!("edits that hold: {}", self.editing.edits.num_done());
    }

    fn show_edits(&mut self) {
        self.editing.is_warned = false;
        // What was counted is of another scene.
        self.editing.counting = None;
        self.editing.are_marks_new = true;
        self.view.crop = self.editing.edits.state().crop;
        self.generation += 1;
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::scene::{Params, Scene};
    use crate::viewer::session::action::{Action, Criterion};
    use crate::viewer::session::apply::tests::NoWindow;
    use crate::viewer::session::tests::session;

    /// A session with convexes at x = 0, 1, … 9 before its camera.
    pub(crate) fn with_row() -> Session {
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

    pub(crate) fn edit(session: &mut Session, action: EditAction) {
        session.apply(Action::Edit(action), &mut NoWindow::default()).unwrap();
    }

    pub(crate) fn selected(session: &Session) -> Vec<usize> {
        session.editing.edits.state().selected.indices().collect()
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
}
