//! Rebuilding a scene from edits, regularization and statistics on the GPU against the same on the processor.

use glam::DVec3;
use lapidary::gpu::{Buffer, Commands};
use lapidary::kernels::{Edit, Regularise, RegulariseArgs, ShapeEdit};
use lapidary::optimiser::Optimiser;
use lapidary::renderer::GpuScene;
use lapidary::scene::{NAMES, Params, Scene};

use crate::support::compare::{max_error, relative_error};
use crate::support::device::{all_gpus, gpu};
use crate::support::toys::{self, Random};

fn edit(source: u32, shape: ShapeEdit) -> Edit {
    Edit {
        source,
        shape: shape as u32,
        point: 0,
        keeps_moments: 0,
        scale: 0.5,
        sigma_exponent: 0.9,
        log_delta_shift: 0.25,
        raw_opacity: 0.125,
    }
}

fn points(scene: &Scene, id: usize) -> Vec<DVec3> {
    (0..scene.points_per_convex).map(|k| DVec3::from_array(scene.point(id, k).map(f64::from))).collect()
}

/// The points that an edit makes, on the processor.
fn edited(old: &[DVec3], edit: &Edit) -> Vec<DVec3> {
    let centroid = old.iter().sum::<DVec3>() / old.len() as f64;
    let furthest = old.iter().map(|p| *p - centroid).max_by(|a, b| a.length().total_cmp(&b.length())).unwrap();
    let axis = furthest.normalize();
    let along: Vec<f64> = old.iter().map(|p| axis.dot(*p - centroid)).collect();
    let (low, high) = along.iter().fold((f64::MAX, f64::MIN), |(low, high), x| (low.min(*x), high.max(*x)));
    let half = |end: f64| old.iter().zip(&along).map(|(p, x)| *p + axis * 0.5 * (end - x)).collect();
    match edit.shape {
        1 => half(high),
        2 => half(low),
        3 => old.iter().map(|p| old[edit.point as usize] + f64::from(edit.scale) * (*p - centroid)).collect(),
        _ => old.to_vec(),
    }
}

#[test]
fn a_scene_is_rebuilt_from_edits() {
    let mut random = Random::new(41);
    for k in [3, 6, 8] {
        let scene = toys::scene(&mut random, 9, k, 2).cast::<f32>();
        let mut optimiser = Optimiser::new(gpu(), GpuScene::upload(gpu(), &scene).unwrap()).unwrap();
        for (i, moment) in optimiser.moments().iter().enumerate() {
            for buffer in moment.as_ref().into_array() {
                buffer.write(gpu(), 0, &(0..buffer.len()).map(|at| (at + 1) as f32 + i as f32).collect::<Vec<_>>());
            }
        }
        let edits = [
            Edit { keeps_moments: 1, sigma_exponent: 1.0, log_delta_shift: 0.0, ..edit(4, ShapeEdit::Same) },
            edit(2, ShapeEdit::FrontHalf),
            edit(2, ShapeEdit::BackHalf),
            Edit { point: 1, ..edit(8, ShapeEdit::AtPoint) },
            edit(0, ShapeEdit::Same),
        ];
        optimiser.rebuild(&edits).unwrap();
        let new = optimiser.scene().params.as_ref().map(|values| values.read(gpu()).unwrap());
        let new = Scene { params: new, ..Scene::empty(k, 2) };
        new.check().unwrap();
        assert_eq!(new.len(), edits.len());
        for (i, edit) in edits.iter().enumerate() {
            let source = edit.source as usize;
            for (found, expected) in points(&new, i).iter().zip(edited(&points(&scene, source), edit)) {
                assert!((*found - expected).length() < 1e-5, "edit {i} at K = {k}: {found} {expected}");
            }
            let old = &scene.params;
            assert_eq!(new.params.log_delta[i], old.log_delta[source] + edit.log_delta_shift);
            assert_eq!(new.params.log_sigma[i], old.log_sigma[source] * edit.sigma_exponent);
            assert_eq!(new.params.raw_opacity[i], edit.raw_opacity);
            assert_eq!(new.params.sh[i * 48..(i + 1) * 48], old.sh[source * 48..(source + 1) * 48]);
        }
        for (i, moment) in optimiser.moments().iter().enumerate() {
            for (name, (buffer, width)) in moment.as_ref().zip(new.row_widths()).into_named() {
                let values = buffer.read(gpu()).unwrap();
                let kept: Vec<f32> = (0..width).map(|at| (4 * width + at + 1) as f32 + i as f32).collect();
                assert_eq!(values[..width], kept, "`{name}` moves along");
                assert!(values[width..].iter().all(|value| *value == 0.0), "`{name}` begins at zero");
            }
        }
    }
}

#[test]
fn rows_are_found_in_windows() {
    // SH of 800 convexes are 150 KiB.
    let (_, gpu) = all_gpus().iter().find(|(name, _)| name.contains("64 KiB")).unwrap();
    let scene = toys::scene(&mut Random::new(42), 800, 6, 3).cast::<f32>();
    let mut optimiser = Optimiser::new(gpu, GpuScene::upload(gpu, &scene).unwrap()).unwrap();
    let moments = optimiser.moments().each_ref().map(|moment| &moment.sh);
    for moment in moments {
        moment.write(gpu, 0, &scene.params.sh);
    }
    // Forwards, backwards and twice, and every third begins anew.
    let sources = (0..800).chain((0..800).rev().step_by(40)).chain([799, 799, 0, 5]);
    let edits: Vec<Edit> = sources
        .map(|source| Edit { keeps_moments: u32::from(source % 3 != 0), ..edit(source, ShapeEdit::Same) })
        .collect();
    optimiser.rebuild(&edits).unwrap();
    let row = |values: &[f32], i: usize| values[i * 48..(i + 1) * 48].to_vec();
    let sh = optimiser.scene().params.sh.read(gpu).unwrap();
    let moments = optimiser.moments().each_ref().map(|moment| moment.sh.read(gpu).unwrap());
    for (i, edit) in edits.iter().enumerate() {
        let old = row(&scene.params.sh, edit.source as usize);
        assert_eq!(row(&sh, i), old, "edit {i}");
        let kept = if edit.keeps_moments == 1 { old } else { vec![0.0; 48] };
        assert!(moments.iter().all(|moment| row(moment, i) == kept), "moments of edit {i}");
    }
}

#[test]
fn the_halves_of_a_split_box_make_up_the_box() {
    // Cut along its longest side, a box falls into two that share a face.
    let mut random = Random::new(1);
    let mut scene = toys::scene(&mut random, 1, 8, 0);
    let corners = (0..8).flat_map(|i| [f64::from(i & 1) * 9.0, f64::from(i >> 1 & 1) * 0.01, f64::from(i >> 2) * 0.01]);
    scene.params.points = corners.collect();
    let mut optimiser = Optimiser::new(gpu(), GpuScene::upload(gpu(), &scene.cast()).unwrap()).unwrap();
    optimiser.rebuild(&[edit(0, ShapeEdit::FrontHalf), edit(0, ShapeEdit::BackHalf)]).unwrap();
    let found = optimiser.scene().params.points.read(gpu()).unwrap();
    let range = |points: &[f32]| {
        let xs = points.iter().step_by(3);
        (xs.clone().copied().fold(f32::MAX, f32::min), xs.copied().fold(f32::MIN, f32::max))
    };
    let mut halves = [range(&found[..24]), range(&found[24..])];
    halves.sort_by(|a, b| a.0.total_cmp(&b.0));
    assert!(halves[0].0.abs() < 0.02 && (halves[0].1 - halves[1].0).abs() < 0.04 && (halves[1].1 - 9.0).abs() < 0.02);
}

/// Mean opacity and mean root-mean-square distance of the points from the centroid.
fn regularization_loss(scene: &Scene<f64>, opacity_weight: f64, extent_weight: f64) -> f64 {
    let n = scene.len() as f64;
    let opacity: f64 = scene.params.raw_opacity.iter().map(|raw| 1.0 / (1.0 + (-raw).exp())).sum();
    let extent = |row: &[f64]| {
        let points: Vec<DVec3> = row.chunks_exact(3).map(DVec3::from_slice).collect();
        let centroid = points.iter().sum::<DVec3>() / points.len() as f64;
        (points.iter().map(|p| p.distance_squared(centroid)).sum::<f64>() / points.len() as f64).sqrt()
    };
    let extents: f64 = scene.params.points.chunks_exact(scene.points_per_convex * 3).map(extent).sum();
    (opacity_weight * opacity + extent_weight * extents) / n
}

#[test]
fn regularization_has_the_gradient_of_its_difference_quotient() {
    let mut random = Random::new(6);
    let scene = toys::scene(&mut random, 5, 5, 0);
    let params = NAMES.zip(scene.cast::<f32>().params).map(|(name, values)| gpu().upload(name, &values).unwrap());
    let before: Params<Vec<f32>> = params.as_ref().map(|values| vec![0.5; values.len() as usize]);
    let gradients: Params<Buffer<f32>> = NAMES.zip(before).map(|(name, values)| gpu().upload(name, &values).unwrap());
    let (opacity, extent) = (0.7, 0.3);
    let args = RegulariseArgs { num_convexes: 5, opacity: opacity as f32, extent: extent as f32, padding: 0 };
    let mut commands = Commands::new(gpu(), "regularise");
    Regularise::new(gpu(), 5).unwrap().record(&mut commands, args, &params, &gradients).unwrap();
    commands.submit();

    let quotient = |change: &dyn Fn(&mut Scene<f64>, f64)| {
        let moved = |by: f64| {
            let mut moved = scene.clone();
            change(&mut moved, by);
            regularization_loss(&moved, opacity, extent)
        };
        (moved(1e-5) - moved(-1e-5)) / 2e-5
    };
    let found = gradients
        .as_ref()
        .map(|gradient| gradient.read(gpu()).unwrap().into_iter().map(|v| f64::from(v) - 0.5).collect::<Vec<f64>>());
    let of_points: Vec<f64> = (0..75).map(|i| quotient(&|scene, by| scene.params.points[i] += by)).collect();
    let of_opacity: Vec<f64> = (0..5).map(|i| quotient(&|scene, by| scene.params.raw_opacity[i] += by)).collect();
    assert!(relative_error(&found.points, &of_points) < 1e-4);
    assert!(relative_error(&found.raw_opacity, &of_opacity) < 1e-4);
    assert!(max_error(&found.sh, &vec![0.0; found.sh.len()]) == 0.0);
}
