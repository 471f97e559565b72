//! EXR files: the numbers as they were rendered, with the camera that saw them.

use std::error::Error;
use std::io::Cursor;

use exr::meta::attribute::{AttributeValue, Text};
use exr::prelude::{AnyChannel, AnyChannels, Encoding, FlatSamples, Image, Layer, LayerAttributes, WritableImage as _};
use glam::DMat4;

use super::encode::{Mode, depths, ids, normals};
use crate::camera::{Camera, Intrinsics};
use crate::renderer::Pictures;

/// The name of the attribute that holds the camera with all digits, as JSON.
const CAMERA: &str = "lapidaryCamera";

/// How EXR files are laid out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ExrLayout {
    /// Colours are linear light, as readers expect, in place of sRGB.
    pub is_linear: bool,
    /// One file holds the channels of all modes.
    pub is_layered: bool,
}

/// The bytes of a file with the channels of these modes. Names of channels are those that EXR reserves: R, G, B, A and Z.
///
/// # Errors
/// The message of the encoder.
pub fn encode_exr(
    pictures: &Pictures,
    modes: &[Mode],
    camera: &Camera,
    layout: ExrLayout,
) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
    let channels = modes.iter().flat_map(|mode| channels(pictures, *mode, layout.is_linear));
    let channels = channels.map(|(name, samples)| AnyChannel::new(name, samples)).collect();
    let size = (pictures.width, pictures.height);
    let attributes = attributes(camera, modes, layout)?;
    let layer = Layer::new(size, attributes, Encoding::SMALL_LOSSLESS, AnyChannels::sort(channels));
    let mut bytes = Cursor::new(Vec::new());
    Image::from_layer(layer).write().non_parallel().to_buffered(&mut bytes)?;
    Ok(bytes.into_inner())
}

fn channels(pictures: &Pictures, mode: Mode, is_linear: bool) -> Vec<(&'static str, FlatSamples)> {
    let channel = |i: usize| pictures.rgba.iter().map(move |pixel| pixel[i]);
    let colour = |i: usize| {
        let light = |value: f32| if is_linear { linear(value) } else { value };
        FlatSamples::F32(channel(i).map(light).collect())
    };
    match mode {
        Mode::Colour => vec![("R", colour(0)), ("G", colour(1)), ("B", colour(2))],
        Mode::Alpha => vec![("A", FlatSamples::F32(channel(3).collect()))],
        Mode::Depth => vec![("Z", FlatSamples::F32(depths(pictures)))],
        Mode::Normal => {
            let component = |i: usize| FlatSamples::F32(normals(pictures).map(|normal| normal[i]).collect());
            vec![("N.X", component(0)), ("N.Y", component(1)), ("N.Z", component(2))]
        }
        Mode::Id => vec![("id", FlatSamples::U32(ids(pictures).collect()))],
    }
}

/// The light of an sRGB value; beyond 0 to 1 the curve goes on.
fn linear(srgb: f32) -> f32 {
    if srgb <= 0.040_45 { srgb / 12.92 } else { ((srgb + 0.055) / 1.055).powf(2.4) }
}

/// The camera in the attributes that EXR has for it, and with all digits; what the numbers mean, in words.
#[expect(clippy::cast_possible_truncation, reason = "the attributes hold f32")]
fn attributes(camera: &Camera, modes: &[Mode], layout: ExrLayout) -> Result<LayerAttributes, serde_json::Error> {
    let Intrinsics { fx, fy, cx, cy } = camera.intrinsics;
    let view_from_world = DMat4::from(camera.view_from_world);
    let rows = view_from_world.transpose().to_cols_array_2d();
    let json = serde_json::json!({
        "view_from_world": rows, "fx": fx, "fy": fy, "cx": cx, "cy": cy, "width": camera.width, "height": camera.height,
    });
    let colours = if layout.is_linear { "linear light" } else { "sRGB" };
    let said = |mode: &Mode| match mode {
        Mode::Colour => format!("R, G, B: {colours}"),
        Mode::Alpha => "A: alpha".to_owned(),
        Mode::Depth => "Z: depth along the optical axis in scene units, 0 for nothing".to_owned(),
        Mode::Normal => "N: normal in world axes".to_owned(),
        Mode::Id => "id: convex, 4294967295 for none".to_owned(),
    };
    let said = modes.iter().map(said).collect::<Vec<_>>().join("; ");
    let degrees = camera.half_size().to_array().map(|half| (2.0 * half.atan()).to_degrees() as f32);
    let mut attributes = LayerAttributes {
        // A vector is a row there, so that rows are columns.
        world_to_camera: Some(view_from_world.to_cols_array().map(|value| value as f32)),
        horizontal_field_of_view: Some(degrees[0]),
        vertical_field_of_view: Some(degrees[1]),
        comments: Text::new_or_none(format!("{said}. Camera axes: x right, y down, z forward")),
        software_name: Text::new_or_none(concat!("lapidary ", env!("CARGO_PKG_VERSION"))),
        ..LayerAttributes::default()
    };
    let json = Text::new_or_none(serde_json::to_string(&json)?);
    attributes.other.extend(Text::new_or_none(CAMERA).zip(json.map(AttributeValue::Text)));
    Ok(attributes)
}
