//! Inputs made to hurt: they end in an error, in time, in bounded memory, without a panic.

#![allow(clippy::unwrap_used, reason = "a test says what must hold")]

use sekisho_k8s::{Options, ReadError, Reading, read_paths, read_text, render};
use std::{
    fmt::Write as _,
    fs,
    io::Write as _,
    path::PathBuf,
    time::{Duration, Instant},
};

const POLICY: &str = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: after}\nspec: {podSelector: {}}\n";

fn read(text: &str) -> Reading {
    read_text("input.yaml", text.as_bytes(), &Options::default())
}

/// The codes of the findings.
fn codes(reading: &Reading) -> Vec<&str> {
    reading.diagnostics.iter().map(|found| &*found.code).collect()
}

/// Reads a hostile document and one after it: the first gives `code`, the second is read.
#[track_caller]
fn refused(document: &str, code: &str) {
    let reading = read(&format!("{document}\n---\n{POLICY}"));
    assert_eq!(codes(&reading), [code]);
    assert_eq!(reading.cluster.policies.len(), 1);
    for found in &reading.diagnostics {
        assert!(render(found, &reading.sources, true).len() < 100_000);
    }
}

#[test]
fn nesting_in_flow_collections() {
    refused(&"[".repeat(10_000), "too-deep");
    refused(&"{a: ".repeat(10_000), "too-deep");
    refused(&format!("{}{}", "[".repeat(10_000), "]".repeat(10_000)), "too-deep");
}

#[test]
fn nesting_in_block_collections() {
    let mut mappings = String::new();
    for depth in 0..10_000 {
        writeln!(mappings, "{}a:", " ".repeat(depth)).unwrap();
    }
    refused(&mappings, "too-deep");
    refused(&"- ".repeat(10_000), "too-deep");
}

#[test]
fn nesting_in_json() {
    let text = format!("{}1{}", "{\"a\":".repeat(10_000), "}".repeat(10_000));
    let reading = read_text("input.json", text.as_bytes(), &Options::default());
    assert_eq!(codes(&reading), ["too-deep"]);
}

#[test]
fn aliases_that_multiply() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..60 {
        let aliases = vec![format!("*a{}", level - 1); 9].join(", ");
        writeln!(bomb, "a{level}: &a{level} [{aliases}]").unwrap();
    }
    refused(&bomb, "alias-bomb");
}

#[test]
fn merge_keys_that_multiply() {
    let mut bomb = "a0: &a0 {k0: v, k1: v, k2: v}\n".to_owned();
    for level in 1..60 {
        let aliases = vec![format!("*a{}", level - 1); 9].join(", ");
        writeln!(bomb, "a{level}: &a{level} {{x{level}: [{aliases}], <<: [{aliases}]}}").unwrap();
    }
    refused(&bomb, "alias-bomb");
}

#[test]
fn a_mapping_with_many_keys() {
    let mut keys = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n".to_owned();
    for key in 0..200_000 {
        writeln!(keys, "  key{key}: v").unwrap();
    }
    let before = Instant::now();
    let reading = read(&keys);
    assert_eq!(codes(&reading), [""; 0]);
    assert!(before.elapsed() < Duration::from_secs(20), "{:?}", before.elapsed());
}

#[test]
fn a_mapping_with_many_keys_twice() {
    let mut keys = "apiVersion: v1\nkind: ConfigMap\ndata:\n".to_owned();
    for key in (0..200_000).chain(0..200_000) {
        writeln!(keys, "  key{key}: v").unwrap();
    }
    let before = Instant::now();
    let reading = read(&keys);
    let codes = codes(&reading);
    assert!(codes.contains(&"duplicate-key") && codes.contains(&"too-many-findings"));
    assert!(before.elapsed() < Duration::from_secs(20), "{:?}", before.elapsed());
}

#[test]
fn a_policy_with_many_unknown_fields() {
    let mut fields = POLICY.replace("spec: {podSelector: {}}", "spec:\n  podSelector: {}");
    for field in 0..200_000 {
        writeln!(fields, "  unknown{field}: v").unwrap();
    }
    let before = Instant::now();
    let reading = read(&fields);
    assert!(codes(&reading).contains(&"too-many-findings"));
    assert!(reading.cluster.policies.is_empty());
    assert!(before.elapsed() < Duration::from_secs(20), "{:?}", before.elapsed());
}

#[test]
fn aliases_of_a_long_text() {
    let policy = |long: usize, aliases: usize| {
        let annotation = format!("metadata:\n  name: after\n  annotations: {{a: &a {}}}", "x".repeat(long));
        let types =
            format!("spec:\n  podSelector: {{}}\n  policyTypes: [{}]", vec!["*a"; aliases].join(", "));
        POLICY.replace("metadata: {name: after}", &annotation).replace("spec: {podSelector: {}}", &types)
    };
    refused(&policy(1_000_000, 3_000), "alias-bomb");
    // Fewer are read; what is said about them quotes little of them.
    let reading = read(&policy(1_000_000, 20));
    assert_eq!(reading.diagnostics.len(), 21);
    assert!(reading.diagnostics.iter().all(|found| found.message.len() < 2_000));
}

#[test]
fn a_text_that_is_all_mistakes() {
    for mistake in ["---\na: [\n", "---\n- a\n", "---\n\t- a\n", "---\nkind: Pod\n", "---\na: 1\na: 2\n"] {
        let before = Instant::now();
        let reading = read(&mistake.repeat(100_000));
        assert_eq!(reading.diagnostics.len(), 10_001, "{mistake}");
        assert!(codes(&reading).contains(&"too-many-findings"));
        assert!(before.elapsed() < Duration::from_secs(20), "{mistake} {:?}", before.elapsed());
    }
}

#[test]
fn texts_that_repeat_themselves() {
    let pieces = [
        "? ", "- ", "&a ", "*a\n", "\t", "%a\n", "'", "\"a\" ", "# a\n", "a: |\n", "a ", "a:\n", "[],",
        "\u{feff}", "!!a ",
    ];
    for piece in pieces {
        let before = Instant::now();
        let reading = read(&piece.repeat(300_000));
        assert!(reading.cluster.policies.is_empty());
        assert!(before.elapsed() < Duration::from_secs(20), "{piece:?} {:?}", before.elapsed());
    }
}

/// A file that is removed in the end.
struct Temporary(PathBuf);

impl Temporary {
    fn new(name: &str) -> Self {
        let name = format!("sekisho-{}-{name}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_file_of_100_megabytes() {
    let file = Temporary::new("large.yaml");
    let mut out = std::io::BufWriter::new(fs::File::create(&file.0).unwrap());
    out.write_all(b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  text: |\n").unwrap();
    let line = format!("    {}\n", "x".repeat(95));
    for _ in 0..1_050_000 {
        out.write_all(line.as_bytes()).unwrap();
    }
    out.write_all(b"---\n").unwrap();
    out.write_all(POLICY.as_bytes()).unwrap();
    out.flush().unwrap();
    assert!(fs::metadata(&file.0).unwrap().len() > 100_000_000);
    let before = Instant::now();
    let reading = read_paths(std::slice::from_ref(&file.0), &Options::default()).unwrap();
    assert_eq!(codes(&reading), [""; 0]);
    assert_eq!(reading.cluster.policies.len(), 1);
    assert!(before.elapsed() < Duration::from_secs(60), "{:?}", before.elapsed());
}

#[test]
fn paths_that_cannot_be_read() {
    let missing = PathBuf::from("/nowhere/to/be/found.yaml");
    let error = read_paths(&[missing], &Options::default()).unwrap_err();
    assert!(matches!(error, ReadError::Io { .. }));
    assert!(error.to_string().starts_with("cannot read `/nowhere/to/be/found.yaml`: "), "{error}");
}

#[test]
fn links_that_go_round_or_nowhere() {
    let folder = Temporary::new("links");
    fs::create_dir_all(folder.0.join("inner")).unwrap();
    fs::write(folder.0.join("a.yaml"), POLICY).unwrap();
    let link =
        |to: &str, from: &str| std::os::unix::fs::symlink(folder.0.join(to), folder.0.join(from)).unwrap();
    link("", "inner/round");
    link("nowhere.yaml", "dangling.yaml");
    link("a.yaml", "again.yaml");
    let paths = [folder.0.clone(), folder.0.join("a.yaml")];
    let reading = read_paths(&paths, &Options::default()).unwrap();
    // The file is one file, by whatever name.
    assert_eq!(codes(&reading), [""; 0]);
    assert_eq!(reading.cluster.policies.len(), 1);
}
