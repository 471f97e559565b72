//! The document that is open in the window, and where it came from: a scene, the cameras and photographs of a dataset, a
//! camera path.

mod chooser;
mod edit;
mod ground;
mod loader;
mod path_render;
mod photographs;
mod playback;
mod saver;
mod subject;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) use chooser::{ChoosePath, Choosing, ChosenPath, PathChooser, PathPurpose, PathRequest};
pub use edit::{
    ConvexMask, ConvexTable, CropBox, EditList, EditState, ListedEdit, OutlineKind, Placement, SceneEdit, SelectionBox,
    SelectionShape,
};
pub(crate) use edit::{Handle, HandleDrag};
use glam::DVec3;
pub(crate) use ground::GroundPlane;
pub(crate) use loader::DocumentLoader;
pub use loader::OpenDocument;
pub(crate) use path_render::{PathJob, PathRender, PathTarget};
pub(crate) use photographs::{Fetched, PhotographLoader};
pub use photographs::{LoadPhotograph, Photograph};
pub(crate) use playback::PathPlayback;
pub(crate) use saver::{EditedCopy, SceneSaver};
pub(crate) use subject::ViewSubject;
use subject::WeightedPlace;

use crate::camera::{self, Camera, RenderOptions};
use crate::dataset::{AlphaMode, Dataset, DatasetError, DatasetOptions, Split};
use crate::real::median;
use crate::scene::{Extent, Scene, StartView};
use crate::scene_file::Metadata;
use crate::source::{self, LoadedCameras, SourceError};
pub(crate) use crate::viewer::background::RequestRedraw;

/// A camera of a dataset or of a training.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedCamera {
    /// The name of its picture.
    pub name: String,
    /// Whether the picture is trained on or held out, in the dataset's words.
    pub split: String,
    /// The camera, with the size of the picture.
    pub camera: Camera,
}

impl NamedCamera {
    fn new(name: &str, split: Split, camera: Camera) -> Self {
        let split = match split {
            Split::Train => "train",
            Split::Test => "test",
        };
        Self { name: name.to_owned(), split: split.to_owned(), camera }
    }

    /// Returns the use of the picture in words.
    #[must_use]
    pub(crate) fn used_for(&self) -> &str {
        match self.split.as_str() {
            "train" => "training",
            "test" => "held out",
            other => other,
        }
    }
}

/// A point in world units, and its sRGB colour.
pub type ColouredPoint = (DVec3, [u8; 3]);

/// The content of an open path: any part of it may be missing.
#[derive(Clone)]
pub struct Document {
    /// The path that it was read from.
    pub path: Option<PathBuf>,
    /// The scene.
    pub scene: Option<Arc<Scene>>,
    /// What the file of the scene says about it besides.
    pub metadata: Metadata,
    /// Whether the scene was trained with anti-aliasing.
    pub antialias: bool,
    /// The background that the scene was trained before, sRGB; without one the last background stays.
    pub background: Option<[f32; 3]>,
    /// The view depth at which convexes end, in world units, where the scene's training says one.
    pub near: Option<f64>,
    /// Points of structure from motion, shown while there is no scene.
    pub points: Vec<ColouredPoint>,
    /// The cameras of the dataset.
    pub cameras: Vec<NamedCamera>,
    /// Reads the photographs of the cameras.
    pub load_photograph: LoadPhotograph,
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let convexes = self.scene.as_ref().map(|scene| scene.len());
        let mut debug = f.debug_struct("Document");
        debug.field("path", &self.path).field("convexes", &convexes).field("cameras", &self.cameras.len());
        debug.finish_non_exhaustive()
    }
}

impl Default for Document {
    fn default() -> Self {
        Self {
            path: None,
            scene: None,
            metadata: Metadata::default(),
            antialias: false,
            background: None,
            near: None,
            points: Vec::new(),
            cameras: Vec::new(),
            load_photograph: Arc::new(|_| Err("there are no photographs".into())),
        }
    }
}

impl Document {
    /// Opens a path, and returns the lines that a user should read about it as well. `data` is a dataset whose cameras and
    /// photographs are taken where the path has none of its own.
    ///
    /// # Errors
    /// Returns [`SourceError`] when nothing at the path can be opened.
    pub fn open(
        path: &Path,
        data: Option<&Path>,
        options: &DatasetOptions,
    ) -> Result<(Self, Vec<String>), SourceError> {
        let contents = source::open(path, data, &with_transparency(options))?;
        let messages = contents.messages();
        let document = match contents.cameras {
            LoadedCameras::Missing => Self::default(),
            LoadedCameras::Dataset(dataset) => Self::from(*dataset),
            LoadedCameras::Training(cameras) => Self {
                cameras: cameras
                    .into_iter()
                    .map(|(name, split, camera)| NamedCamera::new(&name, split, camera))
                    .collect(),
                load_photograph: Arc::new(|_| {
                    Err("this folder has cameras without images; --data names their dataset".to_owned())
                }),
                ..Self::default()
            },
        };
        let document = Self { path: Some(path.into()), ..document };
        let Some(loaded) = contents.scene else { return Ok((document, messages)) };
        let options = loaded.metadata.render_options();
        let is_trained = loaded.metadata.normalised_from_world.is_some();
        let near = is_trained.then_some(options.near);
        let document = Self { scene: Some(Arc::new(loaded.scene)), metadata: loaded.metadata, near, ..document };
        Ok((document.drawn_with(&options), messages))
    }

    /// Opens the cameras, photographs and points of a dataset, without a scene that lies beside them.
    ///
    /// # Errors
    /// Returns [`DatasetError`] when the dataset cannot be read.
    pub fn open_dataset(path: &Path, options: &DatasetOptions) -> Result<Self, DatasetError> {
        Ok(Self { path: Some(path.into()), ..Self::from(Dataset::open(path, &with_transparency(options))?) })
    }

    /// Takes anti-aliasing and background from the options that the scene was trained with. A black background is not taken:
    /// the user may choose another one for it.
    #[must_use]
    pub fn drawn_with(self, options: &RenderOptions) -> Self {
        let RenderOptions { antialias, background, .. } = *options;
        Self { antialias, background: (background != [0.0; 3]).then_some(background), ..self }
    }

    /// Returns the view that the file of the scene asks for; cameras that are shown say it better.
    pub(crate) fn own_view(&self) -> Option<StartView> {
        self.metadata.start_view.filter(|_| self.cameras.is_empty())
    }

    /// Returns the direction that the tops of all pictures point to on average, or that of the scene's file, or z.
    #[must_use]
    pub fn up(&self) -> DVec3 {
        let of_cameras = || camera::up_of(self.cameras.iter().map(|named| &named.camera));
        self.own_view().map_or_else(of_cameras, |view| view.up)
    }

    /// Returns the extent of the scene; without a scene that of the points, and without points that of the cameras.
    #[must_use]
    pub(crate) fn extent(&self) -> Extent {
        match &self.scene {
            Some(scene) if !scene.is_empty() => Extent::of_scene(scene),
            _ if !self.points.is_empty() => Extent::of_points(self.points.iter().map(|(at, _)| *at).collect()),
            _ => Extent::of_points(self.cameras.iter().map(|named| named.camera.position()).collect()),
        }
    }

    /// Returns what the capture is about; without cameras what the file of the scene says, and without cameras, scene and points a
    /// sphere around the extent.
    #[must_use]
    pub(crate) fn subject(&self) -> ViewSubject {
        if let Some(view) = self.own_view() {
            let radius = view.position.distance(view.focus) * (view.fov.to_radians() / 2.0).sin();
            return ViewSubject { centre: view.focus, radius };
        }
        let cameras: Vec<Camera> = self.cameras.iter().map(|named| named.camera).collect();
        let extent = self.extent();
        let whole = ViewSubject { centre: extent.centre(), radius: extent.radius() };
        ViewSubject::of(&cameras, &self.weighted_places()).unwrap_or(whole)
    }

    /// The centroids of the convexes, each with its opacity, or else the points.
    fn weighted_places(&self) -> Vec<WeightedPlace> {
        let Some(scene) = self.scene.as_ref().filter(|scene| !scene.is_empty()) else {
            let every = self.points.len().div_ceil(MAX_PLACES).max(1);
            return self.points.iter().step_by(every).map(|(at, _)| (*at, 1.0)).collect();
        };
        let every = scene.len().div_ceil(MAX_PLACES).max(1);
        let place = |convex: usize| {
            let count = scene.points_per_convex;
            let sum: DVec3 = (0..count).map(|k| DVec3::from(scene.point(convex, k).map(f64::from))).sum();
            let opacity = 1.0 / (1.0 + (-f64::from(scene.params.raw_opacity[convex])).exp());
            (scene.origin + sum / count as f64, opacity)
        };
        let places = (0..scene.len()).step_by(every).map(place);
        places.filter(|(at, weight)| at.is_finite() && weight.is_finite()).collect()
    }

    /// Returns the ground around the subject, from the points of structure from motion where there are some, or else the convexes.
    #[must_use]
    pub(crate) fn ground(&self, subject: &ViewSubject) -> Option<GroundPlane> {
        let points = || self.points.iter().map(|(at, _)| (*at, 1.0)).collect();
        let places: Vec<WeightedPlace> = if self.points.len() < MIN_POINTS { self.weighted_places() } else { points() };
        GroundPlane::of(&places, self.level(), subject)
    }

    /// Returns the direction that is level for the cameras, or else [`Self::up`].
    #[must_use]
    pub(crate) fn level(&self) -> DVec3 {
        let level = ground::level_of(self.cameras.iter().map(|named| named.camera));
        level.filter(|_| self.own_view().is_none()).unwrap_or_else(|| self.up())
    }

    /// Returns how deep the frusta of the cameras are drawn, in world units: half of the median distance to the nearest
    /// other camera, so that neighbours hardly overlap, within bounds that can be seen and do not hide a scene of this
    /// radius.
    #[must_use]
    pub(crate) fn frustum_depth(&self, radius: f64) -> f64 {
        let count = self.cameras.len();
        let at = |index: usize| self.cameras[index].camera.position();
        let nearest = |index: usize| {
            let others = (0..count).filter(|other| *other != index);
            others.map(|other| at(index).distance(at(other))).min_by(f64::total_cmp)
        };
        let step = count.div_ceil(MAX_MEASURED_CAMERAS).max(1);
        let distance = median((0..count).step_by(step).filter_map(nearest)).unwrap_or(radius);
        (0.5 * distance).clamp(0.02 * radius, 0.15 * radius)
    }
}

/// The number of points from which they say better than convexes where the ground is.
const MIN_POINTS: usize = 300;

/// The number of places that say at most where the subject is.
const MAX_PLACES: usize = 50_000;

/// The number of cameras whose distances to their neighbours are measured at most.
const MAX_MEASURED_CAMERAS: usize = 256;

/// Transparent pixels stay transparent: the window draws its own background behind them.
fn with_transparency(options: &DatasetOptions) -> DatasetOptions {
    DatasetOptions { alpha: AlphaMode::Mask, ..options.clone() }
}

impl From<Dataset> for Document {
    fn from(dataset: Dataset) -> Self {
        let named = dataset.views.iter().map(|view| NamedCamera::new(&view.name, view.split, view.camera));
        let cameras: Vec<NamedCamera> = named.collect();
        let points = dataset.points.iter().map(|point| (DVec3::from_array(point.position), point.colour)).collect();
        let count = cameras.len();
        let load = move |index: usize| {
            if index >= count {
                return Err("there is no such image".to_owned());
            }
            let picture = dataset.load(index).map_err(|error| error.to_string())?;
            Ok(Photograph { width: picture.width as usize, height: picture.height as usize, pixels: picture.pixels })
        };
        Self { points, cameras, load_photograph: Arc::new(load), ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::transforms::Transforms;
    use crate::source::CAMERAS_FILE;

    fn document(positions: &[DVec3]) -> Document {
        let camera = |position: &DVec3| NamedCamera {
            name: String::new(),
            split: String::new(),
            camera: Camera::look_at(*position, DVec3::ZERO, DVec3::NEG_Y, 50.0, 8, 8),
        };
        Document { cameras: positions.iter().map(camera).collect(), ..Document::default() }
    }

    #[test]
    fn up_is_where_the_tops_of_the_pictures_point() {
        let around = [DVec3::new(3.0, -1.0, 0.0), DVec3::new(-3.0, -1.0, 0.1), DVec3::new(0.0, -1.0, 3.0)];
        assert_eq!(document(&around).up(), DVec3::NEG_Y);
        assert_eq!(Document::default().up(), DVec3::Z);
    }

    #[test]
    fn frusta_are_half_as_deep_as_cameras_are_apart() {
        let row = [0.0, 1.0, 2.0, 3.0, 4.0].map(|y| DVec3::new(3.0, y, 1.0));
        assert!((document(&row).frustum_depth(10.0) - 0.5).abs() < 1e-9, "one unit apart");
        assert_eq!(document(&row).frustum_depth(100.0), 2.0, "large enough to be seen");
        assert_eq!(document(&row[..1]).frustum_depth(10.0), 1.5, "a single one");
    }

    #[test]
    fn the_cameras_of_a_training_have_no_photographs() {
        let folder = tempfile::tempdir().unwrap();
        let camera = Camera::look_at(DVec3::new(3.0, -0.2, 0.0), DVec3::ZERO, DVec3::NEG_Y, 40.0, 64, 48);
        let transforms = Transforms::from_cameras(&[("a.png".to_owned(), camera)]);
        transforms.save(&folder.path().join(CAMERAS_FILE)).unwrap();
        let (document, _) = Document::open(folder.path(), None, &DatasetOptions::default()).unwrap();
        assert_eq!((document.cameras.len(), document.up()), (1, DVec3::NEG_Y));
        assert_eq!(document.path.as_deref(), Some(folder.path()));
        assert!((document.load_photograph)(0).unwrap_err().contains("--data"));
    }
}
