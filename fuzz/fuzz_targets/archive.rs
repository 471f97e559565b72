//! A dataset in a `.zip`, pictures included.
#![no_main]

use lapidary::dataset::{Dataset, DatasetOptions};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let path = lapidary_fuzz::file("dataset.zip", bytes);
    if let Some(dataset) = lapidary_fuzz::answer("dataset.zip", Dataset::open(&path, &DatasetOptions::default())) {
        lapidary_fuzz::answer("dataset.zip", dataset.load(0));
    }
});
