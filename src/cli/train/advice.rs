//! Errors of a training with the flags of the command line that help.

use lapidary::run::{FolderFault, Kept, LayerError, RunError, RunFailure};
use lapidary::text::counted;
use lapidary::train::TrainError;

use super::super::Advised;

/// The advice to go on after an error.
pub(super) const GO_ON: &str = "go on with the same command and --resume";

/// The error of a run as the program prints it.
pub(super) fn advised(error: RunError) -> anyhow::Error {
    match error {
        RunError::Options(error) => options(error),
        RunError::Dataset(error) => error.into(),
        RunError::Train(error) => train(error),
        RunError::Evaluate(error) => error.into(),
        RunError::Bug(error) => error.into(),
        RunError::TooShort { .. } => Advised::error(error, "--downscale makes images smaller and iterations faster"),
        RunError::TimeIsOver { .. } => {
            Advised::error(error, "give --time more, or leave it out to end as it was planned")
        }
        RunError::Folder { fault, .. } => {
            let advice = match fault {
                FolderFault::NoCheckpoint => "without --resume a training begins there",
                FolderFault::HoldsTraining => "go on with --resume, or choose another folder",
                FolderFault::IsDataset | FolderFault::HoldsScene | FolderFault::IsLocked => "choose another folder",
            };
            Advised::error(error, advice)
        }
        RunError::Failed(failure) => failed(*failure),
        RunError::Evaluation(cause) => {
            advised(*cause).context("the training is saved, and --resume evaluates the held-out views again")
        }
        other => other.into(),
    }
}

fn failed(failure: RunFailure) -> anyhow::Error {
    let RunFailure { iteration, kept, out, cause } = failure;
    let after = format!("after {}", counted(iteration as usize, "iteration"));
    let context = match kept {
        Kept::Final => format!("stopped {after}; what there was is saved"),
        Kept::All => format!("stopped and saved {after}; {GO_ON}"),
        Kept::Earlier => format!("stopped {after}; {} holds what was saved before; {GO_ON}", out.display()),
        Kept::SceneOnly => format!("stopped {after}; only the scene could be saved, and nothing to go on from"),
        Kept::Nothing => format!("stopped {after}; nothing could be saved"),
    };
    advised(cause).context(context)
}

fn train(error: TrainError) -> anyhow::Error {
    match error {
        TrainError::NoRoom { .. } => Advised::error(error, "see --downscale and --memory"),
        TrainError::TooLarge { .. } => Advised::error(error, "see --downscale and --max-width"),
        TrainError::NoTrainingViews { .. } => Advised::error(error, "--test-every 0 holds out none"),
        other => other.into(),
    }
}

/// An error of the options, with the name that was probably meant.
pub(super) fn options(error: LayerError) -> anyhow::Error {
    let mut inner = &error;
    while let LayerError::InFile { source, .. } = inner {
        inner = source;
    }
    match inner {
        LayerError::Unknown { name, known } => {
            let advice = likely(name, known);
            Advised::error(error, advice)
        }
        _ => error.into(),
    }
}

fn likely(name: &str, known: &[String]) -> String {
    let likeness = |known: &str| strsim::jaro(name, known);
    let near = known.iter().filter(|known| likeness(known) > 0.8);
    match near.max_by(|a, b| likeness(a).total_cmp(&likeness(b))) {
        Some(known) => format!("did you mean `{known}`? docs/training.md lists all of them"),
        None => "docs/training.md lists all of them".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use lapidary::run::TrainOptionsPatch;

    use super::super::super::sentence;
    use super::*;

    #[test]
    fn an_unknown_option_is_answered_with_the_nearest_one() {
        let fault = |set: &str| {
            sentence(
                &options(TrainOptionsPatch::default().add_assignment(set).unwrap_err()).context(format!("--set {set}")),
            )
        };
        let unknown = fault("colour_rat=1");
        assert!(unknown.contains("there is no option `colour_rat`; did you mean `colour_rate`?"), "{unknown}");
        assert!(fault("refine_evry=1").contains("`refine_every`"), "{}", fault("refine_evry=1"));
        assert!(!fault("zzz=1").contains("did you mean"));
    }
}
