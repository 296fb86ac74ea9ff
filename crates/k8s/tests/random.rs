//! No input makes the reader panic, and what it says about one can always be drawn.

use proptest::{collection::vec, prelude::*, test_runner::FileFailurePersistence};
use sekisho_k8s::{Options, expectation::read_expectations, read_text, render};

const MANIFESTS: [&str; 3] = [
    include_str!("fixtures/pod-in-full/pod.yaml"),
    include_str!("fixtures/anchors-and-merge-keys/policy.yaml"),
    include_str!("fixtures/json/good.json"),
];

/// Pieces that mean something to YAML.
const PIECES: [&str; 24] = [
    "\n",
    "  ",
    "\t",
    ": ",
    "- ",
    "---\n",
    "...\n",
    "&a ",
    "*a",
    "<<: ",
    "[",
    "]",
    "{",
    "}",
    "'",
    "\"",
    "|\n",
    ">-\n",
    "# ",
    "? ",
    "!!str ",
    "%YAML 1.2\n",
    "\u{feff}",
    "関",
];

fn check(bytes: &[u8]) {
    let reading = read_text("input", bytes, &Options::default());
    for found in &reading.diagnostics {
        let text = render(found, &reading.sources, true);
        assert!(text.contains(&*found.code), "{text}");
    }
    let _ = read_expectations("input", bytes);
}

/// One change of a text: at a place, so many bytes go and others come.
fn edit() -> impl Strategy<Value = (prop::sample::Index, usize, Vec<u8>)> {
    let bytes = prop_oneof![
        vec(any::<u8>(), 0..4),
        prop::sample::select(&PIECES[..]).prop_map(|piece| piece.as_bytes().to_vec()),
    ];
    (any::<prop::sample::Index>(), 0_usize..40, bytes)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("seeds"))), ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn bytes(bytes in vec(any::<u8>(), 0..200)) {
        check(&bytes);
    }

    #[test]
    fn pieces(pieces in vec(prop_oneof![prop::sample::select(&PIECES[..]).prop_map(str::to_owned), "[a-z0-9]{1,3}"], 0..60)) {
        check(pieces.concat().as_bytes());
    }

    #[test]
    fn mutated_manifests(
        manifest in prop::sample::select(&MANIFESTS[..]),
        edits in vec(edit(), 1..6),
    ) {
        let mut bytes = manifest.as_bytes().to_vec();
        for (at, gone, new) in edits {
            let at = at.index(bytes.len().saturating_add(1));
            let end = at.saturating_add(gone).min(bytes.len());
            bytes.splice(at..end, new);
        }
        check(&bytes);
    }
}
