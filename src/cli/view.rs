//! `lapidary view`: a window on a scene or a dataset.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lapidary::dataset::DatasetOptions;
use lapidary::gpu::GpuOptions;
use lapidary::viewer::{self, Document, Launch};

use super::signals;
use super::{SharedArgs, Size};

/// Opens a window on a scene or a dataset.
///
/// `?` in the window lists every key. Everything that can be given as PATH, and camera paths, can also be dropped on the
/// window.
#[derive(Debug, clap::Args)]
pub(crate) struct ViewArgs {
    /// Scene, checkpoint, folder of a training run, or dataset; a scene in the folder of a dataset is shown with its cameras
    path: Option<PathBuf>,
    /// Second scene to compare with the first one, drawn from the same camera
    #[arg(requires = "path")]
    other: Option<PathBuf>,
    /// Dataset whose cameras and images go with the scene
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// File with the points of the dataset, inside the dataset or elsewhere: PLY, or COLMAP's points3D.bin or .txt
    #[arg(long, value_name = "FILE")]
    points: Option<PathBuf>,
    /// Width and height of the window in pixels; without it the window has its last size
    #[arg(long, value_name = "WxH")]
    size: Option<Size>,
    /// Open no window, but serve the viewer and the scene to browsers, at this machine alone unless an address is given; others
    /// need the secret in the link that is printed
    #[arg(long, value_name = "ADDR:PORT", num_args = 0..=1, default_missing_value = "127.0.0.1:8080", requires = "path",
        conflicts_with_all = ["other", "data", "points", "size"])]
    serve: Option<SocketAddr>,
}

pub(crate) fn run(args: &ViewArgs, shared: &SharedArgs) -> anyhow::Result<()> {
    for path in args.path.iter().chain(&args.other).chain(&args.data) {
        anyhow::ensure!(path.exists(), "{}: there is no such file or folder", path.display());
    }
    if let Some(address) = args.serve {
        return serve(args.path.as_deref().unwrap_or(Path::new(".")), address);
    }
    let data = args.data.clone();
    let options = DatasetOptions { points: args.points.clone(), ..DatasetOptions::default() };
    viewer::run(Launch {
        path: args.path.clone().or_else(|| data.clone()),
        compare: args.other.clone(),
        open: Arc::new(move |path: &Path| open(path, data.as_deref(), &options)),
        gpu: GpuOptions { adapter: shared.adapter.clone(), ..GpuOptions::default() },
        live: None,
        on_open: Some(Box::new(|close| {
            signals::listen(close);
            // A window has little to save, and a frame that it waits for can take long.
            signals::listen_briefly(|| 0);
        })),
        size: args.size.map(|size| [size.width, size.height]),
    })?;
    Ok(())
}

#[cfg(feature = "web")]
fn serve(path: &Path, address: SocketAddr) -> anyhow::Result<()> {
    super::serve::run(path, address)
}

#[cfg(not(feature = "web"))]
fn serve(_: &Path, _: SocketAddr) -> anyhow::Result<()> {
    anyhow::bail!(
        "this build of lapidary has no viewer for browsers; `make web` builds it, and then `cargo build --release --features web` a lapidary \
         with it"
    )
}

/// Opens a path for the window, and prints what a user should read about it.
pub(super) fn open(path: &Path, data: Option<&Path>, options: &DatasetOptions) -> Result<Document, String> {
    let (document, messages) = Document::open(path, data, options).map_err(|error| error.to_string())?;
    for message in messages {
        say!("{message}");
    }
    Ok(document)
}
