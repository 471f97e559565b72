//! What a dataset holds, counted.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Dataset, FileCounts, Split};

/// Counts of a dataset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DatasetReport {
    /// The path as it was given.
    pub path: String,
    /// Layout.
    pub kind: String,
    /// The number of views to train on.
    pub train: usize,
    /// The number of views to test on.
    pub test: usize,
    /// Sizes of the pictures, the most frequent first.
    pub sizes: Vec<SizeReport>,
    /// How many pictures were taken by each of COLMAP's camera models.
    pub camera_models: BTreeMap<&'static str, usize>,
    /// Pictures whose distortion is undone.
    pub undistorted: usize,
    /// Pictures with a mask of their own.
    pub masks: usize,
    /// Points of structure from motion.
    pub points: usize,
    /// Counts of missing and unused files.
    #[serde(flatten)]
    pub findings: FileCounts,
    /// Notes for the user, a sentence each.
    pub notes: Vec<String>,
}

/// Pictures of one size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SizeReport {
    /// Width and height as loaded, pixels.
    pub loaded: [u32; 2],
    /// Width and height of the files, pixels.
    pub file: [u32; 2],
    /// Their number.
    pub pictures: usize,
}

impl DatasetReport {
    /// Counts the parts of a dataset.
    #[must_use]
    pub fn of(dataset: &Dataset) -> Self {
        let mut sizes: BTreeMap<([u32; 2], [u32; 2]), usize> = BTreeMap::new();
        let mut camera_models = BTreeMap::new();
        for view in &dataset.views {
            *sizes.entry(([view.camera.width, view.camera.height], view.file_size())).or_default() += 1;
            *camera_models.entry(view.camera_model()).or_default() += 1;
        }
        let mut sizes: Vec<SizeReport> =
            sizes.into_iter().map(|((loaded, file), pictures)| SizeReport { loaded, file, pictures }).collect();
        sizes.sort_by_key(|size| std::cmp::Reverse(size.pictures));
        Self {
            path: dataset.path.display().to_string(),
            kind: dataset.kind.to_string(),
            train: dataset.indices(Split::Train).count(),
            test: dataset.indices(Split::Test).count(),
            sizes,
            camera_models,
            undistorted: dataset.views.iter().filter(|view| view.is_distorted()).count(),
            masks: dataset.views.iter().filter(|view| view.mask().is_some()).count(),
            points: dataset.points.len(),
            findings: dataset.findings.clone(),
            notes: dataset.notes.clone(),
        }
    }
}
