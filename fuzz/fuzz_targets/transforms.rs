//! A `transforms.json`, with the points that it may name.
#![no_main]

use lapidary::dataset::{Dataset, DatasetOptions};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let [json, ply] = lapidary_fuzz::parts(bytes);
    lapidary_fuzz::file("transforms/a.ply", ply);
    let path = lapidary_fuzz::file("transforms/transforms.json", json);
    lapidary_fuzz::answer("transforms", Dataset::open(&path, &DatasetOptions::default()));
});
