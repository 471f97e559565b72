//! COLMAP's binary files, little-endian. Source: COLMAP's documentation, "Output format".
//!
//! Counts are believed only as far as the file has room for what they count.

use std::collections::BTreeMap;
use std::io::{BufRead as _, Read as _};
use std::path::PathBuf;

use super::{ColmapCamera, ColmapImage, camera, check_name, not_utf8, pose, unknown_model};
use crate::dataset::error::DatasetError;
use crate::dataset::finite_point;
use crate::dataset::lens::LensModel;
use crate::dataset::ply::PointCloud;
use crate::dataset::tree::{Input, Tree};
use crate::text::counted;

/// Longest name of a picture, bytes.
const MAX_NAME: u64 = 4096;

/// A binary file and how far it is read.
pub(super) struct Reader {
    path: PathBuf,
    input: Box<dyn Input>,
    length: u64,
    at: u64,
}

impl Reader {
    pub(super) fn open(tree: &Tree, inside: &str) -> Result<Self, DatasetError> {
        let (input, length) = tree.stream(inside)?;
        Ok(Self { path: tree.path_of(inside), input, length, at: 0 })
    }

    fn fault(&self, reason: impl Into<String>) -> DatasetError {
        DatasetError::Binary { path: self.path.clone(), at: self.at, reason: reason.into() }
    }

    fn ends_early(&self) -> DatasetError {
        self.fault("the file ends too early")
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], DatasetError> {
        let mut bytes = [0; N];
        self.input.read_exact(&mut bytes).map_err(|_| self.ends_early())?;
        self.at += N as u64;
        Ok(bytes)
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

    /// A number of items of at least `bytes` bytes each.
    fn count(&mut self, bytes: u64) -> Result<u64, DatasetError> {
        let count = self.u64()?;
        let room = self.length.saturating_sub(self.at) / bytes;
        if count <= room { Ok(count) } else { Err(self.fault(format!("{count} entries, and room for {room}"))) }
    }

    /// Skips so many items of `bytes` bytes each.
    fn skip(&mut self, count: u64, bytes: u64) -> Result<(), DatasetError> {
        let distance = count.checked_mul(bytes).filter(|distance| *distance <= self.length.saturating_sub(self.at));
        let distance = distance.ok_or_else(|| self.ends_early())?;
        let offset = i64::try_from(distance).map_err(|_| self.ends_early())?;
        self.input.seek_relative(offset).map_err(|_| self.ends_early())?;
        self.at += distance;
        Ok(())
    }

    /// Refuses what stands behind the last entry: its count is not that of the file.
    fn finish(&self, count: usize, thing: &str) -> Result<(), DatasetError> {
        let rest = self.length.saturating_sub(self.at);
        let entries = counted(count, thing);
        if rest == 0 { Ok(()) } else { Err(self.fault(format!("{rest} bytes more than its {entries} take"))) }
    }

    /// The name of picture `id`.
    fn name(&mut self, id: u32) -> Result<String, DatasetError> {
        let mut bytes = Vec::new();
        (&mut self.input).take(MAX_NAME).read_until(0, &mut bytes).map_err(|_| self.ends_early())?;
        if bytes.pop() != Some(0) {
            return Err(self.fault("a name does not end"));
        }
        self.at += bytes.len() as u64 + 1;
        let name = String::from_utf8(bytes).map_err(|error| DatasetError::Content {
            path: self.path.clone(),
            reason: not_utf8(id, error.as_bytes()),
        })?;
        check_name(&name).map_err(|reason| self.fault(reason))
    }
}

pub(super) fn cameras(reader: &mut Reader) -> Result<BTreeMap<u32, ColmapCamera>, DatasetError> {
    let mut cameras = BTreeMap::new();
    for _ in 0..reader.count(40)? {
        let (id, model) = (reader.u32()?, reader.u32()?);
        let known = usize::try_from(model).ok().and_then(|model| LensModel::ALL.get(model));
        let (model, _, num_parameters) = known.ok_or_else(|| DatasetError::Content {
            path: reader.path.clone(),
            reason: unknown_model(id, &format!("number {model}")),
        })?;
        let size = [reader.u64()?, reader.u64()?];
        let parameters = (0..*num_parameters).map(|_| reader.floats::<1>().map(|[value]| value));
        let parameters = parameters.collect::<Result<Vec<_>, _>>()?;
        let camera = camera(*model, size, &parameters);
        cameras.insert(id, camera.map_err(|reason| reader.fault(format!("camera {id}: {reason}")))?);
    }
    reader.finish(cameras.len(), "camera")?;
    Ok(cameras)
}

pub(super) fn images(reader: &mut Reader) -> Result<Vec<ColmapImage>, DatasetError> {
    let mut images = Vec::new();
    for _ in 0..reader.count(73)? {
        let id = reader.u32()?;
        let (rotation, translation) = (reader.floats()?, reader.floats()?);
        let (camera, name) = (reader.u32()?, reader.name(id)?);
        let view_from_world =
            pose(rotation, translation).map_err(|reason| reader.fault(format!("{name}: {reason}")))?;
        // Places in the picture, and the points seen there.
        let observations = reader.count(24)?;
        reader.skip(observations, 24)?;
        images.push(ColmapImage { name, camera, view_from_world });
    }
    reader.finish(images.len(), "image")?;
    Ok(images)
}

pub(super) fn points(reader: &mut Reader) -> Result<PointCloud, DatasetError> {
    let (mut points, mut count) = (Vec::new(), 0);
    for _ in 0..reader.count(51)? {
        count += 1;
        reader.u64()?;
        let position = reader.floats()?;
        let colour = reader.take()?;
        reader.skip(1, 8)?;
        let track = reader.count(8)?;
        reader.skip(track, 8)?;
        points.extend(finite_point(position, colour));
    }
    reader.finish(count, "point")?;
    Ok(PointCloud::new(points, count, &reader.path))
}
