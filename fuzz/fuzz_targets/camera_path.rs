//! Key frames of a camera.
#![no_main]

use lapidary::camera_path::CameraPath;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let path = lapidary_fuzz::file("path.json", bytes);
    lapidary_fuzz::answer("path.json", CameraPath::load(&path));
});
