//! A PLY file of convexes.
#![no_main]

use lapidary::convert;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let path = lapidary_fuzz::file("convexes.ply", bytes);
    if let Some((scene, _)) = lapidary_fuzz::answer("convexes.ply", convert::read(&path, None)) {
        scene.check().unwrap();
    }
});
