//! Named views of a scene, kept in its file.

use super::StartView;

/// A view that has a name.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Bookmark {
    /// The name, as its maker typed it.
    pub name: String,
    /// The view, world units.
    #[serde(flatten)]
    pub view: StartView,
}
