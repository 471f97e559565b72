//! Small seeded scenes and cameras, placed so that they are easy to differentiate: soft profiles, moderate opacity.

use glam::{DVec3, EulerRot};
use lapidary::camera::{Camera, RenderOptions};
use lapidary::scene::{Params, Scene};
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64Mcg;

/// Seeded uniform numbers.
pub(crate) struct Random(Pcg64Mcg);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Pcg64Mcg::seed_from_u64(seed))
    }

    /// Uniform in low..high.
    pub(crate) fn within(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.0.random::<f64>()
    }

    /// Uniform in 0..below.
    pub(crate) fn index(&mut self, below: usize) -> usize {
        self.0.random_range(0..below)
    }

    pub(crate) fn values(&mut self, len: usize, low: f64, high: f64) -> Vec<f64> {
        (0..len).map(|_| self.within(low, high)).collect()
    }

    pub(crate) fn vector(&mut self, size: f64) -> DVec3 {
        DVec3::from_slice(&self.values(3, -size, size))
    }

    pub(crate) fn permutation(&mut self, len: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..len).collect();
        for i in (1..len).rev() {
            order.swap(i, self.index(i + 1));
        }
        order
    }
}

/// `n` convexes of `k` points in a box of side 2 around the origin.
pub(crate) fn scene(random: &mut Random, n: usize, k: usize, sh_degree: usize) -> Scene<f64> {
    let mut scene = Scene::empty(k, sh_degree);
    for _ in 0..n {
        let centre = random.vector(0.8);
        let points: Vec<f64> = (0..k).flat_map(|_| (centre + random.vector(0.7)).to_array()).collect();
        scene.push(Params {
            points: &points,
            log_delta: &random.values(1, 1.5, 3.5),
            log_sigma: &random.values(1, -1.0, 0.7),
            raw_opacity: &random.values(1, -1.5, 2.0),
            sh: &random.values(48, -0.35, 0.35),
        });
    }
    scene
}

/// A camera about four units away that looks roughly at the origin; fx ≠ fy, the principal point off the middle.
pub(crate) fn camera(random: &mut Random, width: u32, height: u32) -> Camera {
    let turn = glam::DQuat::from_euler(EulerRot::XYZ, random.within(-3.0, 3.0), random.within(-3.0, 3.0), 0.3);
    let focal = f64::from(width) * random.within(0.9, 1.3);
    let mut camera =
        Camera::look_at(turn * DVec3::new(0.2, 0.1, -4.0), random.vector(0.1), turn * DVec3::Y, focal, width, height);
    camera.intrinsics.fy *= random.within(0.85, 1.15);
    camera.intrinsics.cx += random.within(-1.0, 1.0);
    camera.intrinsics.cy += random.within(-1.0, 1.0);
    camera
}

/// Presses every convex flat along a direction of its own, to this part of its size.
pub(crate) fn press(scene: &mut Scene<f64>, random: &mut Random, part: f64) {
    for points in scene.params.points.chunks_exact_mut(scene.points_per_convex * 3) {
        let direction = random.vector(1.0).normalize_or(DVec3::X);
        let of = |points: &[f64]| points.chunks_exact(3).map(DVec3::from_slice).sum::<DVec3>();
        let centre = of(points) / (points.len() / 3) as f64;
        for point in points.chunks_exact_mut(3) {
            let offset = DVec3::from_slice(point) - centre;
            let pressed = centre + offset - (1.0 - part) * direction * direction.dot(offset);
            point.copy_from_slice(&pressed.to_array());
        }
    }
}

/// The same with anti-aliasing.
pub(crate) fn antialiased() -> RenderOptions {
    RenderOptions { antialias: true, ..options() }
}

/// A coloured background.
pub(crate) fn options() -> RenderOptions {
    RenderOptions { background: [0.2, 0.5, 0.7], ..RenderOptions::default() }
}
