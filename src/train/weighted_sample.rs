//! Draws with weights.

use rand::RngExt as _;
use rand_pcg::Pcg64Mcg;

/// Draws `count` indices of weights without replacement, or all where there are fewer: the largest of `log(u) / weight`, the
/// largest first. A weight of zero comes last. Source: Efraimidis & Spirakis 2006.
pub(super) fn weighted_sample(random: &mut Pcg64Mcg, count: usize, weights: &[f64]) -> Vec<usize> {
    let mut key = |weight: &f64| {
        let u: f64 = random.random();
        u.max(f64::MIN_POSITIVE).ln() / weight.max(1e-300)
    };
    let mut keys: Vec<(f64, usize)> = weights.iter().map(&mut key).zip(0..).collect();
    let order = |a: &(f64, usize), b: &(f64, usize)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
    if count < keys.len() {
        // Few are drawn, often from a million.
        keys.select_nth_unstable_by(count, order);
        keys.truncate(count);
    }
    keys.sort_unstable_by(order);
    keys.into_iter().map(|(_, index)| index).collect()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;

    use super::*;

    #[test]
    fn large_weights_are_drawn_first_and_no_index_twice() {
        let mut random = Pcg64Mcg::seed_from_u64(0);
        let drawn = weighted_sample(&mut random, 3, &[1.0, 0.0, 1e9, 2.0]);
        assert_eq!((drawn.len(), drawn[0]), (3, 2));
        assert!(!drawn.contains(&1), "{drawn:?}");
        assert_eq!(weighted_sample(&mut random, 9, &[1.0, 1.0]).len(), 2);
    }
}
