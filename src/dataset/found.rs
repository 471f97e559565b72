//! What the readers of all layouts share: which file is the picture of which camera, and how large it will be.

use std::path::Path;
use std::sync::Arc;

use glam::DAffine3;

use super::error::DatasetError;
use super::picture::{Head, Source};
use super::pinhole::Taken;
use super::tree::{Place, Tree, inside, join};
use super::{DatasetOptions, Kind, SfmPoint, View};
use crate::camera::{Camera, CameraError};

/// Of pictures whose name lacks it or that were converted.
const EXTENSIONS: [&str; 7] = ["png", "jpg", "jpeg", "JPG", "PNG", "JPEG", "webp"];

/// What a reader found.
pub(super) struct Found {
    pub(super) kind: Kind,
    pub(super) views: Vec<View>,
    pub(super) points: Vec<SfmPoint>,
    pub(super) notes: Vec<String>,
    /// Whether the files themselves say what is for testing.
    pub(super) has_split: bool,
}

/// A folder of pictures, and what is still to be divided by.
pub(super) struct PictureFolder {
    tree: Arc<Tree>,
    folder: String,
    pub(super) divisor: u32,
}

impl PictureFolder {
    pub(super) fn place(&self, name: &str) -> Place {
        Place { tree: Arc::clone(&self.tree), inside: join(&self.folder, name) }
    }

    /// The picture of that name, or with another extension.
    pub(super) fn find(&self, name: &str) -> Option<Place> {
        let exact = join(&self.folder, name);
        // A name such as `frame.00012` has no extension, although it has a dot: both are tried.
        let stem = exact.rsplit_once('.').filter(|(_, ending)| !ending.contains('/')).map(|(stem, _)| stem);
        let bases = [Some(exact.as_str()), stem].into_iter().flatten();
        let others = bases.flat_map(|base| EXTENSIONS.map(|ending| format!("{base}.{ending}")));
        let inside = std::iter::once(exact.clone()).chain(others).find(|inside| self.tree.is_file(inside))?;
        Some(Place { tree: Arc::clone(&self.tree), inside })
    }

    /// The folder beside this one that has the pictures in the size asked for, or this one.
    fn divided(self, downscale: u32) -> Self {
        let folder = format!("{}_{downscale}", self.folder);
        let is_there = downscale > 1 && !self.folder.is_empty() && self.tree.is_folder(&folder);
        if is_there { Self { folder, divisor: 1, ..self } } else { Self { divisor: downscale, ..self } }
    }
}

/// The folder that the options name, in the dataset or on the disk.
pub(super) fn named_folder(
    tree: &Arc<Tree>,
    images: &Path,
    options: &DatasetOptions,
) -> Result<PictureFolder, DatasetError> {
    let inside = images.to_str().and_then(inside).filter(|inside| tree.is_folder(inside));
    let (tree, folder) = match inside {
        Some(inside) => (Arc::clone(tree), inside),
        None => (Arc::new(Tree::open(images)?), String::new()),
    };
    Ok(PictureFolder { tree, folder, divisor: 1 }.divided(options.divisor()))
}

/// The folder of pictures of a layout that keeps them in one: `images` unless the options name another.
pub(super) fn picture_folder(tree: &Arc<Tree>, options: &DatasetOptions) -> Result<PictureFolder, DatasetError> {
    match &options.images {
        Some(images) => named_folder(tree, images, options),
        None => {
            let folder = PictureFolder { tree: Arc::clone(tree), folder: "images".into(), divisor: 1 };
            Ok(folder.divided(options.divisor()))
        }
    }
}

/// The picture of a path relative to the dataset, from a sister folder of the size asked for where there is one, and
/// what is still to be divided by.
pub(super) fn picture_at(tree: &Arc<Tree>, path: &str, options: &DatasetOptions) -> Option<(Place, u32)> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let plain = || PictureFolder { tree: Arc::clone(tree), folder: folder.into(), divisor: options.divisor() };
    [plain().divided(options.divisor()), plain()]
        .into_iter()
        .find_map(|pictures| Some((pictures.find(name)?, pictures.divisor)))
}

/// How a picture is and will be.
pub(super) struct Shape<'a> {
    taken: &'a Taken,
    file_size: [u32; 2],
    is_turned: bool,
    loaded: [u32; 2],
}

impl<'a> Shape<'a> {
    /// Looks at the head of the file.
    pub(super) fn new(
        taken: &'a Taken,
        place: &Place,
        divisor: u32,
        options: &DatasetOptions,
    ) -> Result<Self, DatasetError> {
        let head = Head::read(place)?;
        let is_turned = is_turned(place, &head, taken.size)?;
        let [width, height] = if is_turned { [head.size[1], head.size[0]] } else { head.size };
        let scaled =
            |i: usize, side: u32| f64::from(taken.pinhole_size[i]) * f64::from(side) / f64::from(taken.size[i]);
        let loaded = loaded_size([scaled(0, width), scaled(1, height)], divisor, options.max_width);
        Ok(Self { taken, file_size: head.size, is_turned, loaded })
    }

    pub(super) fn camera(&self, view_from_world: DAffine3) -> Result<Camera, CameraError> {
        let [width, height] = self.taken.pinhole_size;
        let whole = Camera { view_from_world, intrinsics: self.taken.pinhole, width, height };
        let camera = whole.resized(self.loaded[0], self.loaded[1]);
        camera.check().map(|()| camera)
    }

    pub(super) fn source(&self, picture: Place, mask: Option<Place>) -> Source {
        let Self { taken, file_size, is_turned, .. } = *self;
        let lens = (!taken.lens.is_pinhole()).then(|| (taken.lens.clone(), taken.size));
        Source { picture, mask, file_size, is_turned, model: taken.lens.model().name(), lens }
    }
}

/// Whether a picture must be turned as its EXIF orientation says. The tools that find poses do not turn pictures, so
/// neither do we, unless only the turned picture has the shape that the camera says.
fn is_turned(place: &Place, head: &Head, expected: [u32; 2]) -> Result<bool, DatasetError> {
    let [width, height] = head.size;
    if has_shape([width, height], expected) {
        return Ok(false);
    }
    if head.is_sideways && has_shape([height, width], expected) {
        return Ok(true);
    }
    Err(DatasetError::Size { path: place.path(), found: head.size, expected })
}

/// A picture may be larger or smaller than its camera says, but not of another shape.
fn has_shape(found: [u32; 2], expected: [u32; 2]) -> bool {
    let scale = |i: usize| f64::from(found[i]) / f64::from(expected[i]);
    // A side may be rounded either way.
    let smallest = expected[0].min(expected[1]).min(found[0]).min(found[1]).max(1);
    (scale(0) / scale(1) - 1.0).abs() <= 1.5 / f64::from(smallest)
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

    #[test]
    fn rounded_sides_have_the_shape_and_turned_pictures_have_not() {
        assert!(has_shape([4946, 3286], [4946, 3286]) && has_shape([1237, 822], [4946, 3286]));
        assert!(has_shape([1236, 821], [4946, 3286]) && !has_shape([1200, 822], [4946, 3286]));
        assert!(!has_shape([48, 64], [64, 48]));
    }
}
