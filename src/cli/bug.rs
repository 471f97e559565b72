//! Panics: bugs of the program, not faults of its input.

/// The address at which bugs are reported; empty if the package has none.
const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");

/// The exit code after a panic, which is Rust's own.
pub(super) const EXIT_CODE: u8 = 101;

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
