//! Pseudorandom numbers that depend on a key alone.

use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg32;

/// A number in 0..1 for `key`.
pub(super) fn unit(key: &[u64]) -> f64 {
    // 53 bits are what an f64 in 0..1 can hold.
    (hash(key) >> 11) as f64 / (1u64 << 53) as f64
}

/// A number in -1..1 for `key`.
pub(super) fn signed(key: &[u64]) -> f64 {
    2.0 * unit(key) - 1.0
}

/// A stream of numbers for `key`: the same in every thread and in every order of calls.
#[derive(Debug)]
pub(super) struct Stream(Pcg32);

impl Stream {
    /// The stream of `key`.
    pub(super) fn of(key: &[u64]) -> Self {
        Self(Pcg32::seed_from_u64(hash(key)))
    }

    /// The next number in 0..1.
    pub(super) fn unit(&mut self) -> f64 {
        self.0.random()
    }
}

/// Mixes the words of a key by the finaliser of splitmix64.
fn hash(key: &[u64]) -> u64 {
    key.iter().fold(0x9e37_79b9_7f4a_7c15, |state, word| {
        let mut z = (state ^ word).wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    })
}
