//! The settings that are kept from one start to the next, in a small JSON file in the user's folder of settings.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::files::{self, FileError};
use crate::scene::Bookmark;
use crate::viewer::live::LiveRate;
use crate::viewer::scene_view::settings::ViewSettings;

/// The colours of the panels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Theme {
    /// Light text on dark panels.
    #[default]
    Dark,
    /// Dark text on light panels.
    Light,
    /// The theme of the system.
    System,
}

/// The motion that a drag with the left button makes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Movement {
    /// Turns the camera around the pivot.
    #[default]
    Orbit,
    /// Turns the camera in its place.
    Fly,
}

/// The number of paths that are remembered.
const MAX_RECENT: usize = 8;

/// The number of paths whose bookmarks are remembered.
const MAX_BOOKMARKED: usize = 50;

/// Everything that is kept. Unknown and missing fields are no errors: other versions wrote them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Settings {
    /// Width and height of the window, in points.
    pub window: [f64; 2],
    /// The upper left corner of the window on the desktop in pixels, if the system says where it is.
    pub position: Option<[i32; 2]>,
    /// Whether the window fills the screen.
    pub maximized: bool,
    /// The colours of the panels.
    pub theme: Theme,
    /// Whether the panel at the side is open.
    pub panel: bool,
    /// Whether cameras are drawn.
    pub frusta: bool,
    /// Whether a grid is drawn on the ground.
    pub grid: bool,
    /// The size of drawn cameras, in parts of the usual one.
    pub frustum_size: f64,
    /// The motion of a drag with the left button.
    pub movement: Movement,
    /// Whether the camera stays upright.
    pub keep_upright: bool,
    /// The vertical field of view, in degrees.
    pub fov_y: f64,
    /// The paths that were opened last, the newest first.
    pub recent: Vec<PathBuf>,
    /// Bookmarks that were changed in the window, with the path of their document, the newest first.
    pub bookmarks: Vec<(PathBuf, Vec<Bookmark>)>,
    /// How often the scene of a training is taken.
    pub live_rate: LiveRate,
    /// How scenes are shown.
    #[serde(alias = "look")]
    pub view: ViewSettings,
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
            grid: false,
            frustum_size: 1.0,
            movement: Movement::default(),
            keep_upright: true,
            fov_y: 50.0,
            recent: Vec::new(),
            bookmarks: Vec::new(),
            live_rate: LiveRate::default(),
            view: ViewSettings::default(),
        }
    }
}

impl Settings {
    /// Returns the file of this user, or `None` if the system has no such folder.
    #[must_use]
    pub(crate) fn path() -> Option<PathBuf> {
        let folders = directories::ProjectDirs::from("", "", "lapidary")?;
        Some(folders.config_dir().join("viewer.json"))
    }

    /// Adds a path to those that were opened last.
    pub(crate) fn remember(&mut self, path: &Path) {
        // The folder that the window is started in may be another one next time.
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        self.recent.retain(|known| *known != path);
        self.recent.insert(0, path);
        self.recent.truncate(MAX_RECENT);
    }

    /// Returns the bookmarks that were changed for a path, if any were.
    #[must_use]
    pub(crate) fn bookmarks_of(&self, path: &Path) -> Option<&Vec<Bookmark>> {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        self.bookmarks.iter().find(|(known, _)| *known == path).map(|(_, bookmarks)| bookmarks)
    }

    /// Keeps the bookmarks of a path.
    pub(crate) fn keep_bookmarks(&mut self, path: &Path, bookmarks: &[Bookmark]) {
        self.forget_bookmarks(path);
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        self.bookmarks.insert(0, (path, bookmarks.to_vec()));
        self.bookmarks.truncate(MAX_BOOKMARKED);
    }

    /// Forgets the bookmarks of a path, whose file has the right ones.
    pub(crate) fn forget_bookmarks(&mut self, path: &Path) {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        self.bookmarks.retain(|(known, _)| *known != path);
    }

    /// Reads a file; without one, or with another content, the settings are the usual ones.
    #[must_use]
    pub(crate) fn load(path: &Path) -> Self {
        let read: Option<Self> = files::read(path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        read.unwrap_or_default().checked()
    }

    /// Writes the file.
    ///
    /// # Errors
    /// Returns [`FileError`] naming the file.
    pub(crate) fn save(&self, path: &Path) -> Result<(), FileError> {
        // Numbers, names and booleans: this cannot fail.
        let json = serde_json::to_vec_pretty(self).unwrap_or_default();
        files::write_atomically(path, &json)
    }

    /// Returns the same with numbers that make a window, whatever the file held. Every scene is first shown as it is stored:
    /// only the background is kept.
    fn checked(mut self) -> Self {
        let default = Self::default();
        if !self.window.iter().all(|side| (200.0..=16_384.0).contains(side)) {
            self.window = default.window;
        }
        if !(5.0..=120.0).contains(&self.fov_y) {
            self.fov_y = default.fov_y;
        }
        self.frustum_size = if (0.1..=5.0).contains(&self.frustum_size) { self.frustum_size } else { 1.0 };
        self.view = ViewSettings { background: self.view.background, ..ViewSettings::default() }.checked();
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::DisplayMode;

    #[test]
    fn settings_are_read_as_written_and_broken_files_are_ignored() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/viewer.json");
        assert_eq!(Settings::load(&path), Settings::default(), "no file");
        let view = ViewSettings { background: [1.0; 3], ..ViewSettings::default() };
        let changed = Settings {
            window: [900.0, 700.0],
            position: Some([-40, 60]),
            theme: Theme::Light,
            view,
            ..Settings::default()
        };
        let altered = ViewSettings { mode: DisplayMode::Tiles, sh_degree: 0, scale: 0.5, ..view };
        Settings { view: altered, ..changed.clone() }.save(&path).unwrap();
        assert_eq!(Settings::load(&path), changed, "the next scene is shown as it is stored");
        for bad in ["", "[1,2", r#"{"window":[0,-1],"fov_y":900,"unknown":1}"#] {
            files::write_atomically(&path, bad.as_bytes()).unwrap();
            assert_eq!(Settings::load(&path), Settings::default(), "{bad}");
        }
    }

    #[test]
    fn the_paths_opened_last_are_remembered_once() {
        let mut settings = Settings::default();
        (0..12).for_each(|i| settings.remember(&Path::new("/data").join(i.to_string())));
        settings.remember(Path::new("/data/7"));
        let names = |settings: &Settings| {
            let name = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
            settings.recent.iter().map(name).collect::<Vec<String>>()
        };
        assert_eq!(names(&settings), ["7", "11", "10", "9", "8", "6", "5", "4"]);
    }

    #[test]
    fn the_name_that_older_versions_gave_to_the_view_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("viewer.json");
        files::write_atomically(&path, br#"{"look":{"background":[0.5,0.5,0.5],"mode":"depth"},"theme":"light"}"#)
            .unwrap();
        let settings = Settings::load(&path);
        assert_eq!((settings.view.background, settings.theme), ([0.5; 3], Theme::Light));
    }
}
