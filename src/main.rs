//! The `lapidary` program.

#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests read and write files of their own"))]

mod cli;

fn main() -> std::process::ExitCode {
    cli::main()
}
