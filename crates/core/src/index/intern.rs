//! Small numbers for values that recur, given back when nobody uses them.

use std::{collections::HashMap, hash::Hash};

/// Numbers for values, counted by use: a number is free again when its last user lets go, so that
/// values that come and go (`pod-template-hash`) leave nothing behind.
#[derive(Debug)]
pub(super) struct Interner<T> {
    numbers: HashMap<T, u32>,
    slots: Vec<Option<(T, u32)>>,
    free: Vec<u32>,
}

impl<T> Default for Interner<T> {
    fn default() -> Self {
        Self { numbers: HashMap::new(), slots: Vec::new(), free: Vec::new() }
    }
}

impl<T: Clone + Eq + Hash> Interner<T> {
    /// The number of `value`, with one more user.
    pub(super) fn acquire(&mut self, value: &T) -> u32 {
        if let Some(number) = self.get(value) {
            self.acquire_again(number);
            return number;
        }
        let number = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            // INVARIANT: values are labels of objects in memory; there are fewer than 2^32.
            u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
        });
        if let Some(slot) = self.slots.get_mut(number as usize) {
            *slot = Some((value.clone(), 1));
        }
        self.numbers.insert(value.clone(), number);
        number
    }

    /// One user more of a number that has some.
    pub(super) fn acquire_again(&mut self, number: u32) {
        if let Some(Some((_, users))) = self.slots.get_mut(number as usize) {
            *users += 1;
        }
    }

    /// The number of `value`, where somebody uses it.
    pub(super) fn get(&self, value: &T) -> Option<u32> {
        self.numbers.get(value).copied()
    }

    /// One user fewer. Returns whether the number is free now.
    pub(super) fn release(&mut self, number: u32) -> bool {
        let Some(slot) = self.slots.get_mut(number as usize) else { return false };
        let Some((_, users)) = slot else { return false };
        *users -= 1;
        if *users > 0 {
            return false;
        }
        if let Some((value, _)) = slot.take() {
            self.numbers.remove(&value);
        }
        self.free.push(number);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::Interner;

    #[test]
    fn numbers_are_shared_and_given_back() {
        let mut interner = Interner::default();
        let (a, b) = (interner.acquire(&"a"), interner.acquire(&"b"));
        assert_ne!(a, b);
        assert_eq!(interner.acquire(&"a"), a);
        assert!(!interner.release(a));
        assert!(interner.release(a));
        assert_eq!((interner.get(&"a"), interner.get(&"b")), (None, Some(b)));
        assert_eq!(interner.acquire(&"c"), a);
    }
}
