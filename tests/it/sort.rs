//! The radix sort against the stable sort of the processor.

use lapidary::gpu::{Commands, Gpu};
use lapidary::kernels::{Pairs, Sort};
use rand_pcg::Pcg64Mcg;
use rand_pcg::rand_core::{Rng as _, SeedableRng as _};

use crate::support::device::{all_gpus, gpu};

const LENGTHS: [u32; 7] = [0, 1, 255, 256, 257, 65_537, 4_194_307];

const ORDERS: [&str; 4] = ["random", "constant", "sorted", "reversed"];

fn keys(order: &str, len: u32) -> Vec<u32> {
    let mut random = Pcg64Mcg::seed_from_u64(1);
    // Spread over all 32 bits, so that every digit matters.
    let rising = |i: u32| (u64::from(i) * u64::from(u32::MAX) / u64::from(len.max(1))) as u32;
    (0..len)
        .map(|i| match order {
            "random" => random.next_u32(),
            "constant" => 0xdead_beef,
            "sorted" => rising(i),
            _ => rising(len - i),
        })
        .collect()
}

/// Keys and indices in the order of a stable sort by the lowest bits of the key: the index settles what is equal.
fn sorted_by_processor(keys: &[u32], bits: u32) -> (Vec<u32>, Vec<u32>) {
    let mask = u32::MAX >> (32 - bits);
    let mut order: Vec<u64> = (0u64..).zip(keys).map(|(i, key)| u64::from(key & mask) << 32 | i).collect();
    order.sort_unstable();
    let values: Vec<u32> = order.iter().map(|pair| *pair as u32).collect();
    (values.iter().map(|value| keys[*value as usize]).collect(), values)
}

fn sorted_by_gpu(gpu: &Gpu, sort: &Sort, keys: &[u32], count: u32, bits: u32) -> (Vec<u32>, Vec<u32>) {
    let len = u32::try_from(keys.len()).unwrap();
    let values: Vec<u32> = (0..len).collect();
    let pairs = Pairs { keys: gpu.upload("keys", keys).unwrap(), values: gpu.upload("values", &values).unwrap() };
    let scratch = Pairs::zeros(gpu, "scratch", len).unwrap();
    let counts = gpu.upload("counts", &[7, 7, count]).unwrap();
    let plan = sort.plan(gpu, len, bits, 2).unwrap();
    let mut commands = Commands::new(gpu, "sort");
    sort.record(&mut commands, &plan, &counts, &pairs, &scratch).unwrap();
    commands.submit();
    let sorted = plan.result(&pairs, &scratch);
    (sorted.keys.read(gpu).unwrap(), sorted.values.read(gpu).unwrap())
}

#[test]
fn a_sort_equals_the_stable_sort_of_the_processor() {
    let sorts: Vec<Sort> = all_gpus().iter().map(|(_, gpu)| Sort::new(gpu).unwrap()).collect();
    for (len, order) in LENGTHS.into_iter().flat_map(|len| ORDERS.map(|order| (len, order))) {
        let keys = keys(order, len);
        let expected = sorted_by_processor(&keys, 32);
        for ((name, gpu), sort) in all_gpus().iter().zip(&sorts) {
            // Bindings of 64 KiB split the longest line into 257 windows, each sorted into each: enough is seen before.
            if name.contains("64 KiB") && len > 65_537 {
                continue;
            }
            assert!(sorted_by_gpu(gpu, sort, &keys, len, 32) == expected, "{len} {order} keys on {name}");
        }
    }
}

#[test]
fn only_the_chosen_bits_matter() {
    for (name, gpu) in all_gpus() {
        let sort = Sort::new(gpu).unwrap();
        let keys = keys("random", 20_000);
        for bits in [1, 2, 7, 8, 9, 13, 24, 31] {
            let found = sorted_by_gpu(gpu, &sort, &keys, 20_000, bits);
            assert!(found == sorted_by_processor(&keys, bits), "{bits} bits on {name}");
        }
    }
}

#[test]
fn only_the_first_pairs_are_sorted() {
    for (name, gpu) in all_gpus() {
        let sort = Sort::new(gpu).unwrap();
        let keys = keys("random", 50_000);
        for count in [0u32, 1, 2048, 2049, 30_000] {
            let (found_keys, found_values) = sorted_by_gpu(gpu, &sort, &keys, count, 32);
            let (expected_keys, expected_values) = sorted_by_processor(&keys[..count as usize], 32);
            assert!(found_keys[..count as usize] == expected_keys, "{count} of 50 000 keys on {name}");
            assert!(found_values[..count as usize] == expected_values, "{count} of 50 000 values on {name}");
        }
    }
}

#[test]
fn repeated_runs_give_the_same_bits() {
    let sort = Sort::new(gpu()).unwrap();
    // Few different keys: an unstable sort would show.
    let keys: Vec<u32> = keys("random", 300_000).iter().map(|key| key & 0x3ff).collect();
    let first = sorted_by_gpu(gpu(), &sort, &keys, 300_000, 10);
    for _ in 0..5 {
        assert!(sorted_by_gpu(gpu(), &sort, &keys, 300_000, 10) == first);
    }
}

/// Run by name: `cargo test --release --test it -- --ignored sort::two_to_the_26_keys`. It needs about 3 GiB.
#[test]
#[ignore = "takes a minute and gigabytes on a software driver"]
fn two_to_the_26_keys() {
    let sort = Sort::new(gpu()).unwrap();
    let keys = keys("random", 1 << 26);
    let (found_keys, found_values) = sorted_by_gpu(gpu(), &sort, &keys, 1 << 26, 32);
    let (expected_keys, expected_values) = sorted_by_processor(&keys, 32);
    assert!(found_keys == expected_keys && found_values == expected_values);
}
