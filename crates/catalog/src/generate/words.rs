//! What is said in comments.

use super::{DraftPeer, Reason};
use sekisho_core::standard::{Day, Role};
use std::{collections::BTreeSet, sync::Arc};

/// How long a line of a comment becomes.
const WIDTH: usize = 100;

/// What is said above whoever looks up names.
pub(super) const DNS: &str = "Names are looked up over UDP, and over TCP when an answer is long.";

/// `text` as lines of a comment.
pub(crate) fn comment(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in printable(text).split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.len() + 1 + word.len() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(format!("# {word}")),
        }
    }
    lines
}

/// The text without what YAML does not print.
fn printable(text: &str) -> String {
    let is_shown = |letter: char| {
        !letter.is_control()
            && !matches!(letter, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
    };
    text.chars().map(|letter| if is_shown(letter) { letter } else { ' ' }).collect()
}

/// What fits on one line.
pub(super) fn on_one_line(text: &str) -> String {
    printable(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `a, b and c`.
pub(crate) fn list<T: AsRef<str>>(names: &[T]) -> String {
    match names {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [most @ .., last] => {
            let most: Vec<&str> = most.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", most.join(", "), last.as_ref())
        }
    }
}

/// What a policy is about, and where its peers come from.
pub(super) fn about(about: &str, peers: &[&DraftPeer]) -> String {
    let (mut tier, mut listed): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    for peer in peers {
        let (names, name) = match &peer.reason {
            Reason::Tier(name) => (&mut tier, name),
            Reason::Listed(name) => (&mut listed, name),
            Reason::Dns | Reason::Exception => continue,
        };
        if !names.contains(&&**name) {
            names.push(name);
        }
    }
    let mut said = Vec::new();
    if !listed.is_empty() {
        said.push(format!("the catalog names {}", list(&listed)));
    }
    if !tier.is_empty() {
        said.push(format!("its tier lets in {}", list(&tier)));
    }
    if said.is_empty() { format!("{about}.") } else { format!("{about}: {}.", said.join(", ")) }
}

/// What is said above a named peer.
pub(super) fn heading(role: Role, environments: Option<&BTreeSet<Arc<str>>>) -> Option<String> {
    let people = "people reach a pod from their own machine when they debug.";
    match (environments, role) {
        (None, Role::People) => Some(capital(people)),
        (None, _) => None,
        (Some(environments), role) => {
            let names: Vec<&Arc<str>> = environments.iter().collect();
            let only = capital(&list(&names));
            Some(match role {
                Role::People => format!("{only} only: {people}"),
                _ => format!("{only} only."),
            })
        }
    }
}

/// What is said above what is allowed for a time.
pub(super) fn exception(reason: &str, until: Day, environments: Option<&BTreeSet<Arc<str>>>) -> String {
    let only = environments.map(|names| {
        let names: Vec<&Arc<str>> = names.iter().collect();
        format!(" in {} only", list(&names))
    });
    format!("Until {until}{}: {reason}", only.unwrap_or_default())
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
