//! `lapidary train --view`: the window opens a device, and the training works on it in a thread of its own.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context as _;
use lapidary::camera::RenderOptions;
use lapidary::dataset::DatasetOptions;
use lapidary::gpu::{Gpu, GpuOptions, Selector};
use lapidary::run::{RunControl, RunEvent};
use lapidary::viewer::{self, Document, Launch, LiveLink};

use super::signals;

/// The longest time that the training waits for the first image of its window before its first iteration. The work of
/// iterations would delay that image where drivers compile kernels as they run. Waiting costs nothing, because the first
/// iteration needs the same kernels.
const FIRST_PICTURE_TIME: Duration = Duration::from_secs(15);

/// The window of a training.
pub(super) struct LiveWindow {
    pub(super) dataset: PathBuf,
    pub(super) dataset_options: DatasetOptions,
    /// The folder that the training writes into.
    pub(super) out: PathBuf,
    pub(super) antialias: bool,
    pub(super) background: [f32; 3],
    pub(super) adapter: Option<Selector>,
}

/// The result of the training.
type Trained = anyhow::Result<()>;

/// Opens a window and calls `train` with its device and a receiver of events. Closing the window stops the training.
pub(super) fn run(
    window: LiveWindow,
    control: Sender<RunControl>,
    train: impl FnOnce(&Gpu, &mut dyn FnMut(RunEvent)) -> Trained + Send + 'static,
) -> Trained {
    let LiveWindow { dataset, dataset_options, out, antialias, background, adapter } = window;
    let thread: Arc<Mutex<Option<JoinHandle<Trained>>>> = Arc::default();
    let start = {
        let (control, thread) = (control.clone(), Arc::clone(&thread));
        move |gpu: &Gpu| {
            let (gpu, (sender, events)) = (gpu.clone(), channel());
            control.send(RunControl::PauseAtMost(FIRST_PICTURE_TIME)).unwrap_or_default();
            let work = move || train(&gpu, &mut |event| sender.send(event).unwrap_or_default());
            let spawned = std::thread::Builder::new().name("trainer".to_owned()).spawn(work);
            let spawned = spawned.map_err(|error| error.to_string())?;
            *thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(spawned);
            Ok(LiveLink { events, control })
        }
    };
    let result = viewer::run(Launch {
        path: Some(dataset.clone()),
        compare: None,
        open: {
            let drawn = RenderOptions { antialias, background, ..RenderOptions::default() };
            Arc::new(move |path: &Path| open(path, (&dataset, &dataset_options), &drawn))
        },
        gpu: GpuOptions { adapter, ..GpuOptions::default() },
        live: Some(Box::new(start)),
        // The training sees the signal as well, and saves.
        on_open: Some(Box::new(signals::listen)),
        size: None,
    });
    control.send(RunControl::Stop).unwrap_or_default();
    let thread = thread.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(thread) = thread else {
        return result.context("--view cannot open its window; the training itself needs none");
    };
    // An error of the training tells what was saved, and a device that both have lost is told once.
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
    result.with_context(|| format!("the training is saved in {}, its window is gone", out.display()))
}

/// Opens the cameras and photographs of the dataset alone, even if a scene lies beside them: the trainer has its own.
fn open(path: &Path, (dataset, options): (&Path, &DatasetOptions), drawn: &RenderOptions) -> Result<Document, String> {
    if path != dataset {
        return super::view::open(path, None, &DatasetOptions::default());
    }
    Ok(Document::open_dataset(path, options).map_err(|error| error.to_string())?.drawn_with(drawn))
}
