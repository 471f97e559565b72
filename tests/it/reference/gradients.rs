//! Every derivative of the twin against central differences in f64, for every kind of parameter, K and SH degree.
//!
//! The loss is a sum with random weights over rgb, alpha and depth: a mean would hide errors of single pixels. Where a
//! step changes a discrete decision the quotient means nothing; such parameters are skipped and counted.

use lapidary::camera::{Camera, RenderOptions};
use lapidary::constants::SSIM_WEIGHT;
use lapidary::reference::loss::loss;
use lapidary::reference::sh::num_coeffs;
use lapidary::reference::{ImageCotangents, ReferenceFrame, backward, forward};
use lapidary::scene::{Params, Scene};

use crate::support::compare::relative_error;
use crate::support::toys::{self, Random};

/// Five-point differences leave h⁴ of truncation and 1e-15 / h of rounding: both below 1e-9 of the values here.
const STEP: f64 = 2e-4;
const BAR: f64 = 1e-6;

struct Setup {
    scene: Scene<f64>,
    camera: Camera,
    options: RenderOptions,
    v: ImageCotangents<f64>,
}

impl Setup {
    fn new(seed: u64, k: usize, sh_degree: usize) -> Self {
        let mut random = Random::new(seed);
        let (width, height) = (9, 7);
        let pixels = (width * height) as usize;
        Self {
            scene: toys::scene(&mut random, 3, k, sh_degree),
            camera: toys::camera(&mut random, width, height),
            options: toys::options(),
            v: ImageCotangents {
                rgb: random.values(pixels * 3, -1.0, 1.0),
                alpha: random.values(pixels, -1.0, 1.0),
                depth: random.values(pixels, -1.0, 1.0),
            },
        }
    }

    /// The same with opaque and colourful convexes: both clamps and the transmittance stop are at work.
    fn opaque(seed: u64, k: usize) -> Self {
        let mut setup = Self::new(seed, k, 2);
        let mut more = toys::scene(&mut Random::new(seed + 1000), 6, k, 2);
        std::mem::swap(&mut setup.scene, &mut more);
        setup.scene.params.raw_opacity.iter_mut().for_each(|raw| *raw += 6.0);
        setup.scene.params.log_delta.iter_mut().for_each(|log| *log += 1.0);
        setup.scene.params.log_sigma.iter_mut().for_each(|log| *log += 1.0);
        setup.scene.params.sh.iter_mut().for_each(|sh| *sh *= 4.0);
        setup
    }

    /// Seen with anti-aliasing; pressed flat, so that many are narrower than a pixel.
    fn antialiased(seed: u64, k: usize, part: f64) -> Self {
        let mut setup = Self { options: toys::antialiased(), ..Self::new(seed, k, 1) };
        setup.scene = toys::scene(&mut Random::new(seed + 1000), 7, k, 1);
        setup.scene.params.raw_opacity.iter_mut().for_each(|raw| *raw += 3.0);
        toys::press(&mut setup.scene, &mut Random::new(seed), part);
        setup
    }

    fn frame(&self, scene: &Scene<f64>) -> ReferenceFrame<f64> {
        forward(scene, &self.camera, &self.options)
    }

    fn loss(&self, frame: &ReferenceFrame<f64>) -> f64 {
        let sum = |values: &[f64], v: &[f64]| values.iter().zip(v).map(|(x, v)| x * v).sum::<f64>();
        sum(&frame.rgb, &self.v.rgb) + sum(&frame.alpha, &self.v.alpha) + sum(&frame.depth, &self.v.depth)
    }

    /// Derivative by one value, or `None` where a decision depends on the step.
    fn quotient(&self, held: &Decisions, value: impl Fn(&mut Params<Vec<f64>>) -> &mut f64) -> Option<f64> {
        let loss_at = |by: f64| {
            let mut moved = self.scene.clone();
            *value(&mut moved.params) += by * STEP;
            let frame = self.frame(&moved);
            (decisions(&frame) == *held).then(|| self.loss(&frame))
        };
        let near = loss_at(1.0)? - loss_at(-1.0)?;
        let far = loss_at(2.0)? - loss_at(-2.0)?;
        Some((8.0 * near - far) / (12.0 * STEP))
    }
}

/// Everything discrete about a frame.
#[derive(PartialEq)]
struct Decisions {
    order: Vec<usize>,
    hulls_and_clamps: Vec<Option<(Vec<usize>, [bool; 3])>>,
    /// Per pixel: who contributes, and whether clamped.
    contributions: Vec<Vec<(usize, bool)>>,
}

fn decisions(frame: &ReferenceFrame<f64>) -> Decisions {
    let pixels = (0..frame.height).flat_map(|row| (0..frame.width).map(move |column| (column, row)));
    let contributions = |(column, row)| {
        let walk = frame.walk(column, row);
        walk.contributions.iter().map(|c| (c.convex_id, c.alpha_is_clamped)).collect()
    };
    let convexes = frame.layers.projected.iter();
    Decisions {
        order: frame.layers.order.clone(),
        hulls_and_clamps: convexes.map(|c| c.as_ref().map(|c| (c.hull.clone(), c.colour_is_clamped))).collect(),
        contributions: pixels.map(contributions).collect(),
    }
}

fn value<'a>(params: &'a mut Params<Vec<f64>>, name: &str, i: usize) -> &'a mut f64 {
    let fields = params.as_mut().into_named();
    let (_, values) = fields.into_iter().find(|(field, _)| *field == name).unwrap();
    &mut values[i]
}

/// Checks all parameters of one setup; returns how many quotients were taken and how many skipped.
fn check(setup: &Setup, what: &str) -> (usize, usize) {
    let frame = setup.frame(&setup.scene);
    let held = decisions(&frame);
    let gradients = backward(&setup.scene, &setup.camera, &setup.options, &frame, &setup.v);
    let (mut taken, mut skipped) = (0, 0);
    for (name, gradient) in gradients.into_named() {
        let (mut out, mut expected) = (Vec::new(), Vec::new());
        for (i, gradient) in gradient.iter().enumerate() {
            if name == "sh" && i % 48 / 3 >= num_coeffs(setup.scene.sh_degree) {
                assert_eq!(*gradient, 0.0, "{what}: a coefficient above the degree");
                continue;
            }
            match setup.quotient(&held, |params| value(params, name, i)) {
                Some(quotient) => {
                    out.push(*gradient);
                    expected.push(quotient);
                }
                None => skipped += 1,
            }
        }
        taken += out.len();
        let error = relative_error(&out, &expected);
        assert!(error <= BAR, "{what}: {name} is off by {error:.2e}");
        assert!(expected.iter().any(|quotient| *quotient != 0.0), "{what}: {name} was never exercised");
    }
    (taken, skipped)
}

fn check_all(setups: impl Iterator<Item = (String, Setup)>) {
    let (mut taken, mut skipped) = (0, 0);
    for (what, setup) in setups {
        let counts = check(&setup, &what);
        (taken, skipped) = (taken + counts.0, skipped + counts.1);
    }
    println!("{taken} quotients, {skipped} skipped");
    assert!(skipped * 20 < taken, "{skipped} skipped of {taken}: the scenes lie too near to thresholds");
}

#[test]
fn gradients_are_difference_quotients_for_every_k_and_degree() {
    let cases = (3..=8).flat_map(|k| (0..=3).map(move |degree| (k, degree)));
    check_all(
        cases.map(|(k, degree)| (format!("K = {k}, degree {degree}"), Setup::new((k * 10 + degree) as u64, k, degree))),
    );
}

#[test]
fn gradients_are_difference_quotients_where_clamps_and_the_stop_hold() {
    let setups: Vec<_> = (3..=8).map(|k| (format!("opaque, K = {k}"), Setup::opaque(k as u64, k))).collect();
    let frames: Vec<ReferenceFrame<f64>> = setups.iter().map(|(_, setup)| setup.frame(&setup.scene)).collect();
    let any = |test: &dyn Fn(&Decisions) -> bool| frames.iter().map(decisions).filter(test).count();
    let alphas = any(&|d| d.contributions.iter().flatten().any(|(_, clamped)| *clamped));
    let colours = any(&|d| d.hulls_and_clamps.iter().flatten().any(|(_, clamped)| clamped.contains(&true)));
    assert!(alphas >= 4 && colours >= 4, "{alphas} {colours} of 6 scenes clamp alpha and colour");
    check_all(setups.into_iter());
}

#[test]
fn gradients_are_difference_quotients_with_antialiasing() {
    let cases = (3..=8).flat_map(|k| [1.0, 0.4, 0.15].map(move |part| (k, part)));
    check_all(cases.map(|(k, part)| {
        let seed = 40 + k as u64;
        (format!("anti-aliased, K = {k}, pressed to {part}"), Setup::antialiased(seed, k, part))
    }));
}

#[test]
fn the_gradient_of_the_loss_is_its_difference_quotient() {
    let mut random = Random::new(3);
    let (width, height) = (15, 13);
    let [image, target] = [0, 1].map(|_| random.values(width * height * 3, 0.0, 1.0));
    let loss_at = |i: usize, by: f64| {
        let mut moved = image.clone();
        moved[i] += by * STEP;
        loss(&moved, &target, width, SSIM_WEIGHT).value
    };
    // A step over the kink of |x − y| has no quotient.
    let away = |i: &usize| (image[*i] - target[*i]).abs() > 3.0 * STEP;
    let ids: Vec<usize> = (0..image.len()).filter(away).collect();
    let quotient = |i: &usize| {
        (8.0 * (loss_at(*i, 1.0) - loss_at(*i, -1.0)) - loss_at(*i, 2.0) + loss_at(*i, -2.0)) / (12.0 * STEP)
    };
    let v_image = loss(&image, &target, width, SSIM_WEIGHT).v_image;
    let out: Vec<f64> = ids.iter().map(|i| v_image[*i]).collect();
    let error = relative_error(&out, &ids.iter().map(quotient).collect::<Vec<f64>>());
    assert!(error <= BAR && ids.len() * 20 > image.len() * 19, "off by {error:.2e}");
}
