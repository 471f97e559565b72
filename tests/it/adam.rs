//! Adam on the GPU against the twin.

use lapidary::gpu::{Commands, Gpu};
use lapidary::kernels::{Adam, AdamRecord, FinishStep, Rates, Status};
use lapidary::reference::adam::{AdamMoments, step};

use crate::support::compare::max_error;
use crate::support::device::{all_gpus, gpu};
use crate::support::toys::Random;

const ROW_WIDTH: usize = 48;
const RATES: Rates = Rates { front_width: 3, front: 0.01, rest: 0.0005 };

/// Values after `num_steps` with the gradients of a seed, and what the twin makes of them.
fn run(gpu: &Gpu, rows: usize, num_steps: u32, status: Status) -> (Vec<f32>, Vec<f64>) {
    let len = rows * ROW_WIDTH;
    let mut random = Random::new(3);
    let mut narrow = |size: f64| -> Vec<f32> { random.values(len, -size, size).iter().map(|x| *x as f32).collect() };
    let start = narrow(1.0);
    let values = gpu.upload("values", &start).unwrap();
    let moments = [gpu.zeros("first", len as u64).unwrap(), gpu.zeros("second", len as u64).unwrap()];
    let status = gpu.upload("status", &[status]).unwrap();
    let (adam, finish_step) = (Adam::new(gpu).unwrap(), FinishStep::new(gpu).unwrap());

    let mut expected: Vec<f64> = start.iter().copied().map(f64::from).collect();
    let [mut front, mut rest] = [AdamMoments::zeros(len), AdamMoments::zeros(len)];
    for index in 1..=num_steps {
        let gradient = narrow(10f64.powi(-(index as i32)));
        let record = AdamRecord {
            status: &status,
            row_width: ROW_WIDTH as u32,
            num_values: len as u64,
            rates: RATES,
            corrections: Adam::corrections(index),
            gradient: &gpu.upload("gradient", &gradient).unwrap(),
            values: &values,
            moments: [&moments[0], &moments[1]],
        };
        let mut commands = Commands::new(gpu, "adam");
        adam.record(&mut commands, record).unwrap();
        finish_step.record(&mut commands, &status).unwrap();
        commands.submit();

        let gradient: Vec<f64> = gradient.into_iter().map(f64::from).collect();
        let before = expected.clone();
        let mut with_front = before.clone();
        step(&mut with_front, &gradient, &mut front, RATES.front.into(), index as i32);
        step(&mut expected, &gradient, &mut rest, RATES.rest.into(), index as i32);
        for i in (0..len).filter(|i| i % ROW_WIDTH < 3) {
            expected[i] = with_front[i];
        }
    }
    let status = status.read(gpu).unwrap()[0];
    assert_eq!(status.num_steps, if status.has_overflowed == 1 { 0 } else { num_steps });
    (values.read(gpu).unwrap(), expected)
}

#[test]
fn steps_are_those_of_the_twin() {
    // The last device shows 16 384 values at a time, which is no whole number of rows.
    for (name, gpu) in all_gpus() {
        let (found, expected) = run(gpu, 400, 5, Status::default());
        let error = max_error(&found, &expected);
        assert!(error < 1e-6, "{error:.1e} on {name}");
    }
}

#[test]
fn nothing_changes_once_a_frame_did_not_fit() {
    let overflowed = Status { has_overflowed: 1, ..Status::default() };
    let (before, _) = run(gpu(), 10, 0, overflowed);
    let (after, _) = run(gpu(), 10, 3, overflowed);
    assert_eq!(before, after);
}
