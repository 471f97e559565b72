//! The cases of tests/vectors, or of the folder that `LAPIDARY_VECTORS` names.

use std::fs;
use std::path::{Path, PathBuf};

use glam::{DAffine3, DMat3, DVec3};
use lapidary::camera::{Camera, Intrinsics, RenderOptions};
use lapidary::scene::{Params, Scene};
use safetensors::SafeTensors;

/// A scene with the pictures and gradients it must give.
pub(crate) struct SceneCase {
    pub(crate) name: String,
    pub(crate) scene: Scene<f32>,
    pub(crate) camera: Camera,
    pub(crate) options: RenderOptions,
    /// `[H, W, 3]`
    pub(crate) rgb: Vec<f32>,
    /// `[H, W]`
    pub(crate) alpha: Vec<f32>,
    /// `[H, W]`
    pub(crate) depth: Vec<f32>,
    /// `[H, W]`: a threshold is so near that f32 may decide otherwise.
    pub(crate) band: Vec<bool>,
    /// `[H, W, 3]`, zero in the band.
    pub(crate) v_rgb: Vec<f32>,
    pub(crate) gradients: Params<Vec<f32>>,
}

/// Two pictures with the loss they must give.
pub(crate) struct LossCase {
    pub(crate) name: String,
    pub(crate) width: usize,
    /// `[H, W, 3]`
    pub(crate) image: Vec<f32>,
    /// `[H, W, 3]`
    pub(crate) target: Vec<f32>,
    /// `[H, W, 3]`
    pub(crate) ssim_map: Vec<f32>,
    /// `[H, W, 3]`
    pub(crate) v_image: Vec<f32>,
    pub(crate) loss: f64,
    pub(crate) ssim: f64,
}

/// Every scene case, sorted by name; fails where there is none.
pub(crate) fn scene_cases() -> Vec<SceneCase> {
    let cases: Vec<SceneCase> = files().iter().filter(|file| file.has("points")).map(File::scene_case).collect();
    assert!(!cases.is_empty(), "no scene case in {}", folder().display());
    cases
}

/// Every loss case, sorted by name; fails where there is none.
pub(crate) fn loss_cases() -> Vec<LossCase> {
    let cases: Vec<LossCase> = files().iter().filter(|file| file.has("ssim_map")).map(File::loss_case).collect();
    assert!(!cases.is_empty(), "no loss case in {}", folder().display());
    cases
}

/// Two pictures with the LPIPS they must have.
pub(crate) struct LpipsCase {
    pub(crate) width: usize,
    /// `[H, W, 3]`
    pub(crate) image: Vec<f32>,
    /// `[H, W, 3]`
    pub(crate) target: Vec<f32>,
    pub(crate) of_3dgs: f64,
    pub(crate) normalised: f64,
}

/// The case of `lpips.json`, whose pictures are those of the case `loss`.
pub(crate) fn lpips_case() -> LpipsCase {
    let values: serde_json::Value = serde_json::from_slice(&fs::read(folder().join("lpips.json")).unwrap()).unwrap();
    let LossCase { width, image, target, .. } = loss_cases().into_iter().find(|case| case.name == "loss").unwrap();
    let value = |key: &str| values[key].as_f64().unwrap();
    let (of_3dgs, normalised) = (value("lpips_vgg_3dgs_convention"), value("lpips_vgg_normalised"));
    LpipsCase { width, image, target, of_3dgs, normalised }
}

fn folder() -> PathBuf {
    let own = || Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    std::env::var_os("LAPIDARY_VECTORS").map_or_else(own, PathBuf::from)
}

fn files() -> Vec<File> {
    let entries = fs::read_dir(folder()).unwrap_or_else(|error| panic!("{}: {error}", folder().display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "safetensors"));
    paths.sort();
    let files: Vec<File> = paths.iter().map(|path| File::read(path)).collect();
    for file in &files {
        assert!(file.has("points") != file.has("ssim_map"), "{} is neither a scene nor a loss case", file.name);
    }
    files
}

struct File {
    name: String,
    bytes: Vec<u8>,
}

impl File {
    fn read(path: &Path) -> Self {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        Self { name, bytes: fs::read(path).unwrap() }
    }

    fn tensors(&self) -> SafeTensors<'_> {
        SafeTensors::deserialize(&self.bytes).unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    fn has(&self, key: &str) -> bool {
        self.tensors().tensor(key).is_ok()
    }

    fn shape(&self, key: &str) -> Vec<usize> {
        self.tensors().tensor(key).unwrap().shape().to_vec()
    }

    fn floats(&self, key: &str) -> Vec<f32> {
        let tensors = self.tensors();
        let tensor = tensors.tensor(key).unwrap_or_else(|error| panic!("{} `{key}`: {error}", self.name));
        assert_eq!(tensor.dtype(), safetensors::Dtype::F32, "{} `{key}`", self.name);
        tensor.data().chunks_exact(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap())).collect()
    }

    fn doubles<const N: usize>(&self, key: &str) -> [f64; N] {
        let values: Vec<f64> = self.floats(key).into_iter().map(f64::from).collect();
        values.try_into().unwrap_or_else(|_| panic!("{} `{key}` must have {N} values", self.name))
    }

    /// Metadata are strings, whatever they mean.
    fn meta<T: std::str::FromStr>(&self, key: &str) -> T {
        let (_, header) = SafeTensors::read_metadata(&self.bytes).unwrap();
        let text = header.metadata().as_ref().and_then(|map| map.get(key)).map(String::as_str);
        text.and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{}: metadata `{key}` is {text:?}", self.name))
    }

    fn scene_case(&self) -> SceneCase {
        let param = |key: &str| self.floats(key);
        let scene = Scene {
            params: lapidary::scene::NAMES.map(param),
            ..Scene::empty(self.shape("points")[1], self.meta("sh_degree"))
        };
        scene.check().unwrap();
        let [r, g, b] = self.doubles("background");
        #[expect(clippy::cast_possible_truncation, reason = "read as f32")]
        let background = [r, g, b].map(|channel| channel as f32);
        SceneCase {
            name: self.name.clone(),
            scene,
            camera: self.camera(),
            options: RenderOptions { near: self.meta("near"), background, ..RenderOptions::default() },
            rgb: self.floats("expected.rgb"),
            alpha: self.floats("expected.alpha"),
            depth: self.floats("expected.depth"),
            band: self.tensors().tensor("band").unwrap().data().iter().map(|byte| *byte != 0).collect(),
            v_rgb: self.floats("v_rgb"),
            gradients: lapidary::scene::NAMES.map(|name| self.floats(&format!("grad.{name}"))),
        }
    }

    fn camera(&self) -> Camera {
        let rotation_rows: [f64; 9] = self.doubles("cam.view_from_world_rotation");
        let rotation = DMat3::from_cols_array(&rotation_rows).transpose();
        let translation = DVec3::from_array(self.doubles("cam.view_from_world_translation"));
        let [fx, fy, cx, cy] = self.doubles("cam.intrinsics");
        let camera = Camera {
            view_from_world: DAffine3::from_mat3_translation(rotation, translation),
            intrinsics: Intrinsics { fx, fy, cx, cy },
            width: self.meta("width"),
            height: self.meta("height"),
        };
        camera.check().unwrap();
        camera
    }

    fn loss_case(&self) -> LossCase {
        LossCase {
            name: self.name.clone(),
            width: self.shape("image")[1],
            image: self.floats("image"),
            target: self.floats("target"),
            ssim_map: self.floats("ssim_map"),
            v_image: self.floats("grad.image"),
            loss: self.meta("loss"),
            ssim: self.meta("ssim"),
        }
    }
}
