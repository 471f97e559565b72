//! COLMAP's binary files: cameras, images and points, in one input.
#![no_main]

use lapidary::dataset::ColmapModel;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let files = lapidary_fuzz::parts::<3>(bytes);
    for (name, bytes) in ["cameras.bin", "images.bin", "points3D.bin"].into_iter().zip(files) {
        lapidary_fuzz::file(&format!("binary/{name}"), bytes);
    }
    let folder = lapidary_fuzz::file("binary/list", b"");
    lapidary_fuzz::answer("binary", ColmapModel::load(folder.parent().unwrap()));
});
