//! The metadata of a scene file: keys and values, written and parsed.

use std::collections::BTreeMap;

use glam::DVec3;

use crate::camera::RenderOptions;
use crate::constants::NEAR;
use crate::scene::{Bookmark, Scene, Similarity, StartView};

/// Value of the metadata key `format`.
pub(super) const FORMAT: &str = "lapidary-scene";

/// Value of the metadata key `version` of scenes without an origin; raised when an older reader would misread the file.
const VERSION: &str = "1";

/// Value of that key of scenes with an origin, which readers of the first version would put elsewhere.
const VERSION_WITH_ORIGIN: &str = "2";

/// Value of the metadata key `writer`.
const WRITER: &str = concat!("lapidary ", env!("CARGO_PKG_VERSION"));

/// Metadata key of K.
const POINTS: &str = "points_per_convex";

/// Metadata key of the SH degree.
const DEGREE: &str = "sh_degree";

/// Metadata key of [`Scene::origin`]; absent where it is zero.
const ORIGIN: &str = "origin";

/// Metadata key of [`Metadata::normalised_from_world`].
pub(super) const SIMILARITY: &str = "normalised_from_world";

/// Metadata key of [`Metadata::antialias`]; absent where it is off.
const ANTIALIAS: &str = "antialias";

/// Metadata key of [`Metadata::background`]; absent where it is black.
const BACKGROUND: &str = "background";

/// Metadata key of [`Metadata::start_view`].
pub(crate) const START_VIEW: &str = "start_view";

/// Metadata key of [`Metadata::bookmarks`]; absent without any.
const BOOKMARKS: &str = "bookmarks";

/// Most bookmarks of a file.
const MAX_BOOKMARKS: usize = 1000;

/// Metadata key of [`Metadata::provenance`].
const PROVENANCE: &str = "provenance";

/// The metadata of a scene file: all that it holds besides the parameters.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metadata {
    /// The similarity that the scene was trained under. The parameters are in world units whether it is there or not.
    pub normalised_from_world: Option<Similarity>,
    /// Whether the scene was trained with anti-aliasing, and is to be drawn so.
    pub antialias: bool,
    /// The background that the scene was trained with and is to be drawn over; sRGB in 0..=1.
    pub background: [f32; 3],
    /// The view that the scene opens with.
    pub start_view: Option<StartView>,
    /// Named views.
    pub bookmarks: Vec<Bookmark>,
    /// The origin of the scene for people, in one sentence.
    pub provenance: Option<String>,
    /// How many Gaussians of the file that was read are no convexes, because they have no finite values or no size; not
    /// stored.
    pub left_out: usize,
}

impl Metadata {
    /// The options with which the scene was trained, in world units.
    #[must_use]
    pub fn render_options(&self) -> RenderOptions {
        let near = self.normalised_from_world.map_or(NEAR, |similarity| NEAR / similarity.scale);
        RenderOptions { near, background: self.background, antialias: self.antialias }
    }

    /// The metadata of the scene after edits, each told in a sentence of its provenance.
    #[must_use]
    pub fn edited(self, edits: impl IntoIterator<Item = String>) -> Self {
        let told: Vec<String> = self.provenance.into_iter().chain(edits).collect();
        let provenance = (!told.is_empty()).then(|| told.join("; "));
        Self { provenance, ..self }
    }
}

/// Keys and values of the metadata of a scene, in alphabetical order; other formats for scenes carry the same ones.
///
/// # Errors
/// A sentence where the similarity, the background or the start view is none.
pub fn entries(scene: &Scene, metadata: &Metadata) -> Result<BTreeMap<&'static str, String>, String> {
    let Metadata { normalised_from_world, antialias, background, start_view, bookmarks, provenance, left_out: _ } =
        metadata;
    let similarity = normalised_from_world.as_ref().map(similarity_text).transpose()?;
    let start_view = start_view.as_ref().map(start_view_text).transpose()?;
    let bookmarks = (!bookmarks.is_empty()).then(|| bookmarks_text(bookmarks)).transpose()?;
    check_background(background)?;
    let background = (*background != [0.0; 3]).then(|| format!("{background:?}"));
    let has_origin = scene.origin != DVec3::ZERO;
    let version = if has_origin { VERSION_WITH_ORIGIN } else { VERSION };
    let entries = [
        ("format", Some(FORMAT.to_owned())),
        ("version", Some(version.to_owned())),
        (ORIGIN, has_origin.then(|| format!("{:?}", scene.origin.to_array()))),
        (POINTS, Some(scene.points_per_convex.to_string())),
        (DEGREE, Some(scene.sh_degree.to_string())),
        ("writer", Some(WRITER.to_owned())),
        (SIMILARITY, similarity),
        (ANTIALIAS, antialias.then(|| true.to_string())),
        (BACKGROUND, background),
        (START_VIEW, start_view),
        (BOOKMARKS, bookmarks),
        (PROVENANCE, provenance.clone()),
    ];
    Ok(entries.into_iter().filter_map(|(key, value)| Some((key, value?))).collect())
}

/// An empty scene of the shape that [`entries`] give, and the metadata. `value_of` finds the value of a key.
///
/// # Errors
/// A sentence that names the key.
pub fn parse_entries<'a>(value_of: impl Fn(&str) -> Option<&'a str>) -> Result<(Scene, Metadata), String> {
    let value = |key: &str| value_of(key).unwrap_or("nothing");
    if value("format") != FORMAT {
        return Err(format!("metadata `format` is {}, expected {FORMAT}", value("format")));
    }
    if ![VERSION, VERSION_WITH_ORIGIN].contains(&value("version")) {
        let found = value("version");
        return Err(format!("metadata `version` is {found}, expected {VERSION} or {VERSION_WITH_ORIGIN}"));
    }
    let number = |key: &str| {
        value(key).parse::<usize>().map_err(|_| format!("metadata `{key}` is {}, not a number", value(key)))
    };
    let mut scene = Scene::empty(number(POINTS)?, number(DEGREE)?);
    scene.origin = value_of(ORIGIN).map(parse_origin).transpose()?.unwrap_or_default();
    scene.check_shapes().map_err(|error| error.to_string())?;
    let normalised_from_world = value_of(SIMILARITY).map(parse_similarity).transpose()?;
    let antialias = match value_of(ANTIALIAS) {
        None | Some("false") => false,
        Some("true") => true,
        Some(other) => return Err(format!("metadata `{ANTIALIAS}` is {other}, expected true or false")),
    };
    let background = value_of(BACKGROUND).map(parse_background).transpose()?.unwrap_or_default();
    let start_view = value_of(START_VIEW).map(parse_start_view).transpose()?;
    let bookmarks = value_of(BOOKMARKS).map(parse_bookmarks).transpose()?.unwrap_or_default();
    let provenance = value_of(PROVENANCE).map(str::to_owned);
    let metadata =
        Metadata { normalised_from_world, antialias, background, start_view, bookmarks, provenance, left_out: 0 };
    Ok((scene, metadata))
}

fn parse_origin(text: &str) -> Result<DVec3, String> {
    let origin = serde_json::from_str(text).map(DVec3::from_array).ok();
    origin
        .filter(|origin| origin.as_vec3().is_finite())
        .ok_or_else(|| format!("metadata `{ORIGIN}` is {text}, expected three finite numbers"))
}

fn parse_background(text: &str) -> Result<[f32; 3], String> {
    let background = serde_json::from_str(text).map_err(|error| format!("metadata `{BACKGROUND}`: {error}"))?;
    check_background(&background)?;
    Ok(background)
}

fn check_background(background: &[f32; 3]) -> Result<(), String> {
    let is_good = background.iter().all(|channel| (0.0..=1.0).contains(channel));
    is_good
        .then_some(())
        .ok_or_else(|| format!("metadata `{BACKGROUND}` is {background:?}, expected three numbers from 0 to 1"))
}

fn similarity_text(similarity: &Similarity) -> Result<String, String> {
    similarity.check().map_err(|reason| format!("metadata `{SIMILARITY}`: {reason}"))?;
    serde_json::to_string(similarity).map_err(|error| error.to_string())
}

fn parse_similarity(text: &str) -> Result<Similarity, String> {
    let similarity: Similarity =
        serde_json::from_str(text).map_err(|error| format!("metadata `{SIMILARITY}` is no similarity: {error}"))?;
    similarity.check().map_err(|reason| format!("metadata `{SIMILARITY}`: {reason}"))?;
    Ok(similarity)
}

fn bookmarks_text(bookmarks: &[Bookmark]) -> Result<String, String> {
    check_bookmarks(bookmarks)?;
    serde_json::to_string(bookmarks).map_err(|error| error.to_string())
}

fn parse_bookmarks(text: &str) -> Result<Vec<Bookmark>, String> {
    let bookmarks: Vec<Bookmark> =
        serde_json::from_str(text).map_err(|error| format!("metadata `{BOOKMARKS}` are no named views: {error}"))?;
    check_bookmarks(&bookmarks)?;
    Ok(bookmarks)
}

fn check_bookmarks(bookmarks: &[Bookmark]) -> Result<(), String> {
    if bookmarks.len() > MAX_BOOKMARKS {
        return Err(format!("metadata `{BOOKMARKS}` are {}, expected at most {MAX_BOOKMARKS}", bookmarks.len()));
    }
    let fault = bookmarks.iter().find_map(|bookmark| bookmark.view.check().err());
    fault.map_or(Ok(()), |reason| Err(format!("metadata `{BOOKMARKS}`: {reason}")))
}

/// The value of the key `start_view`.
///
/// # Errors
/// A sentence that names the key.
pub(crate) fn start_view_text(view: &StartView) -> Result<String, String> {
    view.check().map_err(|reason| format!("metadata `{START_VIEW}`: {reason}"))?;
    serde_json::to_string(view).map_err(|error| error.to_string())
}

/// Reads the value of the key `start_view`, which PLY files of Gaussians carry as well.
///
/// # Errors
/// A sentence that names the key.
pub(crate) fn parse_start_view(text: &str) -> Result<StartView, String> {
    let view: StartView =
        serde_json::from_str(text).map_err(|error| format!("metadata `{START_VIEW}` is no view: {error}"))?;
    view.check().map_err(|reason| format!("metadata `{START_VIEW}`: {reason}"))?;
    Ok(view)
}
