//! The method in plain Rust, generic over f32 and f64.
