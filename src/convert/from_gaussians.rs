//! Gaussians of other programs as convexes, to look at and to start a training from.
//!
//! A Gaussian becomes the octahedron of its axes. They are √π standard deviations long on either side: seen along an axis, a
//! rhombus of that size covers what the Gaussian covers, `2·√π·σ₁·√π·σ₂ = 2π·σ₁·σ₂`. Opacity and spherical harmonics stay;
//! borders are as sharp as those of the first convexes of a training.

use glam::{DMat3, DQuat, DVec3};
use serde_ply::{ElementDef, PlyFormat, PlyHeader, PropertyType, ScalarType};

use crate::constants::SH_COEFFS;
use crate::scene::{Params, Scene};

/// Points of an octahedron.
const POINTS: usize = 6;

/// How many times the logistic of a border falls by e over the radius.
const SHARPNESS: f64 = 10.0;

/// Focal length in pixels of a common camera, of pictures a thousand pixels wide: it says how sharp corners look.
const FOCAL: f64 = 1000.0;

/// The radius of a first convex of a training over the distance to its neighbours.
const RADIUS: f64 = 1.2;

/// Whether a file holds Gaussians.
pub(super) fn are_in(header: &PlyHeader) -> bool {
    header.elem_defs.iter().any(|element| element.has_property("rot_0"))
}

/// The convexes of a whole file, and how many Gaussians are left out because they have no finite place, size or colour:
/// trainers leave such rows behind, and no program draws them.
///
/// # Errors
/// A sentence about what is missing.
pub(super) fn parse(header: &PlyHeader, bytes: &[u8]) -> Result<(Scene, usize), String> {
    let columns = Columns::of(header)?;
    let body = body(bytes).ok_or("its header has no end")?;
    let mut scene = Scene::empty(POINTS, columns.degree()?);
    let mut rows = body.chunks_exact(4 * columns.width);
    for i in 0..columns.rows {
        let row = rows.next().ok_or_else(|| format!("it promises {} Gaussians and holds {i}", columns.rows))?;
        columns.push(row, &mut scene);
    }
    match columns.rows - scene.len() {
        left_out if scene.is_empty() && left_out > 0 => {
            Err(format!("none of its {left_out} Gaussians has finite values and a size"))
        }
        left_out => Ok((scene, left_out)),
    }
}

/// The part of the file behind the header.
fn body(bytes: &[u8]) -> Option<&[u8]> {
    const END: &[u8] = b"\nend_header";
    let end = bytes.windows(END.len()).position(|found| found == END)? + END.len();
    let line = bytes.get(end..)?.iter().position(|byte| *byte == b'\n')?;
    bytes.get(end + line + 1..)
}

/// The places of the values of a row.
struct Columns {
    rows: usize,
    width: usize,
    place: [usize; 3],
    colour: [usize; 3],
    opacity: usize,
    scale: [usize; 3],
    rotation: [usize; 4],
    /// Coefficients beyond the constant, channel after channel.
    rest: Vec<usize>,
}

impl Columns {
    fn of(header: &PlyHeader) -> Result<Self, String> {
        let [vertex, ..] = &header.elem_defs[..] else { return Err("it has no elements".to_owned()) };
        let is_float =
            |property: &serde_ply::PlyProperty| matches!(property.property_type, PropertyType::Scalar(ScalarType::F32));
        if header.format != PlyFormat::BinaryLittleEndian || !vertex.properties.iter().all(is_float) {
            return Err("Gaussians are read from binary little-endian files of float properties alone".to_owned());
        }
        let rest = (0..).map_while(|k| column(vertex, &format!("f_rest_{k}")).ok()).collect();
        Ok(Self {
            rows: vertex.count,
            width: vertex.properties.len(),
            place: columns(vertex, ["x", "y", "z"])?,
            colour: columns(vertex, ["f_dc_0", "f_dc_1", "f_dc_2"])?,
            opacity: column(vertex, "opacity")?,
            scale: columns(vertex, ["scale_0", "scale_1", "scale_2"])?,
            rotation: columns(vertex, ["rot_0", "rot_1", "rot_2", "rot_3"])?,
            rest,
        })
    }

    /// Degree of the spherical harmonics.
    fn degree(&self) -> Result<usize, String> {
        let count = self.rest.len();
        (0..=3)
            .find(|degree: &usize| 3 * ((degree + 1).pow(2) - 1) == count)
            .ok_or_else(|| format!("it has {count} properties `f_rest_…`, expected 0, 9, 24 or 45"))
    }

    /// Adds the convex of a row, if all its values are finite.
    #[expect(clippy::cast_possible_truncation, reason = "scenes are stored in f32")]
    fn push(&self, row: &[u8], scene: &mut Scene) {
        let value = |column: usize| {
            let bytes: [u8; 4] =
                row.get(4 * column..4 * column + 4).and_then(|b| b.try_into().ok()).unwrap_or_default();
            f32::from_le_bytes(bytes)
        };
        let number = |column: usize| f64::from(value(column));
        let centre = DVec3::from_array(self.place.map(number));
        let [w, x, y, z] = self.rotation.map(number);
        let rotation = DQuat::from_xyzw(x, y, z, w);
        // Without a direction it is not finite.
        let axes = DMat3::from_quat(rotation / rotation.length());
        let reach = std::f64::consts::PI.sqrt() * DVec3::from_array(self.scale.map(number)).exp();
        let ends = (0..3).flat_map(|axis| [reach[axis], -reach[axis]].map(|along| centre + along * axes.col(axis)));
        let points: Vec<f32> = ends.flat_map(|end| end.as_vec3().to_array()).collect();
        // As large as it looks from where it looks largest.
        let radius = (reach.element_product() / reach.min_element()).sqrt();
        let delta = 0.1 * FOCAL * FOCAL * RADIUS / radius;
        let sigma = SHARPNESS / (delta * radius * radius);
        let mut sh = [0.0; 3 * SH_COEFFS];
        for (channel, column) in self.colour.into_iter().enumerate() {
            sh[channel] = value(column);
        }
        let per_channel = self.rest.len() / 3;
        for (i, column) in self.rest.iter().enumerate() {
            sh[3 * (1 + i % per_channel) + i / per_channel] = value(*column);
        }
        let shape = [delta.ln() as f32, sigma.ln() as f32, value(self.opacity)];
        if points.iter().chain(&shape).chain(&sh).all(|value| value.is_finite()) {
            let [log_delta, log_sigma, raw_opacity] = shape.each_ref().map(std::slice::from_ref);
            scene.push(Params { points: &points, log_delta, log_sigma, raw_opacity, sh: &sh });
        }
    }
}

fn column(element: &ElementDef, name: &str) -> Result<usize, String> {
    element
        .properties
        .iter()
        .position(|property| property.name == name)
        .ok_or_else(|| format!("it holds Gaussians without `{name}`"))
}

fn columns<const N: usize>(element: &ElementDef, names: [&str; N]) -> Result<[usize; N], String> {
    let mut found = [0; N];
    for (found, name) in found.iter_mut().zip(names) {
        *found = column(element, name)?;
    }
    Ok(found)
}
