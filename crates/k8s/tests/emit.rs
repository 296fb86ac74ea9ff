//! What is written is read again as what it was.

use proptest::{collection::vec, prelude::*};
use sekisho_core::{
    object::{Direction, Labels, NetworkPolicy, Origin, Rule},
    testing::{config, policy},
};
use sekisho_k8s::{
    Options,
    emit::{self, Place, Remark, Remarks},
    read_paths, read_text,
};
use std::path::Path;

/// The policy without the places of its parts.
fn placeless(policy: &NetworkPolicy) -> NetworkPolicy {
    let rules = |rules: &[Rule]| {
        let mut rules = rules.to_vec();
        for rule in &mut rules {
            rule.origin = Origin::default();
            rule.peers.iter_mut().for_each(|peer| peer.origin = Origin::default());
            rule.ports.iter_mut().for_each(|port| port.origin = Origin::default());
        }
        rules
    };
    NetworkPolicy {
        ingress: rules(&policy.ingress),
        egress: rules(&policy.egress),
        origin: Origin::default(),
        ..policy.clone()
    }
}

/// What is read of the text that is written of `policy`.
fn again(policy: &NetworkPolicy, remarks: &Remarks) -> NetworkPolicy {
    let text = emit::policy(policy, remarks).to_document();
    let reading = read_text("written.yaml", text.as_bytes(), &Options::default());
    assert_eq!(reading.diagnostics, [], "{text}");
    assert_eq!(reading.cluster.policies.len(), 1, "{text}");
    placeless(&reading.cluster.policies[&policy.key])
}

fn labels() -> impl Strategy<Value = Labels> {
    let keys = ["a", "app.kubernetes.io/name", "true", "1", "app.kubernetes.io/part-of", "x.y/z"];
    let values = ["", "web", "on", "8080", "1.5", "0x1f", "a_b", "null", "1e3"];
    let entry = (prop::sample::select(keys.to_vec()), prop::sample::select(values.to_vec()));
    vec(entry, 0..4).prop_map(|entries| entries.into_iter().collect())
}

/// Something said at every place there is, templates' lines as comments among them.
fn remarks(policy: &NetworkPolicy) -> Remarks {
    let mut remarks = Remarks::from([(Place::Policy, Remark::default())]);
    for direction in Direction::ALL {
        for (rule, one) in policy.rules(direction).iter().enumerate() {
            remarks.insert(Place::Rule(direction, rule), Remark::default());
            for peer in 0..one.peers.len() {
                remarks.insert(Place::Peer(direction, rule, peer), Remark::default());
            }
        }
    }
    for remark in remarks.values_mut() {
        remark.above = vec!["# above: {}".to_owned()];
        remark.beside = Some("beside - it".to_owned());
        remark.below = vec!["# below".to_owned()];
    }
    remarks
}

proptest! {
    #![proptest_config(config(500))]

    #[test]
    fn policies(policy in policy(), labels in labels()) {
        let policy = NetworkPolicy { labels, ..policy };
        prop_assert_eq!(again(&policy, &Remarks::new()), policy.clone());
        prop_assert_eq!(again(&policy, &remarks(&policy)), policy);
    }
}

#[test]
fn the_examples_are_written_as_they_are() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/exchange/development");
    let reading = read_paths(&[examples], &Options::default()).unwrap();
    let mut compared = 0;
    for policy in reading.cluster.policies.values() {
        let text = &reading.sources[&policy.origin.source];
        let start = policy.origin.span.start;
        let written = text[start..].split("---\n").next().unwrap();
        // But for comments, letter by letter.
        let plain: String = written
            .lines()
            .filter(|line| !line.trim_start().starts_with('#'))
            .map(|line| format!("{}\n", line.split(" #").next().unwrap()))
            .collect();
        assert_eq!(emit::policy(policy, &Remarks::new()).to_document(), plain, "{}", policy.key);
        compared += 1;
    }
    assert_eq!(compared, 16);
}
