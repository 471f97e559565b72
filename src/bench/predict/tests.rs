use super::*;
use crate::bench::run::{Counts, Workload};
use crate::bench::sample::Times;

/// A frame of 1000 convexes in 64×32 pixels with counts that are easy to reckon with.
fn run(what: Workload) -> BenchRun {
    let visits = Visits {
        forward: [800.0, 300.0, 200.0],
        backward: [800.0, 300.0, 200.0],
        near: [400.0, 200.0, 150.0],
        smooth: [40.0, 20.0, 10.0],
        drawn: [300.0, 150.0, 100.0],
        batches: [16.0, 40.0],
        drawn_instances: 250.0,
        visible: 500.0,
        ..Visits::default()
    };
    let counts = Counts {
        instances: 400.0,
        idle_instances: 0.0,
        tested_pairs: 0.0,
        drawn_pairs: 0.0,
        slow_path_rate: 0.0,
        visits: Some(visits),
    };
    BenchRun {
        what,
        num_convexes: 1000,
        width: 64,
        height: 32,
        num_views: 1,
        counts,
        upload_seconds: 0.0,
        waited: Times::of(vec![1.0]),
        device: None,
        kernels: Vec::new(),
        per_second: 0.0,
        hashes: Vec::new(),
        device_peak_bytes: 0,
        predictions: Vec::new(),
    }
}

/// One processor at 1 GHz that takes one instruction of 32 lanes a clock, and moves a byte in a nanosecond.
fn simple() -> Machine {
    let first = *machine("h100").unwrap();
    Machine {
        processors: 1.0,
        gigahertz: 1.0,
        gigabytes_per_second: 1.0 / BANDWIDTH_SHARE,
        rates: [1.0; 4],
        launch_microseconds: 3.0,
        ..first
    }
}

fn of(name: &str, prediction: &Prediction) -> KernelPrediction {
    prediction.kernels.iter().find(|kernel| kernel.name == name).unwrap().clone()
}

/// The numbers of a piece, from the table itself: instructions, and cycles alone.
fn piece(kernel: &str, name: &str) -> [f64; 2] {
    let figures = Figures::of(kernel, "ga102");
    let piece = figures.pieces.iter().find(|piece| piece.name == name).unwrap();
    [piece.issues, piece.cycles]
}

#[test]
fn a_kernel_takes_the_longest_of_issue_memory_and_latency_and_its_launches() {
    let prediction = predict(&run(Workload::Iteration), 6, &simple()).unwrap();
    // 69 values of 1000 convexes, 32 at a time: 97 instructions and 28 bytes each.
    let adam = of("adam", &prediction);
    let subgroups = 69.0 * 1000.0 / 32.0;
    let [issues, cycles] = piece("adam", "all");
    let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-9 * b, "{a} is not {b}");
    near(adam.issue, subgroups * issues * 1e-6);
    near(adam.memory, 69.0 * 1000.0 * 28.0 * 1e-6);
    // Two reads of 500 cycles each, 48 subgroups at a time.
    near(adam.latency, subgroups * (cycles + 1000.0) / 48.0 * 1e-6);
    near(adam.launch, 5.0 * 3.0e-3);
    near(adam.milliseconds, adam.memory + adam.launch);
    assert_eq!(adam.bound, Bound::Memory);
    assert_eq!(of("finish_step", &prediction).bound, Bound::Launch);
    near(prediction.milliseconds, prediction.kernels.iter().map(|kernel| kernel.milliseconds).sum());
}

#[test]
fn visits_of_the_width_of_the_machine_pay_for_the_pieces_that_they_reach() {
    let issues = |piece_name: &str| piece("rasterize", piece_name)[0];
    let expected = |width: usize| {
        let Visits { forward, near, smooth, drawn, .. } = run(Workload::Frame).counts.visits.unwrap();
        // Eight tiles of 64 threads, and 16 batches.
        let tiles = 64.0 / f64::from(WIDTHS[width]);
        let sum = 8.0 * tiles * issues("start")
            + 16.0 * tiles * issues("batch")
            + forward[width] * issues("visit")
            + (forward[width] - near[width]) * issues("far")
            + near[width] * issues("near")
            + smooth[width] * issues("smooth")
            + drawn[width] * issues("drawn");
        sum * f64::from(WIDTHS[width]) / 32.0
    };
    for width in [1, 2] {
        let predicted = predict(&run(Workload::Frame), 6, &Machine { width, ..simple() }).unwrap();
        let issue = of("rasterize", &predicted).issue * 1e6;
        assert!((issue - expected(width)).abs() < 1e-6 * issue, "{issue} is not {}", expected(width));
    }
    assert!(predict(&run(Workload::Frame), 6, &simple()).unwrap().kernels.len() == 13);
}

#[test]
fn twice_the_machine_takes_half_of_the_time_and_a_cache_saves_reads() {
    let run = run(Workload::Frame);
    let [one, two] = [1.0, 2.0].map(|processors| {
        let machine = Machine { processors, gigahertz: processors, ..simple() };
        of("project", &predict(&run, 6, &machine).unwrap())
    });
    assert!((one.issue / two.issue - 4.0).abs() < 1e-9 && (one.memory - two.memory).abs() < 1e-12);
    let [small, large] = [1.0, 1e9].map(|cache_bytes| {
        let machine = Machine { cache_bytes, ..simple() };
        of("rasterize", &predict(&run, 6, &machine).unwrap()).memory
    });
    // 400 instances of 196 bytes, or 500 convexes of 160 and 400 words; 2048 pixels of 20 bytes.
    let expected = [400.0 * 196.0, 500.0 * 160.0 + 400.0 * 4.0].map(|bytes| (bytes + 2048.0 * 20.0) * 1e-6);
    assert!((small - expected[0]).abs() < 1e-9 && (large - expected[1]).abs() < 1e-9, "{small}, {large}");
}

#[test]
fn without_visits_nothing_is_predicted() {
    let mut run = run(Workload::Frame);
    run.counts.visits = None;
    assert_eq!(predict(&run, 6, &simple()), None);
}

#[test]
fn every_machine_knows_every_kernel() {
    for machine in &MACHINES {
        let prediction = predict(&run(Workload::Iteration), 6, machine).unwrap();
        assert_eq!(prediction.kernels.len(), 26);
        for kernel in &prediction.kernels {
            let numbers = [kernel.issue, kernel.memory, kernel.latency, kernel.milliseconds];
            assert!(
                numbers.iter().all(|number| number.is_finite()) && kernel.issue > 0.0,
                "{}: {kernel:?}",
                machine.name
            );
        }
    }
    assert_eq!(machine("H100").unwrap().title, "NVIDIA H100 SXM");
    let refused = machine("voodoo2").unwrap_err();
    assert!(MACHINES.iter().all(|machine| refused.contains(machine.name)), "{refused}");
}

#[test]
fn the_model_names_pieces_that_there_are() {
    let work = Work::of(&run(Workload::Iteration), 7).unwrap();
    for kernel in work.kernels() {
        let pieces = Figures::of(kernel, "ga102").pieces;
        assert!(!pieces.is_empty(), "{kernel}");
        let runs = pieces.iter().filter(|piece| work.piece(kernel, piece.name, 1).0 > 0.0).count();
        assert!(runs > 0, "{kernel}");
    }
}
