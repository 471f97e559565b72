//! A dataset from a model of COLMAP and its folder of pictures.

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;

use super::colmap::{ColmapImage, ColmapModel};
use super::error::DatasetError;
use super::file_head::head_of;
use super::folders::picture_folders;
use super::found::{ParsedDataset, PictureSize};
use super::mask::{Mask, MaskFile};
use super::pinhole::Undistortion;
use super::points::find_points;
use super::search::Search;
use super::split::TestList;
use super::tree::{Tree, TreeFile, join};
use super::{DatasetFormat, DatasetOptions, Split, View};
use crate::text::are;

/// The model with the most pictures, without its points, and its folder.
fn largest(tree: &Tree, folders: &[String], found: &mut ParsedDataset) -> Result<(ColmapModel, String), DatasetError> {
    let mut best: Option<(ColmapModel, &String)> = None;
    let mut sizes = Vec::new();
    for folder in folders {
        let model = ColmapModel::read_poses(tree, folder)?;
        sizes.push(format!("{folder} has {}", model.images.len()));
        // Of equally large ones, the first.
        if best.as_ref().is_none_or(|(best, _)| model.images.len() > best.images.len()) {
            best = Some((model, folder));
        }
    }
    let Some((model, folder)) = best else { return Err(DatasetError::NotADataset { path: tree.path_of("") }) };
    if folders.len() > 1 {
        let list = sizes.join(", ");
        let count = folders.len();
        found.notes.push(format!("{count} models; {folder} is used, the one with the most images ({list})"));
        found.findings.unused_models = count - 1;
    }
    Ok((model, folder.clone()))
}

/// Reads the largest of the models in `folders`.
pub(super) fn open(
    tree: &Arc<Tree>,
    folders: &[String],
    options: &DatasetOptions,
) -> Result<ParsedDataset, DatasetError> {
    let mut found = ParsedDataset::new(DatasetFormat::Colmap);
    let (model, folder) = largest(tree, folders, &mut found)?;
    let above = folder.rsplit_once('/').map_or("", |(above, _)| above);
    found.add_points(find_points(tree, &[&folder, above, ""], options)?);
    let pictures = find_pictures(tree, &model.images, options, &mut found)?;
    let undistortions: BTreeMap<u32, Vec<Undistortion>> =
        model.cameras.par_iter().map(|(id, camera)| (*id, Undistortion::all(&camera.lens, camera.size))).collect();
    let view = |(image, (place, divisor)): (&ColmapImage, (TreeFile, u32))| -> Result<Vec<View>, DatasetError> {
        let name = image.name.clone();
        let undistortions = undistortions.get(&image.camera).ok_or_else(|| DatasetError::NoCamera {
            path: tree.path_of(&folder),
            name: name.clone(),
            camera: image.camera,
        })?;
        let mask = MaskFile::find(tree, &name).or_else(|| MaskFile::find(tree, &join("images", &name)));
        let head = head_of(&place, divisor)?;
        let mask = mask.map(|mask| Mask::new(mask, &place, &head)).transpose()?;
        let pinhole = |undistortion: &Undistortion| {
            let sized = PictureSize::new(undistortion, &place, &head, divisor, options)?;
            let camera = sized.camera(image.view_from_world).map_err(|source| DatasetError::Camera {
                path: tree.path_of(&folder),
                name: name.clone(),
                source,
            })?;
            let source = sized.source(place.clone(), mask.clone());
            Ok(View { name: undistortion.name(&name), split: Split::Train, camera, source })
        };
        undistortions.iter().map(pinhole).collect()
    };
    let shown = model.images.par_iter().zip(pictures).filter_map(|(image, picture)| Some((image, picture?)));
    let views = shown.map(view).collect::<Result<Vec<_>, _>>()?;
    found.views = views.into_iter().flatten().collect();
    // The list that 3DGS reads there.
    if let Some(file) = tree.spelled_file(&join(&folder, "test.txt")) {
        found.test_list = Some(TestList { path: tree.path_of(&file), bytes: tree.read(&file)? });
    }
    Ok(found)
}

/// The pictures of a model, `None` for those that are missing, with what is still to be divided by. Says what is missing,
/// named otherwise, or not used.
fn find_pictures(
    tree: &Arc<Tree>,
    images: &[ColmapImage],
    options: &DatasetOptions,
    found: &mut ParsedDataset,
) -> Result<Vec<Option<(TreeFile, u32)>>, DatasetError> {
    let folders = picture_folders(tree, options)?;
    let names: Vec<&str> = images.iter().map(|image| image.name.as_str()).collect();
    let search = Search::new(&folders, &names);
    let (folder, all) = (&folders[0], names.len());
    let mut missing = names.iter().zip(&search.pictures).filter(|(_, picture)| picture.is_none());
    if let Some((first, _)) = missing.next() {
        let (path, count) = (folder.place(first).path(), 1 + missing.count());
        if count == all {
            if let Some(first) = search.ambiguous.first() {
                let (path, reason) = (folder.path(), first.sentence(&names));
                return Err(DatasetError::Content { path, reason });
            }
            if let Some(part) = folder.tree.unreadable().into_iter().next() {
                return Err(DatasetError::Unreadable { path: tree.path_of(""), part });
            }
            return Err(DatasetError::MissingPictures { path, missing: count, of: all });
        }
        let path = path.display();
        let are = are(count);
        found.notes.push(format!("{count} of {all} images {are} missing and skipped, the first is {path}"));
        found.findings.missing_pictures = count;
    }
    found.note_on_renamed(&search, &names);
    found.note_on_unused(&search.unused, folder);
    if !Arc::ptr_eq(tree, &folder.tree) {
        found.note_on_unreadable(&folder.tree);
    }
    Ok(search.pictures)
}
