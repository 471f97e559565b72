//! Scenes from and to the files of other programs.
//!
//! | file | read | written |
//! |---|---|---|
//! | `.safetensors` | the native scene | the native scene |
//! | `.lapidary` | the compact scene | the compact scene |
//! | `.ply` | convexes, or Gaussians as convexes | convexes, or Gaussians for splat viewers |
//! | `.pt` | models of the authors' code | – |
//! | `.glb`, `.obj` | – | the hulls as solids of one colour, or as colliders |
//! | `.json` | – | colliders: corners and facets |
//! | `.html` | – | a page with the viewer and the compact scene |
//!
//! Layouts are in docs/formats.md. Whatever a file claims, no more memory is taken than a few times its size.

mod authors;
mod colliders;
mod compact;
mod foreign;
mod from_gaussians;
pub mod gaussians;
mod glb;
mod html;
pub mod hull;
pub mod mesh;
mod obj;
mod ply;
mod selection;
mod size;
mod tally;
mod world_transform;

use std::path::{Path, PathBuf};

pub use foreign::is_packed_gaussians;
pub use selection::{Dropped, OrientedBox, Seen, Selection, VisibleIn};
pub use size::about_bytes;
pub use world_transform::{WorldTransform, rotation_of_turns};

use glam::DVec3;

use crate::files::FileError;
use crate::scene::{Scene, SceneError, step_of_f32};
use crate::scene_file::{self, Metadata, SceneFileError};
use mesh::Solids;
use tally::Tally;

/// A scene that could not be read or written in another format.
#[derive(Debug, thiserror::Error)]
pub enum ConvertError {
    /// The file itself.
    #[error(transparent)]
    File(#[from] FileError),
    /// A native scene.
    #[error(transparent)]
    SceneFile(#[from] SceneFileError),
    /// A file that is not what its name says.
    #[error("{} is not {what}: {reason}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What was expected.
        what: &'static str,
        /// What was found.
        reason: String,
    },
    /// The values do not form a scene.
    #[error("{} holds a broken scene: {source}", path.display())]
    Scene {
        /// The file.
        path: PathBuf,
        /// The fault.
        source: SceneError,
    },
    /// A file name that ends in nothing known.
    #[error("{}: expected a name that ends in {expected}", path.display())]
    Extension {
        /// The file.
        path: PathBuf,
        /// Known endings.
        expected: &'static str,
    },
    /// A model of the authors' code whose focal lengths are nowhere.
    #[error(
        "{} needs focal lengths, and there is no cameras.json beside it or in the two folders above; give them to \
         `lapidary convert IN OUT.safetensors --focal FX,FY`, whose OUT every command reads",
        path.display()
    )]
    NoFocal {
        /// The file.
        path: PathBuf,
    },
    /// A page, in a build that has no viewer for browsers.
    #[error(
        "{}: this build of lapidary has no viewer for browsers; `make web` builds it, and then `cargo build --release --features web` \
         a lapidary with it",
        path.display()
    )]
    NoPage {
        /// The file.
        path: PathBuf,
    },
    /// An option that means nothing for this file.
    #[error("{}: {option} is for {meant_for}", path.display())]
    Option {
        /// The file.
        path: PathBuf,
        /// The option.
        option: &'static str,
        /// The files that it is for.
        meant_for: &'static str,
    },
}

impl ConvertError {
    fn content(path: &Path, what: &'static str, reason: String) -> Self {
        Self::Content { path: path.into(), what, reason }
    }
}

/// Focal lengths in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Focal {
    /// Along x.
    pub x: f64,
    /// Along y.
    pub y: f64,
}

impl Focal {
    /// Whether both are positive numbers.
    #[must_use]
    pub fn is_good(&self) -> bool {
        [self.x, self.y].iter().all(|focal| focal.is_finite() && *focal > 0.0)
    }
}

/// How solids are laid out in a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SolidLayout {
    /// One object for each convex, coloured.
    #[default]
    Each,
    /// One object for all, coloured.
    Merged,
    /// One object for each convex, for physics: without colours.
    Colliders,
}

/// The options of writing besides the format, which the file name decides.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct WriteOptions {
    /// Convexes fainter than this are left out of meshes, colliders and Gaussians, 0 to 1; a [`Selection`] drops them from scenes.
    pub min_opacity: f32,
    /// How solids are laid out.
    pub layout: SolidLayout,
    /// A `.ply` holds Gaussians instead of convexes.
    pub gaussians: bool,
    /// Meshes, colliders and Gaussians have places relative to the scene's origin, not to that of the world.
    pub recentre: bool,
}

/// Counts of the written file.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Written {
    /// The kind of objects in the file, in the plural.
    pub kind: &'static str,
    /// The number of convexes that are in the file.
    pub written: usize,
    /// Convexes of the scene that are not in the file: too faint, or without a volume.
    pub left_out: usize,
    /// Steps that places are rounded to, world units, because the file holds the world's coordinates in 32 bits; 0 where
    /// nothing is lost.
    pub lost: f64,
}

/// Reads a scene by the extension of its file. `focal` is for models of the authors' code.
///
/// # Errors
/// [`ConvertError`] naming the file and what was expected.
pub fn read(path: &Path, focal: Option<Focal>) -> Result<(Scene, Metadata), ConvertError> {
    let extension = extension(path);
    if focal.is_some() && extension != "pt" {
        return Err(ConvertError::Option { path: path.into(), option: "--focal", meant_for: "reading .pt files" });
    }
    let (scene, metadata) = match extension.as_str() {
        "safetensors" => scene_file::load_with(path)?,
        "lapidary" => compact::read(path)?,
        "ply" => ply::read(path)?,
        "pt" => authors::read(path, focal)?,
        _ => return Err(not_read(path)),
    };
    scene.check().map_err(|source| ConvertError::Scene { path: path.into(), source })?;
    Ok((scene, metadata))
}

fn not_read(path: &Path) -> ConvertError {
    match foreign::packed_gaussians(path) {
        Some(reason) => ConvertError::content(path, "a scene", reason),
        None => ConvertError::Extension { path: path.into(), expected: ".safetensors, .lapidary, .ply or .pt" },
    }
}

/// Writes a scene by the extension of its file. `report` is called from any thread when so many convexes have become solids or
/// Gaussians or were left out, and with all of them before those are written.
///
/// # Errors
/// [`ConvertError`] naming the file.
pub fn write(
    scene: &Scene,
    metadata: &Metadata,
    options: &WriteOptions,
    path: &Path,
    report: &(dyn Fn(usize) + Sync),
) -> Result<Written, ConvertError> {
    scene.check().map_err(|source| ConvertError::Scene { path: path.into(), source })?;
    let extension = extension(path);
    check_options(options, &extension, path)?;
    let whole = Written { kind: "convexes", written: scene.len(), left_out: 0, lost: 0.0 };
    let origin = if options.recentre { DVec3::ZERO } else { scene.origin };
    let step = step_of_f32(origin.abs().max_element());
    match extension.as_str() {
        "safetensors" => scene_file::save_with(scene, metadata, path).map(|()| whole).map_err(Into::into),
        "lapidary" => compact::write(scene, metadata, path).map(|()| whole),
        "html" => html::write(scene, metadata, path).map(|()| whole),
        "ply" if options.gaussians => {
            let written =
                gaussians::write(scene, origin, metadata.start_view, options.min_opacity, path, &Tally::new(report))?;
            let lost = if origin == DVec3::ZERO { 0.0 } else { step };
            Ok(Written { kind: "Gaussians", written, left_out: scene.len() - written, lost })
        }
        "ply" => ply::write(scene, metadata, path).map(|()| whole),
        _ => {
            let solids = write_solids(scene, origin, options, path, report)?;
            // The place of a node has 32 bits; files of text have all digits.
            let is_exact = extension != "glb" || origin.as_vec3().as_dvec3() == origin;
            Ok(Written { lost: if is_exact { 0.0 } else { step }, ..solids })
        }
    }
}

/// The bytes of a compact scene. Errors name `path`, where the scene came from.
///
/// # Errors
/// [`ConvertError`] when the scene is broken.
pub fn compact_bytes(scene: &Scene, metadata: &Metadata, path: &Path) -> Result<Vec<u8>, ConvertError> {
    scene.check().map_err(|source| ConvertError::Scene { path: path.into(), source })?;
    compact::packed(scene, metadata, path)
}

fn write_solids(
    scene: &Scene,
    origin: DVec3,
    options: &WriteOptions,
    path: &Path,
    report: &(dyn Fn(usize) + Sync),
) -> Result<Written, ConvertError> {
    let Solids { solids, faint, flat } = Solids::reported(scene, options.min_opacity, report);
    let extension = extension(path);
    match extension.as_str() {
        "glb" => glb::write(&solids, origin, options.layout, path)?,
        "obj" => obj::write(&solids, origin, options.layout, path)?,
        _ => colliders::write(&solids, origin, path)?,
    }
    let is_colliders = options.layout == SolidLayout::Colliders || extension == "json";
    let kind = if is_colliders { "colliders" } else { "solids" };
    Ok(Written { kind, written: solids.len(), left_out: faint + flat, lost: 0.0 })
}

/// Refuses endings that are not known, and options that would be ignored.
fn check_options(options: &WriteOptions, extension: &str, path: &Path) -> Result<(), ConvertError> {
    let expected = ".safetensors, .lapidary, .html, .ply, .glb, .obj or .json";
    if !["safetensors", "lapidary", "html", "ply", "glb", "obj", "json"].contains(&extension) {
        return Err(ConvertError::Extension { path: path.into(), expected });
    }
    let is_scene = is_scene_file(path, options.gaussians);
    let faults = [
        (options.gaussians && extension != "ply", "--gaussians", "writing .ply files"),
        (
            options.layout == SolidLayout::Merged && !["glb", "obj"].contains(&extension),
            "--merge",
            "writing .glb and .obj files",
        ),
        (
            options.layout == SolidLayout::Colliders && !["glb", "obj", "json"].contains(&extension),
            "--colliders",
            "writing .glb, .obj and .json files",
        ),
        (options.recentre && is_scene, "--recentre", "meshes, colliders and Gaussians; scenes keep their origin"),
    ];
    match faults.into_iter().find(|(is_fault, ..)| *is_fault) {
        Some((_, option, meant_for)) => Err(ConvertError::Option { path: path.into(), option, meant_for }),
        None => Ok(()),
    }
}

/// Whether a file of this name holds a scene with all that it is, rather than a mesh, colliders or Gaussians.
#[must_use]
pub fn is_scene_file(path: &Path, gaussians: bool) -> bool {
    let extension = extension(path);
    ["safetensors", "lapidary", "html"].contains(&extension.as_str()) || (extension == "ply" && !gaussians)
}

/// The extension in lower case.
fn extension(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().to_lowercase()
}
