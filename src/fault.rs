//! Panics injected by tests, which check the state that a panic leaves behind. Release builds have none.

/// Panics where the environment variable `LAPIDARY_FAULT` names this place, in debug builds alone.
#[cfg_attr(debug_assertions, expect(clippy::panic, reason = "it is what this is for"))]
pub fn panic_if_requested(place: std::fmt::Arguments<'_>) {
    #[cfg(debug_assertions)]
    if std::env::var("LAPIDARY_FAULT").is_ok_and(|wanted| wanted == place.to_string()) {
        panic!("a fault on purpose: {place}");
    }
    #[cfg(not(debug_assertions))]
    let _ = place;
}
