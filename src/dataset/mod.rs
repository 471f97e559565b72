//! Cameras and pictures: COLMAP folders, and the `transforms.json` family, in a folder or a `.zip`.
//!
//! A [`Dataset`] knows where everything is; [`Dataset::load`] decodes one picture and returns it as a pinhole camera would
//! have taken it: lens distortion is undone and large pictures are made smaller.
//! [`PictureCache`] decodes ahead and keeps what fits into memory. docs/datasets.md describes the layouts.

mod cache;
mod colmap;
mod error;
mod face;
mod file_counts;
mod file_head;
mod folders;
mod found;
mod from_colmap;
mod json;
mod layout;
mod lens;
mod listed;
mod mask;
mod monotone;
mod names;
mod nerf;
mod panorama;
mod picture;
mod pinhole;
mod ply;
mod points;
mod pose;
mod report;
mod search;
mod split;
mod stems;
pub mod transforms;
mod tree;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use cache::{CacheUse, DecodingTime, PictureCache};
pub use colmap::{ColmapCamera, ColmapImage, ColmapModel};
pub use error::DatasetError;
pub use file_counts::FileCounts;
pub use lens::{Lens, LensModel};
pub use picture::Picture;
pub use report::{DatasetReport, SizeReport};
pub use stems::{file_stem, file_stem_with_ending, file_stems};

use crate::camera::{Camera, Intrinsics};
use crate::text::{are, counted};
use face::Face;
use found::ParsedDataset;
use layout::DatasetLayout;
use panorama::LastPanorama;
use picture::PictureSource;
use pinhole::Optics;
use tree::Tree;

/// Largest side that a camera of a file may claim, pixels.
const MAX_TAKEN_SIDE: u32 = 1 << 16;

/// Pictures with known cameras, and where there are any, points in space.
#[derive(Debug)]
pub struct Dataset {
    /// The folder, archive or file.
    pub path: PathBuf,
    /// The layout.
    pub kind: DatasetFormat,
    /// The views, sorted by name.
    pub views: Vec<View>,
    /// Points of structure from motion, world units; empty where there are none.
    pub points: Vec<SfmPoint>,
    /// Counts of missing and unused files.
    pub findings: FileCounts,
    /// Notes for the user, a sentence each.
    pub notes: Vec<String>,
    options: DatasetOptions,
    last_panorama: LastPanorama,
}

/// The layout of a dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatasetFormat {
    /// `sparse/0/{cameras,images,points3D}.{bin,txt}` and `images/`.
    Colmap,
    /// `transforms_{train,val,test}.json`.
    Blender,
    /// `transforms.json`.
    Nerfstudio,
}

impl std::fmt::Display for DatasetFormat {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Colmap => "COLMAP",
            Self::Blender => "Blender transforms",
            Self::Nerfstudio => "nerfstudio transforms",
        })
    }
}

/// A point with a colour.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SfmPoint {
    /// World units.
    pub position: [f64; 3],
    /// sRGB.
    pub colour: [u8; 3],
}

/// Whether a picture is for training or for testing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split {
    /// The picture is trained on.
    Train,
    /// The picture is held out for measuring.
    Test,
}

/// One picture with its camera.
#[derive(Debug, Clone)]
pub struct View {
    /// The name that the dataset gives it.
    pub name: String,
    /// Whether it is for training or for testing.
    pub split: Split,
    /// The camera of the picture as it will be loaded.
    pub camera: Camera,
    source: PictureSource,
}

impl View {
    /// The picture's file, for messages: in an archive, a path below the archive's.
    #[must_use]
    pub fn file(&self) -> PathBuf {
        self.source.picture.path()
    }

    /// The file of the mask, where there is one; for messages.
    #[must_use]
    pub fn mask(&self) -> Option<PathBuf> {
        self.source.mask.as_ref().map(mask::Mask::path)
    }

    /// Whether distortion is undone on load.
    #[must_use]
    pub const fn is_distorted(&self) -> bool {
        matches!(self.source.optics, Optics::Lens(_))
    }

    /// The face of its panorama, where it was cut from one.
    const fn face(&self) -> Option<Face> {
        match self.source.optics {
            Optics::Panorama(face, _) => Some(face),
            Optics::Pinhole | Optics::Lens(_) => None,
        }
    }

    /// The name of the picture as the dataset lists it; a face has the name of its panorama.
    #[must_use]
    pub fn listed_name(&self) -> String {
        self.face().map_or_else(|| self.name.clone(), |face| face.panorama(&self.name))
    }

    /// COLMAP's name of the model of the camera that took the picture.
    #[must_use]
    pub const fn camera_model(&self) -> &'static str {
        self.source.model
    }

    /// Width and height of the picture's file.
    #[must_use]
    pub const fn file_size(&self) -> [u32; 2] {
        self.source.file_size
    }

    /// Pixels of the picture as it will be loaded.
    #[must_use]
    pub fn num_pixels(&self) -> u64 {
        u64::from(self.camera.width) * u64::from(self.camera.height)
    }
}

/// The treatment of an alpha channel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AlphaMode {
    /// The picture is put before the background.
    #[default]
    Composite,
    /// Transparent pixels do not count.
    Mask,
}

/// Every so many-th picture is for testing where nothing says another number.
pub const TEST_EVERY: usize = 8;

/// How to read a dataset.
#[derive(Debug, Clone, PartialEq)]
pub struct DatasetOptions {
    /// Divides width and height; a folder `images_N` is used where there is one. `None` is the same as 1.
    pub downscale: Option<u32>,
    /// Wider pictures are made this wide, pixels.
    pub max_width: u32,
    /// The treatment of an alpha channel.
    pub alpha: AlphaMode,
    /// The background of pictures with alpha, sRGB in 0..=1.
    pub background: [f32; 3],
    /// Every so many-th picture by name is for testing, where cameras and pictures are not split; 0 for none. `None` for those
    /// that `test.txt` beside a COLMAP model names, or else every [`TEST_EVERY`]-th.
    pub test_every: Option<usize>,
    /// A file with the names of the pictures for testing, one a line, instead of the above.
    pub split_file: Option<PathBuf>,
    /// The folder of pictures, in the dataset or on the disk, where it is not the usual one.
    pub images: Option<PathBuf>,
    /// The file of points to start from, in the dataset or on the disk, where it is not the usual one: PLY, or COLMAP's
    /// `points3D.bin` or `.txt`.
    pub points: Option<PathBuf>,
}

impl Default for DatasetOptions {
    fn default() -> Self {
        Self {
            downscale: None,
            max_width: 1600,
            alpha: AlphaMode::Composite,
            background: [0.0; 3],
            test_every: None,
            split_file: None,
            images: None,
            points: None,
        }
    }
}

impl DatasetOptions {
    fn divisor(&self) -> u32 {
        self.downscale.unwrap_or(1).max(1)
    }
}

impl Dataset {
    /// The treatment of alpha channels.
    #[must_use]
    pub const fn alpha(&self) -> AlphaMode {
        self.options.alpha
    }

    /// Opens the dataset in a folder or `.zip`; also takes a `transforms.json` or its kin.
    ///
    /// # Errors
    /// [`DatasetError`] naming the file at fault and what was expected.
    pub fn open(path: &Path, options: &DatasetOptions) -> Result<Self, DatasetError> {
        let mut found = read(path, options)?;
        if found.views.is_empty() {
            return Err(DatasetError::NoViews { path: path.into() });
        }
        found.views.sort_by(|a, b| a.name.cmp(&b.name));
        if let Some(file) = &options.split_file {
            split::by_file(&mut found.views, file)?;
        } else if let (None, Some(list)) = (options.test_every, &found.test_list) {
            found.notes.extend(split::by_list(&mut found.views, list));
        } else if !found.has_split {
            found.notes.extend(split::every(&mut found.views, options.test_every.unwrap_or(TEST_EVERY)));
        }
        found.notes.extend(note_on_duplicates(&found.views));
        found.notes.extend(mask::drop_shared(&mut found.views));
        found.notes.extend(note_on_folder(&found.views, options));
        found.notes.extend(note_on_size(&found.views, options));
        found.notes.extend(note_on_panoramas(&found.views));
        found.notes.extend(note_on_lenses(&found.views));
        found.notes.extend(note_on_principal_points(&found.views));
        let ParsedDataset { kind, views, points, findings, notes, .. } = found;
        let (path, options, last_panorama) = (path.into(), options.clone(), LastPanorama::default());
        Ok(Self { path, kind, views, points, findings, notes, options, last_panorama })
    }

    /// The numbers of views, masks and points, in one line.
    #[must_use]
    pub fn summary(&self) -> String {
        let [train, test] = [Split::Train, Split::Test].map(|split| self.indices(split).count());
        let masks = match self.views.iter().filter(|view| view.mask().is_some()).count() {
            0 => String::new(),
            count => format!(", {}", counted(count, "mask")),
        };
        let points = match &self.findings.points_file {
            Some(file) => format!("{} from {file}", counted(self.points.len(), "point")),
            None => counted(self.points.len(), "point"),
        };
        let train = counted(train, "image");
        format!("{train} to train on, {test} held out{masks}, {points}")
    }

    /// The options that it was opened with.
    #[must_use]
    pub const fn options(&self) -> &DatasetOptions {
        &self.options
    }

    /// Stems of files for the pictures of the views, as [`file_stems`] gives them.
    #[must_use]
    pub fn file_stems(&self) -> Vec<String> {
        file_stems(&self.views.iter().map(|view| view.name.as_str()).collect::<Vec<_>>())
    }

    /// Indices of the views of a split.
    pub fn indices(&self, split: Split) -> impl Iterator<Item = usize> {
        self.views.iter().enumerate().filter(move |(_, view)| view.split == split).map(|(i, _)| i)
    }

    /// The other faces of the panorama that a view was cut from.
    fn faces_beside(&self, view: usize) -> Vec<usize> {
        let Some(cut) = self.views.get(view).filter(|view| view.face().is_some()) else { return Vec::new() };
        let panorama = &cut.source.picture.inside;
        let is_beside = |(i, other): &(usize, &View)| {
            *i != view && other.face().is_some() && other.source.picture.inside == *panorama
        };
        self.views.iter().enumerate().filter(is_beside).map(|(i, _)| i).collect()
    }

    /// Decodes a view's picture, of the size of its camera.
    ///
    /// # Errors
    /// [`DatasetError`] when it cannot be decoded, has another size than when the dataset was opened, or there is no
    /// such view.
    pub fn load(&self, view: usize) -> Result<Picture, DatasetError> {
        let found = self.views.get(view).ok_or(DatasetError::NoView { view, of: self.views.len() })?;
        if found.face().is_none() {
            return Picture::load(&found.source, &found.camera, &self.options);
        }
        let panorama = self.last_panorama.get(&found.source, &found.camera, &self.options)?;
        Ok(Picture::of(Cow::Borrowed(&panorama), &found.source, &found.camera))
    }
}

/// Reads a file of the `transforms.json` family, or what a folder or archive holds: itself, or one folder in it.
fn read(path: &Path, options: &DatasetOptions) -> Result<ParsedDataset, DatasetError> {
    if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json")) {
        return read_transforms(path, options);
    }
    let tree = Tree::open(path)?;
    if let Some(layout) = DatasetLayout::of(&tree) {
        if let Some((whole, layout)) = layout.seen_from_above(path, &tree, options) {
            let mut found = read_layout(&Arc::new(Tree::folder(&whole)), layout, options)?;
            found.notes.push(format!("the model has no images beside it: those of {} are used", whole.display()));
            return Ok(found);
        }
        return read_layout(&Arc::new(tree), layout, options);
    }
    let mut folders = DatasetLayout::below(&tree);
    let (Some(folder), true) = (folders.pop(), folders.is_empty()) else {
        return Err(no_dataset(path, &tree));
    };
    let inner = Arc::new(tree.within(&folder));
    let layout = DatasetLayout::of(&inner).ok_or_else(|| no_dataset(path, &tree))?;
    let mut found = read_layout(&inner, layout, options)?;
    found.notes.push(format!("the dataset lies in the folder {folder}"));
    Ok(found)
}

/// Why a folder or archive cannot be read as a dataset.
fn no_dataset(path: &Path, tree: &Tree) -> DatasetError {
    let (path, folders) = (path.to_path_buf(), DatasetLayout::below(tree));
    match tree.unreadable().into_iter().next() {
        _ if folders.len() > 1 => DatasetError::SeveralDatasets { path, folders },
        Some(part) => DatasetError::Unreadable { path, part },
        None => DatasetError::NotADataset { path },
    }
}

fn read_layout(
    tree: &Arc<Tree>,
    layout: DatasetLayout,
    options: &DatasetOptions,
) -> Result<ParsedDataset, DatasetError> {
    let mut found = match layout {
        DatasetLayout::Colmap(folders) => {
            let mut found = from_colmap::open(tree, &folders, options)?;
            if let Some(file) = [nerf::TRAIN, nerf::WHOLE].into_iter().find(|file| tree.is_file(file)) {
                found.notes.push(format!("{file} is there as well, and is read where its own path is given"));
            }
            found
        }
        DatasetLayout::Blender => nerf::open_blender(tree, options)?,
        DatasetLayout::Nerfstudio(file) => nerf::open_whole(tree, &file, options)?,
    };
    found.note_on_masks(tree);
    found.note_on_unreadable(tree);
    Ok(found)
}

/// A file of the `transforms.json` family, given by its own path.
fn read_transforms(path: &Path, options: &DatasetOptions) -> Result<ParsedDataset, DatasetError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let tree = Arc::new(Tree::open(folder)?);
    let mut found = match path.file_name().and_then(|name| name.to_str()) {
        Some(nerf::TRAIN) => nerf::open_blender(&tree, options)?,
        Some(file) => nerf::open_whole(&tree, file, options)?,
        None => return Err(DatasetError::NotADataset { path: path.into() }),
    };
    found.note_on_masks(&tree);
    found.note_on_unreadable(&tree);
    Ok(found)
}

/// Notes which of the folders of smaller pictures is used.
fn note_on_folder(views: &[View], options: &DatasetOptions) -> Option<String> {
    let ending = format!("_{}", options.divisor());
    let folder = views.iter().find_map(|view| view.source.picture.folder_ending_with(&ending))?;
    Some(format!("the images of {folder} are used"))
}

/// Notes which pictures are listed more than once, and whether one of them is both trained on and held out.
fn note_on_duplicates(views: &[View]) -> Option<String> {
    let mut splits: BTreeMap<(PathBuf, &str), Vec<Split>> = BTreeMap::new();
    for view in views {
        let face = view.face().map_or("", Face::word);
        splits.entry((view.file(), face)).or_default().push(view.split);
    }
    splits.retain(|_, splits| splits.len() > 1);
    let ((first, _), _) = splits.first_key_value()?;
    let in_both =
        splits.values().filter(|splits| splits.contains(&Split::Train) && splits.contains(&Split::Test)).count();
    let (pictures, listed) = (counted(splits.len(), "image"), are(splits.len()));
    let both = match in_both {
        0 => String::new(),
        count => format!("; {count} of them {} trained on and held out as well", are(count)),
    };
    Some(format!("{pictures} {listed} listed more than once, the first is {}{both}", first.display()))
}

fn note_on_size(views: &[View], options: &DatasetOptions) -> Option<String> {
    let is_capped = |view: &&View| view.camera.width == options.max_width && view.file_size()[0] > options.max_width;
    let capped = views.iter().filter(is_capped).count();
    (capped > 0).then(|| format!("wider images ({capped}) are made {} pixels wide (--max-width)", options.max_width))
}

fn note_on_panoramas(views: &[View]) -> Option<String> {
    let faces = views.iter().filter(|view| view.face().is_some()).count();
    (faces > 0).then(|| {
        let count = faces / Face::ALL.len();
        let (panoramas, are) = (counted(count, "image"), are(count));
        format!("{panoramas} of all directions {are} cut into {faces} pinholes of 90°, NAME.front and so on")
    })
}

fn note_on_principal_points(views: &[View]) -> Option<String> {
    let is_outside = |view: &&View| {
        let Camera { intrinsics: Intrinsics { cx, cy, .. }, width, height, .. } = view.camera;
        !(0.0..=f64::from(width)).contains(&cx) || !(0.0..=f64::from(height)).contains(&cy)
    };
    let outside: Vec<&View> = views.iter().filter(is_outside).collect();
    let first = outside.first()?;
    let Intrinsics { cx, cy, .. } = first.camera.intrinsics;
    let (count, all, name) = (outside.len(), views.len(), &first.name);
    Some(format!(
        "the principal points of {count} of {all} images lie outside of the image, the first is that of {name}, at \
         ({cx:.1}, {cy:.1}) pixels"
    ))
}

fn note_on_lenses(views: &[View]) -> Option<String> {
    let lost = views.iter().filter(|view| view.source.unseen > 0.0).count();
    let most = views.iter().map(|view| view.source.unseen).fold(0.0, f64::max);
    (lost > 0).then(|| {
        let (part, pictures) = ((100.0 * most).ceil(), counted(lost, "image"));
        format!(
            "the lenses of {pictures} show up to {part} % of the images' borders in no direction, because their \
             distortion turns back before; such pixels do not count"
        )
    })
}

/// A point, unless it is somewhere at infinity.
fn finite_point(position: [f64; 3], colour: [u8; 3]) -> Option<SfmPoint> {
    position.iter().all(|x| x.is_finite()).then_some(SfmPoint { position, colour })
}
