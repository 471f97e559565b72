//! Drawing with a tool over the picture.

use glam::{DVec2, DVec3};

use crate::camera::Camera;
use crate::gpu::GpuError;
use crate::viewer::document::{HandleDrag, OutlineKind, SelectionShape};
use crate::viewer::session::Session;
use crate::viewer::session::action::{ActionHost, Criterion, DrawStep, SelectionMode, Tool};

/// The drawing that is under way over the picture, pixels of its camera.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Gesture {
    /// Two corners of a rectangle.
    Rectangle([DVec2; 2]),
    /// The corners of a lasso.
    Lasso(Vec<DVec2>),
    /// A sphere or a box around the surface where the drag began.
    Volume {
        /// The pixel where it began.
        from: DVec2,
        /// World units at that surface per pixel.
        per_pixel: f64,
    },
    /// Places that were clicked, world units.
    Places(Vec<DVec3>),
    /// A handle that is dragged.
    Handle {
        /// The drag, with what was there when it began.
        drag: Box<HandleDrag>,
        /// Whether it has changed anything.
        has_moved: bool,
    },
}

impl Session {
    pub(super) fn draw(
        &mut self,
        step: DrawStep,
        camera: &Camera,
        pixel: DVec2,
        mode: SelectionMode,
        host: &mut dyn ActionHost,
    ) -> Result<(), GpuError> {
        match step {
            DrawStep::Begin => self.editing.gesture = self.begin_gesture(camera, pixel, host)?,
            DrawStep::Go => self.continue_gesture(pixel),
            DrawStep::End => {
                self.continue_gesture(pixel);
                match self.editing.gesture.take() {
                    None | Some(Gesture::Places(_) | Gesture::Handle { .. }) => {}
                    Some(Gesture::Rectangle([a, b])) => {
                        let corners = vec![a, DVec2::new(b.x, a.y), b, DVec2::new(a.x, b.y)];
                        self.select_outline(camera, corners, OutlineKind::Rectangle, mode, host)?;
                    }
                    Some(Gesture::Lasso(corners)) => {
                        self.select_outline(camera, corners, OutlineKind::Lasso, mode, host)?;
                    }
                    Some(Gesture::Volume { .. }) => {
                        let is_box = self.editing.tool == Tool::Box;
                        let shape = self.shape_of(if is_box { Criterion::Box } else { Criterion::Sphere });
                        self.select(&shape, mode);
                    }
                }
            }
        }
        Ok(())
    }

    fn select_outline(
        &mut self,
        camera: &Camera,
        corners: Vec<DVec2>,
        kind: OutlineKind,
        mode: SelectionMode,
        host: &mut dyn ActionHost,
    ) -> Result<(), GpuError> {
        let shape = SelectionShape::Outline { camera: *camera, corners, kind };
        let seen = if self.editing.numbers.only_seen { self.seen_by(camera, host)? } else { None };
        match seen {
            None => self.select(&shape, mode),
            Some(seen) => {
                let found = self.found(&shape).and(&seen);
                self.select_found(&found, &format!("what is seen in {}", shape.words()), mode);
            }
        }
        Ok(())
    }

    fn begin_gesture(
        &mut self,
        camera: &Camera,
        pixel: DVec2,
        host: &mut dyn ActionHost,
    ) -> Result<Option<Gesture>, GpuError> {
        Ok(match self.editing.tool {
            Tool::Look | Tool::Click | Tool::Ground | Tool::Measure | Tool::Place => None,
            Tool::Rectangle => Some(Gesture::Rectangle([pixel; 2])),
            Tool::Lasso => Some(Gesture::Lasso(vec![pixel])),
            Tool::Sphere | Tool::Box => host.pick(camera, &self.view, pixel)?.map(|picked| {
                let numbers = &mut self.editing.numbers;
                if self.editing.tool == Tool::Box {
                    numbers.sides.centre = picked.point;
                } else {
                    numbers.sphere_centre = picked.point;
                }
                let depth = camera.view_from_world.transform_point3(picked.point).z;
                Gesture::Volume { from: pixel, per_pixel: depth / camera.intrinsics.fx }
            }),
        })
    }

    fn continue_gesture(&mut self, pixel: DVec2) {
        let numbers = &mut self.editing.numbers;
        match &mut self.editing.gesture {
            None | Some(Gesture::Places(_) | Gesture::Handle { .. }) => {}
            Some(Gesture::Rectangle([_, corner])) => *corner = pixel,
            Some(Gesture::Lasso(corners)) if corners.last().is_some_and(|last| last.distance(pixel) < 1.5) => {}
            Some(Gesture::Lasso(corners)) => corners.push(pixel),
            Some(Gesture::Volume { from, per_pixel }) => {
                let radius = (pixel.distance(*from) * *per_pixel).max(1e-9);
                if self.editing.tool == Tool::Box {
                    numbers.sides.half = DVec3::splat(radius);
                } else {
                    numbers.sphere_radius = radius;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::viewer::session::action::EditAction;
    use crate::viewer::session::editing::tests::{edit, selected, with_row};

    #[test]
    fn a_rectangle_and_a_sphere_are_drawn() {
        let mut session = with_row();
        let camera = Camera::look_at(DVec3::new(4.5, -10.0, 0.0), DVec3::new(4.5, 0.0, 0.0), DVec3::Z, 100.0, 100, 80);
        let draw = |session: &mut Session, step: DrawStep, x: f64, y: f64| {
            edit(session, EditAction::Draw(step, camera, DVec2::new(x, y), SelectionMode::Replace));
        };
        edit(&mut session, EditAction::SetTool(Tool::Rectangle));
        draw(&mut session, DrawStep::Begin, 45.0, 20.0);
        draw(&mut session, DrawStep::Go, 60.0, 30.0);
        draw(&mut session, DrawStep::End, 67.0, 60.0);
        assert_eq!((selected(&session), &session.editing.gesture), (vec![4, 5, 6], &None));
        edit(&mut session, EditAction::SetTool(Tool::Sphere));
        draw(&mut session, DrawStep::Begin, 5.0, 40.0);
        draw(&mut session, DrawStep::End, 35.0, 40.0);
        let numbers = session.editing.numbers;
        assert_eq!(numbers.sphere_centre, DVec3::ZERO, "every pixel of the host shows the origin");
        assert!((numbers.sphere_radius - 3.0).abs() < 1e-9, "{numbers:?}");
        assert_eq!(selected(&session), [0, 1, 2]);
        edit(&mut session, EditAction::SetTool(Tool::Sphere));
        assert_eq!(session.editing.tool, Tool::Look, "the same key puts the tool away");
    }
}
