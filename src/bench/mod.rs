//! Benchmarks of drawing and training that can be repeated elsewhere: the same scenes, the same cameras, counts that do not
//! depend on a clock beside the times, and hashes that show whether the pictures were the same.
//!
//! Every figure is taken in one of three ways. *Waited for*: one frame after another, from recording to its end; this
//! is the time of a program that needs the picture. *On the device*: the sum of its kernels by timestamps. *Under way*: a few frames
//! are always queued, as in a video or a training; the rate is counted.

mod baseline;
mod cloud;
mod frames;
mod growth;
mod iterations;
mod machine;
mod measure;
mod plot;
mod predict;
mod report;
mod run;
mod sample;
mod stages;
mod subject;
mod table;

pub use baseline::{BenchComparison, CompareError, Ratio, compare, parse};
pub use cloud::{CloudKind, ConvexCloud};
pub use growth::{Growth, GrowthAxis, growth};
pub use machine::{Build, process_peak_bytes};
pub use measure::measure;
pub use plot::plot;
pub use predict::{Bound, KernelPrediction, MACHINES, Machine, Prediction, Visits, WIDTHS, machine, predict};
pub use report::{BenchReport, BenchSource, DeviceInfo};
pub use run::{BenchRun, Counts, KernelTimes, Workload};
pub use sample::{Limits, Times};
pub use stages::{BenchProgress, BenchStage};
pub use subject::Subject;
pub use table::table;
