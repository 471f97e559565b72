//! A model of the authors' code.
#![no_main]

use lapidary::convert::{self, Focal};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let path = lapidary_fuzz::file("model.pt", bytes);
    if let Some((scene, _)) = lapidary_fuzz::answer("model.pt", convert::read(&path, Some(Focal { x: 100.0, y: 90.0 })))
    {
        scene.check().unwrap();
    }
});
