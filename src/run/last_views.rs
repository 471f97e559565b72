//! The held-out views that are measured at the end of a run: what one costs, and how many of them fit a time.

/// Seconds of a held-out view at the end.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct LastViewCost {
    /// The view with its files, without LPIPS.
    pub(super) view: f64,
    /// LPIPS alone; 0 where it is never measured.
    pub(super) lpips: f64,
}

impl LastViewCost {
    /// Seconds of a view, with LPIPS or without.
    pub(super) fn seconds(&self, skips_lpips: bool) -> f64 {
        self.view + if skips_lpips { 0.0 } else { self.lpips }
    }
}

/// The held-out views that are measured at the end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct LastViews {
    /// The number of views.
    pub(super) number: u32,
    /// Whether LPIPS is left out.
    pub(super) skips_lpips: bool,
}

/// Most of the time that the held-out views may take at the end.
pub(super) const MAX_LAST_PART: f64 = 0.15;

/// Fewest views, where there are as many, that LPIPS is measured on.
const MIN_LPIPS_VIEWS: u32 = 4;

impl LastViews {
    /// All views, or as many as a small part of so many seconds holds. LPIPS is left out where it would leave only a few.
    pub(super) fn fitting(all: u32, cost: &LastViewCost, seconds: f64) -> Self {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
        let number = |skips_lpips| ((MAX_LAST_PART * seconds / cost.seconds(skips_lpips)) as u32).min(all);
        let skips_lpips = number(false) < MIN_LPIPS_VIEWS.min(all) && cost.lpips > 0.0;
        Self { number: number(skips_lpips).max(all.min(1)), skips_lpips }
    }

    /// Seconds of all of them.
    pub(super) fn seconds(&self, cost: &LastViewCost) -> f64 {
        f64::from(self.number) * cost.seconds(self.skips_lpips)
    }

    /// Sentences about what is left out of `all` views.
    pub(super) fn notes(&self, all: u32) -> impl Iterator<Item = String> {
        let Self { number, skips_lpips } = *self;
        let fewer = (number < all).then(|| {
            format!("the held-out views take too long for this time: {number} of {all} are measured at the end")
        });
        let without = skips_lpips.then(|| "LPIPS takes too long for this time: it is not measured".to_owned());
        fewer.into_iter().chain(without)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn held_back_views_take_a_small_part_of_the_time() {
        let of = |view: f64, lpips: f64| {
            let LastViews { number, skips_lpips } = LastViews::fitting(10, &LastViewCost { view, lpips }, 60.0);
            (number, skips_lpips)
        };
        assert_eq!(of(0.01, 0.0), (10, false));
        assert_eq!(of(0.01, 1.0), (8, false), "as many as LPIPS leaves time for");
        assert_eq!(of(0.01, 9.0), (10, true), "without LPIPS");
        assert_eq!(of(3.0, 0.0), (3, false));
        assert_eq!(of(300.0, 0.0), (1, false), "one is measured in any case");
        assert_eq!(LastViews::fitting(0, &LastViewCost::default(), 60.0), LastViews::default());
    }
}
