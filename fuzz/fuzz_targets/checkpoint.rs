//! A checkpoint.
#![no_main]

use lapidary::train::Checkpoint;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let path = lapidary_fuzz::file("checkpoint.safetensors", bytes);
    lapidary_fuzz::answer("checkpoint.safetensors", Checkpoint::load(&path));
});
