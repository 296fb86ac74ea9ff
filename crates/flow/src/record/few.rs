//! The few of many.

/// The `MOST` least of the things that were put in, each once, and whether there were others: what
/// names somebody without growing with what happens.
///
/// Whatever the order in which things come and sets are joined, the same are kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Few<T: Ord, const MOST: usize> {
    /// INVARIANT: ascending, each once, `MOST` at most.
    kept: Vec<T>,
    more: bool,
}

impl<T: Ord, const MOST: usize> Default for Few<T, MOST> {
    fn default() -> Self {
        Self { kept: Vec::new(), more: false }
    }
}

impl<T: Ord, const MOST: usize> Few<T, MOST> {
    /// None.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// `kept`, and whether there were `more` than these already.
    #[must_use]
    pub fn of(kept: impl IntoIterator<Item = T>, more: bool) -> Self {
        let mut few: Self = kept.into_iter().collect();
        few.more |= more;
        few
    }

    /// Puts in `thing`.
    pub fn insert(&mut self, thing: T) {
        let Err(at) = self.kept.binary_search(&thing) else { return };
        if self.is_full() {
            self.more = true;
            self.kept.pop_if(|greatest| thing < *greatest);
        }
        if at < MOST && !self.is_full() {
            // Most are few indeed: there is one.
            self.kept.reserve_exact(usize::from(self.kept.is_empty()));
            self.kept.insert(at, thing);
        }
    }

    /// Puts in what `other` has.
    pub fn join(&mut self, other: &Self)
    where
        T: Clone,
    {
        for thing in &other.kept {
            if !self.contains(thing) {
                self.insert(thing.clone());
            }
        }
        self.more |= other.more;
    }

    /// Whether `thing` is among those that are kept.
    #[must_use]
    pub fn contains(&self, thing: &T) -> bool {
        self.kept.binary_search(thing).is_ok()
    }

    /// Whether one more would push another out.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.kept.len() >= MOST
    }

    /// Notes that there are others, which are not put in.
    pub fn overlook(&mut self) {
        self.more = true;
    }

    /// Those that are kept, ascending.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &T> {
        self.kept.iter()
    }

    /// Whether there were others.
    #[must_use]
    pub fn has_more(&self) -> bool {
        self.more
    }

    /// Whether there was none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty() && !self.more
    }
}

impl<T: Ord, const MOST: usize> Extend<T> for Few<T, MOST> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, things: I) {
        things.into_iter().for_each(|thing| self.insert(thing));
    }
}

impl<T: Ord, const MOST: usize> FromIterator<T> for Few<T, MOST> {
    fn from_iter<I: IntoIterator<Item = T>>(things: I) -> Self {
        let mut few = Self::new();
        few.extend(things);
        few
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{collection::vec, prelude::*};
    use sekisho_core::testing::config;

    #[test]
    fn the_least_are_kept_and_it_is_told_that_there_were_others() {
        let few: Few<u8, 2> = [3, 1, 1].into_iter().collect();
        assert_eq!((few.iter().copied().collect::<Vec<_>>(), few.has_more()), (vec![1, 3], false));
        let few: Few<u8, 2> = [3, 1, 2].into_iter().collect();
        assert_eq!((few.iter().copied().collect::<Vec<_>>(), few.has_more()), (vec![1, 2], true));
        assert!(!Few::<u8, 2>::of([], true).is_empty());
    }

    proptest! {
        #![proptest_config(config(256))]

        #[test]
        fn it_does_not_matter_in_which_order_sets_are_joined(parts in vec(vec(0..9_u8, 0..6), 0..5)) {
            let all: Few<u8, 3> = parts.iter().flatten().copied().collect();
            let join = |mut to: Few<u8, 3>, part: &Vec<u8>| {
                to.join(&part.iter().copied().collect());
                to
            };
            prop_assert_eq!(&parts.iter().fold(Few::new(), join), &all);
            prop_assert_eq!(&parts.iter().rev().fold(Few::new(), join), &all);
        }
    }
}
