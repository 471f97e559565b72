//! LPIPS with the weights of VGG16, where a file of them is at hand: `LAPIDARY_LPIPS_WEIGHTS` names it.

use std::io::Write as _;
use std::path::Path;

use lapidary::image::Image;
use lapidary::metrics::{Lpips, LpipsInput};

use crate::support::vectors::lpips_case;

/// Says on the terminal, whatever the test runner hides, that nothing was tested.
#[expect(clippy::explicit_write, reason = "what macros print is hidden while a test passes")]
fn not_run(what: &str) {
    writeln!(std::io::stderr(), "NOT RUN: {what} needs LAPIDARY_LPIPS_WEIGHTS=FILE, see docs/evaluating.md").unwrap();
}

#[test]
fn lpips_is_that_of_the_original() {
    let Some(weights) = std::env::var_os("LAPIDARY_LPIPS_WEIGHTS") else {
        return not_run("metrics::lpips_is_that_of_the_original");
    };
    let lpips = Lpips::load(Path::new(&weights)).unwrap();
    let case = lpips_case();
    let picture = |data: &[f32]| Image::new(case.width, data.len() / 3 / case.width, data.to_vec());
    let (image, target) = (picture(&case.image), picture(&case.target));
    for (input, expected) in [(LpipsInput::ZeroToOne, case.of_3dgs), (LpipsInput::MinusOneToOne, case.normalised)] {
        let found = lpips.distance(&image, &target, input).unwrap();
        println!("{input:?}: {found}, expected {expected}, {:.1e} apart", (found - expected).abs());
        assert!((found - expected).abs() < 1e-4, "{input:?}: {found}, expected {expected}");
    }
}

#[test]
fn files_without_weights_are_refused_with_their_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights.safetensors");
    let refusal = |parts: &[&str]| {
        let message = Lpips::load(&path).unwrap_err().to_string();
        assert!(
            message.contains("weights.safetensors") && parts.iter().all(|part| message.contains(part)),
            "{message}"
        );
    };
    refusal(&["cannot read"]);
    std::fs::write(&path, "not a safetensors file").unwrap();
    refusal(&["weights of LPIPS"]);
    std::fs::write(&path, u64::MAX.to_le_bytes()).unwrap();
    refusal(&["weights of LPIPS"]);
    // Claims to be large, and takes no room on the disk.
    std::fs::File::create(&path).unwrap().set_len(1 << 40).unwrap();
    refusal(&["1099511627776 bytes"]);
}
