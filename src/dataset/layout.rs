//! Finds the layout of a folder or archive, and the datasets in it.

use std::path::{Path, PathBuf};

use super::names::is_picture;
use super::tree::{Tree, join};
use super::{DatasetOptions, colmap, nerf};

/// Folders within folders in which a dataset is looked for.
const MAX_DEPTH: usize = 3;

/// Most folders that are looked into.
const MAX_FOLDERS: usize = 1000;

/// The layout of a dataset.
pub(super) enum DatasetLayout {
    /// Folders of COLMAP's models.
    Colmap(Vec<String>),
    Blender,
    /// The name of the file.
    Nerfstudio(String),
}

impl DatasetLayout {
    /// The first that is there: COLMAP's, then Blender's, then a single `transforms.json`, then COLMAP's elsewhere.
    pub(super) fn of(tree: &Tree) -> Option<Self> {
        let models = |sparse: &str| Some(colmap::models(tree, sparse)).filter(|models| !models.is_empty());
        let transforms = || {
            if tree.is_file(nerf::TRAIN) {
                return Some(Self::Blender);
            }
            tree.spelled_file(nerf::WHOLE).map(Self::Nerfstudio)
        };
        let elsewhere = || ["colmap/sparse", ""].into_iter().find_map(models).map(Self::Colmap);
        models("sparse").map(Self::Colmap).or_else(transforms).or_else(elsewhere)
    }

    /// The closest folder above a COLMAP model that has a folder `images`, and the layout as seen from there. `None` where
    /// this is no COLMAP model or has pictures of its own.
    pub(super) fn seen_from_above(
        &self,
        path: &Path,
        tree: &Tree,
        options: &DatasetOptions,
    ) -> Option<(PathBuf, Self)> {
        let Self::Colmap(models) = self else { return None };
        // A model has a file `images.bin` or `images.txt`.
        let has_folder = tree.folders("").iter().any(|name| name.to_lowercase().starts_with("images"));
        let has_pictures = has_folder || tree.names("").iter().any(|name| is_picture(name));
        if options.images.is_some() || !path.is_dir() || has_pictures {
            return None;
        }
        let path = path.canonicalize().ok()?;
        let above = path.ancestors().skip(1).take(MAX_DEPTH).find(|above| above.join("images").is_dir())?;
        let inner = path.strip_prefix(above).ok()?.to_str()?.replace('\\', "/");
        let models = models.iter().map(|model| if model.is_empty() { inner.clone() } else { join(&inner, model) });
        Some((above.into(), Self::Colmap(models.collect())))
    }

    /// Folders that hold a dataset, where a tree holds none itself; none within each other.
    pub(super) fn below(tree: &Tree) -> Vec<String> {
        let (mut found, mut looked) = (Vec::new(), 0);
        let mut folders = vec![(String::new(), 0)];
        while let Some((folder, depth)) = folders.pop() {
            for name in tree.folders(&folder).into_iter().filter(|name| !name.starts_with('.')) {
                let inner = join(&folder, &name);
                looked += 1;
                if looked > MAX_FOLDERS {
                    break;
                }
                if Self::of(&tree.within(&inner)).is_some() {
                    found.push(inner);
                } else if depth + 1 < MAX_DEPTH {
                    folders.push((inner, depth + 1));
                }
            }
        }
        found.sort();
        found
    }
}
