//! The subject of a measurement, and the figures that frames and iterations share.

use std::time::Instant;

use super::predict::Visits;
use super::run::{BenchRun, Counts, KernelTimes, Workload};
use super::sample::{Limits, Times};
use crate::camera::{Camera, RenderOptions};
use crate::gpu::{Gpu, GpuError, KernelTime};
use crate::real::to_u32;
use crate::renderer::{GpuScene, Statistics};
use crate::scene::Scene;

/// A scene with its cameras on a device, to be measured.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The device.
    pub gpu: &'a Gpu,
    /// The scene.
    pub scene: &'a Scene,
    /// The cameras: at least one, all of one size.
    pub cameras: &'a [Camera],
    /// The options of drawing.
    pub options: RenderOptions,
    /// The limits of the measurement.
    pub limits: Limits,
    /// Whether to count [`Visits`] as well, which a prediction needs: seconds of the processor for large scenes.
    pub counts_visits: bool,
}

/// The frame of one camera.
#[derive(Debug, Clone)]
pub(super) struct CameraMeasurement {
    /// Counts of the frame's work.
    pub(super) statistics: Statistics,
    /// Counts of what subgroups do, if they were asked for.
    pub(super) visits: Option<Visits>,
    /// FNV-1a of the bytes of the colours.
    pub(super) hash: u64,
    /// Seconds that drawing, counting and reading it took.
    pub(super) seconds: f64,
    /// The negative of the picture, as a training takes its targets: a byte each of red, green, blue and weight.
    pub(super) negative: Vec<u32>,
}

impl Subject<'_> {
    pub(super) fn upload(&self) -> Result<(GpuScene, f64), GpuError> {
        let begin = Instant::now();
        let scene = GpuScene::upload(self.gpu, self.scene)?;
        self.gpu.wait()?;
        Ok((scene, begin.elapsed().as_secs_f64()))
    }

    /// A run of this with all that does not depend on a clock.
    pub(super) fn run(
        &self,
        what: Workload,
        measured: &[CameraMeasurement],
        upload_seconds: f64,
        waited: Vec<f64>,
    ) -> BenchRun {
        let statistics: Vec<Statistics> = measured.iter().map(|measure_camera| measure_camera.statistics).collect();
        let size = self.cameras.first().map_or([0; 2], |camera| [camera.width, camera.height]);
        BenchRun {
            what,
            num_convexes: to_u32(self.scene.len()),
            width: size[0],
            height: size[1],
            num_views: self.cameras.len(),
            counts: Counts { visits: mean_visits(measured), ..Counts::mean(&statistics) },
            predictions: Vec::new(),
            upload_seconds,
            waited: Times::of(waited),
            device: None,
            kernels: Vec::new(),
            per_second: 0.0,
            hashes: measured.iter().map(|measure_camera| format!("{:016x}", measure_camera.hash)).collect(),
            device_peak_bytes: self.gpu.take_peak(),
        }
    }
}

/// The mean over the cameras; none where they were not counted.
fn mean_visits(measured: &[CameraMeasurement]) -> Option<Visits> {
    let visits: Option<Vec<Visits>> = measured.iter().map(|camera| camera.visits).collect();
    visits.map(|visits| Visits::mean(&visits))
}

/// Samples of a profile; none where the device has no timestamps.
pub(super) fn profiles(
    limits: Limits,
    mut profile: impl FnMut(usize) -> Result<Option<Vec<KernelTime>>, GpuError>,
) -> Result<Vec<Vec<KernelTime>>, GpuError> {
    // The device is warm already.
    let begin = Instant::now();
    let Some(first) = profile(0)? else { return Ok(Vec::new()) };
    let mut profiles = vec![first];
    while profiles.len() < limits.samples as usize && begin.elapsed().as_secs_f64() < limits.seconds {
        profiles.push(profile(profiles.len())?.unwrap_or_default());
    }
    Ok(profiles)
}

/// Times of whole profiles, and of each kernel.
pub(super) fn summary(profiles: &[Vec<KernelTime>]) -> (Option<Times>, Vec<KernelTimes>) {
    let Some(first) = profiles.first() else { return (None, Vec::new()) };
    let total = |profile: &Vec<KernelTime>| profile.iter().map(|time| time.nanoseconds).sum::<f64>() / 1e6;
    let by_kernel: Vec<_> = profiles.iter().map(|profile| KernelTime::by_kernel(profile)).collect();
    let kernel = |name: &str| {
        let of = |kernels: &Vec<(&str, f64, usize)>| {
            let found = kernels.iter().find(|(kernel, ..)| *kernel == name);
            found.map_or((0.0, 0), |(_, milliseconds, count)| (*milliseconds, *count))
        };
        let (times, counts): (Vec<f64>, Vec<usize>) = by_kernel.iter().map(of).unzip();
        KernelTimes {
            name: name.to_owned(),
            dispatches: counts.iter().sum::<usize>() as f64 / counts.len() as f64,
            milliseconds: Times::of(times).p50,
        }
    };
    (
        Some(Times::of(profiles.iter().map(total).collect())),
        KernelTime::by_kernel(first).into_iter().map(|(name, ..)| kernel(name)).collect(),
    )
}

/// The FNV-1a hash of 64 bits of some bytes after one another.
pub(super) fn fnv1a<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    parts.into_iter().flatten().fold(0xcbf2_9ce4_8422_2325, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_fnv_1a() {
        assert_eq!(fnv1a([b"".as_slice()]), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a([b"foo".as_slice(), b"bar".as_slice()]), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn kernels_are_added_up_in_the_order_of_their_first_dispatch() {
        let time = |name, milliseconds: f64| KernelTime { name, nanoseconds: milliseconds * 1e6 };
        let profiles = vec![vec![time("b", 1.0), time("a", 2.0), time("b", 3.0)]; 3];
        let (device, kernels) = summary(&profiles);
        assert_eq!(device.unwrap().p50, 6.0);
        let kernels: Vec<_> = kernels.iter().map(|k| (k.name.as_str(), k.milliseconds, k.dispatches)).collect();
        assert_eq!(kernels, [("b", 4.0, 2.0), ("a", 2.0, 1.0)]);
        assert_eq!(summary(&[]), (None, Vec::new()));
    }
}
