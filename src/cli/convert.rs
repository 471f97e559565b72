//! `lapidary convert`: a scene from one format to another, with a part of its convexes, or in another place.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::ensure;
use glam::DVec3;
use lapidary::convert::{self, Focal, SolidLayout, WriteOptions, Written};
use lapidary::{files, text};

use super::SharedArgs;
use super::edits::EditArgs;
use super::progress::{self, Parts};
use super::source;

/// Converts a scene; the extensions of the two names give the formats.
///
/// It reads scenes (.safetensors), compact scenes (.lapidary), convexes and Gaussians in .ply, and models of the authors' code
/// (`point_cloud_state_dict.pt`). Gaussians become convexes that cover the same.
/// It writes scenes, compact scenes with rounded numbers in a sixth of the bytes, pages (.html) that hold the viewer and a compact
/// scene and open in a browser without a network, convexes in .ply, Gaussians in .ply for splat viewers (--gaussians), solids of one
/// colour in .glb and .obj, and colliders for physics in .glb and .obj (--colliders) and in .json.
///
/// --crop, --within-cameras, --visible-in and --min-opacity drop convexes, --transform, --scale, --rotate and --translate move the rest; what
/// was dropped, and why, is printed and kept in the file.
#[derive(Debug, clap::Args)]
pub(crate) struct ConvertArgs {
    /// File to read: .safetensors (a scene or a checkpoint), .lapidary, .ply or .pt; or the folder of a training run
    #[arg(value_name = "IN")]
    input: PathBuf,
    /// File to write: .safetensors, .lapidary, .html, .ply, .glb, .obj or .json
    #[arg(value_name = "OUT")]
    output: PathBuf,
    /// Focal lengths in pixels that a .pt was trained with [default: from the cameras.json of its folder]
    #[arg(long, value_parser = focal, value_name = "FX[,FY]")]
    focal: Option<Focal>,
    /// Write Gaussians instead of convexes into a .ply
    #[arg(long)]
    gaussians: bool,
    /// Drop convexes that are less opaque than this, from 0 to 1
    #[arg(long, value_parser = fraction, default_value_t = 0.0, value_name = "OPACITY")]
    min_opacity: f32,
    /// Write one mesh for all convexes instead of one each
    #[arg(long, conflicts_with = "colliders")]
    merge: bool,
    /// Write shapes without colours, one for each convex
    #[arg(long)]
    colliders: bool,
    /// Write meshes, colliders and Gaussians relative to the origin of the scene, which is printed
    #[arg(long)]
    recentre: bool,
    #[command(flatten)]
    edits: EditArgs,
}

pub(crate) fn run(args: &ConvertArgs, shared: &SharedArgs) -> anyhow::Result<()> {
    let begin = Instant::now();
    ensure!(
        !source::is_same(&source::scene_file_of(&args.input), &args.output),
        "{} is both IN and OUT; choose another name for OUT",
        args.output.display()
    );
    files::check_file(&args.output)?;
    let replaced = if args.output.exists() { ", replacing the file that was there" } else { "" };
    let (scene, metadata) = source::load(&args.input, args.focal, false)?;
    // Exporters count what is too faint themselves, so that their objects keep the numbers of the scene.
    let drops_faint = convert::is_scene_file(&args.output, args.gaussians);
    let least = if drops_faint { args.min_opacity } else { 0.0 };
    let (scene, metadata) = args.edits.apply(scene, metadata, least, shared)?;
    let layout = match (args.merge, args.colliders) {
        (true, _) => SolidLayout::Merged,
        (_, true) => SolidLayout::Colliders,
        _ => SolidLayout::Each,
    };
    let ConvertArgs { min_opacity, gaussians, recentre, .. } = *args;
    let min_opacity = if drops_faint { 0.0 } else { min_opacity };
    let options = WriteOptions { min_opacity, layout, gaussians, recentre };
    let Written { kind, written, left_out, lost } = {
        let size = progress::large(convert::about_bytes(&scene, &options, &args.output));
        let parts = Parts::begin(format!("writing {}{size}", args.output.display()), scene.len() as u64, false);
        convert::write(&scene, &metadata, &options, &args.output, &|done| parts.set(done as u64))?
    };
    let left_out = if left_out > 0 { format!(", {left_out} convexes left out") } else { String::new() };
    let provenance = metadata.provenance.map(|from| text::shortened(&from, source::MAX_PROVENANCE));
    let provenance = provenance.map(|from| format!(" from {from}")).unwrap_or_default();
    let seconds = begin.elapsed().as_secs_f64();
    tell!("{}: {written} {kind}{left_out}{provenance} ({seconds:.1} s){replaced}", args.output.display());
    let DVec3 { x, y, z } = scene.origin;
    if recentre && scene.origin == DVec3::ZERO {
        tell!("the scene has no origin of its own: --recentre changes nothing");
    } else if recentre {
        tell!("relative to {x}, {y}, {z}");
    }
    if lost > 0.0 {
        say!(
            "warning: {} holds coordinates of the world in 32 bits: places are rounded to steps of {lost}; --recentre keeps \
             them, relative to {x}, {y}, {z}",
            args.output.display()
        );
    }
    Ok(())
}

fn focal(text: &str) -> Result<Focal, String> {
    let parse = |focal: &str| focal.trim().parse().ok();
    let (x, y) = text.split_once(',').unwrap_or((text, text));
    let focal = parse(x).zip(parse(y)).map(|(x, y)| Focal { x, y });
    focal.filter(Focal::is_good).ok_or_else(|| "expected one or two numbers above 0, like 1100,1080".to_owned())
}

fn fraction(text: &str) -> Result<f32, String> {
    let value = text.parse().ok().filter(|value| (0.0..=1.0).contains(value));
    value.ok_or_else(|| "expected a number from 0 to 1".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn focal_lengths_are_one_or_two_numbers() {
        assert_eq!(focal("1100"), Ok(Focal { x: 1100.0, y: 1100.0 }));
        assert_eq!(focal("1100, 1080.5"), Ok(Focal { x: 1100.0, y: 1080.5 }));
        for wrong in ["", "0", "-1", "1,2,3", "1,", "NaN", "inf", "a"] {
            assert!(focal(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn fractions_lie_between_0_and_1() {
        assert_eq!(fraction("0.5"), Ok(0.5));
        for wrong in ["", "-0.1", "1.1", "NaN"] {
            assert!(fraction(wrong).is_err(), "{wrong}");
        }
    }
}
