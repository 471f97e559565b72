//! The place of the scene in the world that it is saved in.

use glam::DVec3;

use crate::viewer::document::{GroundPlane, Placement, SceneEdit};
use crate::viewer::scene_view::PickedPoint;
use crate::viewer::session::Session;
use crate::viewer::session::action::Tool;
use crate::viewer::session::editing::Gesture;

/// The largest spread of depths around a click that is taken for ground, in parts of the depth.
const MAX_SPREAD: f64 = 0.03;

/// The least height of the triangle of three clicks, in parts of its longest side.
const LEAST_HEIGHT: f64 = 0.15;

impl Session {
    /// Looks for the ground when its tool is taken.
    pub(super) fn propose_ground(&mut self) {
        self.editing.ground = self.document.ground(&self.subject);
        let found = self.editing.ground.map_or("Click three places of the ground".to_owned(), |ground| {
            let tilt = ground.up.angle_between(self.document.level()).to_degrees();
            let share = 100.0 * ground.share;
            format!(
                "Ground with {share:.0} % of the points, {tilt:.1}° from level: Enter takes it; or click three places"
            )
        });
        self.notify(found);
    }

    /// Takes the ground that was found.
    pub(super) fn take_ground(&mut self) {
        if let Some(placement) = self.proposed_placement() {
            self.stand_on(placement);
        }
    }

    /// The placement on the ground that was found, while its tool is held.
    #[must_use]
    pub(crate) fn proposed_placement(&self) -> Option<Placement> {
        let GroundPlane { origin, up, .. } = self.editing.ground.filter(|_| self.editing.tool == Tool::Ground)?;
        Some(self.editing.edits.state().placement.standing(origin, up))
    }

    fn stand_on(&mut self, placement: Placement) {
        self.change(SceneEdit::Place(placement), "");
        self.navigator.set_up(placement.axes().z_axis);
        (self.editing.tool, self.editing.gesture, self.editing.ground) = (Tool::Look, None, None);
    }

    /// Takes a click on the ground, or on an end of a measured distance.
    pub(super) fn click_surface(&mut self, picked: &PickedPoint) {
        if self.editing.tool != Tool::Ground {
            self.click_place(picked.point);
            return;
        }
        match picked.surface {
            Some(surface) if surface.spread <= MAX_SPREAD => self.click_place(surface.point),
            Some(surface) => {
                let spread = 100.0 * surface.spread;
                self.notify_error(format!(
                    "The depth is uncertain here, by {spread:.0} %; click where the ground is sharp and nothing stands on it"
                ));
            }
            None => self.notify_error("There is no surface here; click on the ground".to_owned()),
        }
    }

    fn click_place(&mut self, place: DVec3) {
        let most = if self.editing.tool == Tool::Ground { 3 } else { 2 };
        let mut places = match self.editing.gesture.take() {
            Some(Gesture::Places(places)) if places.len() < most => places,
            _ => Vec::new(),
        };
        places.push(place);
        if let (Tool::Ground, [first, second, third]) = (self.editing.tool, &places[..]) {
            let (places, above) = ([*first, *second, *third], self.navigator.pose().position);
            let placement = self.editing.edits.state().placement.on_ground(places, above);
            match placement.filter(|_| height_of(places) >= LEAST_HEIGHT) {
                Some(placement) => self.stand_on(placement),
                None => self.notify_error(
                    "The three places lie nearly in a line, across which nothing says how the ground lies; click them again, farther apart"
                        .to_owned(),
                ),
            }
            return;
        }
        self.editing.gesture = Some(Gesture::Places(places));
    }

    /// The distance of the two places that were clicked, in units of the world that the scene is saved in.
    #[must_use]
    pub(crate) fn measured_length(&self) -> Option<f64> {
        let Some(Gesture::Places(places)) = &self.editing.gesture else { return None };
        let [first, second] = places[..] else { return None };
        Some(first.distance(second) * self.editing.edits.state().placement.scale)
    }
}

/// The least height of a triangle in parts of its longest side.
fn height_of([a, b, c]: [DVec3; 3]) -> f64 {
    let longest = a.distance(b).max(b.distance(c)).max(c.distance(a));
    (b - a).cross(c - a).length() / longest.powi(2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::viewer::scene_view::PickedSurface;
    use crate::viewer::session::action::EditAction;
    use crate::viewer::session::editing::tests::{edit, with_row};

    #[test]
    fn a_known_distance_scales_the_scene_and_three_places_are_its_ground() {
        let mut session = with_row();
        edit(&mut session, EditAction::SetTool(Tool::Measure));
        session.click_place(DVec3::ZERO);
        assert_eq!(session.measured_length(), None);
        session.click_place(DVec3::new(0.0, 0.0, 4.0));
        assert_eq!(session.measured_length(), Some(4.0));
        edit(&mut session, EditAction::SetLength(1.0));
        assert_eq!(session.measured_length(), Some(1.0));
        edit(&mut session, EditAction::SetTool(Tool::Ground));
        assert!(session.navigator.pose().position.z > 0.0, "the camera is above the ground");
        for place in [DVec3::ZERO, DVec3::X, DVec3::Y] {
            session.click_place(place - DVec3::Z);
        }
        let placement = session.editing.edits.state().placement;
        assert!((placement.saved(DVec3::new(0.0, 0.0, 3.0)).z - 1.0).abs() < 1e-9, "{placement:?}");
        assert_eq!((session.editing.tool, session.navigator.up()), (Tool::Look, DVec3::Z));
        assert_eq!(session.editing.edits.edits().len(), 2);
    }

    #[test]
    fn clicks_of_unclear_depth_or_in_a_line_are_refused_and_explained() {
        let mut session = with_row();
        edit(&mut session, EditAction::SetTool(Tool::Ground));
        let mut click = |point: DVec3, spread: f64| {
            let surface = Some(PickedSurface { point, spread });
            session.click_surface(&PickedPoint { point: DVec3::splat(9.0), convex: 0, surface });
            (session.editing.gesture.clone(), session.notices.last().map(|notice| notice.text.clone()).unwrap())
        };
        let (gesture, told) = click(DVec3::ZERO, 0.2);
        assert!(gesture.is_none() && told.contains("uncertain here, by 20 %"), "{told}");
        click(DVec3::ZERO, 0.01);
        let (gesture, _) = click(DVec3::X, 0.0);
        assert_eq!(gesture, Some(Gesture::Places(vec![DVec3::ZERO, DVec3::X])), "the surface, not the point");
        let (gesture, told) = click(DVec3::new(0.5, 0.1, 0.0), 0.0);
        assert!(gesture.is_none() && told.contains("nearly in a line"), "{told}");
        session.click_surface(&PickedPoint { point: DVec3::ZERO, convex: 0, surface: None });
        assert!(session.notices.last().unwrap().text.contains("no surface"));
        assert_eq!(session.editing.edits.edits().len(), 0);
    }

    #[test]
    fn the_ground_that_was_found_is_taken_or_left() {
        let mut session = with_row();
        let (x, y) = (|i: u32| f64::from(i % 30) / 10.0, |i: u32| f64::from(i / 30) / 10.0 - 1.5);
        let up = DVec3::new(0.1, 0.0, 1.0).normalize();
        let (along, across) = (up.cross(DVec3::Y), DVec3::Y);
        session.document.points =
            (0..900).map(|i| (session.subject.centre - x(i) * along + y(i) * across - 0.3 * up, [0; 3])).collect();
        edit(&mut session, EditAction::SetTool(Tool::Ground));
        assert!(session.notices.last().unwrap().text.contains("Enter takes it"));
        assert!(session.proposed_placement().is_some());
        edit(&mut session, EditAction::SetTool(Tool::Ground));
        assert!(session.proposed_placement().is_none() && session.editing.edits.edits().is_empty(), "put away");
        edit(&mut session, EditAction::TakeGround);
        assert!(session.editing.edits.edits().is_empty(), "there is nothing to take");
        edit(&mut session, EditAction::SetTool(Tool::Ground));
        edit(&mut session, EditAction::TakeGround);
        let placement = session.editing.edits.state().placement;
        assert!(placement.axes().z_axis.distance(up) < 1e-6, "{placement:?}");
        let below = placement.saved(session.subject.centre - 0.3 * up);
        assert!(below.length() < 1e-6, "the origin is below the subject: {below}");
        assert_eq!((session.editing.tool, session.editing.edits.edits().len()), (Tool::Look, 1));
    }

    /// Prints how much the ground is tilted that three clicks give, and that is found in the convexes, against the plane of the points
    /// of structure from motion; `LAPIDARY_RUN` names the folder of a training with its dataset.
    #[test]
    #[ignore = "measures"]
    fn tilt_of_the_ground() {
        use crate::dataset::DatasetOptions;
        use crate::gpu::{Gpu, GpuOptions};
        use crate::viewer::document::{Document, GroundPlane};
        use crate::viewer::scene_view::SceneView;
        use crate::viewer::scene_view::settings::ViewSettings;

        let run = std::env::var("LAPIDARY_RUN").unwrap();
        let (document, _) = Document::open(run.as_ref(), None, &DatasetOptions::default()).unwrap();
        let subject = document.subject();
        let truth = document.ground(&subject).unwrap();
        let tilt = |up: DVec3| up.angle_between(truth.up).to_degrees();
        let alone = Document { points: Vec::new(), ..document.clone() };
        println!(
            "points: share {:.2}, {:.1}° from level, {:.1}° from the tops of the images",
            truth.share,
            tilt(document.level()),
            tilt(document.up())
        );
        let found: Option<GroundPlane> = alone.ground(&subject);
        println!("convexes: {:?}", found.map(|found| (tilt(found.up), found.share)));
        let gpu = Gpu::open(&GpuOptions::default()).unwrap();
        let mut view = SceneView::new(&gpu).unwrap();
        view.set_scene(document.scene.as_ref().unwrap()).unwrap();
        let settings = ViewSettings { near: document.near.unwrap_or(0.01), ..ViewSettings::default() };
        let on_ground = |at: &DVec3| truth.up.dot(*at - truth.origin).abs() < 0.01 * subject.radius;
        let places: Vec<DVec3> = document.points.iter().map(|(at, _)| *at).filter(on_ground).collect();
        let (mut before, mut after, mut heights, mut spreads) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut refused = 0;
        let every = document.cameras.len().div_ceil(12).max(1);
        for named in document.cameras.iter().step_by(every) {
            let camera = named.camera.resized(900, 900 * named.camera.height / named.camera.width);
            let seen: Vec<DVec3> = places.iter().copied().filter(|at| camera.sees(*at)).collect();
            let step = seen.len().div_ceil(14).max(1);
            let mut clicks = Vec::new();
            for at in seen.into_iter().step_by(step) {
                let pixel = camera.pixel(camera.view_from_world.transform_point3(at));
                if let Some(picked) = view.pick(&camera, &settings, pixel).unwrap() {
                    clicks.push((at, picked));
                }
            }
            for (_, picked) in &clicks {
                if let Some(surface) = picked.surface {
                    let height = |at: DVec3| truth.up.dot(at - truth.origin).abs() / subject.radius;
                    heights.push((height(picked.point), height(surface.point)));
                    spreads.push(surface.spread);
                }
            }
            for a in 0..clicks.len() {
                for b in 0..a {
                    for c in 0..b {
                        let three = [&clicks[a], &clicks[b], &clicks[c]];
                        if height_of(three.map(|(at, _)| *at)) < 0.3 {
                            continue;
                        }
                        let up = |[a, b, c]: [DVec3; 3]| {
                            let normal = (b - a).cross(c - a).normalize();
                            if normal.dot(truth.up) < 0.0 { -normal } else { normal }
                        };
                        before.push(tilt(up(three.map(|(_, picked)| picked.point))));
                        let surfaces =
                            three.map(|(_, picked)| picked.surface.filter(|found| found.spread <= MAX_SPREAD));
                        match surfaces {
                            [Some(a), Some(b), Some(c)] => after.push(tilt(up([a.point, b.point, c.point]))),
                            _ => refused += 1,
                        }
                    }
                }
            }
        }
        let quantiles = |values: &mut Vec<f64>| {
            values.sort_by(f64::total_cmp);
            [25, 50, 75, 90].map(|percent| values[(values.len() - 1) * percent / 100])
        };
        println!(
            "three clicks, quartiles and 0.9 of the tilt: {:.2?} before, {:.2?} after, {} and {} triples, {refused} refused",
            quantiles(&mut before),
            quantiles(&mut after),
            before.len(),
            after.len()
        );
        let (mut old, mut new): (Vec<f64>, Vec<f64>) = heights.into_iter().unzip();
        println!("heights in radii: {:.3?} before, {:.3?} after", quantiles(&mut old), quantiles(&mut new));
        println!("spreads: {:.3?}", quantiles(&mut spreads));
    }
}
