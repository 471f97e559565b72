//! What drawing and training cost on this machine, in a form that somebody else can repeat: the same scenes, the same
//! cameras, counts that no clock disturbs beside the times, and hashes that tell whether the pictures were the same.
//!
//! Every figure is taken in one of three ways. *Waited for*: one frame after another, from recording to its end; what a
//! program sees that needs the picture. *On the device*: the sum of its kernels by timestamps. *Under way*: a few frames
//! are always queued, as in a film or a training; the rate is counted.

mod baseline;
mod cloud;
mod growth;
mod iterations;
mod machine;
mod measure;
mod plot;
mod report;
mod sample;
mod table;

pub use baseline::{Comparison, Ratio, Untold, compare, parse};
pub use cloud::{Cloud, CloudKind};
pub use growth::{Growth, Over, growth};
pub use machine::{Build, process_peak_bytes};
pub use measure::{Subject, measure};
pub use plot::plot;
pub use report::{Counts, Device, KernelTimes, Report, Run, Source, What};
pub use sample::{Limits, Times};
pub use table::table;
