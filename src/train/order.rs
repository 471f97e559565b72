//! The order of the pictures: each once an epoch. It depends on the seed and the epoch alone.

use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use rand_pcg::Pcg64Mcg;

use crate::real::to_u32;

/// The pictures that are trained on, and their order.
#[derive(Debug)]
pub(super) struct Order {
    seed: u64,
    views: Vec<usize>,
    /// The orders of an even and of an odd epoch, with the numbers of these epochs. While one is under way and the next is
    /// looked at already, each is shuffled once.
    epochs: [Option<(u32, Vec<usize>)>; 2],
}

impl Order {
    pub(super) const fn new(seed: u64, views: Vec<usize>) -> Self {
        Self { seed, views, epochs: [None, None] }
    }

    /// The views in the order of the dataset.
    pub(super) fn views(&self) -> &[usize] {
        &self.views
    }

    /// The view of an iteration, counted from 1.
    pub(super) fn view_at(&mut self, iteration: u32) -> usize {
        let per_epoch = to_u32(self.views.len());
        let (epoch, place) = ((iteration - 1) / per_epoch, (iteration - 1) % per_epoch);
        let slot = &mut self.epochs[epoch as usize % 2];
        if slot.as_ref().is_none_or(|(found, _)| *found != epoch) {
            *slot = None;
        }
        let (_, order) = slot.get_or_insert_with(|| (epoch, shuffled(&self.views, self.seed, epoch)));
        order[place as usize]
    }
}

fn shuffled(views: &[usize], seed: u64, epoch: u32) -> Vec<usize> {
    let mut order = views.to_vec();
    order.shuffle(&mut Pcg64Mcg::seed_from_u64(seed.wrapping_add(u64::from(epoch) << 32)));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_view_comes_once_an_epoch_whether_or_not_later_ones_are_asked_for_first() {
        let views = [2, 3, 5, 7, 11];
        let mut order = Order::new(7, views.to_vec());
        let seen: Vec<usize> = (1..=15).map(|iteration| order.view_at(iteration)).collect();
        for (epoch, part) in (0..).zip(seen.chunks(5)) {
            assert_eq!(part, shuffled(&views, 7, epoch));
            let mut sorted = part.to_vec();
            sorted.sort_unstable();
            assert_eq!(sorted, views);
        }
        assert!(seen[..5] != seen[5..10] || seen[5..10] != seen[10..], "{seen:?}");
        let mut ahead = Order::new(7, views.to_vec());
        for iteration in 1..=10 {
            let next = ahead.view_at(iteration + 5);
            assert_eq!((ahead.view_at(iteration), next), (seen[iteration as usize - 1], seen[iteration as usize + 4]));
        }
    }
}
