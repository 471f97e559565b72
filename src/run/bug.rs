//! Panics as errors: a bug loses nothing that was done before it.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Work that a panic ended.
#[derive(Debug, thiserror::Error)]
#[error("a bug of lapidary, not a fault of the input: {message}")]
pub struct Bug {
    message: String,
}

impl Bug {
    fn of(panic: &(dyn Any + Send)) -> Self {
        let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        let message = text.unwrap_or("no reason is known").split_whitespace().collect::<Vec<_>>().join(" ");
        Self { message }
    }
}

/// Does some work; a panic of it becomes an error. What it was working on may be half changed after that.
///
/// # Errors
/// The error of the work, or [`Bug`] when it panicked.
pub(super) fn caught<T, E: From<Bug>>(work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(Bug::of(&*panic).into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::panic, reason = "the panic is what is tested")]
    fn a_panic_is_an_error_with_the_message_of_the_panic() {
        let error = caught::<(), Bug>(|| panic!("row {}\n is missing", 7)).unwrap_err();
        assert!(error.to_string().ends_with("the input: row 7 is missing"), "{error}");
        assert_eq!(caught::<_, Bug>(|| Ok(3)).unwrap(), 3);
    }
}
