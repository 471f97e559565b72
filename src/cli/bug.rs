//! Panics: bugs of the program, not faults of its input.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The address at which bugs are reported; empty if the package has none.
const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");

/// The exit code after a panic, which is Rust's own.
pub(super) const EXIT_CODE: u8 = 101;

/// Work that a panic ended.
#[derive(Debug, thiserror::Error)]
#[error("a bug of lapidary, not a fault of the input: {said}")]
pub(super) struct Bug {
    said: String,
}

impl Bug {
    fn of(panic: &(dyn Any + Send)) -> Self {
        let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        Self { said: text.unwrap_or("no reason is known").split_whitespace().collect::<Vec<_>>().join(" ") }
    }
}

/// Does some work and turns a panic of it into an error. The values that it changed may be in any state after that.
pub(super) fn caught<T>(work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(Bug::of(&*panic).into()))
}

/// Prints for every panic from now on that it is a bug, and how to report it. Panics that stand for an error of the GPU are
/// not printed, because that error is.
pub(super) fn tell_of_panics() {
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !lapidary::gpu::panics_are_errors() {
            tell(panic);
            say!("This is a bug of lapidary; {}", advice());
        }
    }));
}

fn advice() -> String {
    match REPOSITORY {
        "" => "please report it with these lines and the output of `lapidary info`.".to_owned(),
        repository => format!("please report it with these lines at {repository}/issues"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error_with_its_message() {
        let error = caught::<()>(|| panic!("row {}\n is missing", 7)).unwrap_err();
        assert!(error.is::<Bug>() && error.to_string().ends_with("the input: row 7 is missing"), "{error}");
        assert_eq!(caught(|| Ok(3)).unwrap(), 3);
    }
}
