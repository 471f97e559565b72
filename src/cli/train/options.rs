//! What a training depends on: a file, then `--set`, then the flags.

use anyhow::{Context as _, bail};
use lapidary::files;
use lapidary::train::{Preset, StrategyKind, TrainOptions};
use toml::{Table, Value};

use super::{Published, TrainArgs};

/// Options that a training which goes on may change: they change nothing about what it learns as long as it fits.
const FREE: [&str; 5] = ["memory", "picture_memory", "eval_every", "eval_views", "iterations_per_submission"];

/// The options of a new training.
pub(super) fn options(args: &TrainArgs) -> anyhow::Result<TrainOptions> {
    resolved(given(args)?)
}

/// The options of a training that goes on: those that it began with, but for what may change.
pub(super) fn resumed(args: &TrainArgs, then: &TrainOptions) -> anyhow::Result<TrainOptions> {
    let given = given(args)?;
    let wanted = Table::try_from(resolved(given.clone())?)?;
    let mut table = Table::try_from(then)?;
    for (name, value) in wanted.into_iter().filter(|(name, _)| given.contains_key(name)) {
        let before = table.get(&name).map(Value::to_string);
        if !FREE.contains(&name.as_str()) && before.as_ref() != Some(&value.to_string()) {
            let before = before.as_deref().unwrap_or("the default");
            bail!("the training that --resume goes on with has `{name}` = {before}; it cannot become {value}");
        }
        table.insert(name, value);
    }
    resolved(table)
}

/// What the user says, by name.
fn given(args: &TrainArgs) -> anyhow::Result<Table> {
    let mut table = Table::new();
    if let Some(path) = &args.config {
        let text = String::from_utf8_lossy(&files::read(path)?).into_owned();
        table = text.parse().with_context(|| format!("{} is not TOML", path.display()))?;
        // Here the file can be named.
        resolved(table.clone()).with_context(|| path.display().to_string())?;
    }
    for set in &args.set {
        let one: Table = set.parse().with_context(|| format!("--set {set}: expected NAME=VALUE"))?;
        table.extend(one);
    }
    let numbers = [
        ("iterations", args.iterations),
        ("max_convexes", args.max_convexes),
        ("memory", args.memory),
        ("eval_every", args.eval_every),
    ];
    for (name, value) in numbers {
        table.extend(value.map(|value| (name.to_owned(), Value::Integer(value.into()))));
    }
    if args.antialias {
        table.insert("antialias".to_owned(), true.into());
    }
    if let Some(seed) = args.seed {
        let seed = i64::try_from(seed).context("--seed must be below 2^63")?;
        table.insert("seed".to_owned(), Value::Integer(seed));
    }
    if let Some(published) = args.preset {
        table.insert("strategy".to_owned(), "paper".into());
        table.insert("preset".to_owned(), Value::try_from(Preset::from(published))?);
    }
    Ok(table)
}

/// Refuses unknown names, values of another kind, and values that do not make sense.
fn resolved(table: Table) -> anyhow::Result<TrainOptions> {
    let typed = |table: Table| table.try_into::<TrainOptions>().context("an option is unknown or of another kind");
    let mut options = typed(table.clone())?;
    if options.strategy == StrategyKind::Paper {
        // What is not said is as published.
        let mut published = Table::try_from(TrainOptions::published(options.preset))?;
        published.extend(table);
        options = typed(published)?;
    }
    options.check()?;
    Ok(options)
}

impl From<Published> for Preset {
    fn from(published: Published) -> Self {
        match published {
            Published::Light => Self::Light,
            Published::Indoor => Self::Indoor,
            Published::Outdoor => Self::Outdoor,
        }
    }
}
