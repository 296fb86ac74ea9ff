//! How much memory the program holds: an allocator that counts and passes on.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicIsize, Ordering},
};

static HELD: AtomicIsize = AtomicIsize::new(0);

/// The system's allocator, counted.
#[derive(Debug)]
pub(crate) struct Counting;

fn note(bytes: usize, sign: isize) {
    HELD.fetch_add(sign * isize::try_from(bytes).unwrap_or(0), Ordering::Relaxed);
}

// SAFETY: every call goes to `System` with the caller's own arguments; counting touches no memory of
// the caller.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size(), 1);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        note(layout.size(), -1);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(layout.size(), -1);
        note(size, 1);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// The bytes that `work`'s result holds.
pub(crate) fn held<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let before = HELD.load(Ordering::Relaxed);
    let result = work();
    let bytes = HELD.load(Ordering::Relaxed) - before;
    (f64::from(i32::try_from(bytes / 1024).unwrap_or(i32::MAX)) * 1024.0, result)
}
