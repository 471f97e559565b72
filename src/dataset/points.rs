//! Points to start from, wherever programs leave them.

use std::path::Path;

use super::colmap::ColmapModel;
use super::error::DatasetError;
use super::ply::{self, PointCloud};
use super::tree::{Tree, inside, join};
use super::{DatasetOptions, SfmPoint};

/// Names of files of points, in the order in which they are looked for: of COLMAP and 3DGS, Brush, nerfstudio.
const NAMES: [&str; 5] = ["points3D.bin", "points3D.txt", "points3D.ply", "init.ply", "sparse_pc.ply"];

/// The fault of a file of another kind.
const NO_POINTS: &str = "it is no file of points: PLY is read, and COLMAP's points3D.bin and points3D.txt; a training goes on \
                         from a scene with --start";

/// Points, and where they were found.
#[derive(Debug, Default)]
pub(super) struct FoundPoints {
    pub(super) points: Vec<SfmPoint>,
    /// The file, for people: relative to the dataset, or as the options name it. `None` where no file holds points.
    pub(super) file: Option<String>,
    /// Files of points that are there and were not used.
    pub(super) unused: Vec<String>,
    /// Notes for the user about the points, a sentence each.
    pub(super) notes: Vec<String>,
}

/// The points of the file that the options name, or else of the first file that holds any, in the first of these
/// folders that has one. Capitals in names do not matter.
pub(super) fn find_points(
    tree: &Tree,
    folders: &[&str],
    options: &DatasetOptions,
) -> Result<FoundPoints, DatasetError> {
    if let Some(file) = &options.points {
        let mut found = named_points(tree, file)?;
        found.unused = unused_points(tree, folders, found.file.as_deref());
        return Ok(found);
    }
    let mut found = FoundPoints::default();
    for candidate in candidates(tree, folders) {
        if found.file.is_some() {
            found.unused.push(candidate);
            continue;
        }
        let cloud = read_points(tree, &candidate)?;
        if cloud.points.is_empty() {
            found.unused.push(candidate);
        } else {
            found = FoundPoints { points: cloud.points, file: Some(candidate), notes: cloud.notes, ..found };
        }
    }
    Ok(found)
}

/// The files of points in some folders, each once.
fn candidates(tree: &Tree, folders: &[&str]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for path in folders.iter().flat_map(|folder| NAMES.map(|name| join(folder, name))) {
        found.extend(tree.spelled_file(&path).filter(|file| !found.contains(file)));
    }
    found
}

/// Files of points in some folders beside the one that is used.
pub(super) fn unused_points(tree: &Tree, folders: &[&str], used: Option<&str>) -> Vec<String> {
    let same = |file: &String| {
        used.is_some_and(|used| inside(used).as_ref() == Some(file) || tree.path_of(file) == Path::new(used))
    };
    let mut found = candidates(tree, folders);
    found.retain(|file| !same(file));
    found
}

/// The points of a file in the dataset, or of one on the disk.
fn named_points(tree: &Tree, file: &Path) -> Result<FoundPoints, DatasetError> {
    let in_dataset = file.to_str().and_then(inside).filter(|inside| tree.is_file(inside));
    let cloud = match (in_dataset, file.parent(), file.file_name().and_then(|name| name.to_str())) {
        (Some(inside), ..) => read_points(tree, &inside)?,
        (None, Some(folder), Some(name)) => read_points(&Tree::folder(folder), name)?,
        _ => return Err(DatasetError::Content { path: file.into(), reason: "expected a file of points".into() }),
    };
    if cloud.points.is_empty() {
        return Err(DatasetError::Content { path: file.into(), reason: "it holds no point to start from".into() });
    }
    Ok(FoundPoints::of(cloud, file.display().to_string()))
}

impl FoundPoints {
    /// The points of a file.
    pub(super) fn of(cloud: PointCloud, file: String) -> Self {
        Self { points: cloud.points, file: Some(file), unused: Vec::new(), notes: cloud.notes }
    }
}

/// Reads a file by the ending of its name: COLMAP's `.bin` and `.txt`, else PLY.
fn read_points(tree: &Tree, file: &str) -> Result<PointCloud, DatasetError> {
    match file.rsplit_once('.').map(|(_, ending)| ending.to_lowercase()).as_deref() {
        Some("bin" | "txt") => ColmapModel::read_points_file(tree, file),
        _ => {
            let (bytes, path) = (tree.read(file)?, tree.path_of(file));
            if bytes.starts_with(b"ply") {
                return ply::read(&bytes, &path);
            }
            Err(DatasetError::Content { path, reason: NO_POINTS.into() })
        }
    }
}
