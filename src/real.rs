//! The scalar that the reference twin is generic over, and what is done with plain numbers everywhere.

use std::fmt::Debug;
use std::iter::Sum;
use std::ops::{AddAssign, MulAssign, SubAssign};

use num_traits::{Float, NumCast};

/// `f32` or `f64`.
pub trait Real: Float + AddAssign + SubAssign + MulAssign + Sum + Debug + Default + Send + Sync + 'static {
    /// Nearest value to a constant.
    #[must_use]
    fn of(value: f64) -> Self {
        // Both implementors represent every f64 after rounding, so the cast always succeeds.
        <Self as NumCast>::from(value).unwrap_or_else(Self::nan)
    }
}

impl Real for f32 {}
impl Real for f64 {}

/// A count or a size of 32 bits, or the largest one where it does not fit. Counts of things on a device fit because the
/// buffers that hold them do.
#[must_use]
pub(crate) fn to_u32<T: TryInto<u32>>(count: T) -> u32 {
    count.try_into().unwrap_or(u32::MAX)
}

/// The middle of some numbers, the upper one of two; `None` of none.
pub(crate) fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}
