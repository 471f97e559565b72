//! `lapidary completions` and `lapidary man`: what shells and manuals know of the commands.

use std::path::PathBuf;

use anyhow::anyhow;
use clap::{Command, CommandFactory as _};
use clap_complete::Shell;
use clap_mangen::Man;
use lapidary::files;

use super::{Cli, print_text};

/// The name of the program.
const NAME: &str = "lapidary";

/// Prints a script that completes commands and options in a shell.
///
/// bash: `lapidary completions bash > ~/.local/share/bash-completion/completions/lapidary`. zsh: into a folder of `$fpath`, as
/// `_lapidary`. fish: `~/.config/fish/completions/lapidary.fish`. PowerShell: `lapidary completions powershell | Out-String |
/// Invoke-Expression` in the profile.
#[derive(Debug, clap::Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

/// Prints a page of the manual, or writes all of them.
#[derive(Debug, clap::Args)]
pub(crate) struct ManArgs {
    /// Command whose page is printed [default: the page about lapidary itself]
    #[arg(conflicts_with = "out")]
    command: Option<String>,
    /// Folder to write all pages into, like ~/.local/share/man/man1; it is created if it does not exist
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(crate) fn completions(args: &CompletionsArgs) {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), NAME, &mut script);
    print_text(&script);
}

pub(crate) fn man(args: &ManArgs) -> anyhow::Result<()> {
    let mut whole = Cli::command();
    whole.build();
    let pages = || whole.get_subcommands().filter(|command| !command.is_hide_set() && command.get_name() != "help");
    if let Some(out) = &args.out {
        files::create_folder(out)?;
        for command in std::iter::once(&whole).chain(pages()) {
            let name = page_name(command);
            files::write_atomically(&out.join(format!("{name}.1")), &page(command, name)?)?;
        }
        return Ok(());
    }
    let command = match &args.command {
        None => &whole,
        Some(name) => pages().find(|command| command.get_name() == name).ok_or_else(|| {
            let names: Vec<&str> = pages().map(Command::get_name).collect();
            anyhow!("there is no command {name}; expected one of {}", names.join(", "))
        })?,
    };
    print_text(&page(command, page_name(command))?);
    Ok(())
}

/// `lapidary` or `lapidary-train`.
fn page_name(command: &Command) -> String {
    if command.get_name() == NAME { NAME.to_owned() } else { format!("{NAME}-{}", command.get_name()) }
}

fn page(command: &Command, name: String) -> std::io::Result<Vec<u8>> {
    // The name of a page lives as long as the program, which ends soon.
    let name: &'static str = name.leak();
    let mut page = Vec::new();
    Man::new(command.clone().name(name)).render(&mut page)?;
    Ok(page)
}
