//! Which convexes a shape selects: by their centroids, whatever hides them.

use glam::{DVec2, DVec3};

use super::{ConvexMask, ConvexTable};
use crate::camera::Camera;
use crate::convert::{OrientedBox, rotation_of_turns};

/// A way to draw an outline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutlineKind {
    /// Two corners of it.
    Rectangle,
    /// The way of the pointer.
    Lasso,
}

/// A box in any orientation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SelectionBox {
    /// The middle, world units.
    pub centre: DVec3,
    /// Half of each side, world units.
    pub half: DVec3,
    /// The turns about the world's x, y and z axis, one after another, degrees.
    pub degrees: DVec3,
}

impl SelectionBox {
    /// The box, without the numbers of the panel.
    #[must_use]
    pub fn oriented(&self) -> OrientedBox {
        OrientedBox { centre: self.centre, half_size: self.half, rotation: rotation_of_turns(self.degrees) }
    }
}

/// A rule that says which convexes are selected.
#[derive(Debug, Clone, PartialEq)]
pub enum SelectionShape {
    /// Everything.
    All,
    /// One convex.
    Convex(usize),
    /// Everything that a camera sees within an outline.
    Outline {
        /// The camera.
        camera: Camera,
        /// The corners, pixels of the camera; the last is joined to the first.
        corners: Vec<DVec2>,
        /// How it was drawn.
        kind: OutlineKind,
    },
    /// Everything in a sphere, world units.
    Sphere {
        /// The middle.
        centre: DVec3,
        /// The radius.
        radius: f64,
    },
    /// Everything in a box.
    Box(SelectionBox),
    /// Convexes less opaque than this.
    Fainter(f32),
    /// Convexes that reach farther than this from their centroids, world units.
    Larger(f64),
    /// Convexes that fewer cameras than this have in their pictures.
    SeenByFewer {
        /// The cameras of the dataset.
        cameras: Vec<Camera>,
        /// The fewest cameras that see what is not selected.
        fewest: usize,
    },
    /// Everything farther from a place than this, world units.
    Beyond {
        /// The middle.
        centre: DVec3,
        /// The distance.
        reach: f64,
    },
}

impl SelectionShape {
    /// Returns the convexes that it selects.
    #[must_use]
    pub fn select(&self, table: &ConvexTable) -> ConvexMask {
        let mask = |is_in: &(dyn Fn(usize) -> bool + Sync)| ConvexMask::from_fn(table.len(), is_in);
        match self {
            Self::All => mask(&|_| true),
            Self::Convex(convex) => mask(&|index| index == *convex),
            Self::Outline { camera, corners, .. } => {
                let outline = Outline::of(corners);
                mask(&|index| {
                    let in_view = camera.view_from_world.transform_point3(table.place(index));
                    in_view.z > 0.0 && outline.contains(camera.pixel(in_view))
                })
            }
            Self::Sphere { centre, radius } => mask(&|index| table.place(index).distance(*centre) <= *radius),
            Self::Box(sides) => {
                let oriented = sides.oriented();
                mask(&|index| oriented.contains(table.place(index)))
            }
            Self::Fainter(opacity) => mask(&|index| table.opacity(index) < *opacity),
            Self::Larger(radius) => mask(&|index| table.radius(index) > *radius),
            Self::SeenByFewer { cameras, fewest } => mask(&|index| {
                let place = table.place(index);
                cameras.iter().filter(|camera| camera.sees(place)).take(*fewest).count() < *fewest
            }),
            Self::Beyond { centre, reach } => mask(&|index| table.place(index).distance(*centre) > *reach),
        }
    }

    /// Returns what it selects in words.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::All => "everything".to_owned(),
            Self::Convex(convex) => format!("convex {convex}"),
            Self::Outline { kind: OutlineKind::Rectangle, .. } => "a rectangle".to_owned(),
            Self::Outline { kind: OutlineKind::Lasso, .. } => "a lasso".to_owned(),
            Self::Sphere { radius, .. } => format!("a sphere of radius {radius:.3}"),
            Self::Box(SelectionBox { half, .. }) => {
                format!("a box of {:.3}×{:.3}×{:.3}", 2.0 * half.x, 2.0 * half.y, 2.0 * half.z)
            }
            Self::Fainter(opacity) => format!("opacity below {opacity:.2}"),
            Self::Larger(radius) => format!("radius above {radius:.3}"),
            Self::SeenByFewer { fewest, .. } => format!("seen by fewer than {fewest} cameras"),
            Self::Beyond { reach, .. } => format!("farther than {reach:.3} from the subject"),
        }
    }
}

/// An outline, cut into rows, so that a place is compared with few of its sides.
struct Outline {
    low: DVec2,
    high: DVec2,
    /// The sides that each row meets.
    rows: Vec<Vec<[DVec2; 2]>>,
}

/// The number of rows of an outline.
const ROWS: usize = 256;

impl Outline {
    fn of(corners: &[DVec2]) -> Self {
        let low = corners.iter().copied().fold(DVec2::INFINITY, DVec2::min);
        let high = corners.iter().copied().fold(DVec2::NEG_INFINITY, DVec2::max);
        let mut outline = Self { low, high, rows: vec![Vec::new(); ROWS] };
        let before = corners.last().into_iter().chain(corners);
        for (a, b) in before.zip(corners) {
            for row in outline.row(a.y.min(b.y))..=outline.row(a.y.max(b.y)) {
                outline.rows[row].push([*a, *b]);
            }
        }
        outline
    }

    /// The row of a height; never less for a larger one.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float becomes the nearest row")]
    fn row(&self, y: f64) -> usize {
        ((((y - self.low.y) / (self.high.y - self.low.y)) * ROWS as f64) as usize).min(ROWS - 1)
    }

    /// Counts the sides that a line to the right crosses: an odd number from inside.
    fn contains(&self, at: DVec2) -> bool {
        if !(at.cmpge(self.low).all() && at.cmple(self.high).all()) {
            return false;
        }
        let crossed = self.rows[self.row(at.y)].iter().filter(|[a, b]| {
            let is_across = (a.y > at.y) != (b.y > at.y);
            is_across && at.x < a.x + (at.y - a.y) / (b.y - a.y) * (b.x - a.x)
        });
        crossed.count() % 2 == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::{Params, Scene};

    /// Convexes at these places, of this radius.
    fn table(places: &[(DVec3, f64, f32)]) -> ConvexTable {
        let mut scene = Scene { origin: DVec3::new(100.0, 0.0, 0.0), ..Scene::empty(4, 0) };
        for (at, radius, opacity) in places {
            let at = *at - scene.origin;
            let corners = [DVec3::X, DVec3::NEG_X, DVec3::Y, DVec3::NEG_Y].map(|way| (at + *radius * way).as_vec3());
            scene.push(Params {
                points: corners.map(|corner| corner.to_array()).as_flattened(),
                log_delta: &[0.0],
                log_sigma: &[0.0],
                raw_opacity: &[(opacity / (1.0 - opacity)).ln()],
                sh: &[0.0; 48],
            });
        }
        ConvexTable::of(&scene)
    }

    /// Convexes in a row along x at −5, −4, … 5, each larger and more opaque than the last.
    fn row() -> ConvexTable {
        let place = |i: u8| (DVec3::new(f64::from(i) - 5.0, 0.0, 0.0), 0.1 * f64::from(i + 1), f32::from(i + 1) / 12.0);
        table(&(0..11).map(place).collect::<Vec<_>>())
    }

    fn selected(shape: &SelectionShape) -> Vec<usize> {
        shape.select(&row()).indices().collect()
    }

    /// A camera below the row whose pixels are world units times ten, with −5 at pixel 0.
    fn camera() -> Camera {
        Camera::look_at(DVec3::new(0.0, -10.0, 0.0), DVec3::ZERO, DVec3::Z, 100.0, 100, 80)
    }

    #[test]
    fn shapes_in_space_and_numbers_select_by_the_convex() {
        assert_eq!(selected(&SelectionShape::All).len(), 11);
        assert_eq!(selected(&SelectionShape::Convex(3)), [3]);
        let centre = DVec3::new(1.0, 0.0, 0.0);
        assert_eq!(selected(&SelectionShape::Sphere { centre, radius: 1.01 }), [5, 6, 7]);
        assert_eq!(selected(&SelectionShape::Beyond { centre, reach: 4.5 }), [0, 1]);
        assert_eq!(selected(&SelectionShape::Fainter(0.3)), [0, 1, 2]);
        assert_eq!(selected(&SelectionShape::Larger(0.85)), [8, 9, 10]);
    }

    #[test]
    fn a_box_turns_about_its_middle() {
        let along = SelectionBox { centre: DVec3::X, half: DVec3::new(2.1, 0.5, 0.5), degrees: DVec3::ZERO };
        let turned = |degrees: DVec3| selected(&SelectionShape::Box(SelectionBox { degrees, ..along }));
        assert_eq!(turned(DVec3::ZERO), [4, 5, 6, 7, 8]);
        assert_eq!(turned(DVec3::new(0.0, 0.0, 90.0)), [6], "across the row");
        assert_eq!(turned(DVec3::new(90.0, 0.0, 0.0)), [4, 5, 6, 7, 8], "about the row");
        let half_turned = SelectionBox { degrees: DVec3::new(0.0, 0.0, 45.0), ..along };
        let corner = half_turned.centre + half_turned.oriented().rotation * DVec3::new(2.0, 0.4, 0.4);
        assert!(half_turned.oriented().contains(corner) && !along.oriented().contains(corner));
    }

    #[test]
    fn an_outline_selects_what_the_camera_sees_inside() {
        let outline = |corners: &[[f64; 2]]| {
            let corners = corners.iter().map(|corner| DVec2::from_array(*corner)).collect();
            selected(&SelectionShape::Outline { camera: camera(), corners, kind: OutlineKind::Lasso })
        };
        assert_eq!(outline(&[[15.0, 30.0], [45.0, 30.0], [45.0, 50.0], [15.0, 50.0]]), [2, 3, 4]);
        // The letter U: open at the top, the row goes through its arms.
        let letter = [
            [5.0, 10.0],
            [15.0, 10.0],
            [15.0, 60.0],
            [75.0, 60.0],
            [75.0, 10.0],
            [85.0, 10.0],
            [85.0, 70.0],
            [5.0, 70.0],
        ];
        assert_eq!(outline(&letter), [1, 8], "not between the arms");
        assert_eq!(outline(&[]), [0; 0]);
        let behind =
            Camera::look_at(DVec3::new(0.0, -10.0, 0.0), DVec3::new(0.0, -20.0, 0.0), DVec3::Z, 100.0, 100, 80);
        let corners = vec![DVec2::ZERO, DVec2::new(100.0, 0.0), DVec2::new(100.0, 80.0), DVec2::new(0.0, 80.0)];
        let none = SelectionShape::Outline { camera: behind, corners, kind: OutlineKind::Rectangle };
        assert_eq!(selected(&none), [0; 0], "what is behind the camera is not in its image");
    }

    #[test]
    fn convexes_that_few_cameras_see_are_found() {
        let near = Camera::look_at(DVec3::new(0.0, -1.0, 0.0), DVec3::ZERO, DVec3::Z, 100.0, 100, 80);
        let fewer = |fewest: usize| selected(&SelectionShape::SeenByFewer { cameras: vec![camera(), near], fewest });
        assert_eq!(fewer(0), [0; 0]);
        assert_eq!(fewer(1), [0; 0], "the far one sees all");
        assert_eq!(fewer(2), [0, 1, 2, 3, 4, 6, 7, 8, 9, 10]);
        assert_eq!(fewer(3).len(), 11);
    }

    /// Prints how long selecting, counting and an edit take, milliseconds; `cargo test --release --lib`, `RAYON_NUM_THREADS=1` for one
    /// core.
    #[test]
    #[ignore = "measures"]
    fn time_of_a_million() {
        use crate::viewer::document::{EditList, SceneEdit};
        let turn = |i: u32| DVec2::from_angle(f64::from(i) * 0.03) * 30.0 + DVec2::splat(40.0);
        let corners: Vec<DVec2> = (0..200).map(turn).collect();
        let rectangle =
            vec![DVec2::new(5.0, 5.0), DVec2::new(95.0, 5.0), DVec2::new(95.0, 75.0), DVec2::new(5.0, 75.0)];
        let outline = |corners: Vec<DVec2>, kind| SelectionShape::Outline { camera: camera(), corners, kind };
        let half = DVec3::new(300.0, 300.0, 1.0);
        let shapes = [
            SelectionShape::All,
            outline(rectangle, OutlineKind::Rectangle),
            outline(corners, OutlineKind::Lasso),
            SelectionShape::Sphere { centre: DVec3::ZERO, radius: 300.0 },
            SelectionShape::Box(SelectionBox { centre: DVec3::ZERO, half, degrees: DVec3::splat(20.0) }),
            SelectionShape::Fainter(0.3),
            SelectionShape::Larger(0.2),
            SelectionShape::Beyond { centre: DVec3::ZERO, reach: 300.0 },
            SelectionShape::SeenByFewer { cameras: vec![camera(); 100], fewest: 1 },
        ];
        let timed = |name: &str, act: &mut dyn FnMut() -> usize| {
            let mut times = Vec::new();
            for _ in 0..5 {
                let begun = std::time::Instant::now();
                std::hint::black_box(act());
                times.push(begun.elapsed().as_secs_f64() * 1e3);
            }
            times.sort_by(f64::total_cmp);
            println!("{name}: {:.2} ms", times[2]);
        };
        for count in [100_000u32, 1_000_000] {
            println!("{count} convexes");
            // All before the camera, many in its picture.
            let place =
                |i: u32| (DVec3::new(f64::from(i % 1000) / 90.0 - 5.5, f64::from(i / 1000) / 90.0, 0.0), 0.1, 0.5);
            let table = table(&(0..count).map(place).collect::<Vec<_>>());
            for shape in &shapes {
                timed(&shape.words(), &mut || shape.select(&table).count());
            }
            let mut list = EditList::new(count as usize);
            let halves = [0, 1].map(|half| ConvexMask::from_fn(count as usize, |index| index % 2 == half));
            let mut turn = 0;
            timed("count", &mut || halves[0].count());
            timed("an edit", &mut || {
                turn += 1;
                usize::from(list.push(SceneEdit::Select(halves[turn % 2].clone()), ""))
            });
            timed("marks", &mut || list.state().marks().len());
            timed("undo", &mut || {
                list.undo();
                list.num_done()
            });
        }
    }
}
