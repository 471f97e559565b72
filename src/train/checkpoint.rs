//! A training in a file: the scene in normalised units, the optimiser's moments, what was added up for densification,
//! and where the training stands. docs/formats.md describes it field by field.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};

use super::options::TrainOptions;
use super::warnings::layout_of;
use crate::dataset::{AlphaMode, Dataset, Split, View};
use crate::fault;
use crate::files::{self, FileError};
use crate::scene::{NAMES, Params, Scene, SceneError, Similarity};
use crate::scene_file;

/// Value of the metadata key `version`; raised when an older reader would misread the file.
const VERSION: &str = "1";

/// A training that can go on.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// The scene, normalised units.
    pub scene: Scene,
    /// The optimiser's running means of the gradient and of its square.
    pub moments: [Params<Vec<f32>>; 2],
    /// The sums of every convex since the scene was last rebuilt: a row of `Optimiser::statistics` each.
    pub statistics: Vec<[f32; 4]>,
    /// The progress and the options.
    pub state: State,
}

/// The progress of a training, and everything that it depends on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Iterations that are done.
    pub iteration: u32,
    /// The options of the training.
    pub options: TrainOptions,
    /// The last iteration after which the number of convexes changed; what is due after a later one is still to be done.
    pub changed_after: u32,
    /// The similarity between the dataset and the units of training.
    pub similarity: Similarity,
    /// The treatment of alpha channels.
    pub alpha: AlphaMode,
    /// The pictures that are trained on.
    pub train_views: Vec<TrainView>,
}

const fn alpha_description(alpha: AlphaMode) -> &'static str {
    match alpha {
        AlphaMode::Composite => "composited",
        AlphaMode::Mask => "a mask",
    }
}

/// A picture that is trained on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrainView {
    /// The name in the dataset.
    pub name: String,
    /// Width and height, pixels.
    pub size: [u32; 2],
}

impl TrainView {
    pub(super) fn of(view: &View) -> Self {
        Self { name: view.name.clone(), size: [view.camera.width, view.camera.height] }
    }
}

impl State {
    /// Returns how a dataset differs from the one that the training began with; `None` where it does not, as far as can be told
    /// without the pictures themselves.
    pub(super) fn difference(&self, dataset: &Dataset) -> Option<String> {
        let views: Vec<&View> = dataset.indices(Split::Train).map(|view| &dataset.views[view]).collect();
        if views.len() != self.train_views.len() {
            return Some(format!("images to train on: {} now, {} then", views.len(), self.train_views.len()));
        }
        for (view, then) in views.iter().zip(&self.train_views) {
            let (now, TrainView { name, size: [width, height] }) = (TrainView::of(view), then);
            if now.name != *name {
                return Some(format!("{} now, {name} then", now.name));
            }
            if now != *then {
                let [now_width, now_height] = now.size;
                return Some(format!("{name} has {now_width}x{now_height} pixels now, {width}x{height} then"));
            }
        }
        if dataset.alpha() != self.alpha {
            return Some(format!(
                "alpha is {} now, {} then",
                alpha_description(dataset.alpha()),
                alpha_description(self.alpha)
            ));
        }
        let is_near = self.similarity.is_near(&Similarity::of_layout(&layout_of(dataset)));
        (!is_near).then(|| "the cameras stand elsewhere".to_owned())
    }
}

/// A checkpoint that could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The content of the file makes no sense.
    #[error("{} is not a lapidary checkpoint: {reason}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// The expected and the found values.
        reason: String,
    },
    /// The tensors do not form a scene.
    #[error("the scene of {} is broken: {source}", path.display())]
    Scene {
        /// The file.
        path: PathBuf,
        /// The fault.
        source: SceneError,
    },
    /// The checkpoint was made from another dataset.
    #[error("{} was made from other images than {}: {reason}", path.display(), dataset.display())]
    OtherDataset {
        /// The file.
        path: PathBuf,
        /// The dataset at hand.
        dataset: PathBuf,
        /// The first difference.
        reason: String,
    },
}

/// Prefixes of the names of tensors.
const GROUPS: [&str; 3] = ["params", "first_moment", "second_moment"];

impl Checkpoint {
    /// Value of the metadata key `format`.
    pub const FORMAT: &str = "lapidary-checkpoint";

    /// Writes the file under a temporary name and renames it. A training that holds numbers that are none is refused, and
    /// an earlier file stays.
    ///
    /// # Errors
    /// [`CheckpointError`] naming the file.
    pub fn save(&self, path: &Path) -> Result<(), CheckpointError> {
        fault::panic_if_requested(format_args!("checkpoint"));
        let broken = |source| CheckpointError::Scene { path: path.into(), source };
        self.scene.check().map_err(broken)?;
        let content =
            |error: &dyn std::fmt::Display| CheckpointError::Content { path: path.into(), reason: error.to_string() };
        let rows = self.scene.len();
        let groups = [&self.scene.params, &self.moments[0], &self.moments[1]];
        let mut tensors = Vec::new();
        for (group, params) in GROUPS.iter().zip(groups) {
            for (name, (values, width)) in params.as_ref().zip(self.scene.row_widths()).into_named() {
                let view = TensorView::new(Dtype::F32, vec![rows, width], bytemuck::cast_slice(values));
                tensors.push((format!("{group}.{name}"), view.map_err(|error| content(&error))?));
            }
        }
        let statistics = TensorView::new(Dtype::F32, vec![rows, 4], bytemuck::cast_slice(&self.statistics));
        tensors.push(("statistics".to_owned(), statistics.map_err(|error| content(&error))?));
        let metadata = HashMap::from([
            ("format".to_owned(), Self::FORMAT.to_owned()),
            ("version".to_owned(), VERSION.to_owned()),
            ("points_per_convex".to_owned(), self.scene.points_per_convex.to_string()),
            ("sh_degree".to_owned(), self.scene.sh_degree.to_string()),
            ("state".to_owned(), serde_json::to_string(&self.state).map_err(|error| content(&error))?),
        ]);
        let bytes = safetensors::serialize(tensors, Some(metadata)).map_err(|error| content(&error))?;
        Ok(files::write_atomically(path, &scene_file::with_sorted_header(bytes))?)
    }

    /// Reads a file and checks format, version, shapes and finiteness.
    ///
    /// # Errors
    /// [`CheckpointError`] naming the file and what was expected.
    pub fn load(path: &Path) -> Result<Self, CheckpointError> {
        let content = |reason: String| CheckpointError::Content { path: path.into(), reason };
        let bytes = scene_file::read_safetensors(path)?;
        let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|error| content(error.to_string()))?;
        let metadata = header.metadata().clone().unwrap_or_default();
        let key = |name: &str| metadata.get(name).map_or("nothing", String::as_str);
        for (name, expected) in [("format", Self::FORMAT), ("version", VERSION)] {
            if key(name) != expected {
                return Err(content(format!("metadata `{name}` is {}, expected {expected}", key(name))));
            }
        }
        let number = |name: &str| {
            key(name).parse().map_err(|_| content(format!("metadata `{name}` is {}, not a number", key(name))))
        };
        let (points_per_convex, sh_degree) = (number("points_per_convex")?, number("sh_degree")?);
        let state: State =
            serde_json::from_str(key("state")).map_err(|error| content(format!("metadata `state`: {error}")))?;
        let tensors = SafeTensors::deserialize(&bytes).map_err(|error| content(error.to_string()))?;
        let floats = |name: String| -> Result<Vec<f32>, CheckpointError> {
            let tensor = tensors.tensor(&name).map_err(|_| content(format!("tensor `{name}` is missing")))?;
            if tensor.dtype() != Dtype::F32 {
                return Err(content(format!("tensor `{name}` is {:?}, expected F32", tensor.dtype())));
            }
            Ok(bytemuck::pod_collect_to_vec(tensor.data()))
        };
        let group = |group: &str| NAMES.map(|name| floats(format!("{group}.{name}"))).transpose();
        let as_scene = |params: Params<Vec<f32>>| {
            let scene = Scene { params, ..Scene::empty(points_per_convex, sh_degree) };
            scene.check().map_err(|source| CheckpointError::Scene { path: path.into(), source })?;
            Ok::<Scene, CheckpointError>(scene)
        };
        let scene = as_scene(group(GROUPS[0])?)?;
        state.similarity.check().map_err(|error| content(format!("metadata `state`, `similarity`: {error}")))?;
        let broken = |source| CheckpointError::Scene { path: path.into(), source };
        state.similarity.check_in_world(&scene).map_err(broken)?;
        // Moments have the shape of a scene and are finite too.
        let moments = [as_scene(group(GROUPS[1])?)?, as_scene(group(GROUPS[2])?)?];
        let statistics: Vec<[f32; 4]> = bytemuck::pod_collect_to_vec(&floats("statistics".to_owned())?);
        let lengths = [moments[0].len(), moments[1].len(), statistics.len()];
        if lengths.iter().any(|len| *len != scene.len()) {
            return Err(content(format!("{} convexes have {lengths:?} moments and statistics", scene.len())));
        }
        if statistics.as_flattened().iter().any(|value| !value.is_finite()) {
            return Err(content("tensor `statistics` holds numbers that are not finite".to_owned()));
        }
        state.options.check().map_err(|error| content(format!("metadata `state`: {error}")))?;
        Ok(Self { scene, moments: moments.map(|moments| moments.params), statistics, state })
    }
}
