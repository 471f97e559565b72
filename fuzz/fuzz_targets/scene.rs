//! A scene file.
#![no_main]

use lapidary::scene_file;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let path = lapidary_fuzz::file("scene.safetensors", bytes);
    if let Some(scene) = lapidary_fuzz::answer("scene.safetensors", scene_file::load(&path)) {
        scene.check().unwrap();
    }
});
