//! The same work on many things, on as many threads as there are cores; and two works at once.
//!
//! Where no thread can be had, all is done on the one there is.

use std::{
    num::NonZeroUsize,
    panic,
    sync::{
        Mutex, OnceLock, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// More threads than this wait for the memory rather than for the processor.
const MOST: usize = 16;

/// How many threads do the work. It is asked of the system once, for it reads files to answer.
fn cores() -> usize {
    static CORES: OnceLock<usize> = OnceLock::new();
    *CORES.get_or_init(|| thread::available_parallelism().map_or(1, NonZeroUsize::get).min(MOST))
}

/// What `work` makes of each of `tasks`, in their order. Each thread has a state of its own, for what
/// is worth keeping from one task to the next.
pub fn map<'t, T: Sync, S: Default, R: Send>(
    tasks: &'t [T],
    work: impl Fn(&mut S, &'t T) -> R + Sync,
) -> Vec<R> {
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::with_capacity(tasks.len())));
    let worker = || {
        let mut state = S::default();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(task) = tasks.get(index) else { return };
            let result = work(&mut state, task);
            done.lock().unwrap_or_else(PoisonError::into_inner).push((index, result));
        }
    };
    thread::scope(|scope| {
        for _ in 1..cores().min(tasks.len()) {
            if thread::Builder::new().spawn_scoped(scope, worker).is_err() {
                break;
            }
        }
        worker();
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

/// What both works give, done at once.
pub fn both<A, B: Send>(one: impl FnOnce() -> A, other: impl Fn() -> B + Sync) -> (A, B) {
    if cores() == 1 {
        return (one(), other());
    }
    thread::scope(|scope| match thread::Builder::new().spawn_scoped(scope, &other) {
        Ok(thread) => {
            let one = one();
            (one, thread.join().unwrap_or_else(|panicked| panic::resume_unwind(panicked)))
        }
        Err(_) => (one(), other()),
    })
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

    #[test]
    fn both_works_are_done() {
        let text = String::from("a");
        assert_eq!(super::both(|| text.len(), || text.repeat(2)), (1, "aa".to_owned()));
    }
}
