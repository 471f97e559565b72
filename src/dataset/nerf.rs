//! Datasets described by `transforms.json` and its kin.

use std::collections::HashSet;
use std::sync::Arc;

use glam::{DAffine3, DMat4, DVec3};

use super::colmap::{self, ColmapModel};
use super::error::DatasetError;
use super::found::{Found, PictureFolder, Shape, named_folder, picture_at};
use super::picture::Head;
use super::pinhole::Taken;
use super::points::find_points;
use super::transforms::{Transforms, TransformsFrame};
use super::tree::{Place, Tree, inside};
use super::{DatasetOptions, Kind, SfmPoint, Split, View, ply};

/// The first of Blender's three files.
pub(super) const TRAIN: &str = "transforms_train.json";

/// The one file of nerfstudio and instant-ngp.
pub(super) const WHOLE: &str = "transforms.json";

/// `transforms_train.json`, and `transforms_test.json` or `transforms_val.json`: the files say what is for testing.
pub(super) fn open_blender(tree: &Arc<Tree>, options: &DatasetOptions) -> Result<Found, DatasetError> {
    let mut reader = TransformsReader::new(tree, Kind::Blender, options)?;
    let train = reader.parse(TRAIN)?;
    reader.add(TRAIN, &train, |_| Some(Split::Train))?;
    reader.add_points(&train)?;
    let [test, validation] = ["transforms_test.json", "transforms_val.json"];
    if let Some(file) = [test, validation].into_iter().find(|file| tree.is_file(file)) {
        reader.found.has_split = true;
        let transforms = reader.parse(file)?;
        reader.add(file, &transforms, |_| Some(Split::Test))?;
    } else {
        reader.note(format!("there is neither {test} nor {validation}: pictures of {TRAIN} are held back"));
    }
    if tree.is_file(test) && tree.is_file(validation) {
        reader.note(format!("{validation} is not used"));
    }
    Ok(reader.found)
}

/// A single file with all pictures.
pub(super) fn open_whole(tree: &Arc<Tree>, file: &str, options: &DatasetOptions) -> Result<Found, DatasetError> {
    let mut reader = TransformsReader::new(tree, Kind::Nerfstudio, options)?;
    let transforms = reader.parse(file)?;
    let names = |list: &Vec<String>| list.iter().filter_map(|name| inside(name)).collect::<HashSet<String>>();
    let test = transforms.test_filenames.as_ref().or(transforms.val_filenames.as_ref()).map(names);
    let train = transforms.train_filenames.as_ref().map(names);
    reader.found.has_split = test.is_some() || train.is_some();
    reader.add(file, &transforms, |frame| {
        let name = inside(&frame.file_path).unwrap_or_default();
        match (&test, &train) {
            (Some(test), _) if test.contains(&name) => Some(Split::Test),
            (_, Some(train)) if !train.contains(&name) => None,
            _ => Some(Split::Train),
        }
    })?;
    reader.add_points(&transforms)?;
    Ok(reader.found)
}

struct TransformsReader<'a> {
    tree: &'a Arc<Tree>,
    options: &'a DatasetOptions,
    found: Found,
    /// Where the options say that pictures are.
    images: Option<PictureFolder>,
    /// The lens of the frame before, which is nearly always that of the next one.
    taken: Option<Arc<Taken>>,
}

/// A frame and where it stands.
struct Frame<'a> {
    file: &'a str,
    transforms: &'a Transforms,
    index: usize,
    frame: &'a TransformsFrame,
}

impl<'a> TransformsReader<'a> {
    fn new(tree: &'a Arc<Tree>, kind: Kind, options: &'a DatasetOptions) -> Result<Self, DatasetError> {
        let images = options.images.as_ref().map(|images| named_folder(tree, images, options)).transpose()?;
        let found = Found::new(kind);
        Ok(Self { tree, options, found, images, taken: None })
    }

    fn note(&mut self, note: String) {
        self.found.notes.push(note);
    }

    fn parse(&self, file: &str) -> Result<Transforms, DatasetError> {
        Ok(Transforms::parse(&self.tree.read(file)?, &self.tree.path_of(file))?)
    }

    /// The picture of a frame and what is still to be divided by; `None` where it is missing.
    fn find(&self, frame: &TransformsFrame, file: &str) -> Result<Option<(Place, u32)>, DatasetError> {
        let Some(pictures) = &self.images else {
            let inside = inside(&frame.file_path).ok_or_else(|| {
                let name: String = frame.file_path.chars().take(80).collect();
                let reason = format!("the picture `{name}` lies outside of the dataset; --images names its folder");
                DatasetError::Content { path: self.tree.path_of(file), reason }
            })?;
            return Ok(picture_at(self.tree, &inside, self.options));
        };
        Ok(pictures.find_tail(&frame.file_path).map(|place| (place, pictures.divisor)))
    }

    /// Adds the frames whose pictures are there and that have a split.
    fn add(
        &mut self,
        file: &str,
        transforms: &Transforms,
        split: impl Fn(&TransformsFrame) -> Option<Split>,
    ) -> Result<(), DatasetError> {
        let (mut missing, mut unlisted) = (Vec::new(), 0);
        for (index, frame) in transforms.frames.iter().enumerate() {
            let Some(split) = split(frame) else {
                unlisted += 1;
                continue;
            };
            match self.find(frame, file)? {
                Some((place, divisor)) => {
                    let view = self.view(&Frame { file, transforms, index, frame }, place, divisor, split)?;
                    self.found.views.push(view);
                }
                None => missing.push(frame.file_path.as_str()),
            }
        }
        if unlisted > 0 {
            self.note(format!("{unlisted} frames of {file} are in none of its lists of file names and left out"));
        }
        let Some(first) = missing.first() else { return Ok(()) };
        if missing.len() == transforms.frames.len() {
            let path = self.tree.path_of(first);
            return Err(DatasetError::MissingPictures { path, missing: missing.len(), of: missing.len() });
        }
        let (count, all) = (missing.len(), transforms.frames.len());
        self.note(format!(
            "{count} of {all} frames of {file} are skipped: their pictures are missing, the first is {first}"
        ));
        Ok(())
    }

    fn view(&mut self, frame: &Frame<'_>, place: Place, divisor: u32, split: Split) -> Result<View, DatasetError> {
        let Frame { file, transforms, index, frame } = *frame;
        let fault = |reason: String| {
            let name: String = frame.file_path.chars().take(80).collect();
            DatasetError::Content { path: self.tree.path_of(file), reason: format!("frame {index} ({name}): {reason}") }
        };
        let said = frame.camera.or(&transforms.camera);
        let size = match said.size() {
            Some((width, height)) if width.max(height) <= super::MAX_TAKEN_SIDE => [width, height],
            _ => Head::read(&place)?.size,
        };
        let lens = said.lens(size.into()).map_err(fault)?;
        let known = self.taken.clone().filter(|taken| taken.lens == lens && taken.size == size);
        let taken = known.unwrap_or_else(|| Arc::new(Taken::new(lens, size)));
        let shape = Shape::new(&taken, &place, divisor, self.options)?;
        let camera = shape.camera(frame.view_from_world()).map_err(|error| fault(error.to_string()))?;
        let name = inside(&frame.file_path).unwrap_or_else(|| place.inside.clone());
        let view = View { name, split, camera, source: shape.source(place, self.mask(frame)) };
        self.taken = Some(taken);
        Ok(view)
    }

    /// The frame's own mask, or one in `masks/` with the picture's name.
    fn mask(&self, frame: &TransformsFrame) -> Option<Place> {
        let own = frame.mask_path.as_deref().and_then(inside).filter(|mask| self.tree.is_file(mask));
        match own {
            Some(inside) => Some(Place { tree: Arc::clone(self.tree), inside }),
            None => colmap::find_mask(self.tree, file_name(frame)),
        }
    }

    /// The points of `ply_file_path`, or those of COLMAP's model beside, moved as the poses were.
    fn add_points(&mut self, transforms: &Transforms) -> Result<(), DatasetError> {
        if self.options.points.is_some() {
            self.found.add_points(find_points(self.tree, &[], self.options)?);
            return Ok(());
        }
        let ply = transforms.ply_file_path.as_deref().and_then(inside);
        if let Some(ply) = ply.filter(|ply| self.tree.is_file(ply)) {
            self.found.points = ply::read(&self.tree.read(&ply)?, &self.tree.path_of(&ply))?;
            self.found.findings.points_file = Some(ply);
            return Ok(());
        }
        if let Some(ply) = &transforms.ply_file_path {
            self.note(format!("{ply} is missing"));
        }
        let models = ["sparse", "colmap/sparse"].map(|sparse| colmap::models(self.tree, sparse));
        let (Some(rows), Some(model)) = (&transforms.applied_transform, models.iter().flatten().next()) else {
            self.found.add_points(find_points(self.tree, &[""], self.options)?);
            return Ok(());
        };
        let applied = applied_transform(rows).ok_or_else(|| DatasetError::Content {
            path: self.tree.path_of(""),
            reason: "`applied_transform` is not three rows of four numbers".into(),
        })?;
        let moved = |point: SfmPoint| SfmPoint {
            position: applied.transform_point3(DVec3::from_array(point.position)).to_array(),
            ..point
        };
        self.found.points = ColmapModel::read_points(self.tree, model)?.into_iter().map(moved).collect();
        self.note(format!("points are those of {model}, moved by `applied_transform`"));
        Ok(())
    }
}

/// The last part of the picture's path.
fn file_name(frame: &TransformsFrame) -> &str {
    frame.file_path.rsplit(['/', '\\']).next().unwrap_or_default()
}

fn applied_transform(rows: &[[f64; 4]]) -> Option<DAffine3> {
    let [x, y, z]: [[f64; 4]; 3] = rows.get(..3)?.try_into().ok()?;
    let matrix = DAffine3::from_mat4(DMat4::from_cols_array_2d(&[x, y, z, [0.0, 0.0, 0.0, 1.0]]).transpose());
    matrix.is_finite().then_some(matrix)
}
