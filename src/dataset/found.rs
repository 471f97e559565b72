//! The part that the readers of all layouts share: they find the file of each camera's picture, and how large it will be.

use std::collections::BTreeSet;

use glam::DAffine3;

use super::error::DatasetError;
use super::file_counts::FileCounts;
use super::file_head::has_shape;
use super::folders::PictureFolder;
use super::mask::{self, Mask};
use super::picture::PictureSource;
use super::pinhole::Undistortion;
use super::points::FoundPoints;
use super::search::{AmbiguousName, Search};
use super::split::TestList;
use super::tree::{Tree, TreeFile};
use super::{DatasetFormat, DatasetOptions, SfmPoint, View};
use crate::camera::{Camera, CameraError};
use crate::image::Head;
use crate::text::{are, counted, quoted};

/// The content of a dataset as a reader found it.
pub(super) struct ParsedDataset {
    pub(super) kind: DatasetFormat,
    pub(super) views: Vec<View>,
    pub(super) points: Vec<SfmPoint>,
    pub(super) findings: FileCounts,
    pub(super) notes: Vec<String>,
    /// Whether the files themselves say what is for testing.
    pub(super) has_split: bool,
    /// The list of pictures for testing that lies beside the cameras.
    pub(super) test_list: Option<TestList>,
}

impl ParsedDataset {
    /// An empty dataset.
    pub(super) fn new(kind: DatasetFormat) -> Self {
        let (findings, has_split) = (FileCounts::default(), false);
        let (views, points, notes, test_list) = (Vec::new(), Vec::new(), Vec::new(), None);
        Self { kind, views, points, findings, notes, has_split, test_list }
    }

    /// Adds points and notes which files of points are not used.
    pub(super) fn add_points(&mut self, found: FoundPoints) {
        if let Some(first) = found.unused.first() {
            let (count, all) = (found.unused.len(), found.unused.len() + usize::from(found.file.is_some()));
            let are = are(count);
            self.notes.push(format!("{count} of {all} files of points {are} not used, the first is {first}"));
        }
        self.points = found.points;
        self.notes.extend(found.notes);
        self.findings.points_file = found.file;
        self.findings.unused_points_files = found.unused;
    }

    /// Notes which masks belong to no picture, and how many pictures have none where others have one.
    pub(super) fn note_on_masks(&mut self, tree: &Tree) {
        let unused = mask::unused(tree, &self.views);
        if let Some(first) = unused.first() {
            let (count, first) = (unused.len(), tree.path_of(first));
            let (masks, belong, first) =
                (counted(count, "mask"), if count == 1 { "belongs" } else { "belong" }, first.display());
            self.notes.push(format!("{masks} {belong} to no image that is used, the first is {first}"));
        }
        self.findings.unused_masks = unused.len();
        let pictures = |has_mask: bool| {
            let views = self.views.iter().filter(|view| view.mask().is_some() == has_mask);
            views.map(|view| &view.source.picture.inside).collect::<BTreeSet<_>>().len()
        };
        let (with, without) = (pictures(true), pictures(false));
        if with > 0 && without > 0 {
            let have = if without == 1 { "has" } else { "have" };
            self.notes.push(format!("{without} of {} images {have} no mask", with + without));
        }
    }

    /// Notes which pictures are called otherwise than their `names`, and which names are ambiguous.
    pub(super) fn note_on_renamed(&mut self, search: &Search, names: &[&str]) {
        self.note_on_ambiguous(&search.ambiguous, names);
        let Some(first) = search.renamed.first() else { return };
        let Some((place, _)) = &search.pictures[*first] else { return };
        let (count, all, name, path) = (search.renamed.len(), names.len(), quoted(names[*first]), place.path());
        let (are, path) = (are(count), path.display());
        self.notes
            .push(format!("{count} of {all} images {are} called otherwise on the disk, the first: `{name}` is {path}"));
        self.findings.renamed_pictures += count;
    }

    /// Notes which of the `names` of pictures are ambiguous.
    pub(super) fn note_on_ambiguous(&mut self, ambiguous: &[AmbiguousName], names: &[&str]) {
        let Some(first) = ambiguous.first() else { return };
        let (count, all, are, first) = (ambiguous.len(), names.len(), are(ambiguous.len()), first.sentence(names));
        self.notes.push(format!(
            "{count} of {all} names of images {are} ambiguous, so that their images are not found: {first}"
        ));
    }

    /// Notes which pictures of a folder are not used.
    pub(super) fn note_on_unused(&mut self, unused: &[String], folder: &PictureFolder) {
        let Some(first) = unused.first() else { return };
        let (count, path) = (unused.len(), folder.path());
        let path = path.display();
        self.notes
            .push(format!("no camera took {count} of the images in {path}, which are not used; the first is {first}"));
        self.findings.unused_pictures += count;
    }

    /// Notes which entries of a tree could not be read.
    pub(super) fn note_on_unreadable(&mut self, tree: &Tree) {
        let unreadable = tree.unreadable();
        if let Some(first) = unreadable.first() {
            let (count, first) = (unreadable.len(), first.display());
            let are = are(count);
            let entries = if count == 1 { "1 entry".to_owned() } else { format!("{count} entries") };
            self.notes
                .push(format!("{entries} that cannot be read, or lead nowhere, {are} left out, the first is {first}"));
        }
        self.findings.unreadable += unreadable.len();
    }
}

/// The size of a picture's file, and the size that it will be loaded in.
pub(super) struct PictureSize<'a> {
    undistortion: &'a Undistortion,
    file_size: [u32; 2],
    is_turned: bool,
    loaded: [u32; 2],
}

impl<'a> PictureSize<'a> {
    /// The sizes of the picture in `file`, whose head is given.
    pub(super) fn new(
        undistortion: &'a Undistortion,
        file: &TreeFile,
        head: &Head,
        divisor: u32,
        options: &DatasetOptions,
    ) -> Result<Self, DatasetError> {
        let is_turned = is_turned(file, head, undistortion.size)?;
        let [width, height] = if is_turned { [head.size[1], head.size[0]] } else { head.size };
        let scaled = |i: usize, side: u32| {
            f64::from(undistortion.pinhole_size[i]) * f64::from(side) / f64::from(undistortion.size[i])
        };
        let loaded = loaded_size([scaled(0, width), scaled(1, height)], divisor, options.max_width);
        Ok(Self { undistortion, file_size: head.size, is_turned, loaded })
    }

    pub(super) fn camera(&self, view_from_world: DAffine3) -> Result<Camera, CameraError> {
        let [width, height] = self.undistortion.pinhole_size;
        let view_from_world = self.undistortion.turned(view_from_world);
        let whole = Camera { view_from_world, intrinsics: self.undistortion.pinhole, width, height };
        let camera = whole.resized(self.loaded[0], self.loaded[1]);
        camera.check().map(|()| camera)
    }

    /// The file and the changes that loading makes to its picture.
    pub(super) fn source(&self, picture: TreeFile, mask: Option<Mask>) -> PictureSource {
        let Self { undistortion, file_size, is_turned, .. } = *self;
        let Undistortion { lens, size: lens_size, optics, unseen, .. } = undistortion;
        let (model, optics, lens_size, unseen) = (lens.model().name(), optics.clone(), *lens_size, *unseen);
        PictureSource { picture, mask, file_size, is_turned, model, optics, lens_size, unseen }
    }
}

/// Whether a picture must be turned as its EXIF orientation says. The tools that find poses do not turn pictures, so
/// neither do we, unless only the turned picture has the shape that the camera says.
fn is_turned(place: &TreeFile, head: &Head, expected: [u32; 2]) -> Result<bool, DatasetError> {
    let [width, height] = head.size;
    if has_shape([width, height], expected) {
        return Ok(false);
    }
    if head.is_sideways() && has_shape([height, width], expected) {
        return Ok(true);
    }
    Err(DatasetError::Size { path: place.path(), found: head.size, expected })
}

/// Size of the picture to load, given the size at hand.
fn loaded_size(size: [f64; 2], divisor: u32, max_width: u32) -> [u32; 2] {
    let divided = size.map(|side| (side.round() / f64::from(divisor.max(1))).round().max(1.0));
    let shrink = (f64::from(max_width.max(1)) / divided[0]).min(1.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not beyond the sizes at hand")]
    divided.map(|side| (side * shrink).round().max(1.0) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_divided_and_capped() {
        assert_eq!(loaded_size([4946.0, 3286.0], 4, 1600), [1237, 822]);
        assert_eq!(loaded_size([4000.0, 3000.0], 1, 1600), [1600, 1200]);
        assert_eq!(loaded_size([5.0, 3.0], 8, 1600), [1, 1]);
    }
}
