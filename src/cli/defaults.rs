//! The user's defaults: a TOML file with a table for each command, whose keys are the long options.
//!
//! ```toml
//! [train]
//! max-convexes = 200000
//! ```

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail, ensure};
use clap::{Arg, ArgAction, ArgMatches, Command, CommandFactory as _, FromArgMatches as _};
use lapidary::files;
use toml::{Table, Value};

use super::Cli;

/// The variable that names another file; an empty one names none.
pub(super) const VARIABLE: &str = "LAPIDARY_CONFIG";

/// The command line with the user's defaults for options that are not given. Mistakes of the command line end the program.
pub(super) fn parse() -> anyhow::Result<Cli> {
    let args: Vec<OsString> = std::env::args_os().collect();
    let command = Cli::command();
    let given = command.clone().get_matches_from(&args);
    let matches = match (file(), given.subcommand_name()) {
        (Some(path), Some(name)) => with_defaults(command, &path, name, &args)?.unwrap_or(given),
        _ => given,
    };
    Ok(Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit()))
}

/// The file of defaults.
fn file() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os(VARIABLE) {
        return Some(PathBuf::from(path)).filter(|path| !path.as_os_str().is_empty());
    }
    let folders = directories::ProjectDirs::from("", "", "lapidary")?;
    Some(folders.config_dir().join("config.toml")).filter(|path| path.is_file())
}

/// What the command line means with the defaults of a file; `None` where it has none for this command.
fn with_defaults(command: Command, path: &Path, name: &str, args: &[OsString]) -> anyhow::Result<Option<ArgMatches>> {
    let bytes = files::read(path)?;
    let text = String::from_utf8(bytes).with_context(|| format!("{} is no text", path.display()))?;
    let named = || path.display().to_string();
    let tables: Table = text.parse().map_err(|error: toml::de::Error| anyhow!("{}: {}", named(), error.message()))?;
    let mut changed = command;
    let mut is_changed = false;
    for (section, table) in &tables {
        let known = changed.find_subcommand(section).with_context(|| {
            format!("{}: there is no command `{section}`; expected a table of a command, like [train]", named())
        })?;
        let Value::Table(table) = table else {
            bail!("{}: expected a table [{section}]", named());
        };
        let mut defaults = Vec::new();
        for (key, value) in table {
            let default = default(known, &changed, key, value);
            defaults.extend(default.with_context(|| format!("{}: `{key}` of [{section}]", named()))?);
        }
        if section == name {
            is_changed = !defaults.is_empty();
            changed = defaults.into_iter().fold(changed, |command, default| default.add_to(command, name));
        }
    }
    if !is_changed {
        return Ok(None);
    }
    // The command line alone is right: what is wrong now is in the file.
    let matches = changed.try_get_matches_from(args).map_err(|error| {
        let text = error.to_string();
        let line = text.lines().next().unwrap_or_default();
        anyhow!("{}: {}", named(), line.strip_prefix("error: ").unwrap_or(line))
    })?;
    Ok(Some(matches))
}

/// A default value of an option.
struct DefaultValue {
    id: clap::Id,
    /// Whether every command has the option.
    is_shared: bool,
    values: Vec<String>,
}

impl DefaultValue {
    fn add_to(self, command: Command, name: &str) -> Command {
        let Self { id, is_shared, values } = self;
        // The parser borrows its defaults for as long as the program runs, which reads them once.
        let values: Vec<&'static str> = values.into_iter().map(|value| &*value.leak()).collect();
        let change = |command: Command| command.mut_arg(id, |arg| arg.default_values(values));
        if is_shared { change(command) } else { command.mut_subcommand(name, change) }
    }
}

/// The default that a key gives; `None` for a switch that stays off.
fn default(command: &Command, whole: &Command, key: &str, value: &Value) -> anyhow::Result<Option<DefaultValue>> {
    let is_meant = |arg: &&Arg| arg.get_long() == Some(key);
    let own = command.get_arguments().find(is_meant);
    let (arg, is_shared) = match own {
        Some(arg) => (arg, false),
        None => {
            let shared = whole.get_arguments().find(|arg| arg.is_global_set() && is_meant(arg));
            (shared.context("there is no such option; expected the long name of one, without the dashes")?, true)
        }
    };
    ensure!(!arg.is_required_set(), "it has to be given with every command");
    let values = match (arg.get_action(), value) {
        (ArgAction::SetTrue, Value::Boolean(false)) => return Ok(None),
        (ArgAction::SetTrue, Value::Boolean(true)) => vec!["true".to_owned()],
        (ArgAction::SetTrue, _) => bail!("expected true or false"),
        (_, Value::Array(values)) => values.iter().map(text).collect::<anyhow::Result<_>>()?,
        (_, value) => vec![text(value)?],
    };
    Ok(Some(DefaultValue { id: arg.get_id().clone(), is_shared, values }))
}

/// A value as it is written on a command line.
fn text(value: &Value) -> anyhow::Result<String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Integer(number) => Ok(number.to_string()),
        Value::Float(number) => Ok(number.to_string()),
        Value::Boolean(is) => Ok(if *is { "on" } else { "off" }.to_owned()),
        _ => bail!("expected a text, a number, a switch or a list of them"),
    }
}
