//! The rules, a file each.

pub(crate) mod adds_nothing;
pub(crate) mod all_ports;
pub(crate) mod any_address;
pub(crate) mod block_covers_cluster;
pub(crate) mod cloud_nat;
pub(crate) mod component_without_policy;
pub(crate) mod dns_closed;
pub(crate) mod duplicate;
pub(crate) mod egress_not_controlled;
pub(crate) mod empty_rule;
pub(crate) mod every_namespace;
pub(crate) mod except_outside;
pub(crate) mod except_reopened;
pub(crate) mod exception_expired;
pub(crate) mod health_checks_refused;
pub(crate) mod host_bits;
pub(crate) mod ignore_for_nothing;
pub(crate) mod ignore_unknown_rule;
pub(crate) mod ignore_without_reason;
pub(crate) mod label_mistyped;
pub(crate) mod labels_missing;
pub(crate) mod name_not_standard;
pub(crate) mod no_baseline;
pub(crate) mod one_side_closed;
pub(crate) mod open_to_internet;
pub(crate) mod peer_in_another_namespace;
pub(crate) mod peer_matches_nothing;
pub(crate) mod pod_not_isolated;
pub(crate) mod port_name_missing;
pub(crate) mod port_nobody_listens_on;
pub(crate) mod private_range;
pub(crate) mod range_outside_environment;
pub(crate) mod scraping_cut_off;
pub(crate) mod selects_no_pod;
pub(crate) mod two_entries;
pub(crate) mod types_contradict_rules;
pub(crate) mod types_unsaid;
pub(crate) mod unknown_field;
pub(crate) mod unreadable;
pub(crate) mod whole_namespace;
pub(crate) mod wide_port_range;

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
    &pod_not_isolated::RULE,
    &no_baseline::RULE,
    &egress_not_controlled::RULE,
    &component_without_policy::RULE,
    &labels_missing::RULE,
    &label_mistyped::RULE,
    &whole_namespace::RULE,
    &every_namespace::RULE,
    &any_address::RULE,
    &private_range::RULE,
    &all_ports::RULE,
    &wide_port_range::RULE,
    &open_to_internet::RULE,
    &range_outside_environment::RULE,
    &cloud_nat::RULE,
    &exception_expired::RULE,
    &dns_closed::RULE,
    &health_checks_refused::RULE,
    &one_side_closed::RULE,
    &scraping_cut_off::RULE,
    &adds_nothing::RULE,
    &duplicate::RULE,
    &name_not_standard::RULE,
];
