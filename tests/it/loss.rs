//! The loss and its gradient on the GPU against the twin.

use lapidary::constants::{SSIM_WEIGHT, TILE_SIZE};
use lapidary::gpu::{Commands, Gpu};
use lapidary::kernels::{LossArgs, LossKernels, LossMemory, LossRecord};
use lapidary::reference;

use crate::support::compare::relative_error;
use crate::support::device::{all_gpus, gpu};
use crate::support::toys::Random;
use crate::support::vectors::loss_cases;

/// A picture and its 8-bit target.
struct Case {
    width: usize,
    image: Vec<f32>,
    /// Red, green, blue and weight.
    target: Vec<[u8; 4]>,
}

struct Found {
    l1: f64,
    ssim: f64,
    v_image: Vec<f32>,
}

fn bytes_of(target: &[f32]) -> Vec<[u8; 4]> {
    let byte = |value: f32| (value * 255.0).round() as u8;
    target.chunks_exact(3).map(|rgb| [byte(rgb[0]), byte(rgb[1]), byte(rgb[2]), 255]).collect()
}

impl Case {
    fn random(seed: u64, width: usize, height: usize) -> Self {
        let mut random = Random::new(seed);
        // Smooth with some noise, so that windows are of every kind.
        let mut value = |i: usize| {
            let (x, y) = ((i / 3 % width) as f64, (i / 3 / width) as f64);
            (0.5 + 0.3 * (x * 0.2).sin() * (y * 0.13 + (i % 3) as f64).cos() + random.within(-0.2, 0.2)).clamp(0.0, 1.0)
        };
        let image = (0..width * height * 3).map(|i| value(i) as f32).collect();
        let target: Vec<f32> = (0..width * height * 3).map(|i| value(i) as f32).collect();
        Self { width, image, target: bytes_of(&target) }
    }

    fn run(&self, gpu: &Gpu) -> Found {
        let size = [self.width as u32, (self.target.len() / self.width) as u32];
        let num_tiles = size.map(|side| side.div_ceil(TILE_SIZE));
        let args: LossArgs = LossKernels::args(size, SSIM_WEIGHT as f32, 1);
        let rgba: Vec<[f32; 4]> = self.image.chunks_exact(3).map(|rgb| [rgb[0], rgb[1], rgb[2], 0.25]).collect();
        let target: Vec<u32> = self.target.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect();
        let loss = LossKernels::new(gpu).unwrap();
        let pixels = target.len() as u64;
        let memory = LossMemory::new(gpu, pixels, u64::from(num_tiles[0] * num_tiles[1])).unwrap();
        let (v_rgba, losses) = (gpu.zeros("v_rgba", pixels).unwrap(), gpu.zeros("losses", 2).unwrap());
        let mut commands = Commands::new(gpu, "loss");
        let record = LossRecord {
            args: &commands.uniform(&args).unwrap(),
            num_tiles,
            rgba: &gpu.upload("rgba", &rgba).unwrap(),
            target: &gpu.upload("target", &target).unwrap(),
            v_rgba: &v_rgba,
            losses: &losses,
        };
        loss.record(&mut commands, record, &memory).unwrap();
        commands.submit();
        let [untouched, means] = losses.read(gpu).unwrap()[..] else { panic!("two entries") };
        assert_eq!(untouched, [0.0, 0.0]);
        let v_rgba = v_rgba.read(gpu).unwrap();
        assert!(v_rgba.iter().all(|v| v[3] == 0.0), "the loss does not depend on alpha");
        Found {
            l1: means[0].into(),
            ssim: means[1].into(),
            v_image: v_rgba.iter().flat_map(|v| [v[0], v[1], v[2]]).collect(),
        }
    }

    /// Value by value in f64: the picture moved to the target where the weight is not one, and the target.
    fn as_twin_sees_it(&self) -> (Vec<f64>, Vec<f64>) {
        let unit = |byte: u8| f64::from(byte) / 255.0;
        let pixels = self.image.chunks_exact(3).zip(&self.target);
        pixels
            .flat_map(|(rgb, bytes)| {
                std::array::from_fn::<_, 3, _>(|c| {
                    let (x, y, weight) = (f64::from(rgb[c]), unit(bytes[c]), unit(bytes[3]));
                    (weight * x + (1.0 - weight) * y, y)
                })
            })
            .unzip()
    }

    fn check(&self, gpu: &Gpu, what: &str) {
        let found = self.run(gpu);
        let (image, target) = self.as_twin_sees_it();
        let expected = reference::loss::loss(&image, &target, self.width, SSIM_WEIGHT);
        let weight = |i: usize| f64::from(self.target[i / 3][3]) / 255.0;
        let v_image: Vec<f64> = expected.v_image.iter().enumerate().map(|(i, v)| v * weight(i)).collect();
        assert!((found.l1 - expected.l1).abs() < 1e-6, "{what}: l1 {} {}", found.l1, expected.l1);
        assert!((found.ssim - expected.ssim).abs() < 1e-5, "{what}: ssim {} {}", found.ssim, expected.ssim);
        let error = relative_error(&found.v_image, &v_image);
        println!("{what}: gradient off by {error:.1e}");
        assert!(error < 1e-3, "{what}: gradient off by {error:.1e}");
    }
}

/// The targets of the vectors are rounded to 8 bits here; the twin meets the vectors as they are.
#[test]
fn the_loss_matches_the_test_vectors() {
    for (name, gpu) in &all_gpus()[..2] {
        for case in loss_cases() {
            let target = bytes_of(&case.target);
            Case { width: case.width, image: case.image.clone(), target }
                .check(gpu, &format!("{} on {name}", case.name));
        }
    }
}

#[test]
fn the_loss_equals_the_reference_at_every_size() {
    for (seed, (width, height)) in [(1, 1), (16, 16), (17, 16), (5, 40), (61, 35), (128, 33)].into_iter().enumerate() {
        Case::random(seed as u64, width, height).check(gpu(), &format!("{width}×{height}"));
    }
}

#[test]
fn flat_pictures_have_the_gradient_of_the_twin() {
    // Variances that vanish are where f32 has the fewest digits.
    let mut case = Case::random(9, 48, 40);
    case.image.iter_mut().for_each(|x| *x = 0.75 + (*x - 0.5) * 0.01);
    case.target = bytes_of(&vec![0.8; case.image.len()]);
    case.check(gpu(), "flat");
}

#[test]
fn masked_pixels_add_nothing_to_loss_and_gradient() {
    let mut case = Case::random(4, 50, 40);
    let mut random = Random::new(8);
    case.target.iter_mut().for_each(|pixel| pixel[3] = [0, 255, 255, 100][random.index(4)]);
    case.check(gpu(), "masked");
    let before = case.run(gpu());
    let masked: Vec<usize> = (0..case.target.len()).filter(|i| case.target[*i][3] == 0).collect();
    masked.iter().for_each(|i| case.image[i * 3] = 0.123);
    let after = case.run(gpu());
    assert!(before.v_image == after.v_image && before.l1 == after.l1 && before.ssim == after.ssim);
    assert!(masked.iter().all(|i| after.v_image[i * 3..i * 3 + 3] == [0.0; 3]));
}
