//! Masks: which file is that of a picture, how it lies over it, and what it takes away.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use image::metadata::Orientation;
use image::{DynamicImage, RgbaImage};

use super::View;
use super::error::DatasetError;
use super::file_head::{decode_mask, has_shape, head_of, is_large, one_at_a_time};
use super::names::{is_picture, split_extension, tails};
use super::tree::{Tree, TreeFile, join};
use crate::image::Head;
use crate::text::{are, counted};

/// Folders in which masks are looked for.
const FOLDERS: [&str; 2] = ["masks", "mask"];

/// What stands in the place of a picture's extension, with its dot, in the name of its mask: also that of a picture that was
/// converted after its mask was named.
const ENDINGS: [&str; 12] = [
    ".png",
    ".jpg",
    ".jpeg",
    ".PNG",
    ".JPG",
    ".mask.png",
    ".tif",
    "_mask.png",
    ".jpg.png",
    ".JPG.png",
    ".jpeg.png",
    ".png.png",
];

/// What a name of instant-ngp's masks begins with: they lie beside the picture, and what is bright in them does not count.
const DYNAMIC: &str = "dynamic_mask_";

/// Masks are read up to a gigapixel whatever size is asked for, because they are not kept.
const MASK_DIVISOR: u32 = 64;

/// A file that was found as the mask of a picture.
#[derive(Debug, Clone)]
pub(super) struct MaskFile {
    place: TreeFile,
    /// Whether the dataset says that it is the mask of that picture; otherwise the names are alike.
    is_named: bool,
    /// Whether bright pixels do not count, rather than dark ones.
    hides_bright: bool,
}

/// A mask that has the shape of its picture.
#[derive(Debug, Clone)]
pub(super) struct Mask {
    file: MaskFile,
    /// Whether it lies over the picture as EXIF turns it, rather than as it is stored.
    is_upright: bool,
    /// Whether it takes so much memory that it is decoded while no other large picture is.
    is_large: bool,
}

impl MaskFile {
    /// A mask that the dataset names.
    pub(super) fn named(place: TreeFile) -> Self {
        Self { place, is_named: true, hides_bright: false }
    }

    /// The mask of the picture of that path, which may begin with the folder of pictures: `masks/PATH.png` as COLMAP names
    /// it, the same path in `masks`, also with another extension, or instant-ngp's beside the picture.
    pub(super) fn find(tree: &Arc<Tree>, path: &str) -> Option<Self> {
        let folders: Vec<String> = FOLDERS.into_iter().filter_map(|folder| tree.spelled(folder)).collect();
        let ways = tails(path).flat_map(|tail| folders.iter().map(move |folder| join(folder, tail)));
        let in_folder = ways.flat_map(|path| names(&path)).find(|name| tree.is_file(name));
        let found = |inside: String, hides_bright: bool| Self {
            place: TreeFile { tree: Arc::clone(tree), inside },
            is_named: false,
            hides_bright,
        };
        let beside = || {
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
            Some(join(folder, &format!("{DYNAMIC}{}.png", split_extension(name).0)))
                .filter(|inside| tree.is_file(inside))
        };
        in_folder.map(|inside| found(inside, false)).or_else(|| Some(found(beside()?, true)))
    }
}

/// What the mask of a picture may be called, given the path of one of the same name.
fn names(path: &str) -> Vec<String> {
    let mut names = vec![format!("{path}.png"), path.to_owned()];
    names.extend(ENDINGS.map(|ending| format!("{}{ending}", split_extension(path).0)));
    names
}

impl Mask {
    /// Compares the shapes: that of the picture as it is stored, or, where EXIF exchanges its sides, as it is seen.
    pub(super) fn new(file: MaskFile, picture: &TreeFile, picture_head: &Head) -> Result<Self, DatasetError> {
        let head = head_of(&file.place, MASK_DIVISOR)?;
        let (found, is_large) = (head.size, is_large(head.num_pixels()));
        let size = picture_head.size;
        let [width, height] = size;
        let is_upright = !has_shape(found, size) && picture_head.is_sideways() && has_shape(found, [height, width]);
        if !is_upright && !has_shape(found, size) {
            let (path, picture) = (file.place.path(), picture.path());
            return Err(DatasetError::MaskSize { path, found, picture, expected: size });
        }
        Ok(Self { file, is_upright, is_large })
    }

    /// The path of the file, for messages.
    pub(super) fn path(&self) -> PathBuf {
        self.file.place.path()
    }

    /// Takes the weight from pixels of a picture as it is stored; EXIF turns it by `orientation`.
    pub(super) fn cover(&self, picture: &mut RgbaImage, orientation: Orientation) -> Result<(), DatasetError> {
        let _one_at_a_time = self.is_large.then(one_at_a_time);
        let mut mask = decode_mask(&self.file.place)?;
        if self.is_upright {
            mask.apply_orientation(inverse(orientation));
        }
        cover(picture, &mask, self.file.hides_bright);
        Ok(())
    }
}

/// What turns a picture back.
fn inverse(orientation: Orientation) -> Orientation {
    match orientation {
        Orientation::Rotate90 => Orientation::Rotate270,
        Orientation::Rotate270 => Orientation::Rotate90,
        // All others are mirrors, or half a turn.
        same => same,
    }
}

/// Takes the weight from pixels where a mask is dark: less than half as bright as where it is brightest, so that masks
/// of 0 and 1 work as well as those of 0 and 255. One that `hides_bright` takes it where the mask is not black.
fn cover(picture: &mut RgbaImage, mask: &DynamicImage, hides_bright: bool) {
    let mask = mask.to_luma8();
    let brightest = mask.iter().copied().max().unwrap_or(0);
    let (width, height) = picture.dimensions();
    let at = |place: u32, side: u32, mask_side: u32| {
        u32::try_from(u64::from(place) * u64::from(mask_side) / u64::from(side)).unwrap_or(0)
    };
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        let value = mask.get_pixel(at(x, width, mask.width()), at(y, height, mask.height())).0[0];
        let is_dark = value == 0 || (!hides_bright && value < brightest.div_ceil(2));
        if is_dark != hides_bright {
            pixel.0[3] = 0;
        }
    }
}

/// Files in the folders of masks that are the mask of no view, sorted.
pub(super) fn unused(tree: &Tree, views: &[View]) -> Vec<String> {
    let masks = views.iter().filter_map(|view| Some(&view.source.mask.as_ref()?.file.place.inside));
    // The folder of masks may be the folder of pictures.
    let used: BTreeSet<&String> = masks.chain(views.iter().map(|view| &view.source.picture.inside)).collect();
    let folders: BTreeSet<String> =
        FOLDERS.iter().filter_map(|folder| tree.spelled(folder)).filter(|folder| tree.is_folder(folder)).collect();
    let files =
        |folder: &String| tree.files_below(folder).into_iter().map(|file| join(folder, &file)).collect::<Vec<_>>();
    folders.iter().flat_map(files).filter(|file| is_picture(file) && !used.contains(file)).collect()
}

/// Leaves out masks that were found by their names as those of several pictures: `masks/1.png` for `front/1.png` and
/// `back/1.png` is hardly meant for both. Says how many.
pub(super) fn drop_shared(views: &mut [View]) -> Option<String> {
    let mut pictures: BTreeMap<PathBuf, BTreeSet<PathBuf>> = BTreeMap::new();
    let by_name = |view: &View| view.source.mask.as_ref().filter(|mask| !mask.file.is_named).map(Mask::path);
    for view in views.iter() {
        if let Some(mask) = by_name(view) {
            pictures.entry(mask).or_default().insert(view.file());
        }
    }
    pictures.retain(|_, pictures| pictures.len() > 1);
    for view in views.iter_mut() {
        if by_name(view).is_some_and(|mask| pictures.contains_key(&mask)) {
            view.source.mask = None;
        }
    }
    let (first, of) = pictures.iter().next()?;
    let first = first.display();
    Some(format!(
        "{} {} not used: {first} has the name of {} images in different folders",
        counted(pictures.len(), "mask"),
        are(pictures.len()),
        of.len()
    ))
}

#[cfg(test)]
mod tests {
    use image::{GrayImage, Luma, Rgba};

    use super::*;

    #[test]
    fn masks_of_any_depth_and_size_take_the_dark_pixels() {
        for (bright, expected) in [(255, [255, 0]), (1, [255, 0]), (0, [0, 0])] {
            let mut picture = RgbaImage::from_pixel(4, 2, Rgba([9, 9, 9, 255]));
            let mask = GrayImage::from_fn(2, 2, |x, _| Luma([if x == 0 { bright } else { 0 }]));
            cover(&mut picture, &mask.into(), false);
            assert_eq!([picture.get_pixel(1, 1).0[3], picture.get_pixel(2, 0).0[3]], expected, "{bright}");
        }
        let mut picture = RgbaImage::from_pixel(2, 1, Rgba([9, 9, 9, 255]));
        let mask = GrayImage::from_fn(2, 1, |x, _| Luma([if x == 0 { 3 } else { 0 }]));
        cover(&mut picture, &mask.into(), true);
        assert_eq!([picture.get_pixel(0, 0).0[3], picture.get_pixel(1, 0).0[3]], [0, 255]);
    }

    #[test]
    fn masks_have_any_of_the_usual_names() {
        for name in ["x_mask.png", "x.mask.png", "x.jpg.png", "x.png.png", "x.png", "x.tif", "left/x_mask.png"] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("masks").join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, b"").unwrap();
            let found = MaskFile::find(&Arc::new(Tree::folder(folder.path())), "images/left/x.png").unwrap();
            assert_eq!(found.place.path(), path);
        }
    }

    #[test]
    fn every_orientation_is_undone() {
        let picture = DynamicImage::from(RgbaImage::from_fn(3, 2, |x, y| {
            Rgba([x, y, 7, 255].map(|value: u32| value.to_le_bytes()[0]))
        }));
        for exif in 1..=8 {
            let orientation = Orientation::from_exif(exif).unwrap();
            let mut turned = picture.clone();
            turned.apply_orientation(orientation);
            turned.apply_orientation(inverse(orientation));
            assert_eq!(turned, picture, "{exif}");
        }
    }
}
