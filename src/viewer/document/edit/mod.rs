//! Edits of a scene by hand: which convexes are selected, hidden and deleted, as a list of plain data. The scene itself stays as
//! it was opened; the state at any place of the list follows from the list alone, so that undoing is counting back.

mod crop;
mod handle;
mod mask;
mod placement;
mod shape;
mod table;

pub use crop::CropBox;
pub(crate) use handle::{Handle, HandleDrag};
pub use mask::ConvexMask;
pub use placement::Placement;
pub use shape::{OutlineKind, SelectionBox, SelectionShape};
pub use table::ConvexTable;

use std::mem::discriminant;

use crate::kernels::ConvexMark;
use crate::scene::Scene;

/// A change of a scene by hand.
#[derive(Debug, Clone, PartialEq)]
pub enum SceneEdit {
    /// Selects these convexes and no others.
    Select(ConvexMask),
    /// Hides what is selected.
    Hide,
    /// Shows all that is hidden.
    ShowHidden,
    /// Deletes what is selected.
    Delete,
    /// Deletes what is not selected, hidden convexes as well.
    KeepOnly,
    /// Gives the scene this place in the world that it is saved in.
    Place(Placement),
    /// Shows only what is in this box; nothing of the scene is lost.
    Crop(Option<CropBox>),
}

/// What the edits so far make of a scene. No convex is in two of the masks.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EditState {
    /// The convexes that the next edit changes.
    pub selected: ConvexMask,
    /// Convexes that are not shown, and saved all the same.
    pub hidden: ConvexMask,
    /// Convexes that are no longer there.
    pub deleted: ConvexMask,
    /// The place of the scene in the world that it is saved in.
    pub placement: Placement,
    /// The box outside of which nothing is shown.
    pub crop: Option<CropBox>,
}

impl EditState {
    fn of(num_convexes: usize) -> Self {
        let none = ConvexMask::none(num_convexes);
        Self {
            selected: none.clone(),
            hidden: none.clone(),
            deleted: none,
            placement: Placement::default(),
            crop: None,
        }
    }

    /// The convexes that can be seen.
    #[must_use]
    pub fn shown(&self) -> ConvexMask {
        self.hidden.or(&self.deleted).not()
    }

    /// How each convex is drawn; nothing where all are drawn as they are.
    #[must_use]
    pub fn marks(&self) -> Vec<ConvexMark> {
        let gone = self.hidden.or(&self.deleted);
        if gone.is_empty() && self.selected.is_empty() {
            return Vec::new();
        }
        let mark = |index: usize| match (gone.contains(index), self.selected.contains(index)) {
            (true, _) => ConvexMark::Hidden,
            (_, true) => ConvexMark::Selected,
            _ => ConvexMark::Plain,
        };
        (0..gone.len()).map(mark).collect()
    }

    fn apply(&mut self, edit: &SceneEdit) {
        let none = ConvexMask::none(self.selected.len());
        match edit {
            SceneEdit::Select(selected) => self.selected = selected.and(&self.shown()),
            SceneEdit::Hide => self.hidden = self.hidden.or(&std::mem::replace(&mut self.selected, none)),
            SceneEdit::ShowHidden => self.hidden = none,
            SceneEdit::Delete => self.deleted = self.deleted.or(&std::mem::replace(&mut self.selected, none)),
            SceneEdit::KeepOnly => {
                self.deleted = self.deleted.or(&self.selected.not());
                (self.hidden, self.selected) = (none.clone(), none);
            }
            SceneEdit::Place(placement) => self.placement = *placement,
            SceneEdit::Crop(crop) => self.crop = *crop,
        }
    }
}

/// An edit, and what it did in words.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedEdit {
    /// The edit.
    pub edit: SceneEdit,
    /// A few words about what it did, with the number of convexes.
    pub text: String,
}

/// The edits of a scene, those that were undone as well.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EditList {
    num_convexes: usize,
    edits: Vec<ListedEdit>,
    num_done: usize,
    state: EditState,
}

impl EditList {
    /// Returns a list without an edit, for a scene of so many convexes.
    #[must_use]
    pub fn new(num_convexes: usize) -> Self {
        Self { num_convexes, edits: Vec::new(), num_done: 0, state: EditState::of(num_convexes) }
    }

    /// The number of convexes of the scene as it was opened.
    #[must_use]
    pub const fn num_convexes(&self) -> usize {
        self.num_convexes
    }

    /// All edits in order; those from [`Self::num_done`] on were undone.
    #[must_use]
    pub fn edits(&self) -> &[ListedEdit] {
        &self.edits
    }

    /// The number of edits that hold.
    #[must_use]
    pub const fn num_done(&self) -> usize {
        self.num_done
    }

    /// The state after the edits that hold.
    #[must_use]
    pub const fn state(&self) -> &EditState {
        &self.state
    }

    /// Adds an edit, and forgets those that were undone. `how` says in words where a selection came from. An edit that would
    /// change nothing is not added; returns whether it was.
    pub fn push(&mut self, edit: SceneEdit, how: &str) -> bool {
        let mut state = self.state.clone();
        state.apply(&edit);
        if state == self.state {
            return false;
        }
        let text = self.words(&edit, how, &state);
        self.edits.truncate(self.num_done);
        self.edits.push(ListedEdit { edit, text });
        (self.num_done, self.state) = (self.edits.len(), state);
        true
    }

    fn words(&self, edit: &SceneEdit, how: &str, after: &EditState) -> String {
        let last = self.edits[..self.num_done].last().filter(|last| matches!(last.edit, SceneEdit::Select(_)));
        // What was selected says what was deleted.
        let selected_by = last.and_then(|last| last.text.split_once(": ")).map_or("", |(_, how)| how);
        let counted = |what: &str, count: usize, how: &str| {
            if how.is_empty() { format!("{what} {count}") } else { format!("{what} {count}: {how}") }
        };
        match edit {
            SceneEdit::Select(_) => counted("select", after.selected.count(), how),
            SceneEdit::Hide => counted("hide", self.state.selected.count(), selected_by),
            SceneEdit::ShowHidden => counted("show", self.state.hidden.count(), "all that was hidden"),
            SceneEdit::Delete => counted("delete", self.state.selected.count(), selected_by),
            SceneEdit::Place(placement) => {
                let words = placement.words();
                if words.is_empty() { "place as it was opened".to_owned() } else { format!("place: {words}") }
            }
            SceneEdit::Crop(crop) => crop.map_or("no crop box", |_| "crop box").to_owned(),
            SceneEdit::KeepOnly => {
                let count = after.deleted.count() - self.state.deleted.count();
                counted("delete", count, if selected_by.is_empty() { "all but the selection" } else { selected_by })
            }
        }
    }

    /// Adds an edit as [`Self::push`] does; where the last one is of the same kind and drag, in its place.
    pub fn push_step(&mut self, edit: SceneEdit, is_continued: bool) -> bool {
        let last = self.edits[..self.num_done].last();
        let is_last = last.is_some_and(|last| discriminant(&last.edit) == discriminant(&edit));
        if is_continued && is_last {
            self.undo();
        }
        self.push(edit, "")
    }

    /// Takes back the last edit that holds, or nothing.
    pub fn undo(&mut self) {
        self.go_to(self.num_done.saturating_sub(1));
    }

    /// Makes the edit that was undone last hold again, or nothing.
    pub fn redo(&mut self) {
        self.go_to(self.num_done + 1);
    }

    /// Makes exactly the first so many edits hold.
    pub fn go_to(&mut self, num_done: usize) {
        self.num_done = num_done.min(self.edits.len());
        self.state = EditState::of(self.num_convexes);
        self.edits[..self.num_done].iter().for_each(|listed| self.state.apply(&listed.edit));
    }

    /// Returns whether both make the same of the scene, whatever is selected and hidden.
    #[must_use]
    pub fn makes_the_same_as(&self, other: &Self) -> bool {
        let of = |list: &Self| (list.state.deleted.clone(), list.state.placement);
        of(self) == of(other)
    }

    /// Returns the scene without what was deleted, in the place that it was given.
    #[must_use]
    pub fn edited(&self, scene: &Scene) -> Scene {
        let kept: Vec<usize> = self.state.deleted.not().indices().collect();
        self.state.placement.transform().scene(&scene.gather(&kept))
    }

    /// Returns a sentence about what the edits that hold changed in the scene; `None` where they changed nothing.
    #[must_use]
    pub fn provenance(&self) -> Option<String> {
        let (deleted, placed) = (self.state.deleted.count(), self.state.placement.words());
        if deleted == 0 {
            return (!placed.is_empty()).then(|| format!("edited by hand, {placed}"));
        }
        let changes = |listed: &&ListedEdit| matches!(listed.edit, SceneEdit::Delete | SceneEdit::KeepOnly);
        let texts = self.edits[..self.num_done].iter().filter(changes).map(|listed| listed.text.as_str());
        let texts: Vec<&str> = texts.collect();
        let all = self.num_convexes;
        let placed = if placed.is_empty() { placed } else { format!(", {placed}") };
        Some(format!("edited by hand, {deleted} of {all} convexes deleted ({}){placed}", texts.join("; ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(list: &EditList, chosen: &[usize]) -> ConvexMask {
        ConvexMask::from_fn(list.num_convexes(), |index| chosen.contains(&index))
    }

    fn chosen(mask: &ConvexMask) -> Vec<usize> {
        mask.indices().collect()
    }

    #[test]
    fn edits_change_the_masks_and_come_back() {
        let mut list = EditList::new(6);
        let select =
            |list: &mut EditList, chosen: &[usize]| list.push(SceneEdit::Select(mask(list, chosen)), "a lasso");
        assert!(select(&mut list, &[1, 2]));
        assert!(!select(&mut list, &[1, 2]), "nothing changes");
        assert!(list.push(SceneEdit::Delete, ""));
        assert!(!list.push(SceneEdit::Delete, ""), "nothing is selected");
        select(&mut list, &[2, 3]);
        assert_eq!(chosen(&list.state().selected), [3], "what is deleted cannot be selected");
        list.push(SceneEdit::Hide, "");
        select(&mut list, &[3, 4]);
        list.push(SceneEdit::ShowHidden, "");
        list.push(SceneEdit::KeepOnly, "");
        assert_eq!(chosen(&list.state().deleted), [0, 1, 2, 3, 5]);
        let texts: Vec<&str> = list.edits().iter().map(|listed| listed.text.as_str()).collect();
        let expected = ["select 2: a lasso", "delete 2: a lasso", "select 1: a lasso", "hide 1: a lasso"];
        assert_eq!(texts[..4], expected);
        assert_eq!(texts[4..], ["select 1: a lasso", "show 1: all that was hidden", "delete 3: all but the selection"]);

        let end = list.state().clone();
        let states: Vec<EditState> = (0..=7).map(|done| (list.go_to(done), list.state().clone()).1).collect();
        assert_eq!((states.len(), &states[7], &states[0]), (8, &end, EditList::new(6).state()));
        for done in (0..7).rev() {
            list.undo();
            assert_eq!(list.state(), &states[done], "after {done}");
        }
        list.undo();
        list.redo();
        assert_eq!((list.num_done(), list.state()), (1, &states[1]));
        select(&mut list, &[5]);
        assert_eq!((list.edits().len(), list.num_done()), (2, 2), "another way was taken");
        list.redo();
        assert_eq!(list.num_done(), 2);
    }

    #[test]
    fn the_steps_of_one_drag_are_one_place() {
        let mut list = EditList::new(2);
        let at = |x: f64| Placement { translation: glam::DVec3::new(x, 0.0, 0.0), ..Placement::default() };
        for (x, is_continued) in [(1.0, false), (2.0, true), (3.0, true), (4.0, false)] {
            list.push_step(SceneEdit::Place(at(x)), is_continued);
        }
        let texts: Vec<&str> = list.edits().iter().map(|listed| listed.text.as_str()).collect();
        assert_eq!(texts, ["place: moved by 3.000, 0.000, 0.000", "place: moved by 4.000, 0.000, 0.000"]);
        list.undo();
        assert_eq!(list.state().placement, at(3.0));
        assert_eq!(list.provenance().as_deref(), Some("edited by hand, moved by 3.000, 0.000, 0.000"));
    }

    #[test]
    fn what_is_deleted_is_not_in_the_scene_and_is_told() {
        let mut scene = Scene::empty(3, 0);
        for i in 0..4u8 {
            let value = [f32::from(i)];
            scene.push(crate::scene::Params {
                points: &value.repeat(9),
                log_delta: &value,
                log_sigma: &value,
                raw_opacity: &value,
                sh: &value.repeat(48),
            });
        }
        let mut list = EditList::new(4);
        assert_eq!((list.edited(&scene), list.provenance()), (scene.clone(), None));
        list.push(SceneEdit::Select(mask(&list, &[0, 3])), "a sphere");
        assert_eq!(list.provenance(), None, "a selection changes nothing");
        list.push(SceneEdit::Delete, "");
        list.push(SceneEdit::Select(mask(&list, &[1])), "a click");
        list.push(SceneEdit::Hide, "");
        assert_eq!(list.edited(&scene).params.raw_opacity, [1.0, 2.0], "hidden convexes are saved");
        let told = "edited by hand, 2 of 4 convexes deleted (delete 2: a sphere)";
        assert_eq!(list.provenance().as_deref(), Some(told));
    }
}
