//! Points from a PLY file, as nerfstudio writes them.

use std::path::Path;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};

use super::error::DatasetError;
use super::{SfmPoint, finite_point};

/// The element `vertex` of a file, whatever other elements it has.
struct Cloud {
    vertex: Vec<Vertex>,
}

impl<'de> Deserialize<'de> for Cloud {
    fn deserialize<D: Deserializer<'de>>(file: D) -> Result<Self, D::Error> {
        file.deserialize_map(Elements)
    }
}

/// Walks through the elements of a file. A derived `Deserialize` would skip unknown elements without saying that
/// their rows are structs, which serde-ply refuses.
struct Elements;

impl<'de> Visitor<'de> for Elements {
    type Value = Cloud;

    fn expecting(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
        formatter.write_str("the elements of a PLY file")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut elements: A) -> Result<Cloud, A::Error> {
        let mut vertex = None;
        while let Some(name) = elements.next_key::<String>()? {
            if name == "vertex" {
                vertex = Some(elements.next_value()?);
            } else {
                elements.next_value::<Vec<Skipped>>()?;
            }
        }
        Ok(Cloud { vertex: vertex.ok_or_else(|| A::Error::missing_field("vertex"))? })
    }
}

/// A row of an element that is not read.
#[derive(Deserialize)]
struct Skipped {}

#[derive(Deserialize)]
struct Vertex {
    x: f64,
    y: f64,
    z: f64,
    #[serde(default = "grey")]
    red: u8,
    #[serde(default = "grey")]
    green: u8,
    #[serde(default = "grey")]
    blue: u8,
}

const fn grey() -> u8 {
    128
}

/// The file's element `vertex`; points without a colour are grey, those that are not finite are left out.
pub(super) fn read(bytes: &[u8], path: &Path) -> Result<Vec<SfmPoint>, DatasetError> {
    let fault = |reason: String| DatasetError::Content { path: path.into(), reason };
    check_counts(bytes).map_err(fault)?;
    let cloud: Cloud = serde_ply::from_reader(bytes).map_err(|error| fault(error.to_string()))?;
    let point = |vertex: Vertex| finite_point([vertex.x, vertex.y, vertex.z], [vertex.red, vertex.green, vertex.blue]);
    Ok(cloud.vertex.into_iter().filter_map(point).collect())
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
                let (name, length) = (name.chars().take(40).collect::<String>(), bytes.len());
                return Err(format!("the entries of `{name}` do not fit into {length} bytes"));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_binary_floats_and_doubles() {
        let text = b"ply\nformat ascii 1.0\nelement vertex 2\nproperty float x\nproperty float y\nproperty float z\n\
            property uchar red\nproperty uchar green\nproperty uchar blue\nend_header\n1 2 3 10 20 30\n4 nan 6 1 2 3\n";
        let points = read(text, Path::new("a.ply")).unwrap();
        assert_eq!(points, [SfmPoint { position: [1.0, 2.0, 3.0], colour: [10, 20, 30] }]);
        let mut binary = b"ply\nformat binary_little_endian 1.0\nelement vertex 1\nproperty double x\n\
            property double y\nproperty double z\nproperty float nx\nend_header\n"
            .to_vec();
        binary.extend([1.5f64, -2.0, 0.1].iter().flat_map(|value| value.to_le_bytes()));
        binary.extend(9f32.to_le_bytes());
        let points = read(&binary, Path::new("a.ply")).unwrap();
        assert_eq!(points, [SfmPoint { position: [1.5, -2.0, 0.1], colour: [128; 3] }]);
    }

    #[test]
    fn counts_beyond_the_file_are_refused() {
        let text = b"ply\nformat ascii 1.0\nelement other 99999999999999\nend_header\n";
        let message = read(text, Path::new("a.ply")).unwrap_err().to_string();
        assert!(message.contains("a.ply") && message.contains("do not fit"), "{message}");
        assert!(read(b"PNG", Path::new("a.ply")).is_err());
    }
}
