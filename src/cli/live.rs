//! `lapidary train --view`: the trainer works on its own thread, and the window asks it for what it shows.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use lapidary::camera::RenderOptions;
use lapidary::dataset::DatasetOptions;
use lapidary::gpu::{Gpu, GpuOptions};
use lapidary::optimiser::LossMeans;
use lapidary::renderer::GpuScene;
use lapidary::train::{TrainOptions, Trainer};
use lapidary::viewer::{self, Document, Launch, LiveCommand, LiveSource, Progress};

use super::SharedArgs;
use super::bug;
use super::signals::{self, Interrupted};
use super::train::{Prepared, TrainArgs, Wish, train};

/// How long a paused trainer sleeps between looks at its orders.
const NAP: Duration = Duration::from_millis(20);

/// Before its first iteration a trainer waits at most this long for its scene to be seen.
const FIRST_PATIENCE: Duration = Duration::from_secs(15);

/// The speed is measured over at least this long.
const SPEED_SPAN: Duration = Duration::from_millis(500);

/// Trains while a window looks on; closing it ends the training with a checkpoint.
pub(super) fn run(args: &TrainArgs, shared: &SharedArgs, prepared: Prepared) -> anyhow::Result<()> {
    let TrainOptions { antialias, background, .. } = *prepared.options();
    let desk = Desk::default();
    let trainer: Arc<Mutex<Option<JoinHandle<anyhow::Result<()>>>>> = Arc::default();
    let start = {
        let (args, desk, trainer) = (args.clone(), desk.clone(), Arc::clone(&trainer));
        move |gpu: &Gpu| {
            let (gpu, side) = (gpu.clone(), desk.clone());
            let work = move || side.work(&gpu, &args, prepared);
            let thread = std::thread::Builder::new().name("trainer".to_owned()).spawn(work);
            *lock(&trainer) = Some(thread.map_err(|error| error.to_string())?);
            Ok(Box::new(desk) as Box<dyn LiveSource>)
        }
    };
    let window = viewer::run(Launch {
        path: Some(args.dataset.clone()),
        open: {
            let (dataset, options) = (args.dataset.clone(), args.dataset_options.options(background));
            let drawn = RenderOptions { antialias, background, ..RenderOptions::default() };
            Arc::new(move |path: &Path| open(path, (&dataset, &options), &drawn))
        },
        gpu: GpuOptions { adapter: shared.adapter.clone(), ..GpuOptions::default() },
        live: Some(Box::new(start)),
        // The training sees the signal as well, and saves.
        on_open: Some(Box::new(signals::listen)),
        size: None,
    });
    lock(&desk.0).commands.push(LiveCommand::Stop);
    let thread = lock(&trainer).take();
    let Some(thread) = thread else {
        return window.context("--view cannot open its window; the training itself needs none");
    };
    // An error of the training says what was saved, and a device that both have lost is told once.
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
    window.with_context(|| format!("the training is saved in {}, its window is gone", args.out.display()))
}

/// Opens the cameras and photographs of the dataset alone, even if a scene lies beside them: the trainer has its own.
fn open(path: &Path, (dataset, options): (&Path, &DatasetOptions), drawn: &RenderOptions) -> Result<Document, String> {
    if path != dataset {
        return super::view::open(path, None, &DatasetOptions::default());
    }
    Ok(Document::open_dataset(path, options).map_err(|error| error.to_string())?.drawn_with(drawn))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where the trainer and the window leave things for each other. Neither waits for the other.
#[derive(Debug, Clone, Default)]
struct Desk(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    progress: Progress,
    is_asked: bool,
    scene: Option<GpuScene>,
    is_shown: bool,
    commands: Vec<LiveCommand>,
}

impl LiveSource for Desk {
    fn request(&mut self) {
        lock(&self.0).is_asked = true;
    }

    fn take(&mut self) -> Option<GpuScene> {
        lock(&self.0).scene.take()
    }

    fn shown(&mut self) {
        lock(&self.0).is_shown = true;
    }

    fn progress(&mut self) -> Progress {
        let mut state = lock(&self.0);
        let progress = state.progress.clone();
        state.progress.new_losses.clear();
        state.progress.message = None;
        progress
    }

    fn command(&mut self, command: LiveCommand) {
        lock(&self.0).commands.push(command);
    }
}

impl Desk {
    /// The trainer's thread.
    fn work(&self, gpu: &Gpu, args: &TrainArgs, prepared: Prepared) -> anyhow::Result<()> {
        let mut watch = Watch::new(self.clone());
        let result = bug::caught(|| train(gpu, args, prepared, &mut |trainer, losses| watch.turn(trainer, losses)));
        let mut state = lock(&self.0);
        state.progress.iterations_per_second = 0.0;
        state.progress.finished = Some(match &result {
            // Whoever stopped it in the window sees how far it came.
            Err(error) if !error.is::<Interrupted>() => Err(super::sentence(error)),
            _ => Ok(()),
        });
        result
    }
}

/// The trainer's side of the desk.
struct Watch {
    desk: Desk,
    has_begun: bool,
    is_paused: bool,
    /// Losses that were reported.
    num_losses: u64,
    measured: (Instant, u32),
    speed: f64,
}

impl Watch {
    fn new(desk: Desk) -> Self {
        Self { desk, has_begun: false, is_paused: false, num_losses: 0, measured: (Instant::now(), 0), speed: 0.0 }
    }

    /// Between two submissions: reports, gives what was asked for, and obeys.
    fn turn(&mut self, trainer: &mut Trainer, losses: &[LossMeans]) -> Wish {
        self.report(trainer, losses);
        if !std::mem::replace(&mut self.has_begun, true) {
            self.begin(trainer);
        }
        loop {
            self.give(trainer);
            let wish = self.obey();
            if wish != Wish::GoOn || !self.is_paused {
                return wish;
            }
            std::thread::sleep(NAP);
            self.measured = (Instant::now(), trainer.iteration());
        }
    }

    /// Shows what training begins with. Its work would keep the device from the window's first picture for long where drivers
    /// compile as they run; nothing is lost by waiting, because what that picture needs the first iteration needs as well.
    fn begin(&self, trainer: &mut Trainer) {
        if !lock(&self.desk.0).is_asked {
            return;
        }
        self.give(trainer);
        let start = Instant::now();
        let is_over = |state: &State| state.is_shown || state.commands.contains(&LiveCommand::Stop);
        while start.elapsed() < FIRST_PATIENCE && !is_over(&lock(&self.desk.0)) {
            std::thread::sleep(NAP);
        }
        log::debug!("training begins after {:.2} s of waiting for its window", start.elapsed().as_secs_f64());
    }

    fn report(&mut self, trainer: &Trainer, losses: &[LossMeans]) {
        let (since, iteration) = self.measured;
        if since.elapsed() >= SPEED_SPAN {
            self.speed = f64::from(trainer.iteration().saturating_sub(iteration)) / since.elapsed().as_secs_f64();
            self.measured = (Instant::now(), trainer.iteration());
        }
        if self.num_losses == 0 {
            self.num_losses = u64::from(trainer.iteration()).saturating_sub(losses.len() as u64);
        }
        let weight = trainer.options().ssim_weight;
        let mut state = lock(&self.desk.0);
        for means in losses {
            self.num_losses += 1;
            state.progress.new_losses.push((self.num_losses, means.loss(weight)));
        }
        state.progress.iteration = trainer.iteration().into();
        state.progress.iterations = trainer.options().iterations.into();
        state.progress.num_convexes = trainer.num_convexes();
        state.progress.iterations_per_second = self.speed;
    }

    /// Leaves a copy of the scene where one was asked for. Where there is no memory for it training goes on.
    fn give(&self, trainer: &mut Trainer) {
        if !std::mem::take(&mut lock(&self.desk.0).is_asked) {
            return;
        }
        let scene = trainer.snapshot();
        let mut state = lock(&self.desk.0);
        match scene {
            Ok(scene) => state.scene = Some(scene),
            Err(error) => state.progress.message = Some(format!("the scene cannot be shown: {error}")),
        }
    }

    fn obey(&mut self) -> Wish {
        let mut state = lock(&self.desk.0);
        let mut wish = Wish::GoOn;
        for command in std::mem::take(&mut state.commands) {
            match command {
                LiveCommand::Pause => self.is_paused = true,
                LiveCommand::Resume => self.is_paused = false,
                LiveCommand::Save => wish = Wish::Save,
                LiveCommand::Stop => return Wish::Stop,
            }
        }
        state.progress.is_paused = self.is_paused;
        if self.is_paused {
            state.progress.iterations_per_second = 0.0;
        }
        if wish == Wish::Save {
            state.progress.message = Some("saving".to_owned());
        }
        wish
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_obeyed_in_their_order() {
        let mut window = Desk::default();
        let mut watch = Watch::new(window.clone());
        assert_eq!(watch.obey(), Wish::GoOn);
        window.command(LiveCommand::Pause);
        assert_eq!(watch.obey(), Wish::GoOn);
        assert!(watch.is_paused && window.progress().is_paused);
        window.command(LiveCommand::Save);
        window.command(LiveCommand::Resume);
        assert_eq!(watch.obey(), Wish::Save);
        let progress = window.progress();
        assert!(!progress.is_paused && progress.message.is_some());
        assert_eq!(window.progress().message, None, "it is told once");
        window.command(LiveCommand::Stop);
        window.command(LiveCommand::Save);
        assert_eq!(watch.obey(), Wish::Stop, "a stop saves anyway");
    }
}
