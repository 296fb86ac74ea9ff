//! Sets of integers as sorted, disjoint, non-adjacent closed ranges.

use std::ops::RangeInclusive;

/// An integer that intervals can be made of.
pub trait Bound: Copy + Ord {
    /// The smallest value.
    const MIN: Self;
    /// The largest value.
    const MAX: Self;
    /// The next larger value, or `None` at the top.
    fn next(self) -> Option<Self>;
    /// The next smaller value, or `None` at the bottom.
    fn previous(self) -> Option<Self>;
}

macro_rules! bound {
    ($($t:ty),*) => {$(
        impl Bound for $t {
            const MIN: Self = <$t>::MIN;
            const MAX: Self = <$t>::MAX;
            fn next(self) -> Option<Self> { self.checked_add(1) }
            fn previous(self) -> Option<Self> { self.checked_sub(1) }
        }
    )*};
}
bound!(u16, u32, u128);

/// A set of integers.
///
/// INVARIANT: ranges are sorted, disjoint and never adjacent, so equal sets compare equal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IntervalSet<T> {
    ranges: Vec<(T, T)>,
}

impl<T> Default for IntervalSet<T> {
    fn default() -> Self {
        Self { ranges: Vec::new() }
    }
}

impl<T: Bound> IntervalSet<T> {
    /// The set without members.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// Every value of the type.
    #[must_use]
    pub fn full() -> Self {
        Self { ranges: vec![(T::MIN, T::MAX)] }
    }

    /// The set of one closed range; empty when the range is.
    #[must_use]
    pub fn range(range: RangeInclusive<T>) -> Self {
        std::iter::once(range).collect()
    }

    /// Whether the set has no member.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Whether the set has every value of the type.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.ranges.first() == Some(&(T::MIN, T::MAX))
    }

    /// Whether `value` is a member. O(log n).
    #[must_use]
    pub fn contains(&self, value: T) -> bool {
        let after = self.ranges.partition_point(|(start, _)| *start <= value);
        after.checked_sub(1).and_then(|at| self.ranges.get(at)).is_some_and(|(_, end)| value <= *end)
    }

    /// The ranges, ascending, disjoint and non-adjacent.
    pub fn ranges(&self) -> impl ExactSizeIterator<Item = RangeInclusive<T>> + '_ {
        self.ranges.iter().map(|(start, end)| *start..=*end)
    }

    /// Members of either set.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.ranges().chain(other.ranges()).collect()
    }

    /// Values that are not members.
    #[must_use]
    pub fn complement(&self) -> Self {
        let mut ranges = Vec::with_capacity(self.ranges.len() + 1);
        let mut from = Some(T::MIN);
        for (start, end) in &self.ranges {
            if let (Some(first), Some(last)) = (from, start.previous())
                && first <= last
            {
                ranges.push((first, last));
            }
            from = end.next();
        }
        if let Some(first) = from {
            ranges.push((first, T::MAX));
        }
        Self { ranges }
    }

    /// Members of both sets.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let (mut left, mut right) = (self.ranges.iter().peekable(), other.ranges.iter().peekable());
        let mut ranges = Vec::new();
        while let (Some((a_start, a_end)), Some((b_start, b_end))) = (left.peek(), right.peek()) {
            let (start, end) = ((*a_start).max(*b_start), (*a_end).min(*b_end));
            if start <= end {
                ranges.push((start, end));
            }
            if a_end < b_end {
                left.next();
            } else {
                right.next();
            }
        }
        Self { ranges }
    }

    /// Members of `self` that are not in `other`.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        self.intersection(&other.complement())
    }

    /// Whether every member of `self` is in `other`.
    #[must_use]
    pub fn is_subset(&self, other: &Self) -> bool {
        self.difference(other).is_empty()
    }
}

impl<T: Bound> FromIterator<RangeInclusive<T>> for IntervalSet<T> {
    fn from_iter<I: IntoIterator<Item = RangeInclusive<T>>>(iter: I) -> Self {
        let mut sorted: Vec<(T, T)> =
            iter.into_iter().map(RangeInclusive::into_inner).filter(|(start, end)| start <= end).collect();
        sorted.sort_unstable();
        let mut ranges: Vec<(T, T)> = Vec::with_capacity(sorted.len());
        for (start, end) in sorted {
            match ranges.last_mut() {
                Some((_, last)) if last.next().is_none_or(|next| start <= next) => *last = (*last).max(end),
                _ => ranges.push((start, end)),
            }
        }
        Self { ranges }
    }
}

#[cfg(test)]
mod tests {
    use super::IntervalSet;
    use proptest::prelude::*;

    fn set(ranges: &[(u16, u16)]) -> IntervalSet<u16> {
        ranges.iter().map(|(start, end)| *start..=*end).collect()
    }

    #[test]
    fn adjacent_and_nested_ranges_merge() {
        assert_eq!(set(&[(1, 5), (6, 9), (2, 3)]), set(&[(1, 9)]));
        assert_eq!(set(&[(0, u16::MAX)]), IntervalSet::full());
        assert_eq!(set(&[(3, 1)]), IntervalSet::empty());
    }

    fn arbitrary() -> impl Strategy<Value = IntervalSet<u16>> {
        proptest::collection::vec((0..40_u16, 0..12_u16), 0..6)
            .prop_map(|ranges| ranges.iter().map(|(start, length)| *start..=start + length).collect())
    }

    proptest! {
        #[test]
        fn algebra_agrees_with_membership(a in arbitrary(), b in arbitrary()) {
            for value in 0..=60_u16 {
                let (in_a, in_b) = (a.contains(value), b.contains(value));
                prop_assert_eq!(a.union(&b).contains(value), in_a || in_b);
                prop_assert_eq!(a.intersection(&b).contains(value), in_a && in_b);
                prop_assert_eq!(a.difference(&b).contains(value), in_a && !in_b);
                prop_assert_eq!(a.complement().contains(value), !in_a);
            }
            prop_assert_eq!(a.complement().complement(), a);
        }
    }
}
