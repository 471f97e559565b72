//! What anti-aliasing is for: a small convex neither vanishes nor fills pixels, wherever it lies between their centres.

use glam::DVec3;
use lapidary::camera::{Camera, RenderOptions};
use lapidary::reference::forward;
use lapidary::scene::{Params, Scene};

/// A square of this width and height in pixels, opaque and sharp, its middle this far from a corner of pixels.
fn square(width: f64, height: f64, middle: [f64; 2]) -> Scene<f64> {
    let corner = |x: f64, y: f64| [middle[0] + x * width / 2.0, middle[1] + y * height / 2.0, 0.0];
    let corners = [corner(-1.0, -1.0), corner(1.0, -1.0), corner(1.0, 1.0), corner(-1.0, 1.0)];
    let mut scene = Scene::empty(4, 0);
    let (log_delta, log_sigma) = (&[7.0][..], &[1.0][..]);
    scene.push(Params { points: &corners.concat(), log_delta, log_sigma, raw_opacity: &[4.0], sh: &[0.0; 48] });
    scene
}

/// Sum of alpha over the pixels, of which one is one unit wide at the origin.
fn weight(scene: &Scene<f64>, antialias: bool) -> f64 {
    let camera = Camera::look_at(DVec3::new(0.0, 0.0, -30.0), DVec3::ZERO, DVec3::NEG_Y, 30.0, 32, 32);
    forward(scene, &camera, &RenderOptions { antialias, ..RenderOptions::default() }).alpha.iter().sum()
}

/// Least and largest weight over places between the centres of pixels, relative to the area.
fn range(width: f64, height: f64, antialias: bool) -> [f64; 2] {
    let places = (0..25).map(|i| [f64::from(i % 5) / 5.0 + 0.03, f64::from(i / 5) / 5.0 + 0.06]);
    let weights = places.map(|place| weight(&square(width, height, place), antialias) / (width * height));
    weights.fold([f64::INFINITY, 0.0], |[low, high], weight| [low.min(weight), high.max(weight)])
}

#[test]
fn a_small_convex_neither_vanishes_nor_fills_pixels() {
    for (width, height) in [(0.3, 0.3), (0.5, 0.5), (0.15, 12.0), (9.0, 0.4)] {
        let ([low, high], [least, most]) = (range(width, height, true), range(width, height, false));
        let found = format!("{width} × {height}: {low:.2} to {high:.2} of its area, {least:.2} to {most:.2} without");
        println!("{found}");
        assert!(low > 0.1 && high < 1.4 && most > 2.0 && least < 0.1, "{found}");
    }
}

#[test]
fn large_convexes_keep_their_area() {
    let [low, high] = range(14.0, 14.0, true);
    assert!(low > 0.97 && high < 1.0, "{low:.3} to {high:.3} of its area");
}

#[test]
fn antialiasing_is_invisible_up_close() {
    let scene = square(9.0, 7.0, [0.3, 0.4]);
    // A unit is 200 pixels, and the borders are soft over many of them.
    let camera = Camera::look_at(DVec3::new(0.0, 0.0, -30.0), DVec3::ZERO, DVec3::NEG_Y, 6000.0, 40, 40);
    let picture = |antialias| forward(&scene, &camera, &RenderOptions { antialias, ..RenderOptions::default() }).rgb;
    let difference = picture(true).iter().zip(picture(false)).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(difference < 1e-3, "{difference}");
}
