//! Every shortcut, listed once for the keyboard and for the list of shortcuts.

use egui::{Key, Modifiers};

use crate::kernels::DisplayMode;
use crate::viewer::session::action::Action;

/// A key, and the action that it has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shortcut {
    /// The key.
    pub key: Key,
    /// Whether Shift must be held.
    pub shift: bool,
    /// The action.
    pub action: Action,
    /// The action in words.
    pub text: &'static str,
}

const fn plain(key: Key, action: Action, text: &'static str) -> Shortcut {
    Shortcut { key, shift: false, action, text }
}

const fn shifted(key: Key, action: Action, text: &'static str) -> Shortcut {
    Shortcut { key, shift: true, action, text }
}

/// All shortcuts, in the order of the list.
pub(crate) const SHORTCUTS: &[Shortcut] = &[
    plain(Key::F, Action::FrameAll, "show the whole scene"),
    plain(Key::G, Action::ToggleMovement, "orbit or fly"),
    plain(Key::R, Action::Level, "level the horizon"),
    plain(Key::U, Action::UpIsHere, "make the top of the picture up"),
    plain(Key::Num1, Action::Mode(DisplayMode::Colour), "colour"),
    plain(Key::Num2, Action::Mode(DisplayMode::Depth), "depth"),
    plain(Key::Num3, Action::Mode(DisplayMode::Normal), "normal"),
    plain(Key::Num4, Action::Mode(DisplayMode::Alpha), "alpha"),
    plain(Key::Num5, Action::Mode(DisplayMode::Convex), "convexes"),
    plain(Key::Num6, Action::Mode(DisplayMode::Contributors), "contributors per pixel"),
    plain(Key::Num7, Action::Mode(DisplayMode::Tiles), "load of tiles"),
    plain(Key::Num8, Action::Mode(DisplayMode::Hulls), "hulls"),
    plain(Key::H, Action::ToggleHulls, "hulls over the picture"),
    plain(Key::ArrowRight, Action::Step(1), "next camera of the dataset"),
    plain(Key::ArrowLeft, Action::Step(-1), "camera before"),
    plain(Key::V, Action::NextComparison, "render, photograph, split, difference"),
    plain(Key::C, Action::ToggleFrusta, "show cameras"),
    plain(Key::K, Action::AddKey, "add a key frame"),
    plain(Key::Space, Action::TogglePlay, "play the camera path"),
    plain(Key::P, Action::Screenshot, "save a picture"),
    shifted(Key::P, Action::SaveCamera, "save the camera for `render`"),
    plain(Key::Tab, Action::TogglePanel, "show the panel"),
    plain(Key::T, Action::ToggleTheme, "light or dark"),
    plain(Key::F11, Action::ToggleFullscreen, "full screen"),
    plain(Key::Questionmark, Action::ToggleHelp, "this list"),
    plain(Key::F1, Action::ToggleHelp, "this list"),
    plain(Key::Escape, Action::Escape, "leave the camera, close the list"),
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
    ("W A S D, Q E", "fly; with Shift faster"),
    (", and .", "roll"),
];

/// Returns the action of a key that was pressed.
#[must_use]
pub(crate) fn action(key: Key, modifiers: Modifiers) -> Option<Action> {
    if modifiers.ctrl || modifiers.alt || modifiers.command {
        return None;
    }
    // On many keyboards the question mark needs Shift.
    let fits =
        |shortcut: &&Shortcut| shortcut.key == key && (shortcut.shift == modifiers.shift || key == Key::Questionmark);
    let slash = key == Key::Slash && modifiers.shift;
    if slash { Some(Action::ToggleHelp) } else { SHORTCUTS.iter().find(fits).map(|shortcut| shortcut.action) }
}

/// Returns the name of the key of a shortcut.
#[must_use]
pub(crate) fn label(shortcut: &Shortcut) -> String {
    let key = match shortcut.key {
        Key::ArrowLeft => "←",
        Key::ArrowRight => "→",
        Key::Questionmark => "?, F1",
        Key::Escape => "Esc",
        other => other.name(),
    };
    if shortcut.shift { format!("Shift + {key}") } else { key.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_has_two_actions() {
        for (index, a) in SHORTCUTS.iter().enumerate() {
            let twice = SHORTCUTS[..index].iter().any(|b| (a.key, a.shift) == (b.key, b.shift));
            assert!(!twice, "{}", label(a));
        }
    }

    #[test]
    fn keys_find_their_action() {
        assert_eq!(action(Key::F, Modifiers::NONE), Some(Action::FrameAll));
        assert_eq!(action(Key::P, Modifiers::SHIFT), Some(Action::SaveCamera));
        assert_eq!(action(Key::Questionmark, Modifiers::SHIFT), Some(Action::ToggleHelp));
        assert_eq!(action(Key::F, Modifiers::CTRL), None);
        assert_eq!(action(Key::W, Modifiers::NONE), None, "held keys are no shortcuts");
    }
}
