//! Moves the camera. Input is collected as a motion still to be made, and every frame makes a part of it that depends
//! only on the time since the last one: smooth, and the same at any frame rate.

use glam::{DQuat, DVec2, DVec3};

use crate::viewer::scene_view::pose::{Pose, facing};

/// After this many seconds 1/e of a motion is left.
const SMOOTHING: f64 = 0.06;

/// The duration of a flight to another pose, in seconds.
const FLIGHT: f64 = 0.45;

/// Parts of a motion below these are not worth a frame: radians, and parts of the distance.
const SETTLED: f64 = 2e-4;

/// The motions that were asked for and are not made yet.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Pending {
    /// The rotation about the up axis and the camera's right, around the pivot, in radians.
    orbit: DVec2,
    /// The same rotation around the camera.
    look: DVec2,
    /// The rotation about the view direction, in radians.
    roll: f64,
    /// The way to the right and up, in parts of the distance.
    pan: DVec2,
    /// The logarithm of the factor of the distance.
    dolly: f64,
    /// The logarithm of the factor of the field of view.
    zoom: f64,
}

impl Pending {
    fn scaled(self, part: f64) -> Self {
        Self {
            orbit: self.orbit * part,
            look: self.look * part,
            roll: self.roll * part,
            pan: self.pan * part,
            dolly: self.dolly * part,
            zoom: self.zoom * part,
        }
    }

    fn is_settled(&self) -> bool {
        let vectors = [self.orbit, self.look, self.pan];
        let numbers = [self.roll, self.dolly, self.zoom];
        vectors.iter().all(|v| v.abs().max_element() < SETTLED) && numbers.iter().all(|x| x.abs() < SETTLED)
    }
}

/// A flight to another pose.
#[derive(Debug, Clone, Copy)]
struct Flight {
    from: Pose,
    to: Pose,
    elapsed: f64,
}

/// The camera of the window.
#[derive(Debug, Clone)]
pub struct Navigator {
    pose: Pose,
    pending: Pending,
    flight: Option<Flight>,
    /// The velocity that is asked for and the velocity that is velocity: right, up, forward, in units of the speed.
    target: DVec3,
    velocity: DVec3,
    /// The direction of up in the world.
    up: DVec3,
    /// Whether the camera is kept from tipping over and rolling.
    pub keep_upright: bool,
    /// The speed of flying, in world units per second.
    pub speed: f64,
}

/// The field of view stays within these, radians.
pub(crate) const FOV_RANGE: (f64, f64) = (0.05, 2.4);

/// The camera looks at most this far up and down while it is kept upright, radians from the horizon.
const STEEPEST: f64 = 1.55;

impl Navigator {
    /// Returns a camera at rest.
    #[must_use]
    pub fn new(pose: Pose, up: DVec3, speed: f64) -> Self {
        Self {
            pose,
            pending: Pending::default(),
            flight: None,
            target: DVec3::ZERO,
            velocity: DVec3::ZERO,
            up: up.normalize_or(DVec3::Z),
            keep_upright: true,
            speed,
        }
    }

    /// The pose of the camera now.
    #[must_use]
    pub const fn pose(&self) -> &Pose {
        &self.pose
    }

    /// The pose at the end of a flight, or the pose now.
    #[must_use]
    pub fn destination(&self) -> Pose {
        self.flight.map_or(self.pose, |flight| flight.to)
    }

    /// The direction of up in the world.
    #[must_use]
    pub const fn up(&self) -> DVec3 {
        self.up
    }

    /// Makes another direction up; a camera that is kept upright turns with it.
    pub fn set_up(&mut self, up: DVec3) {
        self.up = up.normalize_or(self.up);
        if self.keep_upright {
            self.level();
        }
    }

    /// Turns around the pivot by the angles of a drag, radians: to the right and down.
    pub fn orbit(&mut self, angles: DVec2) {
        self.interrupt();
        self.pending.orbit += angles;
    }

    /// Turns the camera in its place by the same angles.
    pub fn look(&mut self, angles: DVec2) {
        self.interrupt();
        self.pending.look += angles;
    }

    /// Turns about the view direction, radians clockwise.
    pub fn roll(&mut self, angle: f64) {
        self.interrupt();
        self.keep_upright = false;
        self.pending.roll += angle;
    }

    /// Moves so that a point at the pivot's depth follows a pointer by this part of the picture's height.
    pub fn pan(&mut self, part: DVec2) {
        self.interrupt();
        let height = 2.0 * (self.pose.fov_y / 2.0).tan();
        self.pending.pan += DVec2::new(-part.x, part.y) * height;
    }

    /// Moves towards the pivot; one step takes a tenth of the distance.
    pub fn dolly(&mut self, steps: f64) {
        self.interrupt();
        self.pending.dolly -= steps * 0.105;
    }

    /// Narrows the field of view by steps.
    pub fn zoom(&mut self, steps: f64) {
        self.interrupt();
        self.pending.zoom -= steps * 0.08;
    }

    /// Flies right, up and forward, each −1..=1 of the speed, until the next call.
    pub fn fly(&mut self, target: DVec3) {
        if target != DVec3::ZERO {
            self.interrupt();
        }
        self.target = target;
    }

    /// The velocity that [`Self::fly`] asked for last.
    #[must_use]
    pub const fn target(&self) -> DVec3 {
        self.target
    }

    /// Takes a pose at once.
    pub fn set(&mut self, pose: Pose) {
        *self = Self { pose, pending: Pending::default(), flight: None, ..self.clone() };
        (self.target, self.velocity) = (DVec3::ZERO, DVec3::ZERO);
    }

    /// Moves to a pose smoothly.
    pub fn fly_to(&mut self, to: Pose) {
        let from = self.pose;
        self.set(from);
        self.flight = Some(Flight { from, to, elapsed: 0.0 });
    }

    /// Makes `point` the pivot; the camera turns so that it comes to the middle of the picture.
    pub fn set_pivot(&mut self, point: DVec3) {
        let way = point - self.pose.position;
        let distance = way.length();
        if !distance.is_finite() || distance < 1e-9 {
            return;
        }
        // The shortest turn keeps the roll that the user has.
        let turn = DQuat::from_rotation_arc(self.pose.forward(), way / distance);
        let mut orientation = (turn * self.pose.orientation).normalize();
        if self.keep_upright && (way / distance).cross(self.up).length() > 1e-3 {
            orientation = facing(way / distance, self.up);
        }
        self.fly_to(Pose { orientation, distance, ..self.pose });
    }

    /// Takes back all roll, and keeps the camera upright.
    pub fn level(&mut self) {
        self.keep_upright = true;
        let forward = self.pose.forward();
        if forward.cross(self.up).length() > 1e-3 {
            self.fly_to(Pose { orientation: facing(forward, self.up), ..self.pose });
        }
    }

    /// Moves the camera so that a sphere around `centre` is in the picture.
    pub fn frame(&mut self, centre: DVec3, radius: f64, aspect: f64) {
        let half = (self.pose.fov_y / 2.0).min(((self.pose.fov_y / 2.0).tan() * aspect).atan());
        let distance = radius.max(1e-6) / half.sin();
        let position = centre - self.pose.forward() * distance;
        self.fly_to(Pose { position, distance, ..self.pose });
    }

    /// Returns whether the next frame will differ.
    #[must_use]
    pub fn is_moving(&self) -> bool {
        self.flight.is_some()
            || !self.pending.is_settled()
            || self.target != DVec3::ZERO
            || self.velocity.abs().max_element() > 1e-3
    }

    /// Moves on by so many seconds, and returns whether anything changed.
    pub fn advance(&mut self, seconds: f64) -> bool {
        if !self.is_moving() {
            self.pending = Pending::default();
            self.velocity = DVec3::ZERO;
            return false;
        }
        let seconds = seconds.clamp(0.0, 0.25);
        if let Some(flight) = self.flight {
            self.advance_flight(flight, seconds);
            return true;
        }
        let part = 1.0 - (-seconds / SMOOTHING).exp();
        let step = self.pending.scaled(part);
        self.pending = self.pending.scaled(1.0 - part);
        self.make(step);
        self.advance_flying(seconds, part);
        true
    }

    fn interrupt(&mut self) {
        self.flight = None;
    }

    fn advance_flight(&mut self, flight: Flight, seconds: f64) {
        let elapsed = flight.elapsed + seconds;
        let part = (elapsed / FLIGHT).min(1.0);
        // Starts and ends without a jerk.
        let eased = part * part * (3.0 - 2.0 * part);
        self.pose = if part < 1.0 { flight.from.towards(&flight.to, eased) } else { flight.to };
        self.flight = (part < 1.0).then_some(Flight { elapsed, ..flight });
    }

    /// Lets the velocity approach the one that is asked for; the way is its exact integral.
    fn advance_flying(&mut self, seconds: f64, part: f64) {
        let way = self.target * seconds + (self.velocity - self.target) * (SMOOTHING * part);
        self.velocity = self.velocity.lerp(self.target, part);
        let up = if self.keep_upright { self.up } else { self.pose.up() };
        let world = self.pose.right() * way.x + up * way.y + self.pose.forward() * way.z;
        self.pose.position += world * self.speed;
    }

    fn make(&mut self, step: Pending) {
        let pivot = self.pose.pivot();
        self.turn(step.orbit, pivot);
        self.turn(step.look, self.pose.position);
        if step.roll != 0.0 {
            let turn = DQuat::from_axis_angle(self.pose.forward(), step.roll);
            self.pose = self.pose.turned(turn, self.pose.position);
        }
        self.pose.position += (self.pose.right() * step.pan.x + self.pose.up() * step.pan.y) * self.pose.distance;
        let distance = self.pose.distance * step.dolly.exp();
        self.pose.position += self.pose.forward() * (self.pose.distance - distance);
        self.pose.distance = distance.clamp(1e-6, 1e9);
        let (low, high) = FOV_RANGE;
        // The tangent is what the picture scales with.
        let half = ((self.pose.fov_y / 2.0).tan() * step.zoom.exp()).atan();
        self.pose.fov_y = (2.0 * half).clamp(low, high);
    }

    /// Turns about the up axis and the camera's right.
    fn turn(&mut self, angles: DVec2, centre: DVec3) {
        if angles == DVec2::ZERO {
            return;
        }
        let (up, mut pitch) = (if self.keep_upright { self.up } else { self.pose.up() }, -angles.y);
        if self.keep_upright {
            let elevation = self.pose.forward().dot(up).clamp(-1.0, 1.0).asin();
            pitch = (elevation + pitch).clamp(-STEEPEST, STEEPEST) - elevation;
        }
        // A turn about the right axis by a positive angle looks up: the right-handed sense about x of (x, −y, …).
        let turn = DQuat::from_axis_angle(up, -angles.x) * DQuat::from_axis_angle(self.pose.right(), pitch);
        self.pose = self.pose.turned(turn, centre);
    }
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "frames of a few seconds")]
mod tests {
    use super::*;
    use crate::camera::Camera;

    fn navigator() -> Navigator {
        let pose = Pose::look_at(DVec3::ZERO, DVec3::new(0.0, -1.0, 0.0), 4.0, DVec3::Z, 1.0);
        Navigator::new(pose, DVec3::Z, 1.0)
    }

    /// Advances until the camera is at rest, at this many frames per second.
    fn settle(navigator: &mut Navigator, rate: f64) {
        for _ in 0..(rate as usize * 5) {
            navigator.advance(1.0 / rate);
        }
        assert!(!navigator.is_moving());
    }

    fn same(a: &Pose, b: &Pose) {
        assert!((a.position - b.position).length() < 5e-3, "{a:?} {b:?}");
        assert!(a.orientation.dot(b.orientation).abs() > 1.0 - 1e-5, "{a:?} {b:?}");
        assert!((a.distance / b.distance).ln().abs() < 2e-3, "{a:?} {b:?}");
    }

    #[test]
    fn a_motion_ends_at_the_same_place_at_any_frame_rate() {
        let moved = |rate: f64| {
            let mut navigator = navigator();
            navigator.orbit(DVec2::new(0.7, 0.3));
            navigator.dolly(2.0);
            navigator.pan(DVec2::new(0.1, -0.2));
            settle(&mut navigator, rate);
            *navigator.pose()
        };
        let reference = moved(1000.0);
        for rate in [24.0, 60.0, 144.0] {
            let pose = moved(rate);
            assert!((pose.position - reference.position).length() < 0.12, "{rate}: {pose:?} {reference:?}");
        }
        // One kind of motion at a time is the same to the last step.
        let turned = |rate: f64| {
            let mut navigator = navigator();
            navigator.orbit(DVec2::new(0.7, 0.3));
            settle(&mut navigator, rate);
            *navigator.pose()
        };
        same(&turned(1000.0), &turned(20.0));
    }

    #[test]
    fn flying_covers_the_same_way_at_any_frame_rate() {
        let flown = |rate: f64| {
            let mut navigator = navigator();
            navigator.fly(DVec3::Z);
            for _ in 0..rate as usize {
                navigator.advance(1.0 / rate);
            }
            navigator.fly(DVec3::ZERO);
            settle(&mut navigator, rate);
            navigator.pose().position
        };
        let way = flown(200.0) - navigator().pose().position;
        assert!((way - DVec3::new(0.0, 1.0, 0.0)).length() < 1e-3, "a second at speed 1: {way}");
        assert!((flown(20.0) - flown(200.0)).length() < 1e-3);
    }

    #[test]
    fn an_orbit_keeps_the_pivot_and_its_distance() {
        let mut navigator = navigator();
        navigator.orbit(DVec2::new(1.0, 0.4));
        settle(&mut navigator, 60.0);
        let pose = navigator.pose();
        assert!(pose.pivot().length() < 1e-9 && (pose.distance - 4.0).abs() < 1e-9);
        assert!(pose.right().z.abs() < 1e-9, "no roll");
        assert!(pose.position.x < 0.0, "a drag to the right brings the left side to the front: {:?}", pose.position);
        assert!(pose.position.z > 0.0, "a drag down looks from above: {:?}", pose.position);
    }

    #[test]
    fn an_upright_camera_does_not_tip_over_and_a_free_one_does() {
        for (keep_upright, tips) in [(true, false), (false, true)] {
            let mut navigator = navigator();
            navigator.keep_upright = keep_upright;
            for _ in 0..40 {
                navigator.orbit(DVec2::new(0.0, 0.06));
                navigator.advance(1.0 / 60.0);
            }
            settle(&mut navigator, 60.0);
            assert_eq!(navigator.pose().up().z < 0.0, tips);
        }
    }

    #[test]
    fn looking_around_keeps_the_place_and_panning_the_direction() {
        let mut navigator = navigator();
        let before = *navigator.pose();
        navigator.look(DVec2::new(0.3, -0.2));
        settle(&mut navigator, 60.0);
        assert!((navigator.pose().position - before.position).length() < 1e-9);
        assert!(navigator.pose().forward().z > 0.1, "a drag up looks up");
        assert!(navigator.pose().forward().x > 0.1, "a drag to the right looks to the right");
        let mut navigator = self::navigator();
        navigator.pan(DVec2::new(0.25, 0.0));
        settle(&mut navigator, 60.0);
        assert!((navigator.pose().forward() - before.forward()).length() < 1e-9);
        let expected = -0.25 * 2.0 * 0.5f64.tan() * 4.0;
        assert!((navigator.pose().position.x - expected).abs() < 1e-2, "{}", navigator.pose().position.x);
    }

    #[test]
    fn a_pivot_comes_to_the_middle_and_framing_shows_the_whole_sphere() {
        let mut navigator = navigator();
        navigator.set_pivot(DVec3::new(1.0, 0.0, 0.5));
        settle(&mut navigator, 60.0);
        let camera = navigator.pose().camera(64, 48);
        let seen = camera.view_from_world.transform_point3(DVec3::new(1.0, 0.0, 0.5));
        assert!(seen.truncate().length() < 1e-9 && (seen.z - navigator.pose().distance).abs() < 1e-9);
        navigator.frame(DVec3::ONE, 2.0, 1.5);
        settle(&mut navigator, 60.0);
        let pose = navigator.pose();
        assert!((pose.pivot() - DVec3::ONE).length() < 1e-9);
        assert!(((2.0 / pose.distance).asin() * 2.0 - pose.fov_y).abs() < 1e-9, "the sphere touches the borders");
    }

    #[test]
    fn a_camera_becomes_a_pose_and_back() {
        let camera = Camera::look_at(DVec3::new(1.0, -2.0, 3.0), DVec3::ZERO, DVec3::Z, 50.0, 64, 48);
        let back = Pose::of_camera(&camera, 3.0).camera(64, 48);
        assert!((back.position() - camera.position()).length() < 1e-9);
        assert!((back.intrinsics.fy - 50.0).abs() < 1e-9);
        let off = back.view_from_world.matrix3 - camera.view_from_world.matrix3;
        assert!(off.to_cols_array().iter().all(|x| x.abs() < 1e-9));
    }

    #[test]
    fn input_ends_a_flight() {
        let mut navigator = navigator();
        navigator.fly_to(Pose { position: DVec3::splat(9.0), ..*navigator.pose() });
        navigator.advance(0.1);
        navigator.orbit(DVec2::new(0.1, 0.0));
        settle(&mut navigator, 60.0);
        assert!((navigator.pose().position - DVec3::splat(9.0)).length() > 1.0);
    }
}
