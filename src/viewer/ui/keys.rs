//! Every shortcut, listed once for the keyboard and for the list of shortcuts.

use egui::{Key, Modifiers};

use crate::kernels::DisplayMode;
use crate::viewer::document::{PathPurpose, SceneEdit};
use crate::viewer::session::action::{Action, BookmarkAction, Criterion, EditAction, PathAction, SelectionMode, Tool};

/// A key, and the action that it has.
#[derive(Debug, Clone)]
pub(crate) struct Shortcut {
    /// The key.
    pub key: Key,
    /// Whether Shift must be held.
    pub shift: bool,
    /// Whether Ctrl must be held, or Command.
    pub ctrl: bool,
    /// The action.
    pub action: Action,
    /// The action in words.
    pub text: &'static str,
}

const fn plain(key: Key, action: Action, text: &'static str) -> Shortcut {
    Shortcut { key, shift: false, ctrl: false, action, text }
}

const fn shifted(key: Key, action: Action, text: &'static str) -> Shortcut {
    Shortcut { key, shift: true, ctrl: false, action, text }
}

const fn with_ctrl(key: Key, action: EditAction, text: &'static str) -> Shortcut {
    Shortcut { key, shift: false, ctrl: true, action: Action::Edit(action), text }
}

const fn asking(key: Key, shift: bool, purpose: PathPurpose, text: &'static str) -> Shortcut {
    Shortcut { key, shift, ctrl: true, action: Action::Ask(purpose), text }
}

const fn edit(key: Key, action: EditAction, text: &'static str) -> Shortcut {
    plain(key, Action::Edit(action), text)
}

/// All shortcuts, in the order of the list.
pub(crate) const SHORTCUTS: &[Shortcut] = &[
    plain(Key::F, Action::FrameSubject, "show the subject"),
    shifted(Key::F, Action::FrameEverything, "show everything"),
    plain(Key::Home, Action::GoHome, "the first view"),
    plain(Key::Z, Action::ViewBack, "the view before"),
    shifted(Key::Z, Action::ViewForward, "the view after"),
    plain(Key::G, Action::ToggleMovement, "orbit or fly"),
    plain(Key::R, Action::Level, "level the horizon"),
    plain(Key::U, Action::UpIsHere, "make the top of the image up"),
    plain(Key::Num1, Action::Mode(DisplayMode::Colour), "colour"),
    plain(Key::Num2, Action::Mode(DisplayMode::Depth), "depth"),
    plain(Key::Num3, Action::Mode(DisplayMode::Normal), "normal"),
    plain(Key::Num4, Action::Mode(DisplayMode::Alpha), "alpha"),
    plain(Key::Num5, Action::Mode(DisplayMode::Convex), "convexes"),
    plain(Key::Num6, Action::Mode(DisplayMode::Contributors), "contributors per pixel"),
    plain(Key::Num7, Action::Mode(DisplayMode::Tiles), "load of tiles"),
    plain(Key::Num8, Action::Mode(DisplayMode::Hulls), "hulls"),
    plain(Key::H, Action::ToggleHulls, "hulls over the image"),
    plain(Key::ArrowRight, Action::Step(1), "next camera of the dataset"),
    plain(Key::ArrowLeft, Action::Step(-1), "camera before"),
    plain(Key::V, Action::NextComparison, "render, photograph or second scene, split, difference, flicker"),
    asking(Key::O, false, PathPurpose::Open, "open a file"),
    asking(Key::O, true, PathPurpose::Compare, "compare with a second scene"),
    plain(Key::C, Action::ToggleFrusta, "show cameras"),
    plain(Key::Num9, Action::ToggleGrid, "a grid on the ground"),
    plain(Key::K, Action::AddKey, "add a key frame"),
    shifted(Key::K, Action::Path(PathAction::ToggleRender), "render the camera path, or end that"),
    plain(Key::Space, Action::TogglePlay, "play the camera path"),
    Shortcut {
        key: Key::B,
        shift: false,
        ctrl: true,
        action: Action::Bookmark(BookmarkAction::Add),
        text: "keep the view as a bookmark",
    },
    edit(Key::X, EditAction::SetTool(Tool::Click), "select by clicks"),
    edit(Key::B, EditAction::SetTool(Tool::Rectangle), "select in a rectangle"),
    edit(Key::L, EditAction::SetTool(Tool::Lasso), "select in an outline"),
    edit(Key::O, EditAction::SetTool(Tool::Sphere), "select in a sphere"),
    edit(Key::N, EditAction::SetTool(Tool::Box), "select in a box"),
    shifted(Key::X, Action::Edit(EditAction::ToggleSeen), "outlines take all behind them, or only what is seen"),
    shifted(
        Key::V,
        Action::Edit(EditAction::SelectByViews(SelectionMode::Replace)),
        "select what no image of the dataset shows",
    ),
    edit(Key::M, EditAction::SetTool(Tool::Measure), "measure a distance"),
    shifted(
        Key::M,
        Action::Edit(EditAction::SetTool(Tool::Ground)),
        "set the ground by three clicks, or as it is found",
    ),
    edit(Key::Enter, EditAction::TakeGround, "take the ground that was found"),
    edit(Key::I, EditAction::SetTool(Tool::Place), "drag the axes of the world"),
    plain(Key::Y, Action::ToggleCrop, "crop box around the subject"),
    with_ctrl(Key::A, EditAction::Select(Criterion::All, SelectionMode::Replace), "select all"),
    with_ctrl(Key::D, EditAction::SelectNone, "select nothing"),
    with_ctrl(Key::I, EditAction::Invert, "select the rest"),
    edit(Key::J, EditAction::Change(SceneEdit::Hide), "hide the selection"),
    shifted(Key::J, Action::Edit(EditAction::Change(SceneEdit::ShowHidden)), "show what is hidden"),
    edit(Key::Delete, EditAction::Change(SceneEdit::Delete), "delete the selection"),
    edit(Key::Backspace, EditAction::Change(SceneEdit::Delete), "delete the selection"),
    shifted(Key::Delete, Action::Edit(EditAction::Change(SceneEdit::KeepOnly)), "delete the rest"),
    with_ctrl(Key::Z, EditAction::Undo, "undo the last edit"),
    with_ctrl(Key::Y, EditAction::Redo, "redo an edit"),
    with_ctrl(Key::S, EditAction::Save, "save the edited scene"),
    asking(Key::S, true, PathPurpose::SaveAs, "save the edited scene as"),
    asking(Key::E, false, PathPurpose::Export, "export the edited scene"),
    plain(Key::P, Action::Screenshot, "save an image"),
    shifted(Key::P, Action::SaveCamera, "save the camera for `render`"),
    plain(Key::Tab, Action::TogglePanel, "show the panel"),
    plain(Key::T, Action::ToggleTheme, "light or dark"),
    plain(Key::F11, Action::ToggleFullscreen, "full screen"),
    plain(Key::Questionmark, Action::ToggleHelp, "this list"),
    plain(Key::F1, Action::ToggleHelp, "this list"),
    plain(Key::Escape, Action::Escape, "put the tool away, leave the camera, close the list"),
    shifted(Key::Space, Action::TogglePause, "pause training"),
];

/// The gestures of the pointer and of keys that are held, for the list.
pub(crate) const GESTURES: &[(&str, &str)] = &[
    ("drag", "orbit; look around while flying"),
    ("right or middle drag", "pan"),
    ("Alt + drag", "look around"),
    ("wheel, pinch", "nearer and farther; speed while flying"),
    ("two fingers", "orbit; with Shift pan"),
    ("Ctrl + wheel", "field of view"),
    ("double click", "set the pivot"),
    ("click on an axis", "look along it"),
    ("drag of a handle", "crop box and axes of the world"),
    ("drag with a tool", "select; Shift adds, Ctrl or Alt removes, a right drag turns"),
    ("W A S D, Q E", "fly; with Shift faster"),
    (", and .", "roll"),
    ("Ctrl + 1 to 9", "go to a bookmark"),
];

/// The keys of the first bookmarks, with Ctrl.
const DIGITS: [Key; 9] =
    [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5, Key::Num6, Key::Num7, Key::Num8, Key::Num9];

/// Returns the action of a key that was pressed.
#[must_use]
pub(crate) fn action(key: Key, modifiers: Modifiers) -> Option<Action> {
    if modifiers.alt {
        return None;
    }
    let ctrl = modifiers.ctrl || modifiers.command;
    if ctrl && modifiers.shift && key == Key::Z {
        return Some(Action::Edit(EditAction::Redo));
    }
    if let Some(index) = DIGITS.iter().position(|digit| *digit == key).filter(|_| ctrl && !modifiers.shift) {
        return Some(Action::Bookmark(BookmarkAction::GoTo(index)));
    }
    // On many keyboards the question mark needs Shift.
    let fits = |shortcut: &&Shortcut| {
        let is_shift = shortcut.shift == modifiers.shift || key == Key::Questionmark;
        shortcut.key == key && is_shift && shortcut.ctrl == ctrl
    };
    let slash = key == Key::Slash && modifiers.shift && !ctrl;
    if slash { Some(Action::ToggleHelp) } else { SHORTCUTS.iter().find(fits).map(|shortcut| shortcut.action.clone()) }
}

/// Returns what a selection does to the last one while these keys are held.
#[must_use]
pub(crate) fn selection_mode(modifiers: Modifiers) -> SelectionMode {
    match modifiers {
        _ if modifiers.ctrl || modifiers.command || modifiers.alt => SelectionMode::Remove,
        _ if modifiers.shift => SelectionMode::Add,
        _ => SelectionMode::Replace,
    }
}

/// Returns the name of the key of a shortcut.
#[must_use]
pub(crate) fn label(shortcut: &Shortcut) -> String {
    let key = match shortcut.key {
        Key::ArrowLeft => "←",
        Key::ArrowRight => "→",
        Key::Questionmark => "?, F1",
        Key::Escape => "Esc",
        Key::Delete => "Del",
        other => other.name(),
    };
    match (shortcut.ctrl, shortcut.shift) {
        (true, true) => format!("Ctrl + Shift + {key}"),
        (true, _) => format!("Ctrl + {key}"),
        (_, true) => format!("Shift + {key}"),
        _ => key.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_has_two_actions() {
        for (index, a) in SHORTCUTS.iter().enumerate() {
            let twice = SHORTCUTS[..index].iter().any(|b| (a.key, a.shift, a.ctrl) == (b.key, b.shift, b.ctrl));
            assert!(!twice, "{}", label(a));
        }
    }

    #[test]
    fn keys_find_their_action() {
        assert_eq!(action(Key::F, Modifiers::NONE), Some(Action::FrameSubject));
        assert_eq!(action(Key::P, Modifiers::SHIFT), Some(Action::SaveCamera));
        assert_eq!(action(Key::Questionmark, Modifiers::SHIFT), Some(Action::ToggleHelp));
        assert_eq!(action(Key::F, Modifiers::CTRL), None);
        assert_eq!(action(Key::Z, Modifiers::CTRL), Some(Action::Edit(EditAction::Undo)));
        assert_eq!(action(Key::Z, Modifiers::CTRL | Modifiers::SHIFT), Some(Action::Edit(EditAction::Redo)));
        assert_eq!(action(Key::Z, Modifiers::NONE), Some(Action::ViewBack));
        assert_eq!(action(Key::Num3, Modifiers::CTRL), Some(Action::Bookmark(BookmarkAction::GoTo(2))));
        assert_eq!(action(Key::B, Modifiers::CTRL), Some(Action::Bookmark(BookmarkAction::Add)));
        let both = Modifiers::CTRL | Modifiers::SHIFT;
        assert_eq!(action(Key::O, both), Some(Action::Ask(PathPurpose::Compare)));
        assert_eq!(action(Key::W, Modifiers::NONE), None, "held keys are no shortcuts");
    }
}
