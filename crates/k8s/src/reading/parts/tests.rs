//! Texts read by parts give what they give as a whole.

use super::{Part, read_by, whole};
use crate::{Options, read::names::Names, source::Text};
use proptest::{collection::vec, prelude::*, test_runner::FileFailurePersistence};
use sekisho_core::object::Origin;

type Told = (Vec<crate::Diagnostic>, Vec<crate::Diagnostic>, Vec<(String, Origin)>, Vec<(String, usize)>);

/// Everything that `parts` say, in order.
fn told(parts: Vec<Part>) -> Told {
    let mut told = Told::default();
    for part in parts {
        told.0.extend(part.problems);
        told.1.extend(part.findings);
        for (_, object) in part.gathered.objects {
            told.2.push((format!("{} {}", object.kind(), object.key()), object.origin().clone()));
        }
        for (kind, count) in part.gathered.skipped {
            match told.3.iter_mut().find(|(known, _)| *known == kind) {
                Some((_, before)) => *before += count,
                None => told.3.push((kind, count)),
            }
        }
    }
    told.3.sort();
    told
}

fn check(text: &str) {
    let text = Text { name: "input".into(), text: text.into() };
    let options = Options::default();
    let parts = read_by(std::slice::from_ref(&text), &options, 0);
    assert_eq!(parts.len(), 1);
    let parts = parts.into_iter().next().unwrap();
    let as_a_whole = whole(&text, &options, &mut Names::default());
    assert_eq!(told(parts), told(vec![as_a_whole]));
}

const PIECES: [&str; 26] = [
    "---\n",
    "---\n",
    "---\n",
    "\n---\n",
    "--- ",
    "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n",
    "apiVersion: v1\nkind: Pod\nmetadata:\n  name: b\n  labels:\n    x: \"y\"\n",
    "{\"apiVersion\": \"v1\", \"kind\": \"Namespace\", \"metadata\": {\"name\": \"A\"}}\n",
    "kind: Secret\napiVersion: v1\n",
    "# a comment\n",
    "a: |\n  text\n",
    "a: |\n",
    "a: 'b\n",
    "a: \"b\n",
    "a: &x b\n",
    "c: *x\n",
    "%YAML 1.2\n",
    "...\n",
    "[",
    "{a: ",
    "}\n",
    "\n",
    " ",
    "? a\n",
    "- a\n",
    "\u{feff}",
];

/// Entries of a list in JSON, some of them wrong or unusual.
const ENTRIES: [&str; 12] = [
    "{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": {\"name\": \"a\"}}",
    "{\n  \"apiVersion\": \"v1\",\n  \"kind\": \"Pod\",\n  \"metadata\": {\n    \"name\": \"B\"\n  }\n}",
    "{\"metadata\": {\"name\": \"c\", \"labels\": {\"x\": \"y\\\"[{\"}}}",
    "{\"metadata\": {\"name\": \"d\", \"annotations\": {\"x\": \"\u{95a2}\"}}}",
    "{\"metadata\": {\"name\": \"e\", \"annotations\": {\"x\": \"\\u00e9\"}}}",
    "{\"metadata\": {\"name\": \"e\", \"name\": \"f\"}}",
    "{\"metadata\": {\"name\": 'e{'}}",
    "{\"metadata\": }",
    // Lines that look like entries, or like the end of the list.
    "{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": {\"name\": \"g\"}, \"x\": [{}\n]}",
    "{\"metadata\": {\"name\": \"h\"}}, {\"metadata\": {\"name\": \"i\"}}",
    "{}",
    "[]",
];

fn list() -> impl Strategy<Value = String> {
    let kind = prop::sample::select(vec!["List", "PodList", "Pod", "\u{95a2}List"]);
    let gap = prop::sample::select(vec!["", " ", "\n", "\n    "]);
    let entries = vec(prop_oneof![8 => 0..3_usize, 1 => 3..12_usize], 0..6);
    (kind, gap, entries, any::<bool>(), any::<bool>()).prop_map(|(kind, gap, entries, kind_first, comma)| {
        let entries: Vec<&str> = entries.into_iter().map(|entry| ENTRIES[entry]).collect();
        let items = format!(
            "\"items\":{gap}[{gap}{}{gap}{}]",
            entries.join(&format!(",{gap}")),
            if comma { "," } else { "" }
        );
        let kind = format!("\"kind\": \"{kind}\"");
        let (one, two) = if kind_first { (kind, items) } else { (items, kind) };
        format!("{{{gap}\"apiVersion\": \"v1\",{gap}{one},{gap}{two}{gap}}}\n")
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("seeds"))), ..ProptestConfig::with_cases(4_000) })]

    #[test]
    fn entries_say_what_their_list_says(list in list()) {
        check(&list);
    }

    #[test]
    fn parts_say_what_the_whole_says(pieces in vec(prop::sample::select(&PIECES[..]), 0..14)) {
        check(&pieces.concat());
    }
}
