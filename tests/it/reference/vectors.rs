//! The twin in f64 against every vector case. Prints a Markdown table with `--nocapture`.

use lapidary::constants::SSIM_WEIGHT;
use lapidary::reference::loss::loss;
use lapidary::reference::{ImageCotangents, ReferenceFrame, backward, forward};
use lapidary::scene::{NAMES, Params};

use crate::support::compare::{max_error, max_error_outside, relative_error};
use crate::support::vectors::{SceneCase, loss_cases, scene_cases};

/// The files are float32: rounding them makes 3e-8 relative, and the rest is room for the order of sums.
const BAR: f64 = 1e-5;

fn double(values: &[f32]) -> Vec<f64> {
    values.iter().map(|value| f64::from(*value)).collect()
}

fn render(case: &SceneCase) -> (ReferenceFrame<f64>, Params<Vec<f64>>) {
    let scene = case.scene.cast();
    let frame = forward(&scene, &case.camera, &case.options);
    let v = ImageCotangents::of_rgb(double(&case.v_rgb));
    let gradients = backward(&scene, &case.camera, &case.options, &frame, &v);
    (frame, gradients)
}

/// Prints a row of the table and returns what is above the bar.
fn row(case: &str, errors: &[(&str, f64)], bar: f64, faults: &mut Vec<String>) {
    let cells: Vec<String> = errors.iter().map(|(_, error)| format!("{error:.1e}")).collect();
    println!("| {case} | {} |", cells.join(" | "));
    let above = errors.iter().filter(|(_, error)| error.is_nan() || *error > bar);
    faults.extend(above.map(|(name, error)| format!("{case}: {name} is {error:.2e}, above {bar:.0e}")));
}

#[test]
fn scenes_give_the_expected_pictures_and_gradients() {
    let names = NAMES.into_array();
    println!("\n| case | rgb | alpha | depth | max rgb | max alpha | max depth | {} |", names.join(" | "));
    println!("|---|{}", "---|".repeat(11));
    let mut faults = Vec::new();
    for case in scene_cases() {
        let (frame, gradients) = render(&case);
        let mut errors = vec![
            ("rgb", relative_error(&frame.rgb, &case.rgb)),
            ("alpha", relative_error(&frame.alpha, &case.alpha)),
            ("depth", relative_error(&frame.depth, &case.depth)),
            ("max rgb", max_error(&frame.rgb, &case.rgb)),
            ("max alpha", max_error(&frame.alpha, &case.alpha)),
            ("max depth", max_error(&frame.depth, &case.depth)),
        ];
        let pairs = gradients.as_ref().zip(case.gradients.as_ref()).into_named();
        errors.extend(pairs.map(|(name, (out, expected))| (name, relative_error(out, expected))));
        row(&case.name, &errors, BAR, &mut faults);
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn losses_are_as_expected() {
    println!("\n| case | loss | ssim | ssim map | max ssim map | gradient |\n|---|---|---|---|---|---|");
    let mut faults = Vec::new();
    for case in loss_cases() {
        let out = loss(&double(&case.image), &double(&case.target), case.width, SSIM_WEIGHT);
        let errors = [
            ("loss", relative_error(&[out.value], &[case.loss])),
            ("ssim", relative_error(&[out.ssim], &[case.ssim])),
            ("ssim map", relative_error(&out.ssim_map, &case.ssim_map)),
            ("max ssim map", max_error(&out.ssim_map, &case.ssim_map)),
            ("gradient", relative_error(&out.v_image, &case.v_image)),
        ];
        row(&case.name, &errors, BAR, &mut faults);
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn pixels_near_a_threshold_match_the_vectors() {
    for case in scene_cases() {
        let (frame, _) = render(&case);
        let pixels = frame.band.iter().zip(&case.band);
        let (extra, missing) = pixels.fold((0, 0), |(extra, missing), (ours, theirs)| {
            (extra + usize::from(*ours && !theirs), missing + usize::from(!ours && *theirs))
        });
        assert_eq!((extra, missing), (0, 0), "{}: pixels in our band only, in the vectors' only", case.name);
    }
}

#[test]
fn f32_stays_within_the_tolerances_of_the_spec() {
    println!("\nShares of the bars of docs/spec.md §5, in f32:\n");
    println!("| case | max rgb | max alpha | {} |\n|---{}|", NAMES.into_array().join(" | "), "|---".repeat(7));
    let mut faults = Vec::new();
    for case in scene_cases() {
        let frame = forward(&case.scene, &case.camera, &case.options);
        let v = ImageCotangents::of_rgb(case.v_rgb.clone());
        let gradients = backward(&case.scene, &case.camera, &case.options, &frame, &v);
        let mut shares = vec![
            ("max rgb", max_error_outside(&frame.rgb, &case.rgb, &case.band) / 2e-4),
            ("max alpha", max_error_outside(&frame.alpha, &case.alpha, &case.band) / 2e-4),
        ];
        let pairs = gradients.as_ref().zip(case.gradients.as_ref()).into_named();
        shares.extend(pairs.map(|(name, (out, expected))| (name, relative_error(out, expected) / 1e-3)));
        row(&case.name, &shares, 1.0, &mut faults);
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
