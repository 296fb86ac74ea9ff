//! What is only tried drops nothing, and counts what would be dropped.

#![allow(clippy::expect_used, reason = "a test says what must hold")]

#[path = "support/streams.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod streams;
mod support;

use sekisho_core::{
    index::{Index, PolicyKey},
    object::{Direction, ObjectKey},
};
use sekisho_nft::{
    Kernel, Program, Programmed,
    tree::{Action, Table},
};
use streams::{Node, PORT};

#[test]
fn what_is_only_tried_passes_and_is_counted() {
    support::in_new_network("what_is_only_tried_passes_and_is_counted", || {
        let mut node = Node::new();
        node.load();
        let index = node.index_with(Some(PORT));
        let program = Program::trying(&index, "node");
        let mut kernel = Kernel::open_table(Table::Tried).expect("a socket");
        kernel.restore(program.ruleset()).expect("the kernel takes it");
        assert_eq!(kernel.read().expect("an answer"), Programmed::of(program.ruleset()));
        assert!(node.kernel.read().expect("an answer").chains.len() > 3, "the other table is another");

        node.stream(node.api.v4(), PORT).talk().expect("it is allowed");
        assert_eq!(counted(&mut kernel, &program), []);
        node.stream(node.api.v4(), PORT + 1).talk().expect("it would be denied, and passes");
        node.stream(node.api.v6(), PORT + 1).talk().expect("it would be denied, and passes");
        let policy = PolicyKey::from(ObjectKey::new("shop", "api"));
        assert_eq!(counted(&mut kernel, &program), [(Direction::Ingress, vec![policy], 2)]);

        kernel.remove().expect("it goes");
        assert!(!kernel.is_programmed().expect("an answer"));
        assert!(node.kernel.is_programmed().expect("an answer"));
    });
}

/// What was counted, by who denies.
fn counted(kernel: &mut Kernel, program: &Program) -> Vec<(Direction, Vec<PolicyKey>, u64)> {
    let mut sums = std::collections::BTreeMap::new();
    for (chain, packets) in kernel.counted().expect("an answer") {
        if let Some((direction, policies)) = program.denying(&chain).filter(|_| packets > 0) {
            *sums.entry((direction, policies.to_vec())).or_insert(0) += packets;
        }
    }
    sums.into_iter().map(|((direction, policies), packets)| (direction, policies, packets)).collect()
}

#[test]
fn nothing_that_is_only_tried_drops_or_refuses() {
    let program = Program::trying(&Index::new(), "node");
    let rules = program.ruleset().chains.values().flat_map(|chain| &chain.rules);
    assert!(rules.clone().all(|rule| rule.action != Action::Drop));
    let entered = program.ruleset().chains.values().filter(|chain| chain.hook.is_some());
    let mut leads = entered.flat_map(|chain| &chain.rules).flat_map(|rule| rule.chains());
    assert!(leads.all(|chain| chain.as_str() != "refuse"));
}
