//! Folders of pictures, and the sister folders that hold them in smaller sizes.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::DatasetOptions;
use super::error::DatasetError;
use super::names::{is_picture, split_extension};
use super::tree::{Tree, TreeFile, inside, join};

/// Extensions that are tried where a name lacks it or the picture was converted, in this order.
const TRIED_EXTENSIONS: [&str; 10] = ["png", "jpg", "jpeg", "JPG", "PNG", "JPEG", "webp", "tif", "tiff", "bmp"];

/// A folder of pictures, and what is still to be divided by.
#[derive(Clone)]
pub(super) struct PictureFolder {
    pub(super) tree: Arc<Tree>,
    folder: String,
    pub(super) divisor: u32,
    /// Whether pictures lie in the folder itself only, because other things lie in folders below it.
    is_flat: bool,
}

impl PictureFolder {
    pub(super) fn place(&self, name: &str) -> TreeFile {
        TreeFile { tree: Arc::clone(&self.tree), inside: join(&self.folder, name) }
    }

    /// The path of the folder, for messages.
    pub(super) fn path(&self) -> PathBuf {
        self.tree.path_of(&self.folder)
    }

    /// Whether a picture of exactly that name is there.
    pub(super) fn has(&self, name: &str) -> bool {
        self.tree.is_file(&join(&self.folder, name))
    }

    /// The name of the picture that a name means if its extension is missing or another one.
    pub(super) fn with_other_ending(&self, name: &str) -> Option<String> {
        // A name such as `frame.00012` has no extension, although it has a dot: both are tried.
        let (stem, extension) = split_extension(name);
        let bases = [name].into_iter().chain(extension.map(|_| stem));
        let mut others = bases.flat_map(|base| TRIED_EXTENSIONS.map(|ending| format!("{base}.{ending}")));
        others.find(|other| self.has(other))
    }

    /// The picture of that name, or with another extension.
    pub(super) fn find(&self, name: &str) -> Option<TreeFile> {
        if self.has(name) { Some(self.place(name)) } else { Some(self.place(&self.with_other_ending(name)?)) }
    }

    /// Paths of all files below the folder, relative to it.
    pub(super) fn files(&self) -> Vec<String> {
        let mut files = self.tree.files_below(&self.folder);
        files.retain(|file| !self.is_flat || !file.contains('/'));
        files
    }

    /// The folder beside this one that has the pictures in the size asked for, or this one.
    fn divided(self, downscale: u32) -> Self {
        let folder = format!("{}_{downscale}", self.folder);
        let is_there = downscale > 1 && !self.folder.is_empty() && self.tree.is_folder(&folder);
        if is_there { Self { folder, divisor: 1, ..self } } else { Self { divisor: downscale, ..self } }
    }
}

/// The folder that the options name, in the dataset or on the disk, whatever size is asked for.
fn undivided(tree: &Arc<Tree>, images: &Path) -> Result<PictureFolder, DatasetError> {
    let inside = images.to_str().and_then(inside).filter(|inside| tree.is_folder(inside));
    let (tree, folder) = match inside {
        Some(inside) => (Arc::clone(tree), inside),
        None => (Arc::new(Tree::open(images)?), String::new()),
    };
    Ok(PictureFolder { tree, folder, divisor: 1, is_flat: false })
}

/// The folders of pictures of a layout that keeps them in one: the one of the size asked for where it is there, then the
/// whole pictures.
pub(super) fn picture_folders(tree: &Arc<Tree>, options: &DatasetOptions) -> Result<Vec<PictureFolder>, DatasetError> {
    let whole = match &options.images {
        Some(images) => undivided(tree, images)?,
        None => usual_folder(tree),
    };
    let plain = PictureFolder { divisor: options.divisor(), ..whole.clone() };
    let divided = whole.divided(options.divisor());
    Ok(if divided.folder == plain.folder { vec![plain] } else { vec![divided, plain] })
}

/// `images`, or the dataset's own folder where there is none and pictures lie beside the model.
fn usual_folder(tree: &Arc<Tree>) -> PictureFolder {
    let images = tree.spelled("images").filter(|folder| tree.is_folder(folder));
    let is_flat = images.is_none() && tree.names("").iter().any(|name| is_picture(name));
    let folder = if is_flat { String::new() } else { images.unwrap_or_else(|| "images".into()) };
    PictureFolder { tree: Arc::clone(tree), folder, divisor: 1, is_flat }
}

/// The folders in which the picture of a path relative to the dataset is looked for, a sister folder of the size asked
/// for before its own, and its name there.
pub(super) fn folders_of<'a>(
    tree: &Arc<Tree>,
    path: &'a str,
    options: &DatasetOptions,
) -> ([PictureFolder; 2], &'a str) {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let (tree, divisor) = (Arc::clone(tree), options.divisor());
    let plain = PictureFolder { tree, folder: folder.into(), divisor, is_flat: false };
    ([plain.clone().divided(divisor), plain], name)
}

/// The picture of a path relative to the dataset, and what is still to be divided by.
pub(super) fn picture_at(tree: &Arc<Tree>, path: &str, options: &DatasetOptions) -> Option<(TreeFile, u32)> {
    let (folders, name) = folders_of(tree, path, options);
    folders.into_iter().find_map(|pictures| Some((pictures.find(name)?, pictures.divisor)))
}
