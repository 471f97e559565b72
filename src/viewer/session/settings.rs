//! What is remembered from one start to the next: a small JSON file in the user's folder of settings.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::files::{self, FileError};
use crate::viewer::live::LiveRate;
use crate::viewer::scene_view::settings::Look;

/// Light or dark.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Theme {
    /// Dark.
    #[default]
    Dark,
    /// Light.
    Light,
    /// That of the system.
    System,
}

/// What a drag with the left button does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Movement {
    /// Turns around the pivot.
    #[default]
    Orbit,
    /// Turns the head.
    Fly,
}

/// All that is remembered. Unknown and missing fields are no fault: other versions wrote them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Settings {
    /// Width and height of the window, points.
    pub window: [f64; 2],
    /// Its upper left corner on the desktop in pixels, where the system tells.
    pub position: Option<[i32; 2]>,
    /// Whether it fills the screen.
    pub maximized: bool,
    /// Light or dark.
    pub theme: Theme,
    /// Whether the panel at the side is open.
    pub panel: bool,
    /// Whether cameras are drawn.
    pub frusta: bool,
    /// Orbit or fly.
    pub movement: Movement,
    /// Whether the camera stays upright.
    pub keep_upright: bool,
    /// Vertical field of view, degrees.
    pub fov_y: f64,
    /// How training is watched.
    pub live_rate: LiveRate,
    /// How scenes are shown.
    pub look: Look,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            window: [1280.0, 800.0],
            position: None,
            maximized: false,
            theme: Theme::default(),
            panel: true,
            frusta: true,
            movement: Movement::default(),
            keep_upright: true,
            fov_y: 50.0,
            live_rate: LiveRate::default(),
            look: Look::default(),
        }
    }
}

impl Settings {
    /// The file of this user; `None` where the system has no such folder.
    #[must_use]
    pub(crate) fn path() -> Option<PathBuf> {
        let folders = directories::ProjectDirs::from("", "", "lapidary")?;
        Some(folders.config_dir().join("viewer.json"))
    }

    /// Those of a file; the usual ones where there is none or it holds something else.
    #[must_use]
    pub(crate) fn load(path: &Path) -> Self {
        let read: Option<Self> = files::read(path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        read.unwrap_or_default().checked()
    }

    /// Writes the file.
    ///
    /// # Errors
    /// [`FileError`] naming the file.
    pub(crate) fn save(&self, path: &Path) -> Result<(), FileError> {
        // Numbers, names and booleans: this cannot fail.
        let json = serde_json::to_vec_pretty(self).unwrap_or_default();
        files::write_atomically(path, &json)
    }

    /// The same with numbers that make a window, whatever the file held. Every scene is first seen as it is: of the look
    /// only the background is carried over.
    fn checked(mut self) -> Self {
        let default = Self::default();
        if !self.window.iter().all(|side| (200.0..=16_384.0).contains(side)) {
            self.window = default.window;
        }
        if !(5.0..=120.0).contains(&self.fov_y) {
            self.fov_y = default.fov_y;
        }
        self.look = Look { background: self.look.background, ..Look::default() }.checked();
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::DisplayMode;

    #[test]
    fn settings_come_back_and_bad_ones_do_no_harm() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/viewer.json");
        assert_eq!(Settings::load(&path), Settings::default(), "no file");
        let look = Look { background: [1.0; 3], ..Look::default() };
        let changed = Settings {
            window: [900.0, 700.0],
            position: Some([-40, 60]),
            theme: Theme::Light,
            look,
            ..Settings::default()
        };
        let looked = Look { mode: DisplayMode::Tiles, sh_degree: 0, scale: 0.5, ..look };
        Settings { look: looked, ..changed.clone() }.save(&path).unwrap();
        assert_eq!(Settings::load(&path), changed, "the next scene is seen as it is");
        for bad in ["", "[1,2", r#"{"window":[0,-1],"fov_y":900,"unknown":1}"#] {
            files::write_atomically(&path, bad.as_bytes()).unwrap();
            assert_eq!(Settings::load(&path), Settings::default(), "{bad}");
        }
    }
}
