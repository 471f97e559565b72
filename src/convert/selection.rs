//! Which convexes of a scene are kept, and why the others are not.

use glam::{DMat3, DVec3};

use crate::camera::Camera;
use crate::reference::activation::sigmoid;
use crate::scene::Scene;

/// A box with any orientation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OrientedBox {
    /// The middle, world units.
    pub centre: DVec3,
    /// Half of its length along each of its axes, world units.
    pub half_size: DVec3,
    /// `world_from_box`.
    pub rotation: DMat3,
}

impl OrientedBox {
    /// The box between two corners, with the axes of the world.
    #[must_use]
    pub fn between(low: DVec3, high: DVec3) -> Self {
        Self { centre: (low + high) / 2.0, half_size: (high - low) / 2.0, rotation: DMat3::IDENTITY }
    }

    /// Whether a point lies inside or on the border.
    #[must_use]
    pub fn contains(&self, point: DVec3) -> bool {
        let inside = self.rotation.transpose() * (point - self.centre);
        inside.abs().cmple(self.half_size).all()
    }
}

/// What a convex has to be to be kept.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Selection {
    /// The box that its middle lies in.
    pub crop: Option<OrientedBox>,
    /// The cameras whose pictures one of its points or its middle stands in, whatever hides it.
    pub seen: Option<Seen>,
    /// The images that have to show it in some pixel.
    pub visible: Option<VisibleIn>,
    /// The least opacity, 0 to 1.
    pub min_opacity: f32,
}

/// How many images show each convex of a scene, and how many have to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisibleIn {
    /// The images that show each convex.
    pub counts: Vec<u32>,
    /// The number.
    pub least: u32,
}

/// Cameras, and how many of them have to see a convex.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// The cameras.
    pub cameras: Vec<Camera>,
    /// The number.
    pub least: usize,
    /// Nearest view depth, world units.
    pub near: f64,
}

/// How many convexes are dropped, each counted by the first reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Those outside of the box.
    pub outside: usize,
    /// Those that too few cameras see.
    pub unseen: usize,
    /// Those that too few images show.
    pub hidden: usize,
    /// Those that are too faint.
    pub faint: usize,
}

impl Dropped {
    /// All of them.
    #[must_use]
    pub const fn total(&self) -> usize {
        self.outside + self.unseen + self.hidden + self.faint
    }
}

impl Selection {
    /// The scene of the convexes that are kept, in their order.
    #[must_use]
    pub fn of(&self, scene: &Scene) -> (Scene, Dropped) {
        let mut dropped = Dropped::default();
        let kept: Vec<usize> = (0..scene.len()).filter(|i| self.keeps(scene, *i, &mut dropped)).collect();
        if dropped.total() == 0 { (scene.clone(), dropped) } else { (scene.gather(&kept), dropped) }
    }

    fn keeps(&self, scene: &Scene, i: usize, dropped: &mut Dropped) -> bool {
        let point = |k: usize| scene.origin + DVec3::from(scene.point(i, k).map(f64::from));
        let points: Vec<DVec3> = (0..scene.points_per_convex).map(point).collect();
        let middle = points.iter().sum::<DVec3>() / points.len().max(1) as f64;
        if self.crop.is_some_and(|crop| !crop.contains(middle)) {
            dropped.outside += 1;
        } else if self.seen.as_ref().is_some_and(|seen| !seen.is_enough(&points, middle)) {
            dropped.unseen += 1;
        } else if self
            .visible
            .as_ref()
            .is_some_and(|images| images.counts.get(i).is_none_or(|count| *count < images.least))
        {
            dropped.hidden += 1;
        } else if sigmoid(scene.params.raw_opacity[i]) < self.min_opacity {
            dropped.faint += 1;
        } else {
            return true;
        }
        false
    }
}

impl Seen {
    fn is_enough(&self, points: &[DVec3], middle: DVec3) -> bool {
        let is_far_enough = |depth: f64| depth > self.near;
        let sees = |camera: &&Camera| {
            points.iter().chain([&middle]).any(|point| camera.depth_in_picture(*point).is_some_and(is_far_enough))
        };
        self.cameras.iter().filter(sees).take(self.least).count() >= self.least
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::Params;

    /// Small triangles at these places, with these opacities before the sigmoid.
    fn scene(places: &[(DVec3, f32)]) -> Scene {
        let mut scene = Scene::empty(3, 0);
        scene.origin = DVec3::new(1e6, 0.0, 0.0);
        for (place, raw_opacity) in places {
            let points = place.as_vec3().to_array().repeat(3);
            scene.push(Params {
                points: &points,
                log_delta: &[0.0],
                log_sigma: &[0.0],
                raw_opacity: &[*raw_opacity],
                sh: &[0.0; 48],
            });
        }
        scene
    }

    #[test]
    fn every_convex_is_dropped_for_its_first_reason() {
        let origin = DVec3::new(1e6, 0.0, 0.0);
        let look = |y: f64| Camera::look_at(origin + DVec3::new(0.0, y, 0.0), origin, DVec3::Z, 50.0, 64, 48);
        let places = [
            (DVec3::ZERO, 4.0),
            (DVec3::new(9.0, 0.0, 0.0), -9.0), // outside of the box, and faint
            (DVec3::new(0.0, 4.0, 0.0), 4.0),  // behind one camera
            (DVec3::ZERO, -4.0),
        ];
        let seen = |least: usize| Some(Seen { cameras: vec![look(-3.0), look(3.0)], least, near: 0.01 });
        let crop = Some(OrientedBox::between(origin - 5.0, origin + 5.0));
        let selection = Selection { crop, seen: seen(2), min_opacity: 0.5, ..Selection::default() };
        let (kept, dropped) = selection.of(&scene(&places));
        assert_eq!(dropped, Dropped { outside: 1, unseen: 1, faint: 1, ..Dropped::default() });
        assert_eq!((kept, dropped.total()), (scene(&places[..1]), 3));
        let (kept, dropped) = Selection { seen: seen(1), ..Selection::default() }.of(&scene(&places));
        assert_eq!((kept.len(), dropped), (3, Dropped { unseen: 1, ..Dropped::default() }), "the one aside");
    }

    #[test]
    fn a_box_turns_with_its_rotation() {
        let flat = OrientedBox::between(DVec3::splat(-1.0), DVec3::new(3.0, 1.0, 1.0));
        assert!(flat.contains(DVec3::new(3.0, -1.0, 1.0)) && !flat.contains(DVec3::new(-1.1, 0.0, 0.0)));
        // The long axis rises with x.
        let turned = OrientedBox { rotation: DMat3::from_rotation_z(0.6), ..flat };
        let along = DVec3::new(0.6f64.cos(), 0.6f64.sin(), 0.0);
        assert!(turned.contains(turned.centre + 1.9 * along) && !turned.contains(turned.centre + 2.1 * along));
        assert!(!turned.contains(turned.centre + 1.9 * along * DVec3::new(1.0, -1.0, 1.0)));
    }
}
