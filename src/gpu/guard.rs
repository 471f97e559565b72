//! wgpu 30 panics when the device is lost during a wait, and egui's painter when a lost device gives it no memory. This
//! module turns both panics into errors.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::error::GpuError;

thread_local! {
    static IS_GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Whether a panic of this thread becomes an error: then a hook for panics is silent.
#[must_use]
pub fn panics_are_errors() -> bool {
    IS_GUARDED.get()
}

/// Calls a function that panics if the device is lost. Nothing that it leaves behind may be used after an error.
pub(crate) fn guarded<T>(call: impl FnOnce() -> T) -> Result<T, GpuError> {
    IS_GUARDED.set(true);
    let result = catch_unwind(AssertUnwindSafe(call));
    IS_GUARDED.set(false);
    result.map_err(|panic| GpuError::Lost { reason: message(&*panic) })
}

/// The message of a panic, in one line.
fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
    text.unwrap_or("no reason is known").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_lost_device_and_says_why() {
        assert_eq!(guarded(panics_are_errors), Ok(true));
        let lost: Result<(), GpuError> = guarded(|| panic!("Error in {}:\n  it is lost\n", "poll"));
        assert_eq!(lost, Err(GpuError::Lost { reason: "Error in poll: it is lost".to_owned() }));
        assert!(!panics_are_errors());
    }
}
