//! The views that a document begins with, that a file carries, and that an axis of the world is looked along from.

use glam::DVec3;

use crate::camera::Camera;
use crate::scene::StartView;
use crate::viewer::scene_view::navigator::Navigator;
use crate::viewer::scene_view::pose::Pose;
use crate::viewer::session::Session;
use crate::viewer::session::view_history::ViewHistory;

impl Session {
    /// Returns the view that the user has, as files of scenes carry it.
    #[must_use]
    pub(crate) fn present_view(&self) -> StartView {
        let pose = self.navigator.destination();
        let (half, aspect) = ((pose.fov_y / 2.0).tan(), self.aspect.max(1e-3));
        let fov = (2.0 * (half * aspect.min(1.0)).atan()).to_degrees();
        StartView { position: pose.position, focus: pose.pivot(), up: self.navigator.up(), fov, arc: None }
    }

    /// Moves to the first view of the document.
    pub(super) fn go_to_start(&mut self) {
        let (pose, up) = (self.start_pose(), self.document.up());
        let keep_upright = self.navigator.keep_upright;
        self.navigator = Navigator::new(pose, up, self.subject.radius);
        self.navigator.keep_upright = keep_upright;
        self.history = ViewHistory::default();
        self.start = Some(pose);
    }

    /// Takes the shape of the picture's area; a camera that has not moved yet stands as it would have from the beginning.
    pub(super) fn set_aspect(&mut self, aspect: f64) {
        self.aspect = aspect;
        if self.start.is_some_and(|start| start == self.navigator.destination()) {
            let pose = self.start_pose();
            self.navigator.set(pose);
            self.start = Some(pose);
        }
    }

    /// Returns the pose of the first camera of the dataset, or that of the scene's file, or one that shows the subject.
    pub(super) fn start_pose(&self) -> Pose {
        let (up, fov) = (self.document.up(), self.settings.fov_y.to_radians());
        match (self.document.cameras.first(), self.document.own_view()) {
            (Some(named), _) => self.pose_of(&named.camera),
            (None, Some(view)) => self.pose_of(&self.camera_of(&view)),
            (None, None) => {
                let distance = self.subject.radius / (fov / 2.0).sin();
                Pose::look_at(self.subject.centre, first_direction(up), distance, up, fov)
            }
        }
    }

    /// Returns the camera of a view in the shape of the picture's area: a view tells the smaller field of view, of any shape.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, and is at least 1")]
    pub(super) fn camera_of(&self, view: &StartView) -> Camera {
        view.camera((1000.0 * self.aspect).round().max(1.0) as u32, 1000)
    }

    /// Returns the pose of a camera, with the pivot at the depth of the subject and a field of view that holds the whole
    /// picture.
    pub(super) fn pose_of(&self, camera: &Camera) -> Pose {
        let mut pose = Pose::of_camera(camera, 1.0);
        let wider = f64::from(camera.width) / f64::from(camera.height) / self.aspect.max(1e-3);
        pose.fov_y = 2.0 * ((pose.fov_y / 2.0).tan() * wider.max(1.0)).atan();
        let ahead = (self.subject.centre - pose.position).dot(pose.forward());
        Pose { distance: ahead.max(self.subject.radius * 0.1), ..pose }
    }

    /// Returns the pose that looks at the pivot from a direction of the world, with the axes of the world that the scene is
    /// saved in along the borders of the picture where it looks up or down.
    pub(super) fn pose_from(&self, side: DVec3) -> Pose {
        let (pose, up) = (self.navigator.destination(), self.navigator.up());
        let above = up.dot(side);
        let top = if above.abs() < 0.999 {
            up
        } else {
            // What was ahead is at the top of a picture from above, and at its bottom from below.
            let ahead = above.signum() * pose.forward() + pose.up();
            let axes = self.editing.edits.state().placement.axes();
            let ways = [axes.x_axis, axes.y_axis, axes.z_axis].into_iter().flat_map(|axis| [axis, -axis]);
            let across = ways.filter(|way| way.dot(side).abs() < 0.5);
            across.max_by(|a, b| a.dot(ahead).total_cmp(&b.dot(ahead))).unwrap_or(ahead)
        };
        Pose::look_at(pose.pivot(), side, pose.distance, top, pose.fov_y)
    }
}

/// Returns the direction from which a scene is first looked at: a little from above.
pub(super) fn first_direction(up: DVec3) -> DVec3 {
    let side = up.any_orthonormal_vector();
    (side + up.cross(side) * 0.6 + up * 0.5).normalize()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::scene_file::Metadata;
    use crate::viewer::document::Document;
    use crate::viewer::session::action::Action;
    use crate::viewer::session::apply;
    use crate::viewer::session::apply::tests::applied;
    use crate::viewer::session::tests::session;

    #[test]
    fn a_scene_alone_opens_as_its_file_asks() {
        let view = StartView {
            position: DVec3::new(0.0, -4.0, 3.0),
            focus: DVec3::new(0.0, -4.0, -2.0),
            up: DVec3::NEG_Y,
            fov: 40.0,
            arc: None,
        };
        let mut session = session(0);
        let metadata = Metadata { start_view: Some(view), ..Metadata::default() };
        let document =
            |path: &str| Document { path: Some(path.into()), metadata: metadata.clone(), ..Document::default() };
        session.set_document(document("a"));
        let pose = *session.navigator.pose();
        assert!(pose.position.distance(view.position) < 1e-9 && pose.pivot().distance(view.focus) < 1e-9, "{pose:?}");
        assert_eq!((session.navigator.up(), session.subject.centre), (view.up, view.focus));
        for (aspect, fov_y) in [(1.3, 40.0), (1.9, 40.0), (0.5, 72.1)] {
            applied(&mut session, Action::SetAspect(aspect));
            let found = session.navigator.destination().fov_y.to_degrees();
            assert!((found - fov_y).abs() < 0.1, "the smaller field of view is that of the file: {found}");
        }
        let shown = crate::viewer::session::tests::session(2).document.cameras;
        let first = shown[0].camera.position();
        session.set_document(Document { cameras: shown, ..document("b") });
        assert!(session.navigator.pose().position.distance(first) < 1e-9, "cameras that are shown come first");
    }

    #[test]
    fn the_present_view_is_what_a_file_carries() {
        let mut session = session(1);
        session.aspect = 2.0;
        let pose = Pose::look_at(DVec3::new(1.0, 2.0, 3.0), DVec3::NEG_Y, 5.0, DVec3::Z, 40f64.to_radians());
        session.navigator.set(pose);
        let view = session.present_view();
        view.check().unwrap();
        assert!((view.fov - 40.0).abs() < 1e-9 && view.up == session.navigator.up(), "{view:?}");
        assert!(view.position.distance(pose.position) < 1e-9 && view.focus.distance(pose.pivot()) < 1e-9);
        session.aspect = 0.5;
        let narrow = session.present_view().fov.to_radians();
        assert!(((narrow / 2.0).tan() - 0.5 * 20f64.to_radians().tan()).abs() < 1e-9, "the smaller field of view");
    }

    /// A convex with this centroid and opacity.
    fn convex(scene: &mut crate::scene::Scene, at: DVec3, raw_opacity: f32) {
        let corners =
            [DVec3::X, DVec3::Y, DVec3::Z, -DVec3::ONE].map(|corner| (at + 0.1 * corner).as_vec3().to_array());
        scene.push(crate::scene::Params {
            points: corners.as_flattened(),
            log_delta: &[1.0],
            log_sigma: &[1.0],
            raw_opacity: &[raw_opacity],
            sh: &[0.1; 48],
        });
    }

    #[test]
    fn the_first_pivot_and_the_framed_view_are_on_the_subject_and_not_on_its_sky() {
        let mut scene = crate::scene::Scene::empty(4, 0);
        for i in 0..300 {
            let (sine, cosine) = f64::from(i).sin_cos();
            convex(&mut scene, DVec3::new(2.0 + 0.5 * cosine, 0.5 * sine, 0.3 * (f64::from(i) * 0.7).sin()), 2.0);
            if i % 2 == 0 {
                convex(&mut scene, 80.0 * DVec3::new(cosine, sine, (f64::from(i) * 0.3).cos()).normalize(), 2.0);
            }
        }
        let mut session = session(0);
        session.set_document(Document { scene: Some(Arc::new(scene)), ..Document::default() });
        let pose = *session.navigator.pose();
        assert!(pose.pivot().distance(DVec3::new(2.0, 0.0, 0.0)) < 0.4, "{:?}", pose.pivot());
        assert!(pose.distance < 4.0 && session.extent.radius() > 50.0, "{}", pose.distance);
        let host = &mut apply::tests::NoWindow::default();
        session.apply(Action::FrameEverything, host).unwrap();
        session.navigator.advance(0.25);
        session.navigator.advance(0.25);
        assert!(session.navigator.pose().distance > 60.0, "everything is the sky as well");
        session.apply(Action::FrameSubject, host).unwrap();
        session.navigator.advance(0.25);
        session.navigator.advance(0.25);
        assert!(session.navigator.pose().distance < 4.0);
        for (action, distance) in [(Action::ViewBack, 60.0..999.0), (Action::GoHome, 0.0..4.0)] {
            session.apply(action, host).unwrap();
            session.navigator.advance(0.25);
            session.navigator.advance(0.25);
            assert!(distance.contains(&session.navigator.pose().distance), "{}", session.navigator.pose().distance);
        }
    }

    #[test]
    fn the_first_view_fits_the_window_that_it_is_shown_in() {
        let mut session = session(1);
        let host = &mut apply::tests::NoWindow::default();
        let wide = session.navigator.pose().fov_y;
        session.apply(Action::SetAspect(0.5), host).unwrap();
        let tall = session.navigator.pose().fov_y;
        assert!(tall > 1.5 * wide, "the whole width of the image is seen: {tall}, {wide}");
        session.navigator.set(Pose { position: DVec3::splat(7.0), ..*session.navigator.pose() });
        session.apply(Action::SetAspect(1.3), host).unwrap();
        assert_eq!(session.navigator.pose().fov_y, tall, "a camera that has moved stays");
    }

    #[test]
    fn an_axis_is_looked_along_and_the_view_before_comes_back() {
        let mut session = session(0);
        let before = *session.navigator.pose();
        for side in DVec3::AXES.into_iter().flat_map(|axis| [axis, -axis]) {
            applied(&mut session, Action::LookFrom(side));
            let pose = session.navigator.destination();
            assert!(pose.forward().distance(-side) < 1e-9, "{side}: {pose:?}");
            assert!(pose.pivot().distance(before.pivot()) < 1e-9 && (pose.distance - before.distance).abs() < 1e-9);
            let is_along = |way: DVec3| way.abs().max_element() > 1.0 - 1e-9;
            assert!(is_along(pose.up()) && is_along(pose.right()), "{side}: {pose:?}");
            let top = if side.z == 0.0 { DVec3::Z } else { side.z * before.forward() };
            assert!(pose.up().dot(top) > 0.5, "up stays up, and ahead is up from above: {pose:?}");
            applied(&mut session, Action::ViewBack);
            session.navigator.advance(1.0);
            session.navigator.advance(1.0);
        }
        assert!(session.navigator.destination().position.distance(before.position) < 1e-9);
    }
}
