//! `lapidary bench` as a user runs it: fields, hashes, comparisons, growth, bad input.

use std::path::Path;

use lapidary::bench::{BenchReport, CloudKind, CompareError, ConvexCloud, compare, parse};
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
