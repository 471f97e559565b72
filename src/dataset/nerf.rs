//! Datasets described by `transforms.json` and its kin.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use glam::{DAffine3, DMat4, DVec3};

use super::colmap;
use super::error::DatasetError;
use super::file_head::head_of;
use super::folders::{PictureFolder, picture_at, picture_folders};
use super::found::{ParsedDataset, PictureSize};
use super::listed::Listed;
use super::mask::{Mask, MaskFile};
use super::names::{Closest, NameIndex, ends_alike, relative, tails};
use super::pinhole::Undistortion;
use super::points::{FoundPoints, find_points, unused_points};
use super::pose::PoseRepairs;
use super::search::{AmbiguousName, FoundPictures, Search, by_paths};
use super::transforms::{Transforms, TransformsFrame};
use super::tree::{Tree, TreeFile, inside};
use super::{DatasetFormat, DatasetOptions, Split, View, ply};
use crate::text::{are, counted, quoted};

/// The first of Blender's three files.
pub(super) const TRAIN: &str = "transforms_train.json";

/// The one file of nerfstudio and instant-ngp.
pub(super) const WHOLE: &str = "transforms.json";

/// `transforms_train.json`, and `transforms_test.json` or `transforms_val.json`: the files say what is for testing.
pub(super) fn open_blender(tree: &Arc<Tree>, options: &DatasetOptions) -> Result<ParsedDataset, DatasetError> {
    let mut reader = TransformsReader::new(tree, DatasetFormat::Blender, options)?;
    let train = reader.parse(TRAIN)?;
    if !reader.add(TRAIN, &train, |_| Some(Split::Train))? {
        return Err(reader.all_missing(TRAIN, &train));
    }
    reader.add_points(&train)?;
    let [test, validation] = ["transforms_test.json", "transforms_val.json"];
    let there: Vec<&str> = [test, validation].into_iter().filter(|file| tree.is_file(file)).collect();
    for file in &there {
        let transforms = reader.parse(file)?;
        if reader.found.has_split {
            reader.note(format!("{file} is not used"));
        } else if reader.add(file, &transforms, |_| Some(Split::Test))? {
            reader.found.has_split = true;
        } else {
            // Some programs write cameras for testing without taking their pictures.
            let count = transforms.frames.len();
            reader.note(format!("none of the {count} images of {file} is there, so nothing is held out for it"));
        }
    }
    if there.is_empty() {
        reader.note(format!("there is neither {test} nor {validation}: images of {TRAIN} are held out"));
    } else if !reader.found.has_split {
        reader.note(format!("images of {TRAIN} are held out instead"));
    }
    Ok(reader.finish())
}

/// A single file with all pictures.
pub(super) fn open_whole(
    tree: &Arc<Tree>,
    file: &str,
    options: &DatasetOptions,
) -> Result<ParsedDataset, DatasetError> {
    let mut reader = TransformsReader::new(tree, DatasetFormat::Nerfstudio, options)?;
    let transforms = reader.parse(file)?;
    let fault = |reason| DatasetError::Content { path: tree.path_of(file), reason };
    let lists = [
        ("train_filenames", &transforms.train_filenames),
        ("val_filenames", &transforms.val_filenames),
        ("test_filenames", &transforms.test_filenames),
    ];
    // Some programs write all three lists and fill one.
    for (key, _) in lists.iter().filter(|(_, names)| names.as_ref().is_some_and(Vec::is_empty)) {
        reader.note(format!("`{key}` of {file} is empty and counts as missing"));
    }
    let filled = |names: &'_ Option<Vec<String>>| names.as_ref().is_some_and(|names| !names.is_empty());
    let listed = |key: &str, names: &Option<Vec<String>>| {
        let names = names.as_ref().filter(|names| !names.is_empty());
        names.map(|names| Listed::new(key, names, &transforms.frames).map_err(fault)).transpose()
    };
    let (test, is_unused) = match listed("test_filenames", &transforms.test_filenames)? {
        Some(test) => (Some(test), filled(&transforms.val_filenames)),
        None => (listed("val_filenames", &transforms.val_filenames)?, false),
    };
    let train = listed("train_filenames", &transforms.train_filenames)?;
    reader.found.notes.extend([&test, &train].into_iter().flatten().filter_map(|list| list.note.clone()));
    if is_unused {
        reader.note(format!("`val_filenames` of {file} is not used, because it has `test_filenames`"));
    }
    reader.found.notes.extend(note_on_both_lists(file, train.as_ref(), test.as_ref()));
    reader.found.has_split = test.is_some() || train.is_some();
    let found = reader.add(file, &transforms, |index| match (&test, &train) {
        (Some(test), _) if test.frames.contains(&index) => Some(Split::Test),
        (_, Some(train)) if !train.frames.contains(&index) => None,
        _ => Some(Split::Train),
    })?;
    if !found {
        return Err(reader.all_missing(file, &transforms));
    }
    reader.add_points(&transforms)?;
    Ok(reader.finish())
}

/// Notes which frames are in the list for training and in the list for testing.
fn note_on_both_lists(file: &str, train: Option<&Listed>, test: Option<&Listed>) -> Option<String> {
    let count = train?.frames.intersection(&test?.frames).count();
    let (frames, are) = (counted(count, "frame"), are(count));
    (count > 0).then(|| format!("{frames} of {file} {are} in the lists for training and for testing: {are} held out"))
}

struct TransformsReader<'a> {
    tree: &'a Arc<Tree>,
    options: &'a DatasetOptions,
    found: ParsedDataset,
    /// The folders of pictures that the options name.
    images: Vec<PictureFolder>,
    /// Pictures there that no frame has used, once they were looked for.
    unused: Option<Vec<String>>,
    /// Files that frames mean by their whole names: no other frame may mean them.
    used: HashSet<String>,
    /// The undistortion of the frame before, which nearly always serves the next one.
    undistortions: Option<Vec<Undistortion>>,
    /// Masks that frames name and that are not there.
    missing_masks: Vec<String>,
    /// The repairs of the poses of the file at hand.
    poses: PoseRepairs,
}

/// A frame and where it stands.
struct Frame<'a> {
    file: &'a str,
    transforms: &'a Transforms,
    index: usize,
    frame: &'a TransformsFrame,
}

impl<'a> TransformsReader<'a> {
    fn new(tree: &'a Arc<Tree>, kind: DatasetFormat, options: &'a DatasetOptions) -> Result<Self, DatasetError> {
        let images = if options.images.is_some() { picture_folders(tree, options)? } else { Vec::new() };
        let found = ParsedDataset::new(kind);
        let (used, missing_masks, poses) = (HashSet::new(), Vec::new(), PoseRepairs::default());
        Ok(Self { tree, options, found, images, unused: None, used, undistortions: None, missing_masks, poses })
    }

    fn note(&mut self, note: String) {
        self.found.notes.push(note);
    }

    fn parse(&self, file: &str) -> Result<Transforms, DatasetError> {
        Ok(Transforms::parse(&self.tree.read(file)?, &self.tree.path_of(file))?)
    }

    /// The pictures of frames.
    fn pictures(&mut self, paths: &[&str]) -> FoundPictures {
        if !self.images.is_empty() {
            let names: Vec<String> = paths.iter().map(|path| relative(path)).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let search = Search::new(&self.images, &names);
            self.found.note_on_renamed(&search, &names);
            self.note_unused(search.unused);
            return search.pictures;
        }
        let relative_paths: Vec<Option<String>> = paths.iter().map(|path| inside(path)).collect();
        let mut pictures = by_paths(self.tree, &relative_paths, self.options);
        self.used.extend(pictures.iter().flatten().map(|(place, _)| place.inside.clone()));
        self.used
            .extend(paths.iter().zip(&pictures).filter(|(_, found)| found.is_some()).map(|(path, _)| relative(path)));
        self.find_by_ends(paths, &mut pictures);
        pictures
    }

    /// Keeps which pictures of the folder that the options name no file has used so far.
    fn note_unused(&mut self, unused: Vec<String>) {
        self.unused = Some(match self.unused.take() {
            Some(before) => before.into_iter().filter(|file| unused.contains(file)).collect(),
            None => unused,
        });
    }

    /// The dataset, once all files are read.
    fn finish(mut self) -> ParsedDataset {
        if let (Some(unused), Some(folder)) = (self.unused.take(), self.images.first()) {
            self.found.note_on_unused(&unused, folder);
        }
        self.found
    }

    /// Finds pictures whose files have other names than the frames say, or lie elsewhere: one path is the end of the other,
    /// and no other picture's is. Says how many.
    fn find_by_ends(&mut self, paths: &[&str], pictures: &mut FoundPictures) {
        let missing: Vec<usize> = (0..paths.len()).filter(|i| pictures[*i].is_none()).collect();
        if missing.is_empty() {
            return;
        }
        let files = self.tree.files_below("");
        let index = NameIndex::new(&files);
        let mut ambiguous = Vec::new();
        let found = missing.into_iter().filter_map(|i| {
            let path = relative(paths[i]);
            let is_meant =
                |file: &str| ends_alike(&path, file) && !self.used.contains(file) && self.is_photograph(file, &path);
            match index.closest(&path, is_meant) {
                Closest::File(file) => Some((i, file)),
                Closest::Ambiguous(files) => {
                    ambiguous.push(AmbiguousName { index: i, files: files.map(str::to_owned) });
                    None
                }
                Closest::Nothing => None,
            }
        });
        let mut frames: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        found.for_each(|(i, file)| frames.entry(file).or_default().push(i));
        self.found.note_on_ambiguous(&ambiguous, paths);
        let mut renamed = Vec::new();
        for (file, frames) in frames {
            if let [frame] = frames[..] {
                pictures[frame] = picture_at(self.tree, file, self.options);
                renamed.push((frame, file));
            }
        }
        if let Some((frame, file)) = renamed.first() {
            let (count, all, said) = (renamed.len(), paths.len(), quoted(paths[*frame]));
            self.note(format!("{count} of {all} images have other names on the disk: `{said}` is {file}, the first"));
        }
        self.found.findings.renamed_pictures += renamed.len();
        self.used.extend(renamed.into_iter().map(|(_, file)| file.to_owned()));
    }

    /// Whether no folder above a file says that it is a mask, a depth, or a smaller copy of another folder's. Folders that
    /// the path of the frame has as well say nothing: pictures may lie in `normal_light`.
    fn is_photograph(&self, file: &str, path: &str) -> bool {
        let is_copy = |folder: &str| {
            let whole = folder.rsplit_once('_').filter(|(_, n)| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
            whole.is_some_and(|(whole, _)| self.tree.is_folder(whole))
        };
        let says_so = |folder: &str| {
            let is_told = path.rsplit('/').skip(1).any(|said| said.to_lowercase() == folder.to_lowercase());
            !is_told && ["mask", "depth", "normal", "segment"].iter().any(|what| folder.to_lowercase().contains(what))
        };
        let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
        !folder.split('/').any(says_so) && !is_copy(folder)
    }

    /// A file that a path of a frame means: itself, or what is there of the end of its path, whatever its capitals.
    fn file_at(&self, path: &str) -> Option<String> {
        inside(path)
            .filter(|exact| self.tree.is_file(exact))
            .or_else(|| tails(&relative(path)).find_map(|tail| self.tree.spelled_file(tail)))
    }

    /// Adds the frames that have a split and whose pictures are there; `false` where all of those are missing.
    fn add(
        &mut self,
        file: &str,
        transforms: &Transforms,
        split: impl Fn(usize) -> Option<Split>,
    ) -> Result<bool, DatasetError> {
        let frames = transforms.frames.iter().enumerate();
        let wanted: Vec<(usize, &TransformsFrame, Split)> =
            frames.filter_map(|(index, frame)| Some((index, frame, split(index)?))).collect();
        let unlisted = transforms.frames.len() - wanted.len();
        if unlisted > 0 {
            let (frames, are) = (counted(unlisted, "frame"), are(unlisted));
            self.note(format!("{frames} of {file} {are} in none of its lists of file names and left out"));
        }
        let paths: Vec<&str> = wanted.iter().map(|(_, frame, _)| frame.file_path.as_str()).collect();
        let pictures = self.pictures(&paths);
        let missing: Vec<&&str> =
            paths.iter().zip(&pictures).filter(|(_, place)| place.is_none()).map(|(p, _)| p).collect();
        self.found.findings.missing_pictures += missing.len();
        if missing.len() == paths.len() {
            return Ok(paths.is_empty());
        }
        if let Some(first) = missing.first() {
            let (count, all, first) = (missing.len(), paths.len(), quoted(first));
            self.note(format!(
                "{count} of {all} frames of {file} are skipped: their images are missing, the first is {first}"
            ));
        }
        for ((index, frame, split), picture) in wanted.into_iter().zip(pictures) {
            let Some((place, divisor)) = picture else { continue };
            let views = self.views(&Frame { file, transforms, index, frame }, place, divisor, split)?;
            self.found.views.extend(views);
        }
        self.note_on_frames(file);
        Ok(true)
    }

    /// Notes which poses of a file were repaired and which masks are missing.
    fn note_on_frames(&mut self, file: &str) {
        self.found.notes.extend(std::mem::take(&mut self.poses).notes(file));
        if let Some(first) = self.missing_masks.first() {
            let (count, first) = (self.missing_masks.len(), quoted(first));
            let (masks, are) = (counted(count, "mask"), are(count));
            self.found.notes.push(format!("{masks} that {file} names {are} missing, the first is {first}"));
        }
        self.missing_masks.clear();
    }

    /// The error of a file none of whose pictures is there.
    fn all_missing(&self, file: &str, transforms: &Transforms) -> DatasetError {
        let count = transforms.frames.len();
        let first = transforms.frames.first().map_or("", |frame| frame.file_path.as_str());
        if let (Some(path), true) = (inside(first), self.images.is_empty()) {
            let path = self.tree.path_of(&path);
            return DatasetError::MissingPictures { path, missing: count, of: count };
        }
        let reason = match &self.options.images {
            Some(folder) => {
                format!("none of its {count} images is in {}; the first is `{}`", folder.display(), quoted(first))
            }
            None => format!(
                "its {count} images lie outside of the dataset, and none of them is in it by the end of its path; \
                 the first is `{}`; --images names their folder",
                quoted(first)
            ),
        };
        DatasetError::Content { path: self.tree.path_of(file), reason }
    }

    /// The views of a frame: one of a pinhole or a lens, six of a panorama.
    fn views(
        &mut self,
        frame: &Frame<'_>,
        place: TreeFile,
        divisor: u32,
        split: Split,
    ) -> Result<Vec<View>, DatasetError> {
        let Frame { file, transforms, index, frame } = *frame;
        let tree = self.tree;
        let fault = |reason: String| {
            let name = quoted(&frame.file_path);
            DatasetError::Content { path: tree.path_of(file), reason: format!("frame {index} ({name}): {reason}") }
        };
        let said = frame.camera.or(&transforms.camera);
        let head = head_of(&place, divisor)?;
        let size = match said.size() {
            Some((width, height)) if width.max(height) <= super::MAX_TAKEN_SIDE => [width, height],
            _ => head.size,
        };
        let lens = said.lens(size.into()).map_err(fault)?;
        let is_same = |undistortion: &Undistortion| undistortion.lens == lens && undistortion.size == size;
        let known = self.undistortions.take().filter(|all| all.iter().all(is_same));
        let undistortions = known.unwrap_or_else(|| Undistortion::all(&lens, size));
        let pose = frame.pose().map_err(|error| fault(error.to_string()))?;
        self.poses.add(&pose);
        let name = inside(&frame.file_path).unwrap_or_else(|| place.inside.clone());
        let mask = self.mask(frame, &name).map(|mask| Mask::new(mask, &place, &head)).transpose()?;
        let view = |undistortion: &Undistortion| {
            let sized = PictureSize::new(undistortion, &place, &head, divisor, self.options)?;
            let camera = sized.camera(pose.view_from_world).map_err(|error| fault(error.to_string()))?;
            let source = sized.source(place.clone(), mask.clone());
            Ok(View { name: undistortion.name(&name), split, camera, source })
        };
        let views = undistortions.iter().map(view).collect();
        self.undistortions = Some(undistortions);
        views
    }

    /// The frame's own mask, or one that has the picture's name.
    fn mask(&mut self, frame: &TransformsFrame, name: &str) -> Option<MaskFile> {
        if let Some(inside) = frame.masks().find_map(|said| self.file_at(said)) {
            return Some(MaskFile::named(TreeFile { tree: Arc::clone(self.tree), inside }));
        }
        self.missing_masks.extend(frame.masks().next().map(str::to_owned));
        MaskFile::find(self.tree, name)
    }

    /// The points, and which files of points beside them are not used.
    fn add_points(&mut self, transforms: &Transforms) -> Result<(), DatasetError> {
        let models = ["sparse", "colmap/sparse"].map(|sparse| colmap::models(self.tree, sparse)).concat();
        let mut found = self.find_points(transforms, models.first().map(String::as_str))?;
        let folders: Vec<&str> = models.iter().map(String::as_str).chain([""]).collect();
        found.unused = unused_points(self.tree, &folders, found.file.as_deref());
        self.found.add_points(found);
        Ok(())
    }

    /// The points of the options or of `ply_file_path`, or those of COLMAP's model beside, moved as the poses were, or
    /// others beside.
    fn find_points(&mut self, transforms: &Transforms, model: Option<&str>) -> Result<FoundPoints, DatasetError> {
        if self.options.points.is_some() {
            return find_points(self.tree, &[], self.options);
        }
        if let Some(said) = &transforms.ply_file_path {
            if let Some(ply) = self.file_at(said) {
                let cloud = ply::read(&self.tree.read(&ply)?, &self.tree.path_of(&ply))?;
                return Ok(FoundPoints::of(cloud, ply));
            }
            self.note(format!("{} is missing", quoted(said)));
        }
        let (Some(rows), Some(model)) = (&transforms.applied_transform, model) else {
            return find_points(self.tree, &[""], self.options);
        };
        let applied = applied_transform(rows).ok_or_else(|| DatasetError::Content {
            path: self.tree.path_of(""),
            reason: "`applied_transform` is not three rows of four numbers".into(),
        })?;
        let mut found = find_points(self.tree, &[model], self.options)?;
        if found.file.is_none() {
            return find_points(self.tree, &[""], self.options);
        }
        for point in &mut found.points {
            point.position = applied.transform_point3(DVec3::from_array(point.position)).to_array();
        }
        found.notes.push(format!("points are those of {model}, moved by `applied_transform`"));
        Ok(found)
    }
}

fn applied_transform(rows: &[[f64; 4]]) -> Option<DAffine3> {
    let [x, y, z]: [[f64; 4]; 3] = rows.get(..3)?.try_into().ok()?;
    let matrix = DAffine3::from_mat4(DMat4::from_cols_array_2d(&[x, y, z, [0.0, 0.0, 0.0, 1.0]]).transpose());
    matrix.is_finite().then_some(matrix)
}
