//! The `lapidary` program.

#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests read and write files of their own"))]
// `println!` and `eprintln!` panic where nobody reads; `tell!` and `say!` do not.
#![warn(clippy::print_stderr, clippy::print_stdout)]

mod cli;

fn main() -> std::process::ExitCode {
    cli::main()
}
