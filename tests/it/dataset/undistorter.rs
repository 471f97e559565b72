//! Undistortion against COLMAP's own, by pycolmap (from `PyPI`) for the Python that `LAPIDARY_PYCOLMAP` names, or by the
//! program `colmap`.

use std::process::{Command, Stdio};

use lapidary::camera::Intrinsics;
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
        LensModel::RadTanThinPrismFisheye => "0.03 -0.01 0.003 0 0 0 0.001 -0.0008 0.0012 0 -0.0008 0",
        LensModel::SimpleDivision | LensModel::Division => "-0.1",
        LensModel::Eucm => "0.6 1.1",
        LensModel::SimpleFisheye | LensModel::Fisheye | LensModel::Equirectangular | LensModel::Nerfstudio => "",
    }
}

/// Mean and largest difference of colours, leaving out a border of so many pixels and what was not seen.
fn difference(ours: &Picture, theirs: &RgbImage, border: u32) -> (f64, u8) {
    let (mut sum, mut count, mut largest) = (0u64, 0u64, 0);
    for y in border..ours.height.min(theirs.height()) - border {
        for x in border..ours.width.min(theirs.width()) - border {
            let pixel = ours.pixels[(y * ours.width + x) as usize];
            if pixel[3] < 255 {
                continue;
            }
            for (a, b) in pixel.iter().zip(theirs.get_pixel(x, y).0) {
                let difference = a.abs_diff(b);
                (sum, count, largest) = (sum + u64::from(difference), count + 1, largest.max(difference));
            }
        }
    }
    (sum as f64 / count as f64, largest)
}

/// Undistorts one picture: model, width, height and parameters of the camera follow the two files.
const BY_PYCOLMAP: &str = "
import sys, pycolmap
source, target, model, width, height, *parameters = sys.argv[1:]
camera = pycolmap.Camera(model=model, width=int(width), height=int(height), params=[float(p) for p in parameters])
picture = pycolmap.Bitmap.read(source, True)
straight, pinhole = pycolmap.undistort_image(pycolmap.UndistortCameraOptions(), picture, camera)
straight.write(target)
print(*pinhole.params)
";

/// What COLMAP makes of the only picture of a dataset, and fx, fy, cx, cy of it.
fn by_colmap(data: &Path, camera: &str) -> (RgbImage, [f64; 4]) {
    let out = data.join("out");
    std::fs::create_dir_all(&out).unwrap();
    if let Some(python) = std::env::var_os("LAPIDARY_PYCOLMAP") {
        let mut command = Command::new(python);
        command.args(["-c", BY_PYCOLMAP]).arg(data.join("images/0000.png")).arg(out.join("0000.png"));
        let output = command.args(camera.split_whitespace()).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let numbers: Vec<f64> = said.split_whitespace().map(|word| word.parse().unwrap()).collect();
        return (image::open(out.join("0000.png")).unwrap().into_rgb8(), numbers.try_into().unwrap());
    }
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
    let model = ColmapModel::load(&out.join("sparse")).unwrap();
    let Intrinsics { fx, fy, cx, cy } = model.cameras.values().next().unwrap().lens.intrinsics;
    (image::open(out.join("images/0000.png")).unwrap().into_rgb8(), [fx, fy, cx, cy])
}

/// Lenses of wide pictures, the last two with a fold within them.
const WIDE: [&str; 5] = [
    "OPENCV_FISHEYE 640 480 260 255 331 236 0.03 -0.012 0.003 -0.0006",
    "FOV 640 480 390 390 331 236 0.9",
    "EUCM 640 480 260 255 331 236 0.6 1.1",
    "OPENCV 640 480 352 352 331 236 0.1 -0.2 0.001 -0.0005",
    "SIMPLE_RADIAL 640 480 384 331 236 -0.25",
];

/// `LAPIDARY_PYCOLMAP=python3 cargo test --test it -- --ignored --nocapture dataset::undistorter`
#[test]
#[ignore = "needs pycolmap or the program `colmap`"]
fn every_model_is_undone_as_by_colmap() {
    let folder = tempfile::tempdir().unwrap();
    let gems = folder.path().join("gems");
    let options = SynthOptions { views: 1, test_views: 1, width: 640, height: 480, ..SynthOptions::default() };
    synth::write(&gems, &SynthOptions { points: 8, samples_side: 2, ..options }, &|_| ()).unwrap();
    let picture = std::fs::read(gems.join("images/0000.png")).unwrap();
    println!("| lens | size by COLMAP | by lapidary | mean difference | largest | of the camera, px |");
    println!("|---|---|---|---|---|---|");
    // The models of COLMAP 4 are unknown to an older program, and a panorama has no undistortion.
    let is_new = std::env::var_os("LAPIDARY_PYCOLMAP").is_some();
    let known = &LensModel::ALL[..if is_new { 17 } else { 11 }];
    let ordinary = known.iter().map(|(model, name, num_parameters)| {
        let num_focals = num_parameters - 2 - distortion(*model).split_whitespace().count();
        let focal = if num_focals == 1 { "520" } else { "520 515" };
        format!("{name} 640 480 {focal} 331 236 {}", distortion(*model))
    });
    let wide = WIDE.map(String::from).into_iter().filter(|_| is_new);
    for (i, camera) in ordinary.chain(wide).enumerate() {
        compare(&folder.path().join(i.to_string()), &camera, &picture);
    }
}

/// One row of the table: a picture by a camera.
fn compare(data: &Path, camera: &str, picture: &[u8]) {
    write_text_model(&data.join("sparse/0"), camera, &["0000.png"]);
    write(&data.join("sparse/0/images.txt"), "1 1 0 0 0 0 0 0 1 0000.png\n\n");
    write(&data.join("sparse/0/points3D.txt"), "");
    write(&data.join("images/0000.png"), picture);
    let (theirs, b) = by_colmap(data, camera);
    let dataset = open(data);
    let (ours, a) = (dataset.load(0).unwrap(), dataset.views[0].camera.intrinsics);
    let off = [a.fx, a.fy, a.cx, a.cy].iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    let ([our_width, our_height], (width, height)) = ([ours.width, ours.height], theirs.dimensions());
    assert!(our_width.abs_diff(width).max(our_height.abs_diff(height)) <= 1, "{camera}: {our_width}×{our_height}");
    let (mean, largest) = difference(&ours, &theirs, 4);
    println!("| {camera} | {width}×{height} | {our_width}×{our_height} | {mean:.3} | {largest} | {off:.1e} |");
    assert!(off <= 0.5, "{camera}: {a:?} against {b:?}");
    assert!(mean < 1.0, "{camera}: {mean}");
}
