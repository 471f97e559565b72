//! Undistortion against COLMAP's own `image_undistorter`, where it is installed (Debian's package `colmap`).

use std::process::{Command, Stdio};

use lapidary::dataset::{ColmapModel, LensModel, Picture};

use super::*;

/// Parameters behind the focal lengths and the principal point, as strong as those of real lenses.
fn distortion(model: LensModel) -> &'static str {
    match model {
        LensModel::SimplePinhole | LensModel::Pinhole => "",
        LensModel::SimpleRadial => "-0.08",
        LensModel::Radial => "-0.11 0.03",
        LensModel::OpenCv => "-0.12 0.04 0.0012 -0.0009",
        LensModel::OpenCvFisheye => "0.03 -0.012 0.003 -0.0006",
        LensModel::FullOpenCv => "0.21 -0.05 0.0011 -0.0007 0.004 0.3 -0.04 0.002",
        LensModel::Fov => "0.55",
        LensModel::SimpleRadialFisheye => "0.03",
        LensModel::RadialFisheye => "0.03 -0.01",
        LensModel::ThinPrismFisheye => "0.03 -0.012 0.0011 -0.0007 0.003 -0.0006 0.0012 -0.0008",
    }
}

/// Mean and largest difference of colours, leaving out a border of so many pixels.
fn difference(ours: &Picture, theirs: &RgbImage, border: u32) -> (f64, u8) {
    let (mut sum, mut count, mut largest) = (0u64, 0u64, 0);
    for y in border..ours.height - border {
        for x in border..ours.width - border {
            let pixel = ours.pixels[(y * ours.width + x) as usize];
            for (a, b) in pixel.iter().zip(theirs.get_pixel(x, y).0) {
                let difference = a.abs_diff(b);
                (sum, count, largest) = (sum + u64::from(difference), count + 1, largest.max(difference));
            }
        }
    }
    (sum as f64 / count as f64, largest)
}

/// Runs COLMAP on a dataset of one picture; what it made of it.
fn by_colmap(data: &Path) -> (RgbImage, ColmapModel) {
    let out = data.join("out");
    std::fs::create_dir_all(&out).unwrap();
    let status = Command::new("colmap")
        .arg("image_undistorter")
        .args(["--image_path".as_ref(), data.join("images").as_os_str()])
        .args(["--input_path".as_ref(), data.join("sparse/0").as_os_str()])
        .args(["--output_path".as_ref(), out.as_os_str()])
        .env("QT_QPA_PLATFORM", "offscreen")
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "{}", data.display());
    let picture = image::open(out.join("images/0000.png")).unwrap().into_rgb8();
    (picture, ColmapModel::load(&out.join("sparse")).unwrap())
}

/// `cargo test --test it -- --ignored --nocapture dataset::undistorter`
#[test]
#[ignore = "needs the program `colmap`"]
fn every_model_is_undone_as_by_colmap() {
    let folder = tempfile::tempdir().unwrap();
    let gems = folder.path().join("gems");
    let options = SynthOptions { views: 1, test_views: 1, width: 640, height: 480, ..SynthOptions::default() };
    synth::write(&gems, &SynthOptions { points: 8, samples_side: 2, ..options }).unwrap();
    println!("| model | size by COLMAP | by lapidary | mean difference | largest | of the camera, px |");
    println!("|---|---|---|---|---|---|");
    for (model, name, num_parameters) in LensModel::ALL {
        let data = folder.path().join(name);
        let num_focals = num_parameters - 2 - distortion(model).split_whitespace().count();
        let focal = if num_focals == 1 { "520" } else { "520 515" };
        let camera = format!("{name} 640 480 {focal} 331 236 {}", distortion(model));
        write_text_model(&data.join("sparse/0"), &camera, &["0000.png"]);
        write(&data.join("sparse/0/images.txt"), "1 1 0 0 0 0 0 0 1 0000.png\n\n");
        write(&data.join("sparse/0/points3D.txt"), "");
        write(&data.join("images/0000.png"), std::fs::read(gems.join("images/0000.png")).unwrap());
        let (theirs, their_model) = by_colmap(&data);
        let dataset = open(&data);
        let (ours, a) = (dataset.load(0).unwrap(), dataset.views[0].camera.intrinsics);
        let b = their_model.cameras.values().next().unwrap().lens.intrinsics;
        let camera = [a.fx - b.fx, a.fy - b.fy, a.cx - b.cx, a.cy - b.cy].map(f64::abs).into_iter().fold(0.0, f64::max);
        let ([our_width, our_height], (width, height)) = ([ours.width, ours.height], theirs.dimensions());
        assert_eq!((our_width, our_height), (width, height), "{name}");
        let (mean, largest) = difference(&ours, &theirs, 4);
        println!("| {name} | {width}×{height} | {our_width}×{our_height} | {mean:.3} | {largest} | {camera:.1e} |");
        assert!(camera < 1e-6, "{name}: {a:?} against {b:?}");
        assert!(mean < 1.0, "{name}: {mean}");
    }
}
