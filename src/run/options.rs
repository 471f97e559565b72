//! The options of a training in layers: defaults, then files, then assignments, then typed values. Later layers win.

use std::path::{Path, PathBuf};

use toml::{Table, Value};

use crate::files::{self, FileError};
use crate::scene::Scene;
use crate::train::{OptionsError, Preset, State, StrategyKind, TrainOptions};

/// The training options that were given. The typed values win over those of files and assignments.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TrainOptionsPatch {
    /// The values of files and assignments, all of known names.
    named: Table,
    /// [`TrainOptions::iterations`].
    pub iterations: Option<u32>,
    /// [`TrainOptions::max_convexes`].
    pub max_convexes: Option<u32>,
    /// [`TrainOptions::memory`].
    pub memory: Option<u32>,
    /// [`TrainOptions::eval_every`].
    pub eval_every: Option<u32>,
    /// [`TrainOptions::seed`].
    pub seed: Option<u64>,
    /// [`TrainOptions::antialias`].
    pub antialias: Option<bool>,
    /// A published configuration: its strategy and its values.
    pub preset: Option<Preset>,
}

/// Options that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LayerError {
    /// The values make no sense.
    #[error(transparent)]
    Value(#[from] OptionsError),
    /// A file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// An error in a file.
    #[error("{}: {source}", path.display())]
    InFile {
        /// The file.
        path: PathBuf,
        /// The error.
        source: Box<Self>,
    },
    /// A file that is not TOML.
    #[error("{}, line {line}: expected lines like `colour_rate = 0.01`: {reason}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// The message of the TOML parser.
        reason: String,
    },
    /// An assignment without a name or a value.
    #[error("expected NAME=VALUE")]
    Assignment,
    /// No option has this name.
    #[error("there is no option `{name}`")]
    Unknown {
        /// The name.
        name: String,
        /// All names of options.
        known: Vec<String>,
    },
    /// A value of another kind.
    #[error("`{name}`: {reason}")]
    Kind {
        /// The option.
        name: String,
        /// The expected and the given kind.
        reason: String,
    },
    /// A spherical harmonics degree below that of the scene that the training begins with.
    #[error(
        "`sh_degree` = {wanted}: expected at least {found}, the degree of the spherical harmonics of the scene that the \
         training begins with"
    )]
    Degree {
        /// The degree that was given.
        wanted: usize,
        /// The degree of the scene.
        found: usize,
    },
    /// A training that goes on with an option that cannot change.
    #[error("the training that goes on has `{name}` = {before}; it cannot become {after}")]
    Fixed {
        /// The option.
        name: String,
        /// The value of the checkpoint.
        before: String,
        /// The value that was given.
        after: String,
    },
    /// A training that goes on with fewer iterations than it has done.
    #[error("{wanted} iterations are asked for, and the training that goes on has done {done} already")]
    TooFewIterations {
        /// The number that was given.
        wanted: u32,
        /// The number that is done.
        done: u32,
    },
}

impl TrainOptionsPatch {
    /// Adds the options of a TOML file, like `config.toml` of a training.
    ///
    /// # Errors
    /// [`LayerError`] when the file cannot be read, or holds unknown names or values that make no sense.
    pub fn add_file(&mut self, path: &Path) -> Result<(), LayerError> {
        let text = String::from_utf8_lossy(&files::read(path)?).into_owned();
        let table: Table = text.parse().map_err(|error: toml::de::Error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            LayerError::Syntax { path: path.into(), line, reason: error.message().to_owned() }
        })?;
        let in_file = |source| LayerError::InFile { path: path.into(), source: Box::new(source) };
        let alone = Self { named: checked(table).map_err(in_file)?, ..Self::default() };
        alone.resolve(None).map_err(in_file)?;
        self.named.extend(alone.named);
        Ok(())
    }

    /// Whether a value was given for the option of this name.
    #[must_use]
    pub fn names(&self, name: &str) -> bool {
        let is_typed = match name {
            "iterations" => self.iterations.is_some(),
            "max_convexes" => self.max_convexes.is_some(),
            "memory" => self.memory.is_some(),
            "eval_every" => self.eval_every.is_some(),
            "seed" => self.seed.is_some(),
            "antialias" => self.antialias.is_some(),
            "preset" => self.preset.is_some(),
            _ => false,
        };
        is_typed || self.named.contains_key(name)
    }

    /// Adds one option, written `NAME=VALUE`. Values are those of TOML; words and lists need no quotes and brackets.
    ///
    /// # Errors
    /// [`LayerError`] when the text is no assignment, or the name or the kind of the value is wrong.
    pub fn add_assignment(&mut self, text: &str) -> Result<(), LayerError> {
        self.named.extend(checked(assignment(text).ok_or(LayerError::Assignment)?)?);
        Ok(())
    }

    /// Returns the options of a new training, which begins with `start` or with the points of its dataset. The points per
    /// convex are those of the scene unless they were given; the scene keeps its spherical harmonics.
    ///
    /// # Errors
    /// [`LayerError`] when the options make no sense, or their spherical harmonics have a lower degree than the scene.
    pub fn resolve(&self, start: Option<&Scene>) -> Result<TrainOptions, LayerError> {
        let TrainOptions { strategy, paper, .. } = self.over(TrainOptions::default())?;
        let mut options = self.over(TrainOptions::of_strategy(strategy, paper.preset))?;
        if let Some(scene) = start {
            if !self.named.contains_key("points_per_convex") {
                options.points_per_convex = scene.points_per_convex;
            }
            if options.sh_degree < scene.sh_degree {
                return Err(LayerError::Degree { wanted: options.sh_degree, found: scene.sh_degree });
            }
        }
        options.check()?;
        Ok(options)
    }

    /// Returns the options of a training that goes on: those of its checkpoint, except for the length and for options that
    /// do not change how the training learns. Plans of the checkpoint win over those of a file that the training began with.
    ///
    /// # Errors
    /// [`LayerError`] when the options make no sense or cannot change.
    pub fn resume(&self, state: &State) -> Result<TrainOptions, LayerError> {
        let before = &state.options;
        let mut options = self.over(before.clone())?;
        let is_length_kept = options.iterations == before.iterations;
        if is_length_kept {
            options.replanned.clone_from(&before.replanned);
        }
        let free = TrainOptions {
            iterations: options.iterations,
            replanned: if is_length_kept { before.replanned.clone() } else { Vec::new() },
            max_convexes: options.max_convexes,
            memory: options.memory,
            picture_memory: options.picture_memory,
            eval_every: options.eval_every,
            eval_views: options.eval_views,
            iterations_per_submission: options.iterations_per_submission,
            ..before.clone()
        };
        if let Some(fault) = first_difference(&free, &options)? {
            return Err(fault);
        }
        options.check()?;
        let wanted = options.schedule().end();
        if wanted < state.iteration {
            return Err(LayerError::TooFewIterations { wanted, done: state.iteration });
        }
        Ok(options)
    }

    /// Replaces the given options in others. Plans that were made for another number of iterations are dropped.
    fn over(&self, base: TrainOptions) -> Result<TrainOptions, LayerError> {
        let mut table = table_of(&base)?;
        table.extend(self.named.clone());
        let mut options = table.try_into::<TrainOptions>().map_err(|error| kind_error("options", &error))?;
        if options.iterations != base.iterations && !self.named.contains_key("replanned") {
            options.replanned.clear();
        }
        if self.iterations.is_some_and(|iterations| iterations != options.iterations) {
            options.replanned.clear();
        }
        options.iterations = self.iterations.unwrap_or(options.iterations);
        options.max_convexes = self.max_convexes.unwrap_or(options.max_convexes);
        options.memory = self.memory.unwrap_or(options.memory);
        options.eval_every = self.eval_every.or(options.eval_every);
        options.seed = self.seed.unwrap_or(options.seed);
        options.antialias = self.antialias.unwrap_or(options.antialias);
        if let Some(preset) = self.preset {
            (options.strategy, options.paper.preset) = (StrategyKind::Paper, preset);
        }
        Ok(options)
    }
}

/// The options as names and values.
fn table_of(options: &TrainOptions) -> Result<Table, LayerError> {
    Table::try_from(options).map_err(|error| LayerError::Kind { name: "options".to_owned(), reason: error.to_string() })
}

fn kind_error(name: &str, error: &toml::de::Error) -> LayerError {
    LayerError::Kind { name: name.to_owned(), reason: error.message().to_owned() }
}

/// The first option, by name, in which two differ.
fn first_difference(before: &TrainOptions, after: &TrainOptions) -> Result<Option<LayerError>, LayerError> {
    let old = table_of(before)?;
    let fault = |(name, value): (String, Value)| {
        let before = old.get(&name).map(format_value);
        let after = format_value(&value);
        (before.as_ref() != Some(&after)).then(|| LayerError::Fixed {
            name,
            before: before.unwrap_or_else(|| "the default".to_owned()),
            after,
        })
    };
    Ok(table_of(after)?.into_iter().find_map(fault))
}

/// A value as people write it: options are of single precision, TOML's numbers are not.
fn format_value(value: &Value) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "the number was of single precision before")]
    match value {
        Value::Float(number) => (*number as f32).to_string(),
        Value::Array(values) => format!("[{}]", values.iter().map(format_value).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

fn assignment(text: &str) -> Option<Table> {
    let (name, value) = text.split_once('=').filter(|(_, value)| !value.trim().is_empty())?;
    let value = value.trim();
    let zero = if value.starts_with('.') { "0" } else { "" };
    let spellings = [format!("{zero}{value}"), format!("[{value}]"), Value::from(value).to_string()];
    spellings.iter().find_map(|value| format!("{name} = {value}").parse().ok())
}

/// Earlier names of options, and those of today.
const RENAMED: [(&str, &str); 1] = [("spare", "recycle_fraction")];

/// The table with the names of today. Refuses unknown names and values of another kind, one by one and by name.
fn checked(table: Table) -> Result<Table, LayerError> {
    let known = TrainOptions::names();
    let mut found = Table::new();
    for (given, value) in table {
        let name = RENAMED.iter().find(|(old, _)| *old == given).map_or(given.as_str(), |(_, name)| *name).to_owned();
        if !known.contains(&name) {
            return Err(LayerError::Unknown { name, known });
        }
        let one = Table::from_iter([(name.clone(), value.clone())]);
        one.try_into::<TrainOptions>().map_err(|error| kind_error(&given, &error))?;
        found.insert(name, value);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(assignments: &[&str]) -> TrainOptions {
        let mut patch = TrainOptionsPatch::default();
        assignments.iter().for_each(|text| patch.add_assignment(text).unwrap());
        patch.resolve(None).unwrap()
    }

    #[test]
    fn assigned_values_are_words_lists_and_those_of_toml() {
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
        for wrong in ["seed", "seed=", "=7"] {
            assert_eq!(said(wrong), None);
        }
    }

    #[test]
    fn errors_are_one_line_each() {
        let fault = |set: &str| TrainOptionsPatch::default().add_assignment(set).unwrap_err().to_string();
        assert_eq!(fault("colour_rat=1"), "there is no option `colour_rat`");
        assert_eq!(fault("seed=x"), "`seed`: invalid type: string \"x\", expected u64");
        assert!(fault("strategy=other").contains("expected `budget` or `paper`"));
        for set in ["colour_rat=1", "seed=x", "strategy=other", "background=1", "sh_degree=-1", "dead_opacity=x"] {
            assert!(!fault(set).contains('\n'), "{}", fault(set));
        }
    }

    #[test]
    fn later_layers_win_and_a_preset_keeps_given_values() {
        let mut patch = TrainOptionsPatch::default();
        patch.add_assignment("colour_rate=0.5").unwrap();
        patch.add_assignment("iterations=7").unwrap();
        patch.iterations = Some(9);
        patch.preset = Some(Preset::Indoor);
        let found = patch.resolve(None).unwrap();
        let published = TrainOptions::of_strategy(StrategyKind::Paper, Preset::Indoor);
        assert_eq!(found, TrainOptions { colour_rate: 0.5, iterations: 9, ..published.clone() });
        assert_eq!(resolved(&["strategy=paper", "preset=indoor"]), published);
        assert_ne!(published.points_rate, TrainOptions::default().points_rate);
    }

    #[test]
    fn earlier_names_of_options_are_read() {
        let named = |set: &str| table_of(&resolved(&[set])).unwrap();
        assert_eq!(named("spare=0.25"), named("recycle_fraction=0.25"));
    }
}
