//! A report names photographs that are bad, and why: planted ones in a training on a synthetic dataset.

use std::path::Path;
use std::sync::Arc;

use glam::{DAffine3, DMat3};
use lapidary::dataset::{Dataset, DatasetOptions, Split};
use lapidary::evaluate::{MeasuredPhotograph, Metrics, PhotographFault, photograph_faults};
use lapidary::synth::{self, SynthOptions};
use lapidary::train::{TrainOptions, Trainer};

use crate::support::device::gpu;

/// A dataset with a blurred, a darkened, and a wrongly posed photograph; the others are as they should be.
fn planted(folder: &Path) -> Dataset {
    let options =
        SynthOptions { views: 24, test_views: 2, width: 128, height: 96, points: 400, ..SynthOptions::default() };
    synth::write(folder, &options, &|_| ()).unwrap();
    let mut dataset = Dataset::open(folder, &DatasetOptions::default()).unwrap();
    let path = |view: usize| folder.join("images").join(&dataset.views[view].name);
    let alter = |view: usize, change: &dyn Fn(image::RgbImage) -> image::RgbImage| {
        let picture = image::open(path(view)).unwrap().into_rgb8();
        change(picture).save(path(view)).unwrap();
    };
    alter(BLURRED, &|picture| image::imageops::blur(&picture, 2.0));
    alter(DARKENED, &|mut picture| {
        picture.iter_mut().for_each(|value| *value = (f32::from(*value) * 0.7) as u8);
        picture
    });
    let camera = &mut dataset.views[TURNED].camera;
    let turn = DAffine3::from_mat3(DMat3::from_rotation_y(2.5_f64.to_radians()));
    camera.view_from_world = turn * camera.view_from_world;
    dataset
}

const BLURRED: usize = 3;
const DARKENED: usize = 10;
const TURNED: usize = 17;

#[test]
fn planted_bad_photographs_are_found_and_good_ones_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = Arc::new(planted(folder.path()));
    let planted = [BLURRED, DARKENED, TURNED];
    assert!(planted.iter().all(|view| dataset.views[*view].split == Split::Train));
    let options = TrainOptions { iterations: 250, max_convexes: 500, ..TrainOptions::default() };
    let mut trainer = Trainer::new(gpu(), Arc::clone(&dataset), options).unwrap();
    while !trainer.is_done() {
        trainer.advance(u32::MAX).unwrap();
    }
    let mut measure = |view: usize| {
        let evaluated = trainer.evaluate(view, &Metrics::default()).unwrap();
        MeasuredPhotograph::of(&evaluated, dataset.views[view].split, 0.2)
    };
    let measured: Vec<MeasuredPhotograph> = (0..dataset.views.len()).map(&mut measure).collect();
    let faults = photograph_faults(&measured);
    let named = |view: usize| (&faults[view], &measured[view]);
    assert!(matches!(faults[BLURRED][..], [PhotographFault::Blur(part)] if part < 0.4), "{:?}", named(BLURRED));
    let gain = |gain: f64| (0.6..0.85).contains(&gain);
    assert!(matches!(faults[DARKENED][..], [PhotographFault::Exposure(found)] if gain(found)), "{:?}", named(DARKENED));
    // The picture is 128 pixels wide; its camera was turned by an angle of some five pixels.
    let focal = dataset.views[TURNED].camera.intrinsics.fx;
    let expected = focal * 2.5_f64.to_radians().tan();
    let is_near = |shift: [f64; 2]| (shift[0].abs() - expected).abs() <= 2.0 && shift[1].abs() <= 1.0;
    assert!(
        matches!(faults[TURNED][..], [PhotographFault::Pose(shift)] if is_near(shift)),
        "{:?}, expected {expected:.1}",
        named(TURNED)
    );
    let good = (0..measured.len()).filter(|view| !planted.contains(view));
    let blamed: Vec<_> = good.filter(|view| !faults[*view].is_empty()).map(named).collect();
    assert!(blamed.is_empty(), "{blamed:#?}");
}
