//! A training run as a library object: its events, its controls, and the folder that it writes.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use lapidary::dataset::DatasetOptions;
use lapidary::evaluate::{Metrics, ReplanLine, ReplanReason};
use lapidary::run::{
    FinishWithin, FolderFault, RunConfig, RunControl, RunEnd, RunError, RunEvent, RunFinished, RunStart, TimeLimit,
    TrainOptionsPatch, TrainingRun,
};
use lapidary::synth::{self, SynthOptions};
use lapidary::train::{Preset, StrategyKind, TrainOptions};

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
        time: None,
        metrics: Metrics::default(),
        checks_dataset: true,
        profiles: false,
        comment: "a test\nof two lines".to_owned(),
    }
}

/// A small dataset in a folder.
fn gems(folder: &Path) -> PathBuf {
    let dataset = folder.join("gems");
    let views = SynthOptions { views: 8, test_views: 1, width: 48, height: 40, points: 100, ..SynthOptions::default() };
    synth::write(&dataset, &views, &|_| ()).unwrap();
    dataset
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
    let (dataset, out) = (gems(folder.path()), folder.path().join("run"));

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
    let log = std::fs::read_to_string(out.join("metrics.jsonl")).unwrap();
    let evaluated = log.lines().filter(|line| line.contains("test_psnr"));
    let expected = (4..=ITERATIONS).step_by(4).map(|iteration| format!("\"iteration\":{iteration},"));
    assert!(evaluated.zip(expected).all(|(line, expected)| line.contains(&expected)), "{log}");
    for file in ["scene.safetensors", "metrics.json", "metrics.jsonl", "report.html", "cameras.json"] {
        assert!(out.join(file).is_file(), "{file}");
    }
    let options = std::fs::read_to_string(out.join("config.toml")).unwrap();
    assert!(options.starts_with("# a test\\nof two lines\n") && options.contains("max_convexes = 200"), "{options}");
}

/// Trains in a folder, and sends these controls when an iteration was submitted.
fn controlled(config: RunConfig, sent: &[(u32, RunControl)]) -> (RunFinished, Vec<String>) {
    let (control, controls) = channel();
    let (mut events, mut sent) = (Vec::new(), sent.iter().peekable());
    let finished = train(config, &controls, &mut |event| {
        // How many iterations a step has depends on the time that they take.
        if let RunEvent::Step(step) = event
            && let Some((_, due)) = sent.next_if(|(iteration, _)| *iteration <= step.iteration)
        {
            control.send(*due).unwrap();
        }
        events.push(format!("{event:?}"));
    });
    (finished, events)
}

#[test]
fn a_run_that_is_told_to_finish_ends_earlier_and_its_options_give_the_same_scene() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = gems(folder.path());
    let out = |name: &str| folder.path().join(name);
    let scene = |name: &str| std::fs::read(out(name).join("scene.safetensors")).unwrap();

    let finish = |number| RunControl::Finish(FinishWithin::Iterations(number));
    let new = |name: &str| config(&dataset, &out(name), RunStart::Points);
    let (finished, events) = controlled(new("told"), &[(8, finish(ITERATIONS)), (16, finish(10))]);
    assert_eq!((finished.end, finished.iteration), (RunEnd::Done, 26));
    assert!(events.iter().any(|event| event.contains("it ends after 32 more iterations already")), "{events:?}");
    assert_eq!(events.iter().filter(|event| event.starts_with("Replanned")).count(), 1, "{events:?}");
    let log = std::fs::read_to_string(out("told").join("metrics.jsonl")).unwrap();
    assert!(log.contains(r#""end":26,"end_before":40,"reason":"asked""#), "{log}");

    let mut again = new("again");
    again.options = TrainOptionsPatch::default();
    again.options.add_file(&out("told").join("config.toml")).unwrap();
    assert_eq!(controlled(again, &[]).0.iteration, 26);
    assert!(scene("again") == scene("told"), "the same config.toml");

    let (stopped, _) = controlled(new("resumed"), &[(16, finish(10)), (20, RunControl::Stop)]);
    assert_eq!((stopped.end, stopped.iteration), (RunEnd::Stopped, 20));
    let (finished, _) = controlled(config(&dataset, &out("resumed"), RunStart::Checkpoint), &[]);
    assert_eq!((finished.end, finished.iteration), (RunEnd::Done, 26));
    assert!(scene("resumed") == scene("told"), "stopped after the new plan");

    let mut longer = config(&dataset, &out("told"), RunStart::Checkpoint);
    longer.options.iterations = Some(30);
    assert_eq!(controlled(longer, &[]).0.iteration, 30, "another number of iterations replaces the plan");
}

#[test]
fn a_run_finishes_within_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let (dataset, limit) = (gems(folder.path()), Duration::from_secs(2));
    let within = |time| RunControl::Finish(FinishWithin::Time(time));
    some_run_is_in_time(&mut |attempt| {
        let mut long = config(&dataset, &folder.path().join(attempt), RunStart::Points);
        long.options.iterations = Some(20_000);
        long.options.eval_every = Some(0);
        let (control, controls) = channel();
        let (mut asked, mut replanned) = (None, Vec::new());
        let finished = train(long, &controls, &mut |event| match event {
            RunEvent::Step(step) if asked.is_none() && step.iteration >= 9 => {
                control.send(within(Duration::from_secs(3600 * 24))).unwrap();
                control.send(within(limit)).unwrap();
                asked = Some(Instant::now());
            }
            RunEvent::Replanned(line) => replanned.push(*line),
            _ => {}
        });
        assert_eq!(finished.end, RunEnd::Done);
        // All iterations would take many times as long.
        assert!(finished.iteration < 20_000);
        let is_asked = |line: &ReplanLine| line.reason == ReplanReason::Asked;
        assert!(!replanned.is_empty() && replanned.iter().all(is_asked), "{replanned:?}");
        (Duration::ZERO, asked.unwrap().elapsed(), limit)
    });
}

/// Repeats a run until one takes its time, the second of three, and no less than the first. A busy machine may stand still for
/// seconds near the end of one run; a run that does not look at the time never takes it.
fn some_run_is_in_time(run: &mut dyn FnMut(&str) -> (Duration, Duration, Duration)) {
    let is_in_time = |attempt: &str| {
        let (least, took, limit) = run(attempt);
        println!("{attempt} run: {:.2} s of {:.2} s", took.as_secs_f64(), limit.as_secs_f64());
        (least..=limit + TIME_SLACK).contains(&took)
    };
    assert!(["first", "second", "third", "fourth"].into_iter().any(is_in_time), "no run was in time");
}

/// What a run may take beyond its time while other tests change the load of the machine.
const TIME_SLACK: Duration = Duration::from_secs(1);

#[test]
fn a_run_takes_the_time_that_it_is_given_and_its_options_give_the_same_scene() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = gems(folder.path());
    let out = |name: &str| folder.path().join(name);
    let scene = |name: &str| std::fs::read(out(name).join("scene.safetensors")).unwrap();
    let timed = |name: &str, start, limit| {
        let time = Some(TimeLimit { limit: Duration::from_millis(limit), begin: Instant::now() });
        RunConfig { options: TrainOptionsPatch::default(), time, ..config(&dataset, &out(name), start) }
    };

    let (mut last, mut num_iterations) = (String::new(), 0);
    some_run_is_in_time(&mut |attempt| {
        let (begin, limit) = (Instant::now(), Duration::from_secs(8));
        let (finished, events) = controlled(timed(attempt, RunStart::Points, 8000), &[]);
        assert_eq!(finished.end, RunEnd::Done);
        let is_plan = |event: &String| event.starts_with("Note") && event.contains("the plan for 8 s");
        assert!(events.iter().any(is_plan), "{events:?}");
        (last, num_iterations) = (attempt.to_owned(), finished.iteration);
        (limit.mul_f64(0.8), begin.elapsed(), limit)
    });

    let mut again = config(&dataset, &out("again"), RunStart::Points);
    again.options = TrainOptionsPatch::default();
    again.options.add_file(&out(&last).join("config.toml")).unwrap();
    assert_eq!(controlled(again, &[]).0.iteration, num_iterations);
    assert!(scene("again") == scene(&last), "the same config.toml");

    let run = TrainingRun::prepare(timed("short", RunStart::Points, 1), &mut |_| ()).unwrap();
    let error = run.train(gpu(), &channel().1, &mut |_| ()).unwrap_err();
    assert!(matches!(error, RunError::TooShort { needed, .. } if needed > Duration::from_millis(1)), "{error}");
    let run = TrainingRun::prepare(timed(&last, RunStart::Checkpoint, 1000), &mut |_| ()).unwrap();
    let error = run.train(gpu(), &channel().1, &mut |_| ()).unwrap_err();
    assert!(matches!(error, RunError::TimeIsOver { .. }), "{error}");
}

#[test]
fn a_run_that_goes_on_with_a_time_counts_what_it_took_before() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = gems(folder.path());
    some_run_is_in_time(&mut |attempt| {
        let out = folder.path().join(attempt);
        let mut long = config(&dataset, &out, RunStart::Points);
        (long.options.iterations, long.stop_at) = (Some(50_000), Some(60));
        assert_eq!(controlled(long, &[]).0.end, RunEnd::StopAt);
        let log = std::fs::read_to_string(out.join("metrics.jsonl")).unwrap();
        let last: serde_json::Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
        let before = Duration::from_secs_f64(last["seconds"].as_f64().unwrap());

        let (begin, limit) = (Instant::now(), before + Duration::from_secs(5));
        let time = Some(TimeLimit { limit, begin });
        let options = TrainOptionsPatch::default();
        let goes_on = RunConfig { options, time, ..config(&dataset, &out, RunStart::Checkpoint) };
        let finished = controlled(goes_on, &[]).0;
        assert!(finished.end == RunEnd::Done && finished.iteration < 50_000, "{finished:?}");
        (before, begin.elapsed() + before, limit)
    });
}

#[test]
fn a_run_with_a_time_that_stops_before_keeps_its_schedule() {
    let folder = tempfile::tempdir().unwrap();
    let (dataset, out) = (gems(folder.path()), folder.path().join("run"));
    let time = Some(TimeLimit { limit: Duration::from_secs(20), begin: Instant::now() });
    let options = TrainOptionsPatch::default();
    let stopped = RunConfig { options, time, stop_at: Some(60), ..config(&dataset, &out, RunStart::Points) };
    let (finished, events) = controlled(stopped, &[]);
    assert_eq!((finished.end, finished.iteration), (RunEnd::StopAt, 60));
    assert!(events.iter().all(|event| !event.starts_with("Replanned")), "{events:?}");
    assert!(events.iter().all(|event| !event.contains("at most")), "the plan names the convexes: {events:?}");
}

#[test]
fn a_run_that_was_told_to_finish_keeps_its_end_when_it_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = gems(folder.path());
    let sent = [(8, RunControl::Finish(FinishWithin::Iterations(100))), (20, RunControl::Stop)];
    let num_plans = |events: &[String]| events.iter().filter(|event| event.starts_with("Replanned")).count();
    let part = |name: &str, start, options: &str| {
        let mut part = config(&dataset, &folder.path().join(name), start);
        let file = folder.path().join("options.toml");
        std::fs::write(&file, format!("refine_every = 10\niterations_per_submission = 1\n{options}")).unwrap();
        part.options = TrainOptionsPatch::default();
        part.options.add_file(&file).unwrap();
        part
    };

    let given = "iterations = 400\nmax_convexes = 200\n";
    let (stopped, events) = controlled(part("timed", RunStart::Points, given), &sent);
    assert_eq!((stopped.end, num_plans(&events)), (RunEnd::Stopped, 1));
    let mut goes_on = part("timed", RunStart::Checkpoint, "");
    goes_on.time = Some(TimeLimit { limit: Duration::from_secs(3600), begin: Instant::now() });
    let (finished, events) = controlled(goes_on, &[]);
    assert_eq!(num_plans(&events), 0, "{events:?}");
    assert!(finished.end == RunEnd::Done && finished.iteration < 200, "{finished:?}");

    let given = format!("{given}replanned = [[5, 300]]\n");
    let (stopped, _) = controlled(part("file", RunStart::Points, &given), &sent);
    assert_eq!(stopped.end, RunEnd::Stopped);
    let (finished, _) = controlled(part("file", RunStart::Checkpoint, &given), &[]);
    assert!(finished.end == RunEnd::Done && finished.iteration < 200, "the plan of the checkpoint: {finished:?}");
}

#[test]
fn a_paused_run_answers_and_does_not_count_the_pause() {
    const PART: Duration = Duration::from_millis(700);
    let folder = tempfile::tempdir().unwrap();
    let (dataset, out) = (gems(folder.path()), folder.path().join("run"));
    let mut long = config(&dataset, &out, RunStart::Points);
    long.options = TrainOptionsPatch::default();
    for option in ["iterations=100000", "iterations_per_submission=300", "refine_every=100000", "eval_every=300"] {
        long.options.add_assignment(option).unwrap();
    }
    long.options.add_assignment("sh_degree=0").unwrap();
    long.options.max_convexes = Some(200);

    let (control, controls) = channel();
    let (told, heard) = channel::<String>();
    let user = std::thread::spawn(move || {
        let hear = |name: &str| while heard.recv().unwrap() != name {};
        // Lists of 300 iterations are long: the pause comes while one is under way.
        hear("Evaluated");
        std::thread::sleep(Duration::from_millis(100));
        control.send(RunControl::Pause).unwrap();
        hear("Paused");
        control.send(RunControl::Snapshot).unwrap();
        std::thread::sleep(PART);
        control.send(RunControl::Pause).unwrap();
        std::thread::sleep(PART);
        control.send(RunControl::Resume).unwrap();
        hear("Evaluated");
        control.send(RunControl::Stop).unwrap();
    });
    let (mut names, mut evaluated) = (Vec::new(), Vec::new());
    let mut last = Instant::now();
    let finished = train(long, &controls, &mut |event| {
        // The seconds of a line are read after the event before it, and before its own.
        if let RunEvent::Evaluated(line) = event {
            evaluated.push((last, Instant::now(), line.seconds));
        }
        last = Instant::now();
        names.push(name(event));
        told.send(name(event)).unwrap_or_default();
    });
    user.join().unwrap();
    assert_eq!(finished.end, RunEnd::Stopped);
    let at = |name: &str| names.iter().position(|found| found == name).unwrap();
    assert!(at("Snapshot") < at("Resumed"), "{names:?}");
    let [(begin, _, first), .., (_, end, last)] = evaluated[..] else { panic!("{names:?}") };
    let (counted, took) = (last - first, end - begin);
    assert!(counted > 0.0 && counted <= (took - 2 * PART).as_secs_f64(), "{counted} s of {took:?}");
}

#[test]
fn the_budget_follows_from_the_pictures_unless_it_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = folder.path().join("gems");
    let views =
        SynthOptions { views: 12, test_views: 1, width: 160, height: 120, points: 50, ..SynthOptions::default() };
    synth::write(&dataset, &views, &|_| ()).unwrap();
    let budget = |change: &dyn Fn(&mut RunConfig)| {
        let mut config = config(&dataset, &folder.path().join("run"), RunStart::Points);
        config.options.max_convexes = None;
        change(&mut config);
        let mut notes = String::new();
        let run = TrainingRun::prepare(config, &mut |event| {
            if let RunEvent::Note(note) = event {
                notes += &note.message;
            }
        });
        let number = run.unwrap().options().max_convexes;
        (number, notes.contains(&format!("at most {number} convexes")))
    };
    let (whole, is_told) = budget(&|_| ());
    assert!(
        is_told && (2000..10_100).contains(&whole),
        "{whole}: a third of the pixels is detail; 69 numbers a convex"
    );
    assert_eq!(budget(&|config| config.dataset_options.downscale = Some(8)), (1000, true), "the least that is chosen");
    assert_eq!(budget(&|config| config.options.max_convexes = Some(300)), (300, false));
    assert_eq!(budget(&|config| config.options.add_assignment("max_convexes=301").unwrap()), (301, false));
}

#[test]
fn the_rate_of_the_points_follows_from_the_dataset_unless_it_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = gems(folder.path());
    let rate = |change: &dyn Fn(&mut TrainOptionsPatch)| {
        let mut config = config(&dataset, &folder.path().join("run"), RunStart::Points);
        change(&mut config.options);
        TrainingRun::prepare(config, &mut |_| ()).unwrap().options().points_rate
    };
    let [first, last] = rate(&|_| ());
    assert!((first / last / 100.0 - 1.0).abs() < 1e-5, "{first} to {last}");
    assert!((5e-4..5e-3).contains(&first) && (first - 2e-3).abs() > 1e-5, "{first}");
    assert_eq!(rate(&|options| options.add_assignment("points_rate=0.003,0.001").unwrap()), [0.003, 0.001]);
    let published = TrainOptions::of_strategy(StrategyKind::Paper, Preset::Light).points_rate;
    assert_eq!(rate(&|options| options.preset = Some(Preset::Light)), published);
}
