//! What rules rest on, in words.

use sekisho_core::object::Direction;
use sekisho_flow::{Timestamp, record::Pods};
use sekisho_recommend::{
    Basis, PeerAdvice,
    evidence::{Confidence, Doubt, Evidence},
    history::History,
};

/// A comment of one line, whatever is in the text: names come from pods and from DNS, and end no comment.
pub(crate) fn comment(text: &str) -> String {
    if text.is_empty() { "#".to_owned() } else { format!("# {}", plain(text)) }
}

/// The text without what ends a line or hides what is written.
pub(crate) fn plain(text: &str) -> String {
    let is_plain = |letter: char| {
        !letter.is_control()
            && !matches!(letter, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|letter| if is_plain(letter) { letter } else { '?' }).collect()
}

/// A moment, to the second.
pub(crate) fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// So many of something.
pub(super) fn count(number: u64, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {many}") }
}

/// What a peer of a policy about so many pods rests on.
pub(super) fn basis(peer: &PeerAdvice, direction: Direction, pods: usize, seen: &History) -> Vec<String> {
    match &peer.basis {
        Basis::Seen(evidence) => {
            let mut lines = evidenced(evidence, direction, pods, seen);
            let unseen: Vec<String> =
                peer.unseen.iter().map(|(protocol, port)| format!("{protocol}/{port}")).collect();
            if !unseen.is_empty() {
                lines.push(format!("Not seen, and let pass with the others: {}.", unseen.join(", ")));
            }
            lines
        }
        Basis::Kept => Vec::new(),
        Basis::Dns => {
            vec!["Not seen, and let out all the same: whoever calls by name looks it up first.".to_owned()]
        }
        Basis::Balancer(by) => {
            vec![format!("Not seen, and let in all the same: the load balancer of {by} asks for health.")]
        }
    }
}

fn evidenced(evidence: &Evidence, direction: Direction, pods: usize, seen: &History) -> Vec<String> {
    let observers: Vec<String> = evidence.observers().iter().map(ToString::to_string).collect();
    let times = if evidence.count() == 1 { "once".to_owned() } else { format!("{} times", evidence.count()) };
    let period = if evidence.first == evidence.last {
        format!("at {}", moment(evidence.first))
    } else {
        format!("from {} to {}", moment(evidence.first), moment(evidence.last))
    };
    let doubts = doubts(evidence, direction, pods, seen);
    let doubted: Vec<String> = doubts.iter().map(ToString::to_string).collect();
    let why = if doubted.is_empty() { String::new() } else { format!(": {}", doubted.join("; ")) };
    let mut lines = vec![format!("Seen {times} {period}, by {}.", observers.join(" and "))];
    let named: Vec<String> = [("from", &evidence.from_pods), ("to", &evidence.to_pods)]
        .into_iter()
        .filter(|(_, pods)| !pods.is_empty())
        .map(|(word, pods)| format!("{word} {}", names(pods)))
        .collect();
    if !named.is_empty() {
        lines.push(format!("Pods: {}.", named.join(" ")));
    }
    lines.push(format!("Confidence: {}{why}.", Confidence::of(&doubts)));
    lines
}

/// What speaks against relying on it, of a subject that has so many pods.
pub(crate) fn doubts(evidence: &Evidence, direction: Direction, pods: usize, seen: &History) -> Vec<Doubt> {
    let own = match direction {
        Direction::Egress => &evidence.from_pods,
        Direction::Ingress => &evidence.to_pods,
    };
    evidence.doubts(seen.window, own, pods)
}

fn names(pods: &Pods) -> String {
    let names: Vec<&str> = pods.iter().map(AsRef::as_ref).collect();
    let more = if pods.has_more() { ", ..." } else { "" };
    format!("{}{more}", names.join(", "))
}
