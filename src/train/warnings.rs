//! Warnings about a dataset before any time is spent on it, a sentence each. None of them is an error: somebody
//! may want just that.

use std::sync::Arc;

use glam::{DVec2, DVec3};
use rayon::prelude::*;

use super::start::StartPoints;
use crate::camera::Camera;
use crate::dataset::{Dataset, DatasetError, Picture, PictureCache, SfmPoint, Split};
use crate::scene::{CameraLayout, NORMALISED_RADIUS, Scene, Similarity};

/// The number of pictures that are decoded.
const LOOKS: usize = 8;

/// The number of views whose surroundings are compared.
const POSES: usize = 64;

/// The number of points that are compared.
const POINTS: usize = 4000;

/// The layout of the cameras that are trained on, with some of the dataset's points.
#[must_use]
pub fn layout_of(dataset: &Dataset) -> CameraLayout {
    let cameras: Vec<Camera> = dataset.indices(Split::Train).map(|view| dataset.views[view].camera).collect();
    let points: Vec<DVec3> = every(POINTS, &dataset.points).map(|point| DVec3::from_array(point.position)).collect();
    CameraLayout::of(&cameras, &points)
}

/// A warning about a scene, in the units of the dataset, that a training is to begin with: views that see none of it.
#[must_use]
pub fn other_world(dataset: &Dataset, scene: &Scene) -> Option<String> {
    let cameras: Vec<Camera> = dataset.indices(Split::Train).map(|view| dataset.views[view].camera).collect();
    let indices: Vec<usize> = (0..scene.len()).collect();
    let places: Vec<DVec3> =
        every(POINTS, &indices).map(|i| scene.origin + DVec3::from(scene.point(*i, 0).map(f64::from))).collect();
    bare(&cameras, &places).map(|views| {
        format!("{views} see none of the convexes that it begins with: poses and scene may be of different worlds")
    })
}

/// All warnings about a dataset. Decodes a few pictures.
///
/// # Errors
/// [`DatasetError`] when a picture cannot be decoded.
pub(super) fn warnings(
    pictures: &PictureCache,
    cameras: &[Camera],
    similarity: &Similarity,
) -> Result<Vec<String>, DatasetError> {
    let dataset = pictures.dataset();
    let views: Vec<usize> = dataset.indices(Split::Train).collect();
    let cameras: Vec<Camera> = views.iter().map(|view| cameras[*view]).collect();
    let points: Vec<DVec3> =
        every(POINTS, &dataset.points).map(|point| similarity.point(DVec3::from_array(point.position))).collect();
    let pictures: Vec<(usize, Arc<Picture>)> = looks(&views)
        .into_par_iter()
        .map(|view| Ok((view, pictures.get(view)?)))
        .collect::<Result<_, DatasetError>>()?;
    let name = |view: usize| dataset.views[view].name.as_str();
    let blank: Vec<&str> =
        pictures.iter().filter(|(_, picture)| is_blank(picture)).map(|(view, _)| name(*view)).collect();
    let mut found: Vec<String> = few(&cameras).into_iter().chain(layout_of(dataset).notes()).collect();
    found.extend([without_overlap(&cameras), without_points(&cameras, &points)].into_iter().flatten());
    found.extend(blank.first().map(|first| {
        format!(
            "{} of {} images that were looked at show nothing: they are of one colour, or masks leave nothing of them \
             (`{first}`)",
            blank.len(),
            pictures.len()
        )
    }));
    found.extend(turned_inside_out(&pictures));
    found.extend(without_a_place(&dataset.points, similarity));
    Ok(found)
}

/// Points that no convex begins at.
fn without_a_place(points: &[SfmPoint], similarity: &Similarity) -> Vec<String> {
    let StartPoints { copies, beyond, .. } = StartPoints::of(points, similarity);
    let all = points.len();
    let said = [(copies, "at the place of another point"), (beyond, "too far away to be drawn")];
    let found = said.iter().filter(|(count, _)| *count > 0);
    found.map(|(count, what)| format!("{count} of {all} points are left out, because they are {what}")).collect()
}

/// Picks the views whose pictures are decoded.
pub(super) fn looks(views: &[usize]) -> Vec<usize> {
    every(LOOKS, views).copied().collect()
}

/// Picks at most so many items, evenly.
pub(super) fn every<T>(count: usize, all: &[T]) -> impl Iterator<Item = &T> {
    let taken = count.min(all.len());
    (0..taken).map(move |i| &all[i * all.len() / taken])
}

fn few(cameras: &[Camera]) -> Option<String> {
    (cameras.len() < 3).then(|| {
        let count = if cameras.len() == 1 { "is only one image" } else { "are only two images" };
        format!("there {count} to train on: nothing behind the first surface can be learnt")
    })
}

/// Places in front of a camera, all over its picture and from near to far.
fn surroundings(camera: &Camera) -> Vec<DVec3> {
    let side = |i: u32| (f64::from(i) + 0.5) / 6.0;
    let rays = (0..36).map(|i| {
        let pixel = DVec2::new(side(i % 6) * f64::from(camera.width), side(i / 6) * f64::from(camera.height));
        camera.ray(pixel)
    });
    let depths = [0.2, 0.7, 2.0, 7.0].map(|depth| depth * NORMALISED_RADIUS);
    rays.flat_map(|ray| depths.map(|depth| camera.position() + depth * ray)).collect()
}

/// Whether a part is more than a tenth of the whole.
const fn is_much(part: usize, whole: usize) -> bool {
    10 * part > whole
}

fn without_overlap(cameras: &[Camera]) -> Option<String> {
    let looked: Vec<usize> = every(POSES, &(0..cameras.len()).collect::<Vec<_>>()).copied().collect();
    let is_alone = |i: &&usize| {
        let places = surroundings(&cameras[**i]);
        // Two places, so that a common corner is not enough.
        let shares = |other: &Camera| places.iter().filter(|place| other.sees(**place)).nth(1).is_some();
        !cameras.iter().enumerate().any(|(j, other)| j != **i && shares(other))
    };
    let alone = looked.iter().filter(is_alone).count();
    (cameras.len() > 1 && is_much(alone, looked.len())).then(|| {
        format!(
            "{alone} of {} views that were looked at share nothing with any other view: the poses may be of other images, \
             or have other axes",
            looked.len()
        )
    })
}

fn without_points(cameras: &[Camera], points: &[DVec3]) -> Option<String> {
    bare(cameras, points)
        .map(|views| format!("{views} see none of the points: poses and points may be of different worlds"))
}

/// The number of views that see none of some places, in words, where it is large.
fn bare(cameras: &[Camera], places: &[DVec3]) -> Option<String> {
    let is_bare = |camera: &&Camera| !places.iter().any(|place| camera.sees(*place));
    let bare = cameras.iter().filter(is_bare).count();
    (!places.is_empty() && is_much(bare, cameras.len())).then(|| format!("{bare} of {} views", cameras.len()))
}

/// Colours that are apart by less are one, 8 bits: noise of the darkest pictures.
const ONE_COLOUR: u8 = 6;

fn is_blank(picture: &Picture) -> bool {
    let counted = || picture.pixels.iter().filter(|pixel| pixel[3] > 127);
    let spread = |channel: usize| {
        let (low, high) =
            counted().fold((u8::MAX, 0), |(low, high), pixel| (low.min(pixel[channel]), high.max(pixel[channel])));
        high.saturating_sub(low)
    };
    (0..3).all(|channel| spread(channel) <= ONE_COLOUR)
}

/// Masks that keep the borders and leave out the middle: what is photographed is in the middle.
fn turned_inside_out(pictures: &[(usize, Arc<Picture>)]) -> Option<String> {
    let [mut middle, mut border] = [(0.0, 0.0); 2];
    for (_, picture) in pictures {
        let [width, height] = [picture.width, picture.height].map(f64::from);
        for (i, pixel) in (0u32..).zip(&picture.pixels) {
            let (x, y) = (f64::from(i % picture.width) / width - 0.5, f64::from(i / picture.width) / height - 0.5);
            let place = match x.abs().max(y.abs()) {
                off if off < 0.2 => &mut middle,
                off if off > 0.42 => &mut border,
                _ => continue,
            };
            *place = (place.0 + f64::from(pixel[3]) / 255.0, place.1 + 1.0);
        }
    }
    let share = |(counted, all): (f64, f64)| if all > 0.0 { counted / all } else { 1.0 };
    (share(middle) < 0.3 && share(border) > 0.7).then(|| {
        "masks keep the borders of the images and leave out their middle: they may be inverted (white is what counts)".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn camera(position: DVec3, target: DVec3) -> Camera {
        Camera::look_at(position, target, DVec3::Z, 60.0, 64, 48)
    }

    fn ring(target: impl Fn(DVec3) -> DVec3) -> Vec<Camera> {
        let place = |i: u32| {
            let (sine, cosine) = (f64::from(i) * 1.5).sin_cos();
            NORMALISED_RADIUS * DVec3::new(cosine, sine, 0.1)
        };
        (0..4).map(place).map(|place| camera(place, target(place))).collect()
    }

    fn picture(colour: impl Fn(u8, u8) -> [u8; 4]) -> Picture {
        let pixels = (0..48).flat_map(|y| (0..64).map(move |x| (x, y))).map(|(x, y)| colour(x, y)).collect();
        Picture { width: 64, height: 48, pixels }
    }

    #[test]
    fn views_that_look_at_one_place_overlap_and_those_that_look_away_do_not() {
        let (inwards, outwards) = (ring(|_| DVec3::ZERO), ring(|place| 2.0 * place));
        assert_eq!(without_overlap(&inwards), None);
        assert!(without_overlap(&outwards).is_some_and(|found| found.starts_with("4 of 4 views")));
        let points = [DVec3::ZERO, DVec3::new(0.1, 0.2, 0.3)];
        assert_eq!(without_points(&inwards, &points), None);
        assert!(without_points(&outwards, &points).is_some_and(|found| found.starts_with("4 of 4 views")));
        assert_eq!(without_points(&outwards, &[]), None);
    }

    #[test]
    fn a_scene_of_another_world_is_named() {
        let cameras = ring(|_| DVec3::ZERO);
        assert_eq!(bare(&cameras, &[DVec3::new(0.1, 0.0, 0.0)]), None);
        assert_eq!(bare(&cameras, &[DVec3::splat(900.0)]).as_deref(), Some("4 of 4 views"));
    }

    #[test]
    fn too_few_cameras_are_named() {
        let ring = ring(|_| DVec3::ZERO);
        assert!(few(&ring).is_none() && few(&ring[..2]).is_some());
    }

    #[test]
    fn pictures_that_show_nothing_are_seen() {
        let noisy_black = picture(|x, y| [x % 3, y % 4, 0, 255]);
        let masked = picture(|x, y| [x * 3, y, 9, 0]);
        let dark = picture(|x, _| [x / 4, 0, 0, 255]);
        assert!(is_blank(&noisy_black) && is_blank(&masked) && !is_blank(&dark));
    }

    #[test]
    fn masks_that_leave_out_the_middle_are_suspicious() {
        let is_middle = |x: u8, y: u8| (12..52).contains(&x) && (9..39).contains(&y);
        let keeping =
            |middle: bool| vec![(0, picture(|x, y| [9, 9, 9, if is_middle(x, y) == middle { 255 } else { 0 }]).into())];
        assert_eq!(turned_inside_out(&keeping(true)), None);
        assert!(turned_inside_out(&keeping(false)).is_some());
        assert_eq!(turned_inside_out(&[(0, picture(|_, _| [9, 9, 9, 255]).into())]), None);
    }
}
