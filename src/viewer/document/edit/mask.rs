//! A set of convexes.

use rayon::prelude::*;

/// One bit for each convex of a scene.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConvexMask {
    words: Vec<u64>,
    len: usize,
}

impl ConvexMask {
    /// No convex of `len`.
    #[must_use]
    pub fn none(len: usize) -> Self {
        Self { words: vec![0; len.div_ceil(64)], len }
    }

    /// The convexes of `len` that the function chooses; it is called on many threads.
    #[must_use]
    pub fn from_fn(len: usize, is_in: impl Fn(usize) -> bool + Sync) -> Self {
        let word = |word: usize| {
            let bits = (word * 64)..((word + 1) * 64).min(len);
            bits.fold(0, |bits, index| bits | (u64::from(is_in(index)) << (index % 64)))
        };
        Self { words: (0..len.div_ceil(64)).into_par_iter().with_min_len(16).map(word).collect(), len }
    }

    /// The number of convexes of the scene.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether no convex is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// Whether a convex is in it.
    #[must_use]
    pub fn contains(&self, index: usize) -> bool {
        self.words.get(index / 64).is_some_and(|word| word >> (index % 64) & 1 == 1)
    }

    /// The number of convexes in it.
    #[must_use]
    pub fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// The convexes in it, in order.
    pub fn indices(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.len).filter(|index| self.contains(*index))
    }

    /// The convexes that are in either.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        self.combined(other, |a, b| a | b)
    }

    /// The convexes that are in both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        self.combined(other, |a, b| a & b)
    }

    /// The convexes that are in this one alone.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        self.combined(other, |a, b| a & !b)
    }

    /// The convexes that are not in it.
    #[must_use]
    pub fn not(&self) -> Self {
        Self::none(self.len).combined(self, |_, b| !b)
    }

    fn combined(&self, other: &Self, word: impl Fn(u64, u64) -> u64) -> Self {
        let mut words: Vec<u64> = self.words.iter().zip(&other.words).map(|(a, b)| word(*a, *b)).collect();
        // The bits behind the last convex stay zero.
        if let (Some(last), rest @ 1..) = (words.last_mut(), self.len % 64) {
            *last &= (1 << rest) - 1;
        }
        Self { words, len: self.len }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_are_sets_of_any_length() {
        for len in [0, 1, 63, 64, 65, 200] {
            let threes = ConvexMask::from_fn(len, |index| index % 3 == 0);
            let fives = ConvexMask::from_fn(len, |index| index % 5 == 0);
            let expected = |is_in: &dyn Fn(usize) -> bool| (0..len).filter(|index| is_in(*index)).collect::<Vec<_>>();
            let found = |mask: ConvexMask| {
                assert_eq!((mask.count(), mask.is_empty()), (mask.indices().count(), mask.indices().next().is_none()));
                mask.indices().collect::<Vec<_>>()
            };
            assert_eq!(found(threes.or(&fives)), expected(&|i| i % 3 == 0 || i % 5 == 0), "{len}");
            assert_eq!(found(threes.and(&fives)), expected(&|i| i % 15 == 0), "{len}");
            assert_eq!(found(threes.without(&fives)), expected(&|i| i % 3 == 0 && i % 5 != 0), "{len}");
            assert_eq!(found(threes.not()), expected(&|i| i % 3 != 0), "{len}");
            assert_eq!(threes.not().not(), threes);
            assert!(!threes.contains(len), "there is no such convex");
        }
    }
}
