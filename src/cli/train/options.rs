//! What a training depends on: a file, then `--set`, then the flags.

use std::path::Path;

use anyhow::{Context as _, anyhow, bail};
use lapidary::files;
use lapidary::scene::Scene;
use lapidary::train::{Preset, State, StrategyKind, TrainOptions};
use toml::{Table, Value};

use super::{Published, TrainArgs};

/// Options that a training which goes on may change: the length, and what changes nothing about how it learns. There cannot be
/// fewer convexes or iterations than there are.
const FREE: [&str; 7] =
    ["iterations", "max_convexes", "memory", "picture_memory", "eval_every", "eval_views", "iterations_per_submission"];

/// The options of a new training. It has the points per convex of the scene that it begins with, where nothing else is said.
/// The scene keeps its spherical harmonics, so a lower degree than theirs is refused.
pub(super) fn options(args: &TrainArgs, start: Option<&Scene>) -> anyhow::Result<TrainOptions> {
    let mut given = given(args)?;
    if let Some(scene) = start {
        let points = Value::Integer(i64::try_from(scene.points_per_convex)?);
        given.entry("points_per_convex").or_insert(points);
        let degree = i64::try_from(scene.sh_degree)?;
        let wanted = given.get("sh_degree").and_then(Value::as_integer);
        if let Some(wanted) = wanted.filter(|wanted| *wanted < degree) {
            bail!(
                "`sh_degree` = {wanted}: expected at least {degree}, the degree of the spherical harmonics of the scene that \
                 --start names"
            );
        }
    }
    resolved(given)
}

/// The options of a training that goes on: those that it began with, but for what may change.
pub(super) fn resumed(args: &TrainArgs, state: &State) -> anyhow::Result<TrainOptions> {
    let given = given(args)?;
    let wanted = Table::try_from(resolved(given.clone())?)?;
    let mut table = Table::try_from(&state.options)?;
    for (name, value) in wanted.into_iter().filter(|(name, _)| given.contains_key(name)) {
        let before = table.get(&name).map(shown);
        if !FREE.contains(&name.as_str()) && before.as_ref() != Some(&shown(&value)) {
            let before = before.as_deref().unwrap_or("the default");
            bail!(
                "the training that --resume goes on with has `{name}` = {before}; it cannot become {}",
                shown(&value)
            );
        }
        table.insert(name, value);
    }
    let options = resolved(table)?;
    if options.iterations < state.iteration {
        bail!(
            "{} iterations are asked for, and the training that --resume goes on with has done {} already",
            options.iterations,
            state.iteration
        );
    }
    Ok(options)
}

/// A value as people write it: options are of single precision, TOML's numbers are not.
fn shown(value: &Value) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "back to what it was")]
    match value {
        Value::Float(number) => (*number as f32).to_string(),
        Value::Array(values) => format!("[{}]", values.iter().map(shown).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

/// What the user says, by name.
fn given(args: &TrainArgs) -> anyhow::Result<Table> {
    let mut table = Table::new();
    if let Some(path) = &args.config {
        let text = String::from_utf8_lossy(&files::read(path)?).into_owned();
        table = text.parse().map_err(|error| not_toml(path, &text, &error))?;
        table = checked(table).with_context(|| path.display().to_string())?;
        resolved(table.clone()).with_context(|| path.display().to_string())?;
    }
    for set in &args.set {
        let one = assignment(set).with_context(|| format!("--set {set}: expected NAME=VALUE"))?;
        table.extend(checked(one).with_context(|| format!("--set {set}"))?);
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
        let seed = i64::try_from(seed).map_err(|_| anyhow!("--seed {seed}: expected a number below 2^63"))?;
        table.insert("seed".to_owned(), Value::Integer(seed));
    }
    if let Some(published) = args.preset {
        table.insert("strategy".to_owned(), "paper".into());
        table.insert("preset".to_owned(), Value::try_from(Preset::from(published))?);
    }
    Ok(table)
}

/// What `--set` says: values are those of TOML, and words and lists do without their quotes and brackets.
fn assignment(set: &str) -> Option<Table> {
    let (name, value) = set.split_once('=').filter(|(_, value)| !value.trim().is_empty())?;
    let value = value.trim();
    let zero = if value.starts_with('.') { "0" } else { "" };
    let spellings = [format!("{zero}{value}"), format!("[{value}]"), Value::from(value).to_string()];
    spellings.iter().find_map(|value| format!("{name} = {value}").parse().ok())
}

/// The options of a table as they are; refuses unknown names and values of another kind, one by one and by name.
fn checked(table: Table) -> anyhow::Result<Table> {
    for (name, value) in &table {
        let one = Table::from_iter([(name.clone(), value.clone())]);
        if let Err(error) = one.try_into::<TrainOptions>() {
            let is_unknown = error.message().starts_with("unknown field");
            let known: Vec<&str> = error.message().split('`').skip(3).step_by(2).collect();
            bail!("{}", if is_unknown { unknown(name, &known) } else { format!("`{name}`: {}", error.message()) });
        }
    }
    Ok(table)
}

/// What to say of an option that does not exist.
fn unknown(name: &str, known: &[&str]) -> String {
    let likeness = |known: &&str| strsim::jaro(name, known);
    let near = known.iter().copied().filter(|known| likeness(known) > 0.8);
    let advice = match near.max_by(|a, b| likeness(a).total_cmp(&likeness(b))) {
        Some(known) => format!("; did you mean `{known}`?"),
        None => ";".to_owned(),
    };
    format!("there is no option `{name}`{advice} docs/training.md lists them")
}

/// Where a file is no TOML.
fn not_toml(path: &Path, text: &str, error: &toml::de::Error) -> anyhow::Error {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    anyhow!("{}, line {line}: expected lines like `colour_rate = 0.01`: {}", path.display(), error.message())
}

/// The options that a table of known names says; refuses values that do not make sense.
fn resolved(table: Table) -> anyhow::Result<TrainOptions> {
    let typed = |table: Table| table.try_into::<TrainOptions>().map_err(|error| anyhow!("{}", error.message()));
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

#[cfg(test)]
mod tests {
    use super::super::super::sentence;
    use super::*;

    #[test]
    fn values_are_words_lists_and_those_of_toml() {
        let said = |set: &str| assignment(set).map(|table| table.to_string().trim().to_owned());
        for (set, expected) in [
            ("strategy=paper", "strategy = \"paper\""),
            ("strategy=\"paper\"", "strategy = \"paper\""),
            ("background=1,0.5, 1", "background = [1, 0.5, 1]"),
            ("background = [1, 0.5, 1]", "background = [1, 0.5, 1]"),
            ("points_rate=1e-3,2e-5", "points_rate = [0.001, 0.00002]"),
            ("seed=7", "seed = 7"),
            ("colour_rate=.5", "colour_rate = 0.5"),
            ("antialias=true", "antialias = true"),
        ] {
            assert_eq!(said(set).as_deref(), Some(expected));
        }
        assert_eq!(said("seed"), None);
        assert_eq!(said("seed="), None);
        assert_eq!(said("=7"), None);
    }

    #[test]
    fn faults_are_one_line_each() {
        let fault = |set: &str| sentence(&checked(assignment(set).unwrap()).unwrap_err());
        let unknown = fault("colour_rat=1");
        assert!(unknown.starts_with("there is no option `colour_rat`; did you mean `colour_rate`?"), "{unknown}");
        assert!(fault("refine_evry=1").contains("`refine_every`"), "{}", fault("refine_evry=1"));
        assert!(!fault("zzz=1").contains("did you mean"));
        assert_eq!(fault("seed=x"), "`seed`: invalid type: string \"x\", expected u64");
        assert!(fault("strategy=other").contains("expected `budget` or `paper`"));
        for set in ["colour_rat=1", "seed=x", "strategy=other", "background=1", "sh_degree=-1"] {
            assert!(!fault(set).contains('\n'), "{}", fault(set));
        }
    }
}
