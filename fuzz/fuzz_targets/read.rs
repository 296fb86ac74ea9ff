//! No text makes the reader panic, and what it says about one can be drawn.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sekisho_k8s::{Options, expectation::read_expectations, read_text, render};

fuzz_target!(|bytes: &[u8]| {
    let reading = read_text("input", bytes, &Options::default());
    for diagnostic in &reading.diagnostics {
        let text = render(diagnostic, &reading.sources, true);
        assert!(text.contains(&*diagnostic.code));
    }
    let _ = read_expectations("input", bytes);
});
