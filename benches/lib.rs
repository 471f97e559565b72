//! Benchmarks of lapidary: `kernels.rs`.
