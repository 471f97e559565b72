//! COLMAP's sparse models, binary and text.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use glam::{DAffine3, DQuat, DVec3};

use super::error::DatasetError;
use super::lens::{Lens, LensModel};
use super::{Dataset, DatasetOptions, Kind, SfmPoint, Split, View, loaded_size, picture};
use crate::camera::Camera;
use crate::files;

/// A camera of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct ColmapCamera {
    /// COLMAP's name of the camera model.
    pub model: &'static str,
    /// Width and height in pixels.
    pub size: [u32; 2],
    /// The lens.
    pub lens: Lens,
}

/// A picture of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct ColmapImage {
    /// Path below the folder of pictures.
    pub name: String,
    /// Key of its camera.
    pub camera: u32,
    /// Pose.
    pub view_from_world: DAffine3,
}

/// What a folder such as `sparse/0` holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ColmapModel {
    /// By COLMAP's numbers.
    pub cameras: BTreeMap<u32, ColmapCamera>,
    /// In the order of the file.
    pub images: Vec<ColmapImage>,
    /// In the order of the file.
    pub points: Vec<SfmPoint>,
}

/// The folder of the model, where there is one: `sparse/0`, or the largest of several, or `sparse`, or the folder itself.
pub(super) fn find(path: &Path) -> Option<PathBuf> {
    let has_model = |folder: &Path| ["bin", "txt"].iter().any(|kind| folder.join(format!("cameras.{kind}")).is_file());
    let sparse = path.join("sparse");
    let size = |folder: &Path| {
        let length = |name: &str| std::fs::metadata(folder.join(name)).map_or(0, |data| data.len());
        length("images.bin").max(length("images.txt"))
    };
    let models = std::fs::read_dir(&sparse).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut models: Vec<PathBuf> = models.filter(|folder| has_model(folder)).collect();
    models.sort();
    // Of equally large ones, the first.
    let largest = models.into_iter().rev().max_by_key(|folder| size(folder));
    largest.or_else(|| [sparse, path.into()].into_iter().find(|folder| has_model(folder)))
}

pub(super) fn open(path: &Path, folder: &Path, options: &DatasetOptions) -> Result<Dataset, DatasetError> {
    let model = ColmapModel::load(folder)?;
    let mut notes = Vec::new();
    let siblings = std::fs::read_dir(path.join("sparse")).into_iter().flatten().flatten();
    let num_models = siblings.filter(|entry| entry.path().is_dir()).count();
    if num_models > 1 {
        notes.push(format!("`sparse` has {num_models} models; the largest, {}, is used", folder.display()));
    }
    let divided = path.join(format!("images_{}", options.downscale));
    let (images, divisor) =
        if options.downscale > 1 && divided.is_dir() { (divided, 1) } else { (path.join("images"), options.downscale) };
    let mut missing = Vec::new();
    let mut views = Vec::new();
    for image in &model.images {
        let file = images.join(&image.name);
        let Some(camera) = model.cameras.get(&image.camera) else {
            return Err(DatasetError::Text {
                path: folder.into(),
                line: 0,
                reason: format!("{} has camera {}, which does not exist", image.name, image.camera),
            });
        };
        if !file.is_file() {
            missing.push(image.name.clone());
            continue;
        }
        let size = loaded_size(picture::size_of(&file)?, divisor, options.max_width);
        let whole = Camera {
            view_from_world: image.view_from_world,
            intrinsics: camera.lens.intrinsics,
            width: camera.size[0],
            height: camera.size[1],
        };
        whole.check().map_err(|source| DatasetError::Camera {
            path: folder.into(),
            name: image.name.clone(),
            source,
        })?;
        views.push(View {
            name: image.name.clone(),
            split: Split::Train,
            camera: whole.resized(size[0], size[1]),
            mask: find_mask(path, &image.name),
            file,
            lens: (!camera.lens.is_pinhole()).then(|| (camera.lens.clone(), camera.size)),
        });
    }
    if let Some(first) = missing.first() {
        notes.push(format!("{} pictures are missing in {}, the first is {first}", missing.len(), images.display()));
    }
    Ok(Dataset { path: path.into(), kind: Kind::Colmap, views, points: model.points, notes })
}

/// `masks/NAME.png` as COLMAP names them, or a mask of the picture's own name with another extension.
fn find_mask(path: &Path, name: &str) -> Option<PathBuf> {
    let masks = path.join("masks");
    let own = masks.join(name);
    let candidates = [masks.join(format!("{name}.png")), own.clone(), own.with_extension("png")];
    candidates.into_iter().find(|candidate| candidate.is_file())
}

impl ColmapModel {
    /// Reads a folder, binary files before text files.
    ///
    /// # Errors
    /// [`DatasetError`] with file and place.
    pub fn load(folder: &Path) -> Result<Self, DatasetError> {
        let binary = |stem: &str| folder.join(format!("{stem}.bin"));
        let text = |stem: &str| folder.join(format!("{stem}.txt"));
        if binary("cameras").is_file() {
            let points = binary("points3D");
            Ok(Self {
                cameras: binary_cameras(&mut Reader::open(&binary("cameras"))?)?,
                images: binary_images(&mut Reader::open(&binary("images"))?)?,
                points: if points.is_file() { binary_points(&mut Reader::open(&points)?)? } else { Vec::new() },
            })
        } else {
            let points = text("points3D");
            Ok(Self {
                cameras: text_cameras(&Lines::open(&text("cameras"))?)?,
                images: text_images(&Lines::open(&text("images"))?)?,
                points: if points.is_file() { text_points(&Lines::open(&points)?)? } else { Vec::new() },
            })
        }
    }
}

fn pose(rotation: [f64; 4], translation: [f64; 3]) -> Result<DAffine3, String> {
    let [w, x, y, z] = rotation;
    let quaternion = DQuat::from_xyzw(x, y, z, w);
    let translation = DVec3::from_array(translation);
    let length = quaternion.length();
    if !length.is_finite() || length < 1e-6 || !translation.is_finite() {
        return Err(format!("the pose {rotation:?} {translation} is not a rotation and a translation"));
    }
    Ok(DAffine3::from_rotation_translation(quaternion.normalize(), translation))
}

fn camera(model: usize, size: [u64; 2], parameters: &[f64]) -> Result<ColmapCamera, String> {
    let (kind, name, _) = LensModel::ALL.get(model).copied().ok_or_else(|| format!("{model} is no camera model"))?;
    let lens =
        Lens::new(kind, parameters).ok_or_else(|| format!("{name} does not have {} values", parameters.len()))?;
    let [Ok(width), Ok(height)] = size.map(u32::try_from) else {
        return Err(format!("a picture of {}×{} pixels", size[0], size[1]));
    };
    Ok(ColmapCamera { model: name, size: [width, height], lens })
}

/// A binary file.
struct Reader {
    path: PathBuf,
    bytes: Vec<u8>,
    at: usize,
}

impl Reader {
    fn open(path: &Path) -> Result<Self, DatasetError> {
        Ok(Self { path: path.into(), bytes: files::read(path)?, at: 0 })
    }

    fn fault(&self, reason: impl Into<String>) -> DatasetError {
        DatasetError::Binary { path: self.path.clone(), at: self.at, reason: reason.into() }
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], DatasetError> {
        let found = self.bytes.get(self.at..).and_then(|rest| rest.first_chunk::<N>()).copied();
        let found = found.ok_or_else(|| self.fault("the file ends too early"))?;
        self.at += N;
        Ok(found)
    }

    fn u32(&mut self) -> Result<u32, DatasetError> {
        self.take().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, DatasetError> {
        self.take().map(u64::from_le_bytes)
    }

    fn floats<const N: usize>(&mut self) -> Result<[f64; N], DatasetError> {
        let mut values = [0.0; N];
        for value in &mut values {
            *value = f64::from_le_bytes(self.take()?);
        }
        Ok(values)
    }

    /// A number of items of at least `bytes` bytes each: no more than the file has room for.
    fn count(&mut self, bytes: usize) -> Result<usize, DatasetError> {
        let count = self.u64()?;
        let room = (self.bytes.len() - self.at) / bytes.max(1);
        match usize::try_from(count) {
            Ok(count) if count <= room => Ok(count),
            _ => Err(self.fault(format!("{count} entries, and room for {room}"))),
        }
    }

    fn skip(&mut self, bytes: usize) -> Result<(), DatasetError> {
        let end = self.at.checked_add(bytes).filter(|end| *end <= self.bytes.len());
        self.at = end.ok_or_else(|| self.fault("the file ends too early"))?;
        Ok(())
    }

    fn name(&mut self) -> Result<String, DatasetError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let length = rest.iter().position(|byte| *byte == 0).ok_or_else(|| self.fault("a name does not end"))?;
        let name = String::from_utf8(rest[..length].to_vec()).map_err(|_| self.fault("a name is not UTF-8"))?;
        check_name(&name).map_err(|reason| self.fault(reason))?;
        self.at += length + 1;
        Ok(name)
    }
}

/// A name must stay below the folder of pictures.
fn check_name(name: &str) -> Result<(), String> {
    let is_inside = Path::new(name).components().all(|part| matches!(part, std::path::Component::Normal(_)));
    if is_inside && !name.is_empty() {
        Ok(())
    } else {
        Err(format!("`{name}` is no path below the folder of pictures"))
    }
}

fn binary_cameras(reader: &mut Reader) -> Result<BTreeMap<u32, ColmapCamera>, DatasetError> {
    let mut cameras = BTreeMap::new();
    for _ in 0..reader.count(48)? {
        let (id, model) = (reader.u32()?, reader.u32()? as usize);
        let size = [reader.u64()?, reader.u64()?];
        let num_parameters = LensModel::ALL.get(model).map_or(0, |(_, _, number)| *number);
        let parameters = (0..num_parameters).map(|_| reader.floats::<1>().map(|[value]| value));
        let parameters = parameters.collect::<Result<Vec<_>, _>>()?;
        cameras.insert(id, camera(model, size, &parameters).map_err(|reason| reader.fault(reason))?);
    }
    Ok(cameras)
}

fn binary_images(reader: &mut Reader) -> Result<Vec<ColmapImage>, DatasetError> {
    let count = reader.count(73)?;
    let mut images = Vec::with_capacity(count);
    for _ in 0..count {
        reader.u32()?;
        let view_from_world = pose(reader.floats()?, reader.floats()?).map_err(|reason| reader.fault(reason))?;
        let (camera, name) = (reader.u32()?, reader.name()?);
        // Places in the picture, and the points seen there.
        let observations = reader.count(24)?;
        reader.skip(observations * 24)?;
        images.push(ColmapImage { name, camera, view_from_world });
    }
    Ok(images)
}

fn binary_points(reader: &mut Reader) -> Result<Vec<SfmPoint>, DatasetError> {
    let count = reader.count(51)?;
    let mut points = Vec::with_capacity(count);
    for _ in 0..count {
        reader.u64()?;
        let position = reader.floats()?;
        let colour = reader.take()?;
        reader.skip(8)?;
        let track = reader.count(8)?;
        reader.skip(track * 8)?;
        if position.iter().all(|x| x.is_finite()) {
            points.push(SfmPoint { position, colour });
        }
    }
    Ok(points)
}

/// A text file, without comments.
struct Lines {
    path: PathBuf,
    /// Number from 1, words.
    lines: Vec<(usize, Vec<String>)>,
}

impl Lines {
    fn open(path: &Path) -> Result<Self, DatasetError> {
        let bytes = files::read(path)?;
        let text = String::from_utf8_lossy(&bytes);
        let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim_start().starts_with('#'));
        let lines =
            lines.map(|(number, line)| (number, line.split_whitespace().map(str::to_owned).collect())).collect();
        Ok(Self { path: path.into(), lines })
    }

    fn fault(&self, line: usize, reason: impl Into<String>) -> DatasetError {
        DatasetError::Text { path: self.path.clone(), line, reason: reason.into() }
    }

    fn number<T: std::str::FromStr>(&self, line: usize, words: &[String], i: usize) -> Result<T, DatasetError> {
        let word = words.get(i).ok_or_else(|| self.fault(line, format!("{} values, expected more", words.len())))?;
        word.parse().map_err(|_| self.fault(line, format!("`{word}` is not the number expected")))
    }

    fn numbers<const N: usize>(&self, line: usize, words: &[String], first: usize) -> Result<[f64; N], DatasetError> {
        let mut values = [0.0; N];
        for (i, value) in values.iter_mut().enumerate() {
            *value = self.number(line, words, first + i)?;
        }
        Ok(values)
    }
}

fn text_cameras(file: &Lines) -> Result<BTreeMap<u32, ColmapCamera>, DatasetError> {
    let mut cameras = BTreeMap::new();
    for (line, words) in file.lines.iter().filter(|(_, words)| !words.is_empty()) {
        let name = words.get(1).map_or("", String::as_str);
        let model = LensModel::ALL.iter().position(|(_, known, _)| *known == name);
        let model = model.ok_or_else(|| file.fault(*line, format!("`{name}` is no camera model")))?;
        let size = [file.number(*line, words, 2)?, file.number(*line, words, 3)?];
        let parameters: Result<Vec<f64>, _> = (4..words.len()).map(|i| file.number(*line, words, i)).collect();
        let camera = camera(model, size, &parameters?).map_err(|reason| file.fault(*line, reason))?;
        cameras.insert(file.number(*line, words, 0)?, camera);
    }
    Ok(cameras)
}

/// Two lines a picture; the second, with the places of points, may be empty and is not read.
fn text_images(file: &Lines) -> Result<Vec<ColmapImage>, DatasetError> {
    let mut images = Vec::new();
    let mut lines = file.lines.iter();
    while let Some((line, words)) = lines.next() {
        if words.is_empty() {
            continue;
        }
        let view_from_world = pose(file.numbers(*line, words, 1)?, file.numbers(*line, words, 5)?)
            .map_err(|reason| file.fault(*line, reason))?;
        let camera = file.number(*line, words, 8)?;
        // A name may contain blanks.
        let name = words.get(9..).unwrap_or_default().join(" ");
        check_name(&name).map_err(|reason| file.fault(*line, reason))?;
        images.push(ColmapImage { name, camera, view_from_world });
        lines.next();
    }
    Ok(images)
}

fn text_points(file: &Lines) -> Result<Vec<SfmPoint>, DatasetError> {
    let mut points = Vec::new();
    for (line, words) in file.lines.iter().filter(|(_, words)| !words.is_empty()) {
        let position = file.numbers(*line, words, 1)?;
        let colour = [file.number(*line, words, 4)?, file.number(*line, words, 5)?, file.number(*line, words, 6)?];
        if position.iter().all(|x| x.is_finite()) {
            points.push(SfmPoint { position, colour });
        }
    }
    Ok(points)
}
