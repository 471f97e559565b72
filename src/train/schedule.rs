//! The length of a training, and where each of its iterations stands in the schedules. They are made for the number of
//! iterations of the options; where the rest of a training was planned anew, it runs through them faster or slower.

use super::{OptionsError, TrainOptions};

/// The schedule of a training.
#[derive(Debug, Clone, Copy)]
pub struct Schedule<'a> {
    /// The number of iterations that the schedules are made for.
    iterations: u32,
    /// [`TrainOptions::replanned`].
    replanned: &'a [[u32; 2]],
}

/// Iterations after `begin` up to `end`, along which the planned iteration goes from `planned` to the end of the schedules.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    begin: u32,
    end: u32,
    planned: u32,
}

impl Stretch {
    /// The planned iteration, rounded up: the first one is beyond `planned`, and the last one ends the schedules.
    fn planned_at(&self, iteration: u32, iterations: u32) -> u32 {
        let (done, all) = (u64::from(iteration.saturating_sub(self.begin)), u64::from(self.end - self.begin));
        let advance = (done * u64::from(iterations - self.planned)).div_ceil(all);
        u32::try_from(u64::from(self.planned) + advance).map_or(iterations, |planned| planned.min(iterations))
    }

    /// The last iteration whose planned one is not beyond `planned`.
    fn last_within(&self, planned: u32, iterations: u32) -> u32 {
        let rest = u64::from(iterations - self.planned);
        let advance = u64::from(planned.saturating_sub(self.planned)) * u64::from(self.end - self.begin);
        let last = advance.checked_div(rest).map_or(u64::from(self.end), |advance| u64::from(self.begin) + advance);
        u32::try_from(last).map_or(self.end, |last| last.min(self.end))
    }
}

impl Schedule<'_> {
    /// The stretches in order; each begins where the next plan was made, and all but the last are left before their end.
    fn stretches(&self) -> impl Iterator<Item = Stretch> {
        let mut last = Stretch { begin: 0, end: self.iterations.max(1), planned: 0 };
        let replanned = self.replanned.iter().map(move |[after, end]| {
            let planned = last.planned_at(*after, self.iterations);
            last = Stretch { begin: *after, end: (*end).max(after.saturating_add(1)), planned };
            last
        });
        std::iter::once(last).chain(replanned)
    }

    /// The last iteration of the training.
    #[must_use]
    pub fn end(&self) -> u32 {
        self.replanned.last().map_or(self.iterations, |[_, end]| *end)
    }

    /// The iteration that the schedules have for this one: itself where nothing was planned anew, and
    /// [`TrainOptions::iterations`] at the end. Never falls.
    #[must_use]
    pub fn planned(&self, iteration: u32) -> u32 {
        let stretch = self.stretches().take_while(|stretch| stretch.begin < iteration).last();
        stretch.map_or(0, |stretch| stretch.planned_at(iteration, self.iterations))
    }

    /// The last iteration whose planned one is not beyond `planned`, by the plan that holds after iteration `now`: what is decided
    /// then must not depend on plans that are made later.
    #[must_use]
    pub(super) fn last_within(&self, planned: u32, now: u32) -> u32 {
        let known = self.stretches().take_while(|stretch| stretch.begin <= now);
        let stretch = known.filter(|stretch| stretch.planned <= planned).last();
        stretch.map_or(0, |stretch| stretch.last_within(planned, self.iterations))
    }

    /// Whether a planned iteration that is a multiple of `period` is reached with this iteration.
    pub(super) fn reaches_multiple(&self, iteration: u32, period: u32) -> bool {
        let number = |iteration: u32| self.planned(iteration) / period.max(1);
        iteration > 0 && number(iteration) > number(iteration - 1)
    }
}

impl TrainOptions {
    /// The schedule of the training.
    #[must_use]
    pub fn schedule(&self) -> Schedule<'_> {
        Schedule { iterations: self.iterations, replanned: &self.replanned }
    }

    /// The number of iterations that the training was given at its beginning: what depends on it stays where the rest is planned
    /// anew later.
    #[must_use]
    pub fn length(&self) -> u32 {
        match self.replanned.first() {
            Some([0, end]) => *end,
            _ => self.iterations,
        }
    }

    /// The options of a training whose schedule is compressed or stretched after an iteration, so that it ends with `end`.
    #[must_use]
    pub fn ending_at(&self, after: u32, end: u32) -> Self {
        let mut options = self.clone();
        options.replanned.retain(|[earlier, _]| *earlier < after);
        options.replanned.push([after, end]);
        options
    }

    /// Refuses plans that contradict each other.
    pub(super) fn check_replanned(&self) -> Result<(), OptionsError> {
        let (mut last_after, mut last_end) = (None, self.iterations);
        for [after, end] in &self.replanned {
            let follows = last_after.is_none_or(|last| last < *after);
            if !(follows && *after < last_end && after < end) {
                return Err(OptionsError::new("replanned", &self.replanned, EXPECTED));
            }
            (last_after, last_end) = (Some(*after), *end);
        }
        Ok(())
    }
}

const EXPECTED: &str = "pairs [after, end] of iterations: every `after` beyond the one before it and below the end that the \
                        training has so far, every `end` beyond its `after`";

#[cfg(test)]
mod tests {
    use super::super::{BudgetOptions, StrategyKind};
    use super::*;

    fn replanned(iterations: u32, replanned: &[[u32; 2]]) -> TrainOptions {
        TrainOptions { iterations, replanned: replanned.to_vec(), ..TrainOptions::default() }
    }

    fn planned(options: &TrainOptions) -> Vec<u32> {
        (0..=options.schedule().end()).map(|iteration| options.schedule().planned(iteration)).collect()
    }

    #[test]
    fn without_a_new_plan_every_iteration_is_the_planned_one() {
        for iterations in [1, 2, 7, 1000] {
            let options = replanned(iterations, &[]);
            assert_eq!(planned(&options), (0..=iterations).collect::<Vec<_>>());
            assert!((0..=iterations).all(|at| options.schedule().last_within(at, 0) == at));
        }
    }

    #[test]
    fn a_new_plan_is_compressed_or_stretched_and_reaches_the_end() {
        assert_eq!(planned(&replanned(10, &[[4, 6]])), [0, 1, 2, 3, 4, 7, 10], "compressed");
        assert_eq!(planned(&replanned(4, &[[2, 6]])), [0, 1, 2, 3, 3, 4, 4], "stretched");
        assert_eq!(planned(&replanned(10, &[[0, 2]])), [0, 5, 10]);
        assert_eq!(planned(&replanned(12, &[[4, 8], [6, 10]])), [0, 1, 2, 3, 4, 6, 8, 9, 10, 11, 12], "twice");
        for plans in [vec![[100, 130]], vec![[100, 5000]], vec![[1, 999], [500, 501]], vec![[10, 20], [15, 4000]]] {
            let options = replanned(1000, &plans);
            options.check().unwrap();
            assert_eq!(options.schedule().last_within(700, 0), 700, "{plans:?} is not known yet");
            let planned = planned(&options);
            assert!(planned.is_sorted(), "{plans:?}");
            assert_eq!((planned.first(), planned.last()), (Some(&0), Some(&1000)), "{plans:?}");
            for at in (0..=1000).step_by(7) {
                let last = options.schedule().last_within(at, u32::MAX) as usize;
                assert!(planned[last] <= at && planned.get(last + 1).is_none_or(|next| *next > at), "{plans:?} {at}");
            }
        }
    }

    #[test]
    fn a_plan_from_the_beginning_is_the_length_of_the_training() {
        let short = replanned(30_000, &[[0, 1000]]);
        let given = replanned(1000, &[]);
        let of = |options: &TrainOptions| {
            let (length, lr_scale) = (options.length(), options.lr_scale());
            (length, lr_scale.to_bits(), options.refinement_period(), options.evaluation_period())
        };
        assert_eq!(of(&short), of(&given));
        assert_eq!(of(&short.ending_at(100, 5000)), of(&given), "a later plan changes nothing that was begun");
        assert_eq!(of(&replanned(30_000, &[[1, 1000]])), of(&replanned(30_000, &[])));
    }

    #[test]
    fn plans_that_contradict_each_other_are_refused() {
        for plans in [
            vec![[5, 5]],
            vec![[10, 20]],
            vec![[6, 8], [6, 7]],
            vec![[6, 8], [5, 7]],
            vec![[6, 8], [8, 9]],
            vec![[3, 2]],
        ] {
            let error = replanned(10, &plans).check().unwrap_err();
            assert_eq!(error.name, "replanned", "{plans:?}");
        }
        let options = replanned(10, &[[2, 9]]).ending_at(4, 6).ending_at(4, 7);
        assert_eq!(options.replanned, [[2, 9], [4, 7]], "the last word after an iteration counts");
        options.check().unwrap();
    }

    #[test]
    fn schedules_follow_the_plan() {
        let budget = BudgetOptions { coarse_until: 0.5, ..BudgetOptions::default() };
        let options = TrainOptions { iterations: 1000, max_convexes: 4000, budget, ..TrainOptions::default() };
        let short = options.ending_at(300, 440);
        let levels = [300, 339, 340, 440].map(|iteration| short.coarse_level(iteration));
        assert_eq!(levels, [1, 1, 0, 0], "iteration 340 stands for 500 of 1000");
        let plan = short.plan(4000, 0, 1000, u32::MAX);
        assert_eq!(plan.iter().map(|planned| planned.number).sum::<u32>(), 440);
        assert!(plan.is_sorted_by_key(|planned| planned.num_convexes));
        let strategy = short.strategy.strategy();
        let due: Vec<u32> = (0..=440).filter(|iteration| strategy.is_due(&short, *iteration)).collect();
        assert_eq!(due, [50, 100, 150, 200, 250, 300, 350], "every 50 iterations, to 600 of 1000");
    }

    #[test]
    fn the_published_schedule_keeps_its_resets_where_it_is_compressed() {
        let published = TrainOptions::of_strategy(StrategyKind::Paper, super::super::Preset::Outdoor);
        let short = published.ending_at(1000, 4001);
        let schedule = short.schedule();
        let resets: Vec<u32> = (1..=4001).filter(|at| schedule.reaches_multiple(*at, 3000)).collect();
        assert_eq!(
            resets.iter().map(|at| schedule.planned(*at) / 3000).collect::<Vec<_>>(),
            (1..=10).collect::<Vec<_>>()
        );
        let whole = published.schedule();
        let same = (1..=9000).all(|at: u32| whole.reaches_multiple(at, 3000) == at.is_multiple_of(3000));
        assert!(same);
    }
}
