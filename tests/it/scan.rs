//! The prefix sum against the obvious one.

use lapidary::gpu::Commands;
use lapidary::kernels::Scan;

use crate::support::device::all_gpus;

const LENGTHS: [u32; 9] = [0, 1, 255, 256, 257, 2047, 2048, 65_537, 4_194_307];

fn exclusive_sums(values: &[u32]) -> (Vec<u32>, u32) {
    let mut sum = 0u64;
    let step = |value: &u32| {
        let before = sum as u32;
        sum += u64::from(*value);
        before
    };
    let before = values.iter().map(step).collect();
    (before, u32::try_from(sum).unwrap_or(u32::MAX))
}

fn scan_on_gpu(gpu: &lapidary::gpu::Gpu, scan: &Scan, values: &[u32], count: u32) -> (Vec<u32>, u32) {
    let buffer = gpu.upload("values", values).unwrap();
    // The count stands behind another one, to see that its place is used.
    let counts = gpu.upload("counts", &[7, count]).unwrap();
    let plan = scan.plan(gpu, u32::try_from(values.len()).unwrap(), 1).unwrap();
    let mut commands = Commands::new(gpu, "scan");
    scan.record(&mut commands, &plan, &counts, &buffer).unwrap();
    commands.submit();
    (buffer.read(gpu).unwrap(), plan.total().buffer.read(gpu).unwrap()[0])
}

#[test]
fn a_scan_equals_the_sums_of_the_processor() {
    for (name, gpu) in all_gpus() {
        let scan = Scan::new(gpu).unwrap();
        for len in LENGTHS {
            // Large values, so that the sums of long lines wrap around and the total saturates.
            let values: Vec<u32> = (0..len).map(|i| i.wrapping_mul(2_654_435_761) >> 12).collect();
            let (expected, total) = exclusive_sums(&values);
            let (found, found_total) = scan_on_gpu(gpu, &scan, &values, len);
            assert!(found == expected && found_total == total, "{len} items on {name}");
        }
    }
}

#[test]
fn items_beyond_the_count_are_left_alone() {
    for (name, gpu) in all_gpus() {
        let scan = Scan::new(gpu).unwrap();
        let values = vec![1u32; 100_000];
        for count in [0, 1, 2048, 2049, 40_000] {
            let (found, total) = scan_on_gpu(gpu, &scan, &values, count);
            let (scanned, rest) = found.split_at(count as usize);
            assert!(scanned.iter().copied().eq(0..count) && total == count, "{count} on {name}");
            assert!(rest.iter().all(|value| *value == 1), "{count} on {name}");
        }
        // A count beyond the capacity is the capacity.
        assert_eq!(scan_on_gpu(gpu, &scan, &values, u32::MAX).1, 100_000, "{name}");
    }
}
