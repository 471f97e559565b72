//! COLMAP's text files: cameras, images and points, in one input.
#![no_main]

use lapidary::dataset::ColmapModel;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let files = lapidary_fuzz::parts::<3>(bytes);
    for (name, bytes) in ["cameras.txt", "images.txt", "points3D.txt"].into_iter().zip(files) {
        lapidary_fuzz::file(&format!("text/{name}"), bytes);
    }
    let folder = lapidary_fuzz::file("text/list", b"");
    lapidary_fuzz::answer("text", ColmapModel::load(folder.parent().unwrap()));
});
