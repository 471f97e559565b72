//! A folder of two thousand photographs and how much memory it takes.

use std::sync::Arc;
use std::time::Instant;

use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use lapidary::dataset::PictureCache;
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64Mcg;

use super::*;

const PICTURES: usize = 2000;
const SIZE: (u32, u32) = (1280, 960);
const BUDGET: u64 = 512 << 20;

/// The most memory the process ever had, bytes; of Linux.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? << 10)
}

/// Sixteen photographs over and over that a codec has something to do with: smooth noise.
fn write_photographs(folder: &Path) {
    let names: Vec<String> = (0..PICTURES).map(|i| format!("{i:04}.jpg")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let camera = format!("OPENCV {} {} 1000 1000 640 480 -0.05 0.01 0.001 0.001", SIZE.0, SIZE.1);
    write_text_model(&folder.join("sparse/0"), &camera, &names);
    std::fs::create_dir_all(folder.join("images")).unwrap();
    let mut random = Pcg64Mcg::seed_from_u64(1);
    let mut photograph = || {
        let small = RgbImage::from_fn(40, 30, |_, _| Rgb(random.random()));
        let large = image::imageops::resize(&small, SIZE.0, SIZE.1, FilterType::CatmullRom);
        let mut bytes = Vec::new();
        JpegEncoder::new_with_quality(&mut bytes, 90).encode_image(&large).unwrap();
        bytes
    };
    let photographs: Vec<Vec<u8>> = (0..16).map(|_| photograph()).collect();
    for (i, name) in names.iter().enumerate() {
        std::fs::write(folder.join("images").join(name), &photographs[i % photographs.len()]).unwrap();
    }
}

/// `cargo test --release --test it -- --ignored --nocapture dataset::memory`
#[test]
#[ignore = "minutes, and the peak is that of a process that does nothing else"]
fn two_thousand_photographs() {
    let folder = tempfile::tempdir().unwrap();
    write_photographs(folder.path());
    let before = peak_memory().unwrap();
    let start = Instant::now();
    let dataset = Arc::new(open(folder.path()));
    let opened = start.elapsed();
    let decoded: u64 = dataset.views.iter().map(|view| 4 * view.num_pixels()).sum();
    let cache = PictureCache::new(Arc::clone(&dataset), BUDGET, 2);
    let mut random = Pcg64Mcg::seed_from_u64(2);
    let order: Vec<usize> = (0..PICTURES).map(|_| random.random_range(0..PICTURES)).collect();
    let start = Instant::now();
    for (i, view) in order.iter().enumerate() {
        for ahead in order.iter().skip(i + 1).take(4) {
            cache.prefetch(*ahead);
        }
        cache.get(*view).unwrap();
    }
    let (usage, peak) = (cache.usage(), peak_memory().unwrap());
    println!(
        "{PICTURES} images of {}×{}, {} MiB decoded: opened in {opened:.1?}, {} asked for in {:.1?}",
        SIZE.0,
        SIZE.1,
        decoded >> 20,
        order.len(),
        start.elapsed()
    );
    println!(
        "budget {} MiB, images at most {} MiB, process before {} MiB and at most {} MiB",
        BUDGET >> 20,
        usage.peak_bytes >> 20,
        before >> 20,
        peak >> 20
    );
    assert!(decoded > 8 << 30, "it would not fit");
    assert!(usage.peak_bytes <= BUDGET);
    // Two threads and the one that asks have a picture of the file's size and one of the result's, and the file.
    assert!(peak.saturating_sub(before) < BUDGET + (256 << 20));
}
