//! The options of `lapidary convert` that drop convexes and move the others.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use glam::{DMat3, DQuat, DVec3, DVec4};
use lapidary::camera::{Camera, RenderOptions};
use lapidary::convert::{Dropped, OrientedBox, Seen, Selection, VisibleIn, WorldTransform};
use lapidary::dataset::{Dataset, DatasetError, DatasetOptions};
use lapidary::gpu::{Gpu, GpuOptions};
use lapidary::renderer::{GpuScene, Outputs, Renderer};
use lapidary::scene::Scene;
use lapidary::scene_file::Metadata;
use lapidary::text::{are, counted};
use lapidary::{files, source};

use super::SharedArgs;
use super::progress::Parts;

/// Edits of a scene. Boxes and cameras are in the world of IN; the transform comes last.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Edits")]
pub(crate) struct EditArgs {
    /// Keep the convexes whose middle lies in a box: two corners, or centre, size and orientation as a quaternion
    #[arg(long, value_name = "X,Y,Z,X,Y,Z|CENTRE,SIZE,QX,QY,QZ,QW", allow_hyphen_values = true, value_parser = crop)]
    crop: Option<OrientedBox>,
    /// Keep the convexes that stand in the image of a camera of this dataset, or of this training, whatever hides them
    #[arg(long, value_name = "DATASET")]
    within_cameras: Option<PathBuf>,
    /// Keep the convexes that an image of this dataset, or of this training, shows in some pixel: not what others hide
    #[arg(long, value_name = "DATASET")]
    visible_in: Option<PathBuf>,
    /// The number of cameras that have to see a convex
    #[arg(long, value_name = "N", default_value_t = 1,
        value_parser = clap::value_parser!(u32).range(1..))]
    min_views: u32,
    /// Move the scene by a matrix of a rotation, one scale and a translation: 12 or 16 numbers, row after row, or a file that holds them
    #[arg(long, value_name = "MATRIX|FILE", allow_hyphen_values = true, value_parser = matrix,
        conflicts_with_all = ["scale", "rotate", "translate"])]
    transform: Option<WorldTransform>,
    /// Make the scene larger by a factor, before it is turned and moved
    #[arg(long, value_name = "FACTOR", allow_hyphen_values = true, value_parser = factor)]
    scale: Option<f64>,
    /// Turn the scene about an axis through the origin of the world, by degrees
    #[arg(long, value_name = "X,Y,Z,DEGREES", allow_hyphen_values = true, value_parser = rotation)]
    rotate: Option<DMat3>,
    /// Move the scene, after it is scaled and turned
    #[arg(long, value_name = "X,Y,Z", allow_hyphen_values = true, value_parser = translation)]
    translate: Option<DVec3>,
}

impl EditArgs {
    /// The scene after all edits, with what was done in its provenance. What was dropped is printed.
    pub(crate) fn apply(
        &self,
        scene: Scene,
        metadata: Metadata,
        min_opacity: f32,
        shared: &SharedArgs,
    ) -> anyhow::Result<(Scene, Metadata)> {
        let least = self.min_views as usize;
        ensure!(
            least == 1 || self.within_cameras.is_some() || self.visible_in.is_some(),
            "--min-views {least} counts the cameras of --within-cameras or --visible-in; give one of them"
        );
        let enough = |path: &Path, cameras: &[Camera]| {
            let has = counted(cameras.len(), "camera");
            ensure!(least <= cameras.len(), "--min-views {least}: {} has {has}", path.display());
            Ok(())
        };
        let seen = self.within_cameras.as_deref().map(|path| {
            let cameras = cameras(path).context("--within-cameras")?;
            enough(path, &cameras)?;
            anyhow::Ok(Seen { cameras, least, near: metadata.render_options().near })
        });
        let visible = self.visible_in.as_deref().map(|path| {
            let cameras = cameras(path).context("--visible-in")?;
            enough(path, &cameras)?;
            let counts = images_that_show(&scene, &cameras, &metadata.render_options(), shared)?;
            anyhow::Ok(VisibleIn { counts, least: self.min_views })
        });
        let selection =
            Selection { crop: self.crop, seen: seen.transpose()?, visible: visible.transpose()?, min_opacity };
        let num_before = scene.len();
        let (mut scene, dropped) = selection.of(&scene);
        let mut done = Vec::new();
        if dropped.total() > 0 {
            let told = told(dropped, num_before, min_opacity);
            ensure!(!scene.is_empty(), "no convex is left: {told}; nothing is written");
            tell!("{told}");
            done.push(told);
        } else if selection != Selection::default() {
            tell!("no convex is dropped");
        }
        let transform = self.world_transform();
        let mut metadata = metadata;
        if !transform.is_identity() {
            scene = transform.scene(&scene);
            scene.check().context("the scene cannot be moved so far or become so large")?;
            metadata = transform.metadata(&metadata);
            done.push(moved(&transform));
        }
        Ok((scene, metadata.edited(done)))
    }

    fn world_transform(&self) -> WorldTransform {
        self.transform.unwrap_or(WorldTransform {
            scale: self.scale.unwrap_or(1.0),
            rotation: self.rotate.unwrap_or(DMat3::IDENTITY),
            translation: self.translate.unwrap_or(DVec3::ZERO),
        })
    }
}

/// The cameras of a dataset, or those that a training left in its folder.
fn cameras(path: &Path) -> anyhow::Result<Vec<Camera>> {
    match Dataset::open(path, &DatasetOptions::default()) {
        Ok(dataset) => Ok(dataset.views.iter().map(|view| view.camera).collect()),
        Err(error @ DatasetError::NotADataset { .. }) => {
            let views = source::views_beside(path)?;
            ensure!(!views.is_empty(), error);
            Ok(views.into_iter().map(|(.., camera)| camera).collect())
        }
        Err(error) => Err(error.into()),
    }
}

/// How many of the images of cameras show each convex in some pixel.
fn images_that_show(
    scene: &Scene,
    cameras: &[Camera],
    options: &RenderOptions,
    shared: &SharedArgs,
) -> anyhow::Result<Vec<u32>> {
    let gpu = Gpu::open(&GpuOptions { adapter: shared.adapter.clone(), ..GpuOptions::default() })?;
    let uploaded = GpuScene::upload(&gpu, scene)?;
    let mut renderer = Renderer::new(&gpu, uploaded.points_per_convex)?;
    let mut counts = vec![0; scene.len()];
    let parts = Parts::begin("drawing what the images show".to_owned(), cameras.len() as u64, false);
    for camera in cameras {
        let frame = renderer.forward(&uploaded, camera, options, Outputs::default())?;
        let shares = renderer.shares(&uploaded, &frame)?;
        counts.iter_mut().zip(&shares).for_each(|(count, share)| *count += u32::from(*share > 0.0));
        renderer.recycle(frame);
        parts.advance();
    }
    Ok(counts)
}

/// What was dropped, in one sentence.
fn told(dropped: Dropped, num_before: usize, min_opacity: f32) -> String {
    let Dropped { outside, unseen, hidden, faint } = dropped;
    let reasons = [
        (outside, "outside of the box".to_owned()),
        (unseen, "in the images of too few cameras".to_owned()),
        (hidden, "visible in too few images".to_owned()),
        (faint, format!("less opaque than {min_opacity}")),
    ];
    let reasons = reasons.iter().filter(|(count, _)| *count > 0);
    let reasons: Vec<String> = reasons.map(|(count, reason)| format!("{count} {reason}")).collect();
    let total = dropped.total();
    format!("{total} of {} {} dropped: {}", counted(num_before, "convex"), are(total), reasons.join(", "))
}

/// What a transform does, in one sentence.
fn moved(transform: &WorldTransform) -> String {
    let rotation = DQuat::from_mat3(&transform.rotation).to_array();
    format!(
        "scaled by {}, turned by the quaternion {rotation:?}, moved by {:?}",
        transform.scale,
        transform.translation.to_array()
    )
}

/// Finite numbers, divided by commas, blanks or lines; brackets are left out.
fn numbers(text: &str) -> Option<Vec<f64>> {
    let is_between = |c: char| c.is_whitespace() || ",;[]()".contains(c);
    let numbers: Option<Vec<f64>> =
        text.split(is_between).filter(|part| !part.is_empty()).map(|part| part.parse().ok()).collect();
    numbers.filter(|numbers| numbers.iter().all(|number| number.is_finite()))
}

fn crop(text: &str) -> Result<OrientedBox, String> {
    let expected = || {
        "expected two corners of six numbers, like -1,-1,0,1,1,2, or ten: centre, size above 0 and quaternion"
            .to_owned()
    };
    let numbers = numbers(text).ok_or_else(expected)?;
    let vector = |at: usize| DVec3::from_slice(&numbers[at..at + 3]);
    match numbers.len() {
        6 => {
            let (low, high) = (vector(0).min(vector(3)), vector(0).max(vector(3)));
            Ok(OrientedBox::between(low, high))
        }
        10 if vector(3).min_element() > 0.0 => {
            let quaternion = DVec4::from_slice(&numbers[6..]).try_normalize().ok_or_else(expected)?;
            let rotation = DMat3::from_quat(DQuat::from_vec4(quaternion));
            Ok(OrientedBox { centre: vector(0), half_size: vector(3) / 2.0, rotation })
        }
        _ => Err(expected()),
    }
}

fn matrix(text: &str) -> Result<WorldTransform, String> {
    let is_file = Path::new(text).is_file();
    let content = match is_file {
        true => files::read_at_most(Path::new(text), 1 << 16).map_err(|error| error.to_string())?,
        false => text.as_bytes().to_vec(),
    };
    let numbers =
        numbers(&String::from_utf8_lossy(&content)).ok_or("expected 12 or 16 numbers, or a file that holds them")?;
    WorldTransform::of_matrix(&numbers)
}

fn factor(text: &str) -> Result<f64, String> {
    let factor = text.parse().ok().filter(|factor: &f64| *factor > 0.0 && factor.is_normal());
    factor.ok_or_else(|| "expected a number above 0".to_owned())
}

fn rotation(text: &str) -> Result<DMat3, String> {
    let expected = || "expected an axis and degrees, like 1,0,0,90".to_owned();
    let numbers = numbers(text).and_then(|numbers| <[f64; 4]>::try_from(numbers).ok()).ok_or_else(expected)?;
    let axis = DVec3::from_slice(&numbers).try_normalize().ok_or_else(expected)?;
    Ok(DMat3::from_axis_angle(axis, numbers[3].to_radians()))
}

fn translation(text: &str) -> Result<DVec3, String> {
    let numbers = numbers(text).and_then(|numbers| <[f64; 3]>::try_from(numbers).ok());
    numbers.map(DVec3::from_array).ok_or_else(|| "expected three numbers, like 0,0,1.5".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_are_corners_or_turned() {
        let found = crop("1,1,2, -1,-1,0").unwrap();
        assert_eq!(found, OrientedBox::between(DVec3::new(-1.0, -1.0, 0.0), DVec3::new(1.0, 1.0, 2.0)));
        let turned = crop("0,0,0,2,4,6,0,0,0,2").unwrap();
        assert_eq!((turned.half_size, turned.rotation), (DVec3::new(1.0, 2.0, 3.0), DMat3::IDENTITY));
        for wrong in ["", "1,2,3", "a,0,0,0,0,0", "0,0,0,0,1,1,0,0,0,1", "0,0,0,1,1,1,0,0,0,0", "0,0,0,1,1,inf"] {
            assert!(crop(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn transforms_are_numbers_or_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("matrix.json");
        std::fs::write(&file, "[[2, 0, 0, 1],\n [0, 2, 0, 0],\n [0, 0, 2, 0],\n [0, 0, 0, 1]]").unwrap();
        let found = matrix(file.to_str().unwrap()).unwrap();
        assert_eq!((found.scale, found.translation), (2.0, DVec3::X));
        assert_eq!(matrix("2 0 0 1 0 2 0 0 0 0 2 0"), Ok(found));
        assert!(matrix("no such file").is_err() && matrix("1,2,3").is_err());
        assert!((rotation("0,0,2,90").unwrap() * DVec3::X).distance(DVec3::Y) < 1e-12);
        assert!(rotation("0,0,0,90").is_err() && factor("0").is_err() && factor("-1").is_err());
    }
}
