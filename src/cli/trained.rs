//! What the folder of a training run tells about the photographs that it was made from.

use std::path::{Path, PathBuf};

use lapidary::camera::Camera;
use lapidary::dataset::{Dataset, DatasetOptions, Split};
use lapidary::source::{DatasetRecord, SourceError};
use lapidary::{files, text};

use super::Advised;
use super::dataset::DatasetArgs;
use super::source::{CAMERAS_FILE, is_same, scene_file_of};

/// The command of the training that left a scene, where its folder tells.
pub(super) fn command(scene: &Path) -> Option<String> {
    let bytes = files::read(&scene_file_of(scene).with_file_name("config.toml")).ok()?;
    let first = String::from_utf8_lossy(&bytes).lines().next()?.strip_prefix("# ")?.to_owned();
    first.starts_with("lapidary train").then(|| text::escaped(&first))
}

/// How a scene was trained, for a report.
#[derive(Debug, Default)]
pub(super) struct TrainedBy {
    /// Names and values: time, device, version.
    pub(super) facts: Vec<(&'static str, String)>,
    /// The options as its folder keeps them.
    pub(super) options: Option<String>,
}

impl TrainedBy {
    /// What the folder of a scene tells; nothing where it is no training's.
    pub(super) fn of(scene: &Path) -> Self {
        let scene = scene_file_of(scene);
        let read = |name: &str| files::read(&scene.with_file_name(name)).ok();
        let Some(options) = read("config.toml") else { return Self::default() };
        let summary: Option<serde_json::Value> =
            read("metrics.json").and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let facts = summary.into_iter().flat_map(|summary| {
            let text = |key: &str| summary[key].as_str().map(str::to_owned);
            let time = summary["iterations"].as_u64().zip(summary["seconds"].as_f64());
            [
                ("Training", time.map(|(number, seconds)| format!("{number} iterations in {seconds:.0} s"))),
                ("Trained on", text("adapter")),
                ("Trained by", text("version").map(|version| format!("lapidary {version}"))),
            ]
        });
        Self {
            facts: facts.filter_map(|(name, value)| Some((name, value?))).collect(),
            options: Some(String::from_utf8_lossy(&options).into_owned()),
        }
    }
}

/// The photographs of a scene, and how to read them.
#[derive(Debug)]
pub(super) struct Photographs {
    pub(super) path: PathBuf,
    pub(super) options: DatasetOptions,
    /// A sentence about what is given and is not as in the training.
    pub(super) differences: Option<String>,
}

impl Photographs {
    /// Those that are given, else those of the training that left the scene; options that are not given are the training's.
    /// `None` where neither is known.
    pub(super) fn of(scene: &Path, given: Option<&Path>, args: &DatasetArgs) -> anyhow::Result<Option<Self>> {
        let Some(record) = DatasetRecord::beside(&scene_file_of(scene))? else {
            let options = args.options([0.0; 3]);
            return Ok(given.map(|path| Self { path: path.into(), options, differences: None }));
        };
        let trained = record.options();
        let mut differences = args.other_than(&trained);
        let path = match (given, record.locate()) {
            (Some(given), Ok(place)) if !is_same(given, &place) => {
                differences.insert(0, format!("{} (it had {})", given.display(), place.display()));
                given.into()
            }
            (Some(given), _) => given.into(),
            (None, Ok(place)) => place,
            (None, Err(error @ SourceError::DatasetMoved { .. })) => {
                return Err(Advised::error(error, "name their folder by --dataset DIR"));
            }
            (None, Err(error)) => return Err(error.into()),
        };
        let differences = Some(differences.join(", ")).filter(|text| !text.is_empty());
        let differences = differences.map(|text| format!("not as in the training: {text}"));
        Ok(Some(Self { path, options: args.over(trained), differences }))
    }

    /// Opens the dataset; images with transparency are put before `background`. `is_told` prints notes and differences.
    pub(super) fn open(&self, background: [f32; 3], is_told: bool) -> anyhow::Result<Dataset> {
        let dataset = Dataset::open(&self.path, &DatasetOptions { background, ..self.options.clone() })?;
        if is_told {
            super::dataset::say_notes(&dataset);
            self.differences.iter().for_each(|text| say!("warning: {text}"));
        }
        Ok(dataset)
    }
}

/// How the views of a dataset that are evaluated differ from those that a training has left beside its scene, in sentences.
pub(super) fn differences(trained: &[(String, Split, Camera)], dataset: &Dataset, views: &[usize]) -> Vec<String> {
    let chosen = views.iter().filter_map(|view| dataset.views.get(*view));
    let pairs: Vec<_> = chosen
        .filter_map(|view| {
            trained.iter().find(|(name, ..)| *name == view.name).map(|(_, split, camera)| (view, split, camera))
        })
        .collect();
    let mut found = Vec::new();
    let is_other = |camera: &Camera, other: &Camera| (camera.width, camera.height) != (other.width, other.height);
    if let Some((view, _, camera)) = pairs.iter().find(|(view, _, camera)| is_other(&view.camera, camera)) {
        found.push(format!(
            "the training saw {} with {}×{} pixels, and here it has {}×{}; --downscale and --max-width of the training give \
             the same figures",
            text::quoted(&view.name),
            camera.width,
            camera.height,
            view.camera.width,
            view.camera.height
        ));
    }
    let num_seen = pairs.iter().filter(|(view, split, _)| view.split == Split::Test && **split == Split::Train).count();
    if num_seen > 0 {
        found.push(format!(
            "{num_seen} of {} held-out views are views that the scene was trained on ({CAMERAS_FILE} tells); --test-every and \
             --split-file of the training hold out the same ones",
            pairs.len()
        ));
    }
    found
}
