//! Clouds of random convexes, which are the same on every machine, and cameras around them.

use std::f64::consts::TAU;

use glam::{DQuat, DVec3};
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64Mcg;

use crate::camera::Camera;
use crate::scene::{Params, Scene};

/// The kind of convexes of a cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloudKind {
    /// Together they just cover a picture; half opaque on average.
    Thin,
    /// Wide and faint: a million of them have about 7.5 million instances in a picture of 1237×822, and light goes through
    /// a third of those.
    Dense,
}

impl CloudKind {
    /// Half the side of the box that the points of a convex lie in, where there is one convex for each unit of volume.
    const fn radius(self) -> f64 {
        match self {
            Self::Thin => 2.0,
            Self::Dense => 4.4,
        }
    }

    /// Middle of the opacities before the sigmoid, and their largest distance from it.
    const fn raw_opacity(self) -> [f64; 2] {
        match self {
            Self::Thin => [0.0, 2.0],
            Self::Dense => [-3.0, 1.0],
        }
    }

    /// The name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Thin => "thin",
            Self::Dense => "dense",
        }
    }
}

/// Convexes of six points, evenly in a cube from −1 to 1. The more there are, the smaller they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConvexCloud {
    /// Number of convexes.
    pub num_convexes: u32,
    /// The kind of convexes.
    pub kind: CloudKind,
}

impl ConvexCloud {
    /// The convexes, the same ones every time.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "parameters are f32")]
    pub fn scene(&self) -> Scene {
        let mut random = Pcg64Mcg::seed_from_u64(1);
        let mut within =
            |size: f64| DVec3::from_array(std::array::from_fn(|_| size * (2.0 * random.random::<f64>() - 1.0)));
        let radius = self.kind.radius() / f64::from(self.num_convexes).cbrt();
        let [middle, spread] = self.kind.raw_opacity();
        let mut scene = Scene::empty(6, 3);
        for _ in 0..self.num_convexes {
            let centre = within(1.0);
            let points: [[f32; 3]; 6] = std::array::from_fn(|_| (centre + within(radius)).as_vec3().to_array());
            // The border falls off over a tenth of the radius, whatever that is.
            let sharpness = (20.0 / (radius * radius)).ln() as f32;
            scene.push(Params {
                points: points.as_flattened(),
                log_delta: &[sharpness + 2.0],
                log_sigma: &[-2.0],
                raw_opacity: &[(middle + within(spread).x) as f32],
                sh: &[within(0.3).x as f32; 48],
            });
        }
        scene
    }

    /// Cameras on a circle around every cloud, whose cube is somewhat wider than their pictures of this size in pixels.
    #[must_use]
    pub fn cameras(count: u32, width: u32, height: u32) -> Vec<Camera> {
        let focal = 1.3 * f64::from(width.max(height));
        let position =
            |i: u32| DQuat::from_rotation_y(TAU * f64::from(i) / f64::from(count.max(1))) * DVec3::new(0.3, 0.2, -3.0);
        let camera = |i| Camera::look_at(position(i), DVec3::ZERO, DVec3::NEG_Y, focal, width, height);
        (0..count).map(camera).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cloud_is_a_scene_and_always_the_same() {
        let cloud = ConvexCloud { num_convexes: 20, kind: CloudKind::Thin };
        let scene = cloud.scene();
        scene.check().unwrap();
        assert_eq!(scene.len(), 20);
        assert!(scene == cloud.scene());
        assert!(ConvexCloud::cameras(3, 64, 48).iter().all(|camera| camera.check().is_ok()));
    }
}
