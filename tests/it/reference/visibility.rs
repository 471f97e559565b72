//! Who is seen at all: walls, the near plane, culled convexes.

use glam::DVec3;
use lapidary::camera::{Camera, RenderOptions};
use lapidary::reference::{ImageCotangents, ReferenceFrame, backward, forward};
use lapidary::scene::{Params, Scene};

use crate::support::toys::{self, Random};

fn camera() -> Camera {
    Camera::look_at(DVec3::ZERO, DVec3::Z, DVec3::NEG_Y, 12.0, 12, 10)
}

/// A square across the view at depth z, `size` wide, its points 0.2 deep; sharp and opaque.
fn push_wall(scene: &mut Scene<f64>, z: f64, size: f64) {
    let corner = |x: f64, y: f64| [x * size, y * size, z];
    let points = [corner(-1.0, -1.0), corner(1.0, -1.0), corner(1.0, 1.0), corner(-1.0, 1.0)].concat();
    scene.push(Params { points: &points, log_delta: &[5.0], log_sigma: &[4.0], raw_opacity: &[9.0], sh: &[0.2; 48] });
}

fn gradients(scene: &Scene<f64>, frame: &ReferenceFrame<f64>, options: &RenderOptions) -> Params<Vec<f64>> {
    let mut random = Random::new(5);
    let pixels = frame.alpha.len();
    let v = ImageCotangents {
        rgb: random.values(pixels * 3, -1.0, 1.0),
        alpha: random.values(pixels, -1.0, 1.0),
        depth: random.values(pixels, -1.0, 1.0),
    };
    backward(scene, &camera(), options, frame, &v)
}

/// Whether convex `id` has a gradient that is not exactly zero.
fn has_gradient(scene: &Scene<f64>, gradients: &Params<Vec<f64>>, id: usize) -> bool {
    let rows = gradients.as_ref().zip(scene.row_widths()).into_array();
    rows.into_iter().any(|(values, width)| values[id * width..(id + 1) * width].iter().any(|v| *v != 0.0))
}

#[test]
fn behind_an_opaque_wall_the_gradient_is_exactly_zero() {
    let mut scene = Scene::empty(4, 1);
    // One wall leaves 1 % of the light, two leave 1e-4, and nothing may leave less.
    for z in [2.0, 2.5, 3.0] {
        push_wall(&mut scene, z, 9.0);
    }
    let walls_only = forward(&scene, &camera(), &toys::options());
    push_wall(&mut scene, 4.0, 0.5);
    push_wall(&mut scene, 1.0, 0.1);
    let hidden_only = scene.gather(&[0, 1, 2, 3]);
    let with_hidden = forward(&hidden_only, &camera(), &toys::options());
    assert_eq!((&walls_only.rgb, &walls_only.depth), (&with_hidden.rgb, &with_hidden.depth), "it is not seen");
    let frame = forward(&scene, &camera(), &toys::options());
    let gradients = gradients(&scene, &frame, &toys::options());
    assert!(!has_gradient(&scene, &gradients, 3), "behind the walls");
    assert!(has_gradient(&scene, &gradients, 4), "before them");
}

#[test]
fn one_point_before_the_near_plane_culls_the_whole_convex() {
    let mut scene = Scene::empty(4, 0);
    push_wall(&mut scene, 2.0, 0.5);
    for (z, is_seen) in [(1.01, true), (1.0, false), (0.5, false), (-1.0, false)] {
        scene.params.points[2] = z;
        let options = RenderOptions { near: 1.0, ..toys::options() };
        let frame = forward(&scene, &camera(), &options);
        assert_eq!(frame.alpha.iter().any(|alpha| *alpha > 0.0), is_seen, "a corner at {z}");
        assert_eq!(has_gradient(&scene, &gradients(&scene, &frame, &options), 0), is_seen);
    }
}

#[test]
fn an_empty_scene_is_background() {
    let frame = forward(&Scene::<f32>::empty(6, 3), &camera(), &toys::options());
    assert!(frame.rgb.chunks_exact(3).all(|rgb| *rgb == toys::options().background));
    assert!(frame.alpha.iter().all(|alpha| *alpha == 0.0) && frame.heaviest.iter().all(Option::is_none));
    assert!(!frame.band.contains(&true));
}

#[test]
fn the_heaviest_contribution_is_named() {
    let mut scene = Scene::empty(4, 0);
    push_wall(&mut scene, 3.0, 9.0);
    push_wall(&mut scene, 2.0, 0.5);
    let frame = forward(&scene, &camera(), &toys::options());
    let (corner, middle) = (0, 5 * frame.width + 6);
    assert_eq!((frame.heaviest[corner], frame.heaviest[middle]), (Some(0), Some(1)));
    assert_eq!((frame.num_contributions[corner], frame.num_contributions[middle]), (1, 2));
}
