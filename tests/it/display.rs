//! What is shown: edges of hulls, and (with the viewer) edited scenes, strips and modes.

use glam::DVec3;
use lapidary::gpu::{Commands, Gpu};
use lapidary::kernels::{AlterArgs, HullEdges};

use crate::support::device::{all_gpus, gpu};
use crate::support::toys::Random;

/// Pairs of points that the kernel takes for edges.
fn edges(gpu: &Gpu, corners: &[DVec3]) -> Vec<(usize, usize)> {
    let kernel = HullEdges::new(gpu, corners.len() as u32).unwrap();
    let points: Vec<f32> = corners.iter().flat_map(|corner| corner.as_vec3().to_array()).collect();
    let points = gpu.upload("points", &points).unwrap();
    let found = gpu.zeros::<u32>("hull_edges", 1).unwrap();
    let args = gpu.uniform("args", &AlterArgs { num_convexes: 1, ..AlterArgs::default() }).unwrap();
    let mut commands = Commands::new(gpu, "hull edges");
    kernel.record(&mut commands, &args, &(0..1), &points, &found).unwrap();
    commands.submit();
    let bits = found.read(gpu).unwrap()[0];
    let pairs = (0..corners.len()).flat_map(|i| (i + 1..corners.len()).map(move |j| (i, j)));
    pairs.enumerate().filter(|(pair, _)| bits & (1 << pair) != 0).map(|(_, pair)| pair).collect()
}

fn cube() -> Vec<DVec3> {
    let corner = |bits: u32| DVec3::new((bits & 1).into(), (bits >> 1 & 1).into(), (bits >> 2).into());
    (0..8).map(corner).collect()
}

#[test]
fn edges_of_hulls_are_those_of_the_solid() {
    for (name, gpu) in all_gpus() {
        let of_cube = edges(gpu, &cube());
        assert_eq!(of_cube.len(), 12, "{name}: {of_cube:?}");
        assert!(of_cube.iter().all(|(i, j)| (i ^ j).count_ones() == 1), "{name}: no diagonal: {of_cube:?}");
        let octahedron: Vec<DVec3> = DVec3::AXES.into_iter().flat_map(|axis| [axis, -axis]).collect();
        let expected: Vec<(usize, usize)> =
            (0..6).flat_map(|i| (i + 1..6).map(move |j| (i, j))).filter(|(i, j)| i / 2 != j / 2).collect();
        assert_eq!(edges(gpu, &octahedron), expected, "{name}");
        let tetrahedron_and_inner = [DVec3::ZERO, DVec3::X, DVec3::Y, DVec3::Z, DVec3::splat(0.2)];
        assert_eq!(edges(gpu, &tetrahedron_and_inner), [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)], "{name}");
    }
}

#[test]
fn a_turned_solid_has_the_same_edges() {
    let mut random = Random::new(4);
    for _ in 0..20 {
        let turn = glam::DQuat::from_scaled_axis(random.vector(3.0));
        let turned: Vec<DVec3> = cube().iter().map(|corner| turn * *corner * 0.03 + random_offset()).collect();
        assert_eq!(edges(gpu(), &turned).len(), 12);
    }
}

const fn random_offset() -> DVec3 {
    DVec3::new(2.0, -1.0, 0.5)
}

#[cfg(feature = "viewer")]
mod scene_view {
    use glam::{DVec2, DVec3};
    use lapidary::camera::{Camera, RenderOptions};
    use lapidary::constants::SH_C0;
    use lapidary::kernels::{ConvexMark, DisplayMode};
    use lapidary::renderer::Pictures;
    use lapidary::scene::{Params, Scene};
    use lapidary::viewer::{CropBox, PictureBuffer, SceneView, ViewSettings};

    use crate::support::device::gpu;
    use crate::support::renderers::Renderers;
    use crate::support::toys::{self, Random};

    fn toy() -> (Scene, Camera) {
        let mut random = Random::new(11);
        (toys::scene(&mut random, 60, 5, 2).cast(), toys::camera(&mut random, 150, 100))
    }

    fn view_of(scene: &Scene) -> SceneView {
        let mut scene_view = SceneView::new(gpu()).unwrap();
        scene_view.set_scene(scene).unwrap();
        scene_view
    }

    fn shown(scene_view: &mut SceneView, camera: &Camera, settings: &ViewSettings) -> Vec<u8> {
        scene_view.picture(camera, settings, [1.0, 8.0]).unwrap().to_rgb8()
    }

    fn pictures(scene: &Scene, camera: &Camera) -> Pictures {
        Renderers::new(gpu()).render(scene, camera, &RenderOptions::default())
    }

    /// Part of the values that are more than one level apart.
    fn apart(a: &[u8], b: &[u8]) -> f64 {
        assert_eq!(a.len(), b.len());
        a.iter().zip(b).filter(|(a, b)| a.abs_diff(**b) > 1).count() as f64 / a.len() as f64
    }

    #[test]
    fn colour_and_alpha_are_those_of_the_frame() {
        let (scene, camera) = toy();
        let frame = pictures(&scene, &camera);
        let byte = |value: f32| (value.clamp(0.0, 1.0) * 255.0).round() as u8;
        let colour: Vec<u8> = frame.rgba.iter().flat_map(|pixel| [pixel[0], pixel[1], pixel[2]].map(byte)).collect();
        let alpha: Vec<u8> = frame.rgba.iter().flat_map(|pixel| [byte(pixel[3]); 3]).collect();
        let mut scene_view = view_of(&scene);
        assert_eq!(apart(&shown(&mut scene_view, &camera, &ViewSettings::default()), &colour), 0.0);
        let settings = ViewSettings { mode: DisplayMode::Alpha, ..ViewSettings::default() };
        assert_eq!(apart(&shown(&mut scene_view, &camera, &settings), &alpha), 0.0);
    }

    /// The outward normal of the facet where a ray from the origin of the camera enters a hull, by all planes through three
    /// points that have the others on one side.
    fn entered(corners: &[DVec3], camera: &Camera, ray: DVec3) -> DVec3 {
        let eye = camera.position();
        let mut found = (f64::NEG_INFINITY, DVec3::ZERO);
        let n = corners.len();
        let triples = (0..n).flat_map(|i| (0..n).flat_map(move |j| (0..n).map(move |k| (i, j, k))));
        for (i, j, k) in triples.filter(|(i, j, k)| i != j && j != k && i != k) {
            let normal = (corners[j] - corners[i]).cross(corners[k] - corners[i]).normalize();
            let is_facet = corners.iter().all(|corner| normal.dot(*corner - corners[i]) < 1e-9);
            let depth = normal.dot(corners[i] - eye) / normal.dot(ray);
            if is_facet && normal.dot(ray) < 0.0 && normal.dot(corners[i] - eye) < 0.0 && depth > found.0 {
                found = (depth, normal);
            }
        }
        found.1
    }

    #[test]
    fn normals_are_those_of_the_facets_that_rays_enter() {
        let (scene, camera) = toy();
        let ids = pictures(&scene, &camera).inspection.unwrap();
        let frame = pictures(&scene, &camera);
        let settings =
            ViewSettings { mode: DisplayMode::Normal, background: [0.25, 0.5, 0.75], ..ViewSettings::default() };
        let (mut judged, mut off) = (0, 0);
        for gpu in [gpu(), &crate::support::device::all_gpus().last().unwrap().1] {
            let mut scene_view = SceneView::new(gpu).unwrap();
            scene_view.set_scene(&scene).unwrap();
            let picture = shown(&mut scene_view, &camera, &settings);
            for (at, [id, _]) in ids.iter().enumerate() {
                let alpha = frame.rgba[at][3];
                let Ok(id) = usize::try_from(*id) else { continue };
                if id >= scene.len() {
                    assert_eq!(picture[at * 3..][..3], [64, 128, 191], "background");
                    continue;
                }
                let corners: Vec<DVec3> =
                    (0..5).map(|k| glam::Vec3::from_array(scene.point(id, k)).as_dvec3()).collect();
                let pixel = DVec2::new((at % 150) as f64 + 0.5, (at / 150) as f64 + 0.5);
                let normal = entered(&corners, &camera, camera.ray(pixel));
                let expected = [0, 1, 2].map(|i| {
                    let colour = f64::from(settings.background[i]) * f64::from(1.0 - alpha)
                        + (0.5 + 0.5 * normal[i]) * f64::from(alpha);
                    (colour * 255.0).round() as i32
                });
                judged += 1;
                let apart = (0..3).any(|i| (i32::from(picture[at * 3 + i]) - expected[i]).abs() > 2);
                off += usize::from(apart);
            }
        }
        // On the border of two facets, rounding decides.
        assert!(judged > 2000 && off * 200 < judged, "{off} of {judged} pixels");
    }

    #[test]
    fn every_mode_is_another_picture() {
        let (scene, camera) = toy();
        let mut scene_view = view_of(&scene);
        let all_settings = DisplayMode::ALL.map(|mode| ViewSettings { mode, ..ViewSettings::default() });
        let pictures = all_settings.map(|settings| shown(&mut scene_view, &camera, &settings));
        for (i, a) in pictures.iter().enumerate() {
            for (j, b) in pictures[..i].iter().enumerate() {
                assert!(apart(a, b) > 0.1, "{:?} and {:?}", DisplayMode::ALL[i], DisplayMode::ALL[j]);
            }
        }
        let with_hulls = shown(&mut scene_view, &camera, &ViewSettings { hulls: true, ..ViewSettings::default() });
        let changed = apart(&with_hulls, &pictures[0]);
        assert!((0.005..0.6).contains(&changed), "{changed}");
    }

    #[test]
    fn strips_make_the_picture_that_one_frame_makes() {
        let (scene, camera) = toy();
        let mut scene_view = view_of(&scene);
        let settings = ViewSettings { hulls: true, ..ViewSettings::default() };
        let drawn = |scene_view: &mut SceneView, rows: u32| {
            let buffer = PictureBuffer::new(gpu(), [camera.width, camera.height]).unwrap();
            for first in (0..camera.height).step_by(rows as usize) {
                let rows = rows.min(camera.height - first);
                scene_view.draw(&camera, &settings, [1.0, 8.0], &buffer, [first, rows], false).unwrap();
            }
            buffer.read(gpu()).unwrap().concat()
        };
        let (whole, strips) = (drawn(&mut scene_view, 100), drawn(&mut scene_view, 32));
        let apart = apart(&whole, &strips);
        // Places relative to another border are rounded otherwise; an edge may step at another pixel.
        assert!(apart < 2e-3, "{apart}");
    }

    #[test]
    fn edits_are_those_made_on_the_host() {
        let (scene, camera) = toy();
        let kept =
            |keep: &dyn Fn(usize) -> bool| scene.gather(&(0..scene.len()).filter(|i| keep(*i)).collect::<Vec<_>>());
        let centroid = |i: usize| {
            let points = (0..5).map(|k| glam::Vec3::from_array(scene.point(i, k)).as_dvec3());
            points.sum::<DVec3>() / 5.0
        };
        let opacity = |i: usize| 1.0 / (1.0 + (-scene.params.raw_opacity[i]).exp());
        let opaque = kept(&|i| opacity(i) >= 0.5);
        let crop = CropBox { low: DVec3::new(-0.3, -9.0, -9.0), high: DVec3::splat(9.0), degrees: DVec3::ZERO };
        let cropped = kept(&|i| centroid(i).x >= -0.3);
        let turned =
            CropBox { low: DVec3::new(-0.4, -9.0, -9.0), high: DVec3::new(0.4, 9.0, 9.0), degrees: DVec3::Z * 50.0 };
        let in_turned = kept(&|i| turned.oriented().contains(centroid(i)));
        let smaller = Scene {
            params: Params {
                points: (0..scene.len() * 5)
                    .flat_map(|at| {
                        let c = centroid(at / 5);
                        let moved = c + 0.5 * (glam::Vec3::from_array(scene.point(at / 5, at % 5)).as_dvec3() - c);
                        moved.as_vec3().to_array()
                    })
                    .collect(),
                log_delta: scene.params.log_delta.iter().map(|value| value - 0.5f32.ln()).collect(),
                ..scene.params.clone()
            },
            ..scene.clone()
        };
        let flat = Scene { sh_degree: 0, ..scene.clone() };
        let plain = ViewSettings::default();
        let cases = [
            ("opacity", ViewSettings { min_opacity: 0.5, ..plain }, opaque),
            ("crop", ViewSettings { crop: Some(crop), ..plain }, cropped),
            ("turned crop", ViewSettings { crop: Some(turned), ..plain }, in_turned),
            ("scale", ViewSettings { scale: 0.5, ..plain }, smaller),
            ("SH degree", ViewSettings { sh_degree: 0, ..plain }, flat),
        ];
        let mut edited = view_of(&scene);
        let unedited = shown(&mut edited, &camera, &plain);
        for (name, settings, expected) in cases {
            let picture = shown(&mut edited, &camera, &settings);
            let expected = shown(&mut view_of(&expected), &camera, &plain);
            assert!(apart(&picture, &expected) < 1e-3, "{name}: {}", apart(&picture, &expected));
            assert!(apart(&picture, &unedited) > 0.01, "{name} changes the image");
        }
        assert_eq!(shown(&mut edited, &camera, &plain), unedited, "and back");
    }

    #[test]
    fn hidden_convexes_are_not_drawn_and_selected_ones_are_tinted() {
        let (scene, camera) = toy();
        let mark = |i: usize| [ConvexMark::Plain, ConvexMark::Hidden, ConvexMark::Selected][i % 3];
        let marks: Vec<ConvexMark> = (0..scene.len()).map(mark).collect();
        let mut expected = scene.clone();
        for (i, mark) in marks.iter().enumerate() {
            match mark {
                ConvexMark::Plain => {}
                ConvexMark::Hidden => expected.params.raw_opacity[i] = -1e4,
                ConvexMark::Selected => {
                    let row = &mut expected.params.sh[48 * i..48 * (i + 1)];
                    row.iter_mut().for_each(|value| *value *= 0.35);
                    for (value, tint) in row.iter_mut().zip([1.0f32, 0.85, 0.0]) {
                        *value += 0.65 * (tint - 0.5) / SH_C0 as f32;
                    }
                }
            }
        }
        let plain = ViewSettings::default();
        for settings in [plain, ViewSettings { scale: 0.7, ..plain }, ViewSettings { hulls: true, ..plain }] {
            let mut marked = view_of(&scene);
            let unmarked = shown(&mut marked, &camera, &settings);
            marked.set_marks(&marks).unwrap();
            let picture = shown(&mut marked, &camera, &settings);
            let expected = shown(&mut view_of(&expected), &camera, &settings);
            assert!(apart(&picture, &expected) < 1e-3, "{settings:?}: {}", apart(&picture, &expected));
            assert!(apart(&picture, &unmarked) > 0.01, "{settings:?}: the marks are seen");
            marked.set_marks(&[]).unwrap();
            assert_eq!(shown(&mut marked, &camera, &settings), unmarked, "and back");
        }
    }

    #[test]
    fn a_pick_finds_the_heaviest_convex_and_its_depth() {
        let (scene, camera) = toy();
        let frame = pictures(&scene, &camera);
        let mut scene_view = view_of(&scene);
        let ids = frame.inspection.unwrap();
        let mut found = 0;
        for at in (0..ids.len()).step_by(97) {
            let (x, y) = (at % 150, at / 150);
            let pixel = DVec2::new(x as f64 + 0.5, y as f64 + 0.5);
            let picked = scene_view.pick(&camera, &ViewSettings::default(), pixel).unwrap();
            let alpha = frame.rgba[at][3];
            assert_eq!(picked.is_some(), alpha >= 0.1, "pixel {x}, {y}: {alpha}");
            let Some(picked) = picked else { continue };
            let depth = camera.view_from_world.transform_point3(picked.point).z;
            let expected = f64::from(frame.depth[at] / alpha);
            assert!((depth / expected - 1.0).abs() < 1e-3, "pixel {x}, {y}: {depth}, expected {expected}");
            assert_eq!(picked.convex, ids[at][0], "pixel {x}, {y}");
            found += 1;
        }
        assert!(found > 20);
    }

    /// The window shows a scene at its place in the world: edited, cropped, with edges of hulls, and under the pointer.
    #[test]
    fn a_scene_with_an_origin_is_shown_as_one_without() {
        let (scene, camera) = toy();
        let origin = DVec3::new(448_262.25, 5_411_932.5, 250.0);
        let (far, far_camera) = (Scene { origin, ..scene.clone() }, camera.relative_to(-origin));
        let (mut near_view, mut far_view) = (view_of(&scene), view_of(&far));
        let crop = |by: DVec3| {
            Some(CropBox { low: by + DVec3::new(-0.3, -9.0, -9.0), high: by + DVec3::splat(9.0), degrees: DVec3::ZERO })
        };
        let plain = ViewSettings::default();
        for settings in
            [plain, ViewSettings { hulls: true, ..plain }, ViewSettings { mode: DisplayMode::Normal, ..plain }]
        {
            for is_cropped in [false, true] {
                let settings = |by: DVec3| ViewSettings { crop: crop(by).filter(|_| is_cropped), ..settings };
                let expected = shown(&mut near_view, &camera, &settings(DVec3::ZERO));
                let found = shown(&mut far_view, &far_camera, &settings(origin));
                assert!(apart(&found, &expected) < 1e-3, "{}", apart(&found, &expected));
            }
        }
        for pixel in [DVec2::new(75.0, 50.0), DVec2::new(60.0, 40.0)] {
            let near = near_view.pick(&camera, &plain, pixel).unwrap().unwrap();
            let far = far_view.pick(&far_camera, &plain, pixel).unwrap().unwrap();
            assert!(far.convex == near.convex && far.point.distance(near.point + origin) < 1e-3, "{far:?}, {near:?}");
        }
    }

    /// A dataset without a scene may be opened where a scene was shown before.
    #[test]
    fn without_a_scene_nothing_is_left_of_the_picture_before() {
        let (scene, camera) = toy();
        let settings = ViewSettings { background: [1.0, 0.5, 0.0], ..ViewSettings::default() };
        let buffer = PictureBuffer::new(gpu(), [camera.width, camera.height]).unwrap();
        let rows = [0, camera.height];
        view_of(&scene).draw(&camera, &settings, [0.0, 1.0], &buffer, rows, false).unwrap();
        assert!(buffer.read(gpu()).unwrap().iter().any(|pixel| *pixel != [255, 128, 0, 255]));
        SceneView::new(gpu()).unwrap().draw(&camera, &settings, [0.0, 1.0], &buffer, rows, false).unwrap();
        assert!(buffer.read(gpu()).unwrap().iter().all(|pixel| *pixel == [255, 128, 0, 255]));
    }

    #[test]
    fn a_missing_scene_and_an_empty_scene_are_background() {
        let (_, camera) = toy();
        let settings = ViewSettings { background: [1.0, 0.5, 0.0], ..ViewSettings::default() };
        let mut scene_view = view_of(&Scene::empty(6, 0));
        let picture = shown(&mut scene_view, &camera, &settings);
        assert!(picture.chunks_exact(3).all(|rgb| rgb == [255, 128, 0]));
        assert_eq!(scene_view.pick(&camera, &settings, DVec2::new(5.0, 5.0)).unwrap(), None);
        let mut empty = SceneView::new(gpu()).unwrap();
        assert_eq!(empty.pick(&camera, &settings, DVec2::ZERO).unwrap(), None);
    }
}
