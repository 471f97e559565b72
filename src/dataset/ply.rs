//! Points from a PLY file, whatever program wrote it.

use std::path::Path;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_ply::{ElementDef, PlyReader, PropertyType, ScalarType};

use super::error::DatasetError;
use super::{SfmPoint, finite_point};
use crate::constants::SH_C0;
use crate::text::{are, counted, quoted};

/// Names of the channels of a colour, in small letters.
const COLOURS: [[&str; 3]; 4] =
    [["red", "green", "blue"], ["diffuse_red", "diffuse_green", "diffuse_blue"], ["r", "g", "b"], GAUSSIAN];

/// The constant terms of spherical harmonics, which files of Gaussians have in place of a colour.
const GAUSSIAN: [&str; 3] = ["f_dc_0", "f_dc_1", "f_dc_2"];

/// Brightest channel of colours from 0 to 1: programs that sharpen or interpolate go beyond 1. Of colours from 0 to 255 the
/// brightest is never as dark.
const MOST_OF_ONE: f32 = 2.0;

/// Names of properties in a message.
const MAX_NAMES: usize = 12;

/// The points of a file.
#[derive(Debug, Default)]
pub(super) struct PointCloud {
    pub(super) points: Vec<SfmPoint>,
    /// Notes for the user, a sentence each.
    pub(super) notes: Vec<String>,
}

impl PointCloud {
    /// Some points of a file, which has `count` of them; the others are at infinity.
    pub(super) fn new(points: Vec<SfmPoint>, count: usize, path: &Path) -> Self {
        let lost = count.saturating_sub(points.len());
        let note = || {
            let (points, are, path) = (counted(lost, "point"), are(lost), path.display());
            format!("{points} of {path} {are} not finite and {are} left out")
        };
        let notes = (lost > 0).then(note).into_iter().collect();
        Self { points, notes }
    }
}

/// The file's element `vertex`. Points without a colour are grey, those that are not finite are left out; both is noted.
pub(super) fn read(bytes: &[u8], path: &Path) -> Result<PointCloud, DatasetError> {
    parse(bytes, path).map_err(|reason| DatasetError::Content { path: path.into(), reason })
}

fn parse(bytes: &[u8], path: &Path) -> Result<PointCloud, String> {
    check_counts(bytes)?;
    let mut reader = PlyReader::from_reader(bytes).map_err(|error| plain(&error.to_string()))?;
    let vertex = reader.header().elem_defs.iter().find(|element| element.name == "vertex");
    let columns = Columns::of(vertex.ok_or("it has no element `vertex`")?)?;
    let rows = reader.deserialize_map(Elements { columns: &columns }).map_err(|error| plain(&error.to_string()))?;
    let name = path.display();
    let note = columns.note.iter().map(|note| format!("{name} {note}"));
    let scale = columns.scale(&rows);
    let point = |row: &Row| finite_point(row.position, row.colour.map(|value| scale.byte(value)));
    let points: Vec<SfmPoint> = rows.iter().filter_map(point).collect();
    let mut cloud = PointCloud::new(points, rows.len(), path);
    cloud.notes.splice(..0, note);
    Ok(cloud)
}

/// A message of the reader without its own words for a file that is too short.
fn plain(message: &str) -> String {
    if message.contains("failed to fill whole buffer") {
        return "the PLY file ends before the last of the elements that its header counts".into();
    }
    message.trim_start_matches("Error while deserializing ply: ").to_owned()
}

/// A vertex as the file has it.
#[derive(Debug, Clone, Copy)]
struct Row {
    position: [f64; 3],
    colour: [f32; 3],
}

/// What the values of a colour mean.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Scale {
    /// 0 to 255.
    Bytes,
    /// 0 to so much.
    Most(f32),
    /// Spherical harmonics.
    Sh,
    /// There are none.
    Grey,
}

impl Scale {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
    fn byte(self, value: f32) -> u8 {
        let value = match self {
            Self::Bytes => value,
            Self::Most(most) => value / most * 255.0,
            Self::Sh => (0.5 + SH_C0 as f32 * value) * 255.0,
            Self::Grey => 128.0,
        };
        value.round().clamp(0.0, 255.0) as u8
    }
}

/// Which properties of the vertices are read.
struct Columns {
    /// One entry for each property: 0 to 2 are the position, 3 to 5 the colour.
    places: Vec<Option<usize>>,
    /// The type of the colours, and whether they are spherical harmonics.
    colour: Option<(ScalarType, bool)>,
    note: Option<String>,
}

impl Columns {
    fn of(vertex: &ElementDef) -> Result<Self, String> {
        let scalar = |name: &str| {
            vertex.properties.iter().position(|property| {
                property.name.eq_ignore_ascii_case(name) && matches!(property.property_type, PropertyType::Scalar(_))
            })
        };
        let all = |names: [&str; 3]| {
            let [a, b, c] = names.map(scalar);
            Some([a?, b?, c?])
        };
        let has = || {
            let names = vertex.properties.iter().map(|property| quoted(&property.name));
            names.take(MAX_NAMES).collect::<Vec<_>>().join(", ")
        };
        let position = all(["x", "y", "z"])
            .ok_or_else(|| format!("its vertices have no numbers `x`, `y` and `z`; their properties are {}", has()))?;
        let colour = COLOURS.into_iter().find_map(|names| Some((names, all(names)?)));
        let mut places = vec![None; vertex.properties.len()];
        let columns = position.into_iter().chain(colour.iter().flat_map(|(_, columns)| *columns));
        columns.enumerate().for_each(|(place, column)| places[column] = Some(place));
        let note = match colour {
            None => {
                Some(format!("has no colours that are known, so its points are grey; its properties are {}", has()))
            }
            Some((GAUSSIAN, _)) => Some("holds Gaussians; their middles are used as points".to_owned()),
            Some(_) => None,
        };
        let kind = |(names, [first, ..]): ([&str; 3], [usize; 3])| match vertex.properties[first].property_type {
            PropertyType::Scalar(kind) | PropertyType::List { data_type: kind, .. } => (kind, names == GAUSSIAN),
        };
        Ok(Self { places, colour: colour.map(kind), note })
    }

    /// Programs write colours from 0 to 255 or to the largest number of the type, and from 0 to 1 as floats: the brightest
    /// channel tells.
    fn scale(&self, rows: &[Row]) -> Scale {
        let channels = || rows.iter().flat_map(|row| row.colour).filter(|value| value.is_finite());
        let brightest = || channels().fold(0.0, f32::max);
        match self.colour {
            None => Scale::Grey,
            Some((_, true)) => Scale::Sh,
            Some((ScalarType::U8 | ScalarType::I8, _)) => Scale::Bytes,
            Some((ScalarType::F32 | ScalarType::F64, _)) if brightest() <= MOST_OF_ONE => Scale::Most(1.0),
            Some(_) if brightest() <= 255.0 => Scale::Bytes,
            Some(_) => Scale::Most(65_535.0),
        }
    }
}

/// Walks through the elements of a file.
struct Elements<'a> {
    columns: &'a Columns,
}

impl<'de> Visitor<'de> for Elements<'_> {
    type Value = Vec<Row>;

    fn expecting(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
        formatter.write_str("the elements of a PLY file")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut elements: A) -> Result<Vec<Row>, A::Error> {
        let mut rows = None;
        while let Some(name) = elements.next_key::<String>()? {
            if name == "vertex" {
                rows = Some(elements.next_value_seed(Rows { columns: self.columns })?);
            } else {
                elements.next_value_seed(Rows { columns: &Columns::NONE })?;
            }
        }
        rows.ok_or_else(|| A::Error::missing_field("vertex"))
    }
}

impl Columns {
    /// Nothing is read.
    const NONE: Self = Self { places: Vec::new(), colour: None, note: None };
}

/// The rows of an element.
struct Rows<'a> {
    columns: &'a Columns,
}

impl<'de> DeserializeSeed<'de> for Rows<'_> {
    type Value = Vec<Row>;

    fn deserialize<D: Deserializer<'de>>(self, rows: D) -> Result<Vec<Row>, D::Error> {
        rows.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Rows<'_> {
    type Value = Vec<Row>;

    fn expecting(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
        formatter.write_str("the rows of an element")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<Vec<Row>, A::Error> {
        let mut read = Vec::new();
        while let Some(row) = rows.next_element_seed(OneRow { columns: self.columns })? {
            if !self.columns.places.is_empty() {
                read.push(row);
            }
        }
        Ok(read)
    }
}

/// One row.
struct OneRow<'a> {
    columns: &'a Columns,
}

impl<'de> DeserializeSeed<'de> for OneRow<'_> {
    type Value = Row;

    fn deserialize<D: Deserializer<'de>>(self, row: D) -> Result<Row, D::Error> {
        row.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for OneRow<'_> {
    type Value = Row;

    fn expecting(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
        formatter.write_str("the properties of a row")
    }

    #[expect(clippy::cast_possible_truncation, reason = "colours need no more digits")]
    fn visit_map<A: MapAccess<'de>>(self, mut properties: A) -> Result<Row, A::Error> {
        let mut row = Row { position: [0.0; 3], colour: [0.0; 3] };
        let mut column = 0;
        while properties.next_key::<IgnoredAny>()?.is_some() {
            match self.columns.places.get(column).copied().flatten() {
                Some(place @ 0..3) => row.position[place] = properties.next_value()?,
                Some(place) => row.colour[place - 3] = properties.next_value::<f64>()? as f32,
                None => drop(properties.next_value::<IgnoredAny>()?),
            }
            column += 1;
        }
        Ok(row)
    }
}

/// No element may have more entries than the file has bytes.
fn check_counts(bytes: &[u8]) -> Result<(), String> {
    let head = bytes.get(..bytes.len().min(1 << 16)).unwrap_or_default();
    let head = String::from_utf8_lossy(head);
    let end = head.find("end_header").ok_or("it is not a PLY file: its head does not end")?;
    for line in head.get(..end).unwrap_or_default().lines() {
        if let ["element", name, count] = line.split_whitespace().collect::<Vec<_>>()[..] {
            let fits = count.parse::<u64>().is_ok_and(|count| count <= bytes.len() as u64);
            if !fits {
                let (name, length) = (quoted(name), bytes.len());
                return Err(format!("the entries of `{name}` do not fit into {length} bytes"));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The colour of one vertex at the origin, whose colour properties and values these are; and what is noted.
    fn colour(properties: &str, values: &str) -> ([u8; 3], Vec<String>) {
        let properties: String = properties.split(',').map(|property| format!("property {property}\n")).collect();
        let text = format!(
            "ply\nformat ascii 1.0\nelement vertex 2\nproperty float x\nproperty float y\nproperty float z\n\
             {properties}end_header\n0 0 0 {values}\n1 1 1 {values}\n"
        );
        let cloud = read(text.as_bytes(), Path::new("a.ply")).unwrap();
        (cloud.points[0].colour, cloud.notes)
    }

    #[test]
    fn text_and_binary_floats_and_doubles() {
        let text = b"ply\nformat ascii 1.0\nelement vertex 2\nproperty float x\nproperty float y\nproperty float z\n\
            property uchar red\nproperty uchar green\nproperty uchar blue\nend_header\n1 2 3 10 20 30\n4 nan 6 1 2 3\n";
        let cloud = read(text, Path::new("a.ply")).unwrap();
        assert_eq!(cloud.points, [SfmPoint { position: [1.0, 2.0, 3.0], colour: [10, 20, 30] }]);
        assert_eq!(cloud.notes, ["1 point of a.ply is not finite and is left out"]);
        let mut binary = b"ply\nformat binary_little_endian 1.0\nelement vertex 1\nproperty double x\n\
            property double y\nproperty double z\nproperty float nx\nproperty list uchar float more\nelement face 1\n\
            property list uchar int vertex_indices\nend_header\n"
            .to_vec();
        binary.extend([1.5f64, -2.0, 0.1].iter().flat_map(|value| value.to_le_bytes()));
        binary.extend(9f32.to_le_bytes());
        binary.push(1);
        binary.extend(9f32.to_le_bytes());
        binary.extend([1, 7, 0, 0, 0]);
        let cloud = read(&binary, Path::new("a.ply")).unwrap();
        assert_eq!(cloud.points, [SfmPoint { position: [1.5, -2.0, 0.1], colour: [128; 3] }]);
        assert_eq!(cloud.notes.len(), 1);
        assert!(cloud.notes[0].contains("no colours") && cloud.notes[0].contains("x, y, z, nx"), "{:?}", cloud.notes);
    }

    #[test]
    fn colours_of_every_name_and_type() {
        for properties in [
            "uchar red,uchar green,uchar blue",
            "uchar Red,uchar Green,uchar Blue",
            "uchar diffuse_red,uchar diffuse_green,uchar diffuse_blue",
            "uchar r,uchar g,uchar b",
            "float red,float green,float blue",
            "int red,int green,int blue",
            "ushort red,ushort green,ushort blue",
        ] {
            assert_eq!(colour(properties, "10 20 255"), ([10, 20, 255], Vec::new()), "{properties}");
        }
        for brightest in ["1", "1.02", "inf"] {
            let values = format!("0.2 0.4 {brightest}");
            assert_eq!(colour("float red,float green,float blue", &values).0, [51, 102, 255], "{values}");
        }
        assert_eq!(colour("double R,double G,double B", "0 0.4 0.5").0, [0, 102, 128]);
        assert_eq!(colour("ushort red,ushort green,ushort blue", "2570 5140 65535").0, [10, 20, 255]);
        let (gaussian, notes) = colour("float f_dc_0,float f_dc_1,float f_dc_2", "0 1.0 -9");
        assert_eq!(gaussian, [128, 199, 0]);
        assert!(notes[0].contains("Gaussians"), "{notes:?}");
        let (grey, notes) = colour("float intensity", "7");
        assert_eq!(grey, [128; 3]);
        assert!(notes[0].contains("x, y, z, intensity"), "{notes:?}");
    }

    #[test]
    fn counts_beyond_the_file_are_refused() {
        let text = b"ply\nformat ascii 1.0\nelement other 99999999999999\nend_header\n";
        let message = read(text, Path::new("a.ply")).unwrap_err().to_string();
        assert!(message.contains("a.ply") && message.contains("do not fit"), "{message}");
        assert!(read(b"PNG", Path::new("a.ply")).is_err());
        let flat = b"ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nproperty float y\nend_header\n1 2\n";
        let message = read(flat, Path::new("a.ply")).unwrap_err().to_string();
        assert!(message.contains("`z`") && message.contains("x, y"), "{message}");
    }
}
