//! Numbers that look random and are the same on every machine.

/// SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014).
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    /// The numbers that follow from `seed`.
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The numbers of one object, whatever was made before it.
    pub(super) fn of(seed: u64, what: u64, number: usize) -> Self {
        let mut random = Self(seed ^ what.rotate_left(32) ^ number as u64);
        random.next();
        random
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`; 0 when `bound` is.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        let number = self.next().checked_rem(bound as u64).unwrap_or(0);
        usize::try_from(number).unwrap_or(0)
    }

    /// Whether something happens that happens in `percent` of all cases.
    pub(super) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// The numbers below `count` in another order.
    pub(super) fn shuffled(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        for last in (1..count).rev() {
            let other = self.below(last + 1);
            order.swap(last, other);
        }
        order
    }
}

/// Divides `total` among `count` as sizes in the world are: the one of rank `r` gets a part that goes
/// with `1 / r^exponent` (Zipf), and each at least one where there are so many.
pub(super) fn zipf(total: usize, count: usize, exponent: f64) -> Vec<usize> {
    use crate::report::count as real;
    let weights: Vec<f64> = (1..=count).map(|rank| real(rank).powf(-exponent)).collect();
    let sum: f64 = weights.iter().sum();
    let each = usize::from(total >= count);
    let spare = total - each * count;
    let (mut before, mut given, mut shares) = (0.0, 0, Vec::with_capacity(count));
    for (rank, weight) in weights.into_iter().enumerate() {
        before += weight;
        let until = if rank + 1 == count { spare } else { whole(real(spare) * before / sum).min(spare) };
        shares.push(each + until - given);
        given = until;
    }
    shares
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of a count")]
fn whole(number: f64) -> usize {
    number.round() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up_and_are_skewed() {
        for (total, count) in [(100, 10), (100_000, 10_000), (7, 7), (3, 5)] {
            let shares = zipf(total, count, 0.8);
            assert_eq!(shares.len(), count);
            assert_eq!(shares.iter().sum::<usize>(), total);
            assert!(shares.iter().all(|share| *share >= usize::from(total >= count)));
        }
        let shares = zipf(100_000, 10_000, 0.7);
        assert!(shares[0] > 100 * shares[5_000], "{} and {}", shares[0], shares[5_000]);
    }

    #[test]
    fn an_order_has_each_once() {
        let mut order = Random::new(1).shuffled(100);
        assert_ne!(order, (0..100).collect::<Vec<_>>());
        order.sort_unstable();
        assert_eq!(order, (0..100).collect::<Vec<_>>());
    }
}
