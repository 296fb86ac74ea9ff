//! The same work on many things, on as many threads as there are cores.

use std::{
    num::NonZeroUsize,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// More threads than this wait for the memory rather than for the processor.
const MOST: usize = 16;

/// What `work` makes of each of `tasks`, in their order. Each thread has a state of its own, for what
/// is worth keeping from one task to the next.
pub(super) fn map<'t, T: Sync, S: Default, R: Send>(
    tasks: &'t [T],
    work: impl Fn(&mut S, &'t T) -> R + Sync,
) -> Vec<R> {
    let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get).min(MOST);
    if cores == 1 || tasks.len() < 2 {
        let mut state = S::default();
        return tasks.iter().map(|task| work(&mut state, task)).collect();
    }
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::with_capacity(tasks.len())));
    thread::scope(|scope| {
        for _ in 0..cores.min(tasks.len()) {
            scope.spawn(|| {
                let mut state = S::default();
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(task) = tasks.get(index) else { return };
                    let result = work(&mut state, task);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push((index, result));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn results_are_in_the_order_of_the_tasks() {
        let tasks: Vec<usize> = (0..1_000).collect();
        let squares = super::map(&tasks, |_: &mut (), task| task * task);
        assert!(squares.iter().enumerate().all(|(index, square)| index * index == *square));
        assert!(super::map(&[] as &[usize], |_: &mut (), task| *task).is_empty());
    }
}
