//! One test binary: it links once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod layering;
mod reference;
mod support;
