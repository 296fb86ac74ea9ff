//! The rules, a file each.

pub(crate) mod block_covers_cluster;
pub(crate) mod empty_rule;
pub(crate) mod except_outside;
pub(crate) mod except_reopened;
pub(crate) mod host_bits;
pub(crate) mod ignore_for_nothing;
pub(crate) mod ignore_unknown_rule;
pub(crate) mod ignore_without_reason;
pub(crate) mod peer_in_another_namespace;
pub(crate) mod peer_matches_nothing;
pub(crate) mod port_name_missing;
pub(crate) mod port_nobody_listens_on;
pub(crate) mod selects_no_pod;
pub(crate) mod two_entries;
pub(crate) mod types_contradict_rules;
pub(crate) mod types_unsaid;
pub(crate) mod unknown_field;
pub(crate) mod unreadable;
pub(crate) mod whole_namespace;

use crate::rule::Rule;

/// All rules, ascending by code.
pub(crate) static ALL: &[&Rule] = &[
    &ignore_without_reason::RULE,
    &ignore_for_nothing::RULE,
    &ignore_unknown_rule::RULE,
    &unreadable::RULE,
    &unknown_field::RULE,
    &selects_no_pod::RULE,
    &peer_matches_nothing::RULE,
    &peer_in_another_namespace::RULE,
    &two_entries::RULE,
    &port_name_missing::RULE,
    &port_nobody_listens_on::RULE,
    &except_outside::RULE,
    &types_contradict_rules::RULE,
    &host_bits::RULE,
    &block_covers_cluster::RULE,
    &except_reopened::RULE,
    &types_unsaid::RULE,
    &empty_rule::RULE,
    &whole_namespace::RULE,
];
