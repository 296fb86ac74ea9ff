//! No text makes a reader of flows panic, and what is read comes out of a window as it came in.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sekisho_flow::{
    attribution::{Attribution, Book, Nobody},
    source::{Foreign, Format, Observations},
    text::{Flows, line, read_line},
    window::{Limits, Windows},
};
use std::num::NonZeroU32;

fuzz_target!(|bytes: &[u8]| {
    let _ = Format::detect(bytes);
    for flow in Flows::new(bytes).flatten() {
        assert_eq!(read_line(1, line(&flow).as_bytes()).as_ref(), Ok(&flow));
    }
    for format in [Foreign::Hubble, Foreign::Gke, Foreign::Vpc] {
        let mut attribution = Attribution::new(Book::default(), Nobody);
        let mut windows = Windows::new(NonZeroU32::MIN, Limits { keys: 8, bytes: 1_000 });
        let (mut seen, mut counted) = (0_u64, 0_u64);
        for observation in Observations::new(format, bytes).flatten() {
            seen = seen.saturating_add(observation.count);
            windows.add(attribution.name(&observation));
        }
        if let Some(closed) = windows.close() {
            let flows = closed.flows.iter().map(|flow| flow.seen.count);
            counted = flows.fold(closed.lost, u64::saturating_add);
        }
        assert_eq!(counted, seen);
    }
});
