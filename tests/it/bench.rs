//! `lapidary bench` as a user runs it: fields, hashes, comparisons, growth, bad input.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use lapidary::bench::{BenchReport, CloudKind, CompareError, ConvexCloud, Visits, compare, parse};
use lapidary::camera::RenderOptions;
use lapidary::renderer::{GpuScene, Outputs, Renderer};
use lapidary::scene_file;
use serde_json::Value;

use crate::cli::{refused, succeeds, text};

/// Measures a few convexes in a small picture, with more options, into this file.
fn bench(json: &Path, more: &[&str]) -> (String, Value) {
    let mut args =
        vec!["bench", "--size", "48x32", "--views", "2", "--frames", "3", "--warm-up", "0", "--json", text(json)];
    args.extend(more);
    let table = succeeds(&args);
    (table, serde_json::from_slice(&std::fs::read(json).unwrap()).unwrap())
}

fn number(value: &Value, path: &str) -> f64 {
    value.pointer(path).and_then(Value::as_f64).unwrap_or_else(|| panic!("{path} of {value}"))
}

#[test]
fn frames_and_iterations_are_counted_timed_and_the_same_every_time() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("1.json"), folder.path().join("2.json"));
    let (table, report) = bench(&first, &["--synthetic", "200", "--train"]);
    for run in ["/runs/0", "/runs/1"] {
        let run = report.pointer(run).unwrap();
        let counts = ["instances", "tested_pairs", "drawn_pairs"].map(|name| number(run, &format!("/counts/{name}")));
        assert!(counts[0] > 200.0 && counts[1] > counts[2] && counts[2] > 1000.0, "{counts:?}");
        assert!((0.0..=1.0).contains(&number(run, "/counts/slow_path_rate")));
        let times = ["p50", "p95", "p99"].map(|name| number(run, &format!("/waited/{name}")));
        assert!(times[0] > 0.0 && times.is_sorted(), "{times:?}");
        assert!(number(run, "/waited/samples") == 3.0 && number(run, "/per_second") > 0.0);
        assert!(number(run, "/device_peak_bytes") > 200.0 * 276.0);
        let has_timestamps = report["device"]["has_timestamps"].as_bool().unwrap();
        assert_eq!(run["device"].is_object(), has_timestamps);
        assert_eq!(run["kernels"].as_array().unwrap().iter().any(|k| k["name"] == "rasterize"), has_timestamps);
    }
    assert_eq!(
        (report["runs"][0]["what"].as_str(), report["runs"][1]["what"].as_str()),
        (Some("frame"), Some("iteration"))
    );
    assert!(report["build"]["version"].is_string() && report["build"]["commit"].is_string());
    for part in ["frame: 200 convexes, 48×32", "iteration: 200", "p99", "slow path", "commit", "rasterize"] {
        assert!(table.contains(part), "{part}: {table}");
    }

    let (_, again) = bench(&second, &["--synthetic", "200", "--train"]);
    let hashes = |report: &Value| [0, 1].map(|run| report["runs"][run]["hashes"].clone());
    assert_eq!(hashes(&report), hashes(&again));
    let of_frame = report["runs"][0]["hashes"].as_array().unwrap();
    assert!(of_frame.len() == 2 && of_frame[0] != of_frame[1], "{of_frame:?}");
}

/// The report with every time a hundred times smaller, of samples enough to judge by.
fn faster(report: &Value) -> Value {
    let mut faster = report.clone();
    for run in faster["runs"].as_array_mut().unwrap() {
        for times in ["waited/best", "waited/p50", "device/best", "device/p50"] {
            if let Some(time) = run.pointer_mut(&format!("/{times}")) {
                *time = (time.as_f64().unwrap() / 100.0).into();
            }
        }
        for samples in ["/waited/samples", "/device/samples"] {
            run.pointer_mut(samples).into_iter().for_each(|samples| *samples = 9.into());
        }
    }
    faster
}

#[test]
fn a_baseline_that_was_faster_fails() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let (_, report) = bench(&file("now.json"), &["--synthetic", "100"]);
    std::fs::write(file("fast.json"), faster(&report).to_string()).unwrap();
    let (now, fast) = (file("now.json"), file("fast.json"));
    let small = ["bench", "--synthetic", "100", "--size", "48x32", "--views", "2", "--frames", "6", "--warm-up", "0"];
    let against = |baseline, threshold| [&small[..], &["--baseline", baseline, "--threshold", threshold]].concat();
    let parts = ["fast.json", "--threshold 10", "frame of 100 convexes at 48×32: "];
    refused(&against(text(&fast), "10"), 1, &parts);
    assert!(succeeds(&against(text(&now), "1000")).contains("same hashes"));
    let few = [&small[..5], &["--frames", "2", "--warm-up", "0", "--views", "2", "--baseline", text(&fast)]].concat();
    assert!(succeeds(&few).contains("cannot be judged: this measurement has 2 samples, and 5 are needed"));
}

#[test]
fn reports_are_compared_by_workload_and_size() {
    let folder = tempfile::tempdir().unwrap();
    let (_, value) = bench(&folder.path().join("now.json"), &["--synthetic", "64"]);
    let report: BenchReport = serde_json::from_value(value.clone()).unwrap();
    let against = |before: &Value| parse(before.to_string().as_bytes()).and_then(|before| compare(&report, &before));
    let ratios = |before: &Value| against(before).map(|found| found.ratios);
    assert_eq!(ratios(&value).unwrap()[0].ratio(), 1.0);
    let slow = ratios(&faster(&value)).unwrap();
    assert!((slow[0].ratio() - 100.0).abs() < 1e-6 && slow[0].is_same);
    let mut other = value.clone();
    let source = |before: &Value| against(before).unwrap().other_source;
    assert_eq!(source(&other), None);
    other["source"]["scene"] = "another scene".into();
    assert!(source(&other).is_some_and(|found| found.starts_with("another scene")));
    other["runs"][0]["hashes"][0] = "0".into();
    assert!(!ratios(&other).unwrap()[0].is_same);
    other["runs"][0]["num_convexes"] = 65.into();
    assert_eq!(ratios(&other).unwrap_err(), CompareError::NothingInCommon);
    other["format"] = "something".into();
    assert!(ratios(&other).unwrap_err().to_string().contains("something"));
}

#[test]
fn a_sweep_fits_the_growth_of_the_times() {
    let folder = tempfile::tempdir().unwrap();
    let plot = folder.path().join("growth.svg");
    let args = ["--synthetic", "1024", "--sweep", "--seconds", "0.01", "--plot", text(&plot), "--size", "64x64"];
    let (table, report) = {
        let json = folder.path().join("sweep.json");
        let mut all = vec!["bench", "--views", "1", "--frames", "2", "--warm-up", "0", "--json", text(&json)];
        all.extend(args);
        (succeeds(&all), serde_json::from_slice::<Value>(&std::fs::read(&json).unwrap()).unwrap())
    };
    let sizes: Vec<(u64, u64)> = report["runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| (run["num_convexes"].as_u64().unwrap(), run["width"].as_u64().unwrap()))
        .collect();
    assert_eq!(sizes, [(1024, 32), (64, 64), (256, 64), (1024, 64)]);
    let growth = report["growth"].as_array().unwrap();
    for (over, points) in [("convexes", 3), ("pixels", 2)] {
        let found = growth.iter().find(|growth| growth["over"] == over && growth["kernel"].is_null()).unwrap();
        assert!(found["points"] == points && number(found, "/exponent").abs() < 5.0, "{found}");
    }
    assert!(table.contains("growth:") && table.contains("over pixels"), "{table}");
    let svg = std::fs::read_to_string(plot).unwrap();
    assert!(svg.starts_with("<svg") && svg.contains("over convexes") && svg.matches("<polyline").count() == 2);
}

#[test]
fn a_scene_file_is_measured_from_the_cameras_of_a_dataset() {
    let folder = crate::cli::dataset();
    let gems = folder.path().join("gems");
    let scene = gems.join("scene.safetensors");
    let (table, report) = bench(&folder.path().join("gems.json"), &[text(&scene), "--dataset", text(&gems)]);
    assert!(table.contains("scene.safetensors") && number(&report, "/runs/0/counts/drawn_pairs") > 0.0);
    assert_eq!(report["runs"][0]["num_views"], 1);
}

#[test]
fn bad_input_is_one_error() {
    let folder = tempfile::tempdir().unwrap();
    let (junk, empty) = (folder.path().join("junk.json"), folder.path().join("empty.safetensors"));
    std::fs::write(&junk, "{}").unwrap();
    scene_file::save(&lapidary::scene::Scene::empty(6, 3), &empty).unwrap();
    refused(&["bench"], 2, &["SCENE"]);
    refused(&["bench", "absent.safetensors"], 2, &["absent.safetensors"]);
    refused(&["bench", text(&junk)], 2, &["junk.json", ".safetensors"]);
    refused(&["bench", text(&empty)], 2, &["empty.safetensors", "no convexes"]);
    refused(&["bench", "--synthetic", "0"], 2, &["20k"]);
    refused(&["bench", "--synthetic", "9", "--size", "9999x9"], 2, &["8192"]);
    refused(&["bench", "--synthetic", "9", "--baseline", "absent.json"], 2, &["absent.json"]);
    let machines = ["--predict", "voodoo2", "h100", "rtx4090", "rtx3080", "rx7900xtx", "m1", "m2"];
    refused(&["bench", "--synthetic", "9", "--predict", "h100,voodoo2"], 2, &machines);
    refused(&["bench", "--synthetic", "9", "--adapter", "no such thing"], 3, &["no such thing"]);
    // It is read first: the device that does not exist is not asked for.
    let small = ["bench", "--synthetic", "9", "--adapter", "no such thing", "--baseline", text(&junk)];
    refused(&small, 2, &["junk.json", "not a report"]);
}

#[test]
fn a_written_cloud_equals_the_cloud() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cloud.safetensors");
    succeeds(&[
        "bench",
        "--synthetic",
        "70",
        "--cloud",
        "dense",
        "--size",
        "32x32",
        "--frames",
        "1",
        "--write-scene",
        text(&path),
    ]);
    assert!(scene_file::load(&path).unwrap() == ConvexCloud { num_convexes: 70, kind: CloudKind::Dense }.scene());
}

#[test]
fn visits_counted_on_the_processor_are_those_of_the_kernel() {
    let gpu = crate::support::device::gpu();
    for kind in [CloudKind::Thin, CloudKind::Dense] {
        let scene = ConvexCloud { num_convexes: 400, kind }.scene();
        let gpu_scene = GpuScene::upload(gpu, &scene).unwrap();
        let mut renderer = Renderer::new(gpu, 6).unwrap();
        let camera = ConvexCloud::cameras(1, 100, 70)[0];
        let frame = renderer.forward(&gpu_scene, &camera, &RenderOptions::default(), Outputs::default()).unwrap();
        let counted = renderer.statistics(&gpu_scene, &frame).unwrap();
        let visits = Visits::of(&frame.tile_lists(gpu, &gpu_scene).unwrap());
        let pairs = [counted.near_pairs, counted.smooth_pairs, counted.drawn_pairs].map(|pairs| pairs as f64);
        for (here, there) in visits.pairs.into_iter().zip(pairs) {
            // Both round differently, which may move a pixel over a border.
            assert!(there > 0.0 && (here - there).abs() <= 1e-3 * there, "{visits:?} {counted:?}");
        }
        let drawn = (counted.num_instances - counted.num_idle_instances) as f64;
        assert!((visits.drawn_instances - drawn).abs() <= 1e-3 * drawn, "{visits:?} {counted:?}");
        assert_eq!(visits.visible, f64::from(renderer.num_visible(&frame).unwrap()));
        // A visit of eight lanes is 32 pairs; wider ones are fewer, and hold no more than all pairs.
        let [eight, middle, wide] = visits.forward;
        assert!(wide < middle && middle < eight && 4.0 * middle > eight && 2.0 * wide > middle, "{visits:?}");
        assert!(32.0 * eight >= counted.tested_pairs as f64 && visits.backward[0] <= eight, "{visits:?} {counted:?}");
    }
}

#[test]
fn predictions_name_the_kernels_and_dispatches_that_run() {
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("predicted.json");
    let (table, report) = bench(&json, &["--synthetic", "300", "--train", "--predict", "h100,rx7900xtx"]);
    for part in ["NVIDIA H100 SXM, calculated", "Radeon RX 7900 XTX", "not measured", "the most to gain, by this"] {
        assert_eq!(
            table.matches(part).count(),
            if part.contains("not") || part.contains("gain") { 4 } else { 2 },
            "{table}"
        );
    }
    for run in report["runs"].as_array().unwrap() {
        let predictions = run["predictions"].as_array().unwrap();
        assert_eq!(predictions.len(), 2);
        for prediction in predictions {
            assert_eq!(prediction["kind"], "calculation");
            let kernels = prediction["kernels"].as_array().unwrap();
            let sum: f64 = kernels.iter().map(|kernel| number(kernel, "/milliseconds")).sum();
            assert!((sum - number(prediction, "/milliseconds")).abs() < 1e-9 * sum);
            // The counted dispatches are those of the model, where the device has timestamps.
            for measured in run["kernels"].as_array().unwrap() {
                let found = kernels.iter().find(|kernel| kernel["name"] == measured["name"]);
                let found = found.unwrap_or_else(|| panic!("{measured} is not predicted"));
                assert_eq!((number(found, "/launch") / 2.5e-3).round(), number(measured, "/dispatches"), "{measured}");
            }
            if run["kernels"].as_array().is_some_and(|kernels| !kernels.is_empty()) {
                assert_eq!(run["kernels"].as_array().unwrap().len(), kernels.len());
            }
        }
    }
    // A report with predictions is a baseline like any other.
    let (_, again) = bench(&json, &["--synthetic", "300"]);
    assert!(again["runs"][0].get("predictions").is_none() && again["runs"][0]["counts"].get("visits").is_none());
    parse(report.to_string().as_bytes()).unwrap();
}

/// The rows of a table of tabs.
fn rows(path: &str) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    let row = |line: &str| line.split('\t').map(str::to_owned).collect();
    text.lines().filter(|line| !line.starts_with('#')).map(row).collect()
}

#[test]
fn the_tables_of_predictions_agree_with_what_the_compilers_said() {
    let baseline = rows("tools/shader-stats/baseline.tsv");
    let in_baseline = |device: &str, kernel: &str| {
        let row = baseline.iter().find(|row| row[0] == device && row[1] == kernel);
        row.unwrap_or_else(|| panic!("{kernel} of {device} is not in the baseline"))
    };
    let devices = rows("src/bench/predict/devices.tsv");
    for row in &devices {
        let found = in_baseline(&row[0], &row[1]);
        assert_eq!([&row[2], &row[3]], [&found[6], &found[7]], "{row:?}: run scripts/shader-stats --write");
    }
    let pieces = rows("src/bench/predict/pieces.tsv");
    for kernel in pieces.iter().map(|row| &row[0]) {
        let sum: u32 = pieces.iter().filter(|row| row[0] == *kernel).map(|row| row[3].parse::<u32>().unwrap()).sum();
        assert_eq!(sum.to_string(), in_baseline("ga102", kernel)[7], "{kernel}: run scripts/shader-stats --write");
        assert_eq!(devices.iter().filter(|row| row[1] == *kernel).count(), 4, "{kernel}");
    }
}

#[test]
fn evidence_that_is_stopped_prints_what_is_done() {
    let folder = crate::cli::dataset();
    let (data, out) = (folder.path().join("gems"), folder.path().join("out"));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/evidence");
    let mut evidence = Command::new("bash")
        .args([text(&script), env!("CARGO_BIN_EXE_lapidary"), text(&data), text(&out), "20", "--quick"])
        .args(["--predict", "rtx4090"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let begin = Instant::now();
    let has_begun = || out.join("logs/bench-1000.log").exists();
    while !has_begun() && begin.elapsed().as_secs() < 300 && evidence.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(Command::new("kill").args(["-TERM", &evidence.id().to_string()]).status().unwrap().success());
    let output = evidence.wait_with_output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(130), "{said}");
    let (_, summary) = said.split_once("so far:").unwrap_or_else(|| panic!("no summary: {said}"));
    let row =
        |name: &str| summary.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name}: {said}"));
    assert!(row("info ").contains(" ok ") && row("vectors ").contains("not there"), "{said}");
    assert!(row("bench-300 ").contains(" ok ") && row("bench-300 ").contains("calculated"), "{said}");
    assert!(row("bench-1000 ").contains("stopped"), "{said}");
    let kernels = ["iteration: 300 convexes", "RTX 4090, calculated", "rasterize_backward ", "the most to gain"];
    assert!(kernels.iter().all(|part| summary.contains(part)), "{said}");
}
