//! Pictures decoded ahead, within a budget.

use std::sync::Arc;

use lapidary::dataset::PictureCache;

use super::*;

/// Bytes of one picture of the gems.
const PICTURE: u64 = 64 * 48 * 4;

#[test]
fn every_thread_gets_the_pictures_of_the_dataset() {
    let dataset = Arc::new(open(GEMS.path()));
    for (budget, threads) in [(0, 0), (0, 2), (2 * PICTURE, 1), (3 * PICTURE, 4), (u64::MAX, 2)] {
        let cache = PictureCache::new(Arc::clone(&dataset), budget, threads);
        for round in 0..4usize {
            for i in 0..7 {
                let view = (i * 3 + round) % 7;
                cache.prefetch(view);
                cache.prefetch((view + 3) % 7);
                assert_eq!(
                    *cache.get(view).unwrap(),
                    dataset.load(view).unwrap(),
                    "budget {budget}, {threads} threads"
                );
            }
        }
    }
}

#[test]
fn pictures_that_were_used_last_stay_in_the_cache() {
    let cache = PictureCache::new(Arc::new(open(GEMS.path())), 2 * PICTURE, 0);
    let first = cache.get(0).unwrap();
    let second = cache.get(1).unwrap();
    assert!(Arc::ptr_eq(&first, &cache.get(0).unwrap()), "still there");
    let _third = cache.get(2).unwrap();
    assert!(Arc::ptr_eq(&first, &cache.get(0).unwrap()), "used after the second");
    assert!(!Arc::ptr_eq(&second, &cache.get(1).unwrap()), "made room for the third");
    assert_eq!((cache.usage().bytes, cache.usage().peak_bytes), (2 * PICTURE, 2 * PICTURE));
    let decoded = cache.decoded();
    assert!(decoded.number == 4 && !decoded.total.is_zero(), "the second one twice: {decoded:?}");
}

#[test]
fn the_budget_holds_with_many_threads_asking() {
    // Who decodes ahead stays within the budget; the four that ask may go beyond it by a picture each.
    let cache = PictureCache::new(Arc::new(open(GEMS.path())), 2 * PICTURE, 3);
    std::thread::scope(|scope| {
        for first in 0..4usize {
            let cache = &cache;
            scope.spawn(move || {
                for i in 0..50 {
                    cache.prefetch((first + i * 2) % 7);
                    cache.get((first + i) % 7).unwrap();
                }
            });
        }
    });
    assert!(cache.usage().peak_bytes <= 6 * PICTURE, "{:?}", cache.usage());
}

#[test]
fn a_single_thread_stays_within_the_budget() {
    let cache = PictureCache::new(Arc::new(open(GEMS.path())), 3 * PICTURE, 2);
    for i in 0..200usize {
        cache.prefetch((i + 1) % 7);
        cache.prefetch((i + 2) % 7);
        cache.get(i % 7).unwrap();
    }
    assert!(cache.usage().peak_bytes <= 3 * PICTURE, "{:?}", cache.usage());
}

#[test]
fn errors_reach_every_waiting_thread() {
    let folder = one_picture("PINHOLE 40 30 50 50 20 15");
    let dataset = Arc::new(open(folder.path()));
    let picture = folder.path().join("images/a.png");
    let whole = std::fs::read(&picture).unwrap();
    write(&picture, b"broken");
    let cache = PictureCache::new(dataset, u64::MAX, 2);
    cache.prefetch(0);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| assert!(cache.get(0).unwrap_err().to_string().contains("a.png")));
        }
    });
    assert!(cache.get(1).is_err(), "no such view");
    cache.prefetch(1);
    assert_eq!(cache.usage().bytes, 0);
    write(&picture, whole);
    assert_eq!(cache.get(0).unwrap().width, 40, "repaired, it is there");
}
