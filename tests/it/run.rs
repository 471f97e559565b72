//! A training run as a library object: its events, its controls, and the folder that it writes.

use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use lapidary::dataset::DatasetOptions;
use lapidary::evaluate::Metrics;
use lapidary::run::{
    FolderFault, RunConfig, RunControl, RunEnd, RunError, RunEvent, RunFinished, RunStart, TrainOptionsPatch,
    TrainingRun,
};
use lapidary::synth::{self, SynthOptions};

use crate::support::device::gpu;

const ITERATIONS: u32 = 40;

fn config(dataset: &Path, out: &Path, start: RunStart) -> RunConfig {
    let mut options = TrainOptionsPatch::default();
    options.add_assignment("refine_every=10").unwrap();
    (options.iterations, options.max_convexes) = (Some(ITERATIONS), Some(200));
    RunConfig {
        dataset: dataset.to_path_buf(),
        dataset_options: DatasetOptions::default(),
        out: out.to_path_buf(),
        options,
        start,
        checkpoint_every: None,
        stop_at: None,
        metrics: Metrics::default(),
        checks_dataset: true,
        profiles: false,
        comment: "a test\nof two lines".to_owned(),
    }
}

/// Trains; every event also goes to `read`.
fn train(config: RunConfig, controls: &Receiver<RunControl>, read: &mut dyn FnMut(&RunEvent)) -> RunFinished {
    let run = TrainingRun::prepare(config, &mut |event| read(&event)).unwrap();
    run.train(gpu(), controls, &mut |event| read(&event)).unwrap()
}

/// The name of an event, without what it says.
fn name(event: &RunEvent) -> String {
    let text = format!("{event:?}");
    text.split(|c: char| !c.is_alphanumeric()).next().unwrap().to_owned()
}

#[test]
fn controls_pause_save_and_stop_a_run_and_a_stopped_run_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (dataset, out) = (folder.path().join("gems"), folder.path().join("run"));
    let views = SynthOptions { views: 8, test_views: 1, width: 48, height: 40, points: 100, ..SynthOptions::default() };
    synth::write(&dataset, &views).unwrap();

    let (control, controls) = channel();
    control.send(RunControl::PauseAtMost(Duration::from_millis(1))).unwrap();
    control.send(RunControl::Snapshot).unwrap();
    control.send(RunControl::Save).unwrap();
    let mut names = Vec::new();
    let finished = train(config(&dataset, &out, RunStart::Points), &controls, &mut |event| {
        if let RunEvent::Snapshot(snapshot) = event {
            assert!(snapshot.scene.as_ref().unwrap().num_convexes > 0);
        }
        if let RunEvent::Step(step) = event
            && step.iteration == 8
        {
            control.send(RunControl::Stop).unwrap();
        }
        names.push(name(event));
    });
    assert_eq!((finished.end, finished.iteration, finished.summary), (RunEnd::Stopped, 8, None));
    let begin = names.iter().position(|name| name == "Started").unwrap();
    assert!(names[..begin].contains(&"Preparing".to_owned()) && names[..begin].contains(&"Note".to_owned()));
    let after = &names[begin..];
    let expected = ["Started", "Paused", "Snapshot", "Saved", "Resumed", "Preparing", "Step"];
    assert_eq!(after[..7], expected, "{after:?}");
    assert_eq!(after[after.len() - 2..], ["Saved", "Finished"], "{after:?}");

    let again = TrainingRun::prepare(config(&dataset, &out, RunStart::Points), &mut |_| ()).unwrap_err();
    assert!(matches!(again, RunError::Folder { fault: FolderFault::HoldsTraining, .. }), "{again}");
    let mut losses = Vec::new();
    let finished = train(config(&dataset, &out, RunStart::Checkpoint), &controls, &mut |event| {
        if let RunEvent::Step(step) = event {
            losses.extend(step.losses.iter().map(|loss| loss.iteration));
        }
    });
    assert_eq!((finished.end, finished.iteration), (RunEnd::Done, ITERATIONS));
    assert!(!finished.summary.unwrap().summary.views.is_empty());
    assert_eq!(losses, (9..=ITERATIONS).collect::<Vec<_>>());
    for file in ["scene.safetensors", "metrics.json", "metrics.jsonl", "report.html", "cameras.json"] {
        assert!(out.join(file).is_file(), "{file}");
    }
    let options = std::fs::read_to_string(out.join("config.toml")).unwrap();
    assert!(options.starts_with("# a test\\nof two lines\n") && options.contains("max_convexes = 200"), "{options}");
}
