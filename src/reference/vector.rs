//! Vectors as arrays: the little algebra the twin needs, for any [`Real`].

use std::array::from_fn;

use crate::real::Real;

pub(super) fn add<T: Real, const N: usize>(a: [T; N], b: [T; N]) -> [T; N] {
    from_fn(|i| a[i] + b[i])
}

pub(super) fn sub<T: Real, const N: usize>(a: [T; N], b: [T; N]) -> [T; N] {
    from_fn(|i| a[i] - b[i])
}

pub(super) fn scale<T: Real, const N: usize>(a: [T; N], factor: T) -> [T; N] {
    a.map(|x| x * factor)
}

pub(super) fn dot<T: Real, const N: usize>(a: [T; N], b: [T; N]) -> T {
    (0..N).map(|i| a[i] * b[i]).sum()
}

pub(super) fn accumulate<T: Real, const N: usize>(total: &mut [T; N], part: [T; N]) {
    *total = add(*total, part);
}

pub(super) fn is_finite<T: Real, const N: usize>(a: [T; N]) -> bool {
    a.iter().all(|x| x.is_finite())
}
