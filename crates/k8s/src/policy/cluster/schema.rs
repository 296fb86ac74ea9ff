//! The fields of cluster-wide policies.
//!
//! Those of `policy.networking.k8s.io` in `v1alpha2` and `v1alpha1`, experimental ones too.

use crate::policy::schema::{Fields, METADATA, SELECTOR, Schema};

pub(super) const CLUSTER: Schema = Schema {
    kind: "a ClusterNetworkPolicy",
    fields: &Fields::of(&[
        ("apiVersion", None),
        ("kind", None),
        ("metadata", Some(&METADATA)),
        (
            "spec",
            Some(&Fields::of(&[
                ("tier", None),
                ("priority", None),
                ("subject", Some(&SUBJECT)),
                ("ingress", Some(&CLUSTER_INGRESS)),
                ("egress", Some(&CLUSTER_EGRESS)),
            ])),
        ),
        ("status", None),
    ]),
};

pub(super) const ADMIN: Schema = Schema {
    kind: "an AdminNetworkPolicy",
    fields: &Fields::of(&[
        ("apiVersion", None),
        ("kind", None),
        ("metadata", Some(&METADATA)),
        (
            "spec",
            Some(&Fields::of(&[
                ("priority", None),
                ("subject", Some(&SUBJECT)),
                ("ingress", Some(&INGRESS)),
                ("egress", Some(&EGRESS)),
            ])),
        ),
        ("status", None),
    ]),
};

pub(super) const BASELINE: Schema = Schema {
    kind: "a BaselineAdminNetworkPolicy",
    fields: &Fields::of(&[
        ("apiVersion", None),
        ("kind", None),
        ("metadata", Some(&METADATA)),
        (
            "spec",
            Some(&Fields::of(&[
                ("subject", Some(&SUBJECT)),
                ("ingress", Some(&INGRESS)),
                ("egress", Some(&BASELINE_EGRESS)),
            ])),
        ),
        ("status", None),
    ]),
};

const SUBJECT: Fields = Fields::of(&[("namespaces", Some(&SELECTOR)), ("pods", Some(&PODS))]);

const PODS: Fields = Fields::of(&[("namespaceSelector", Some(&SELECTOR)), ("podSelector", Some(&SELECTOR))]);

const CLUSTER_INGRESS: Fields = Fields::of(&[
    ("name", None),
    ("action", None),
    ("from", Some(&INGRESS_PEER)),
    ("protocols", Some(&PROTOCOL)),
]);

const CLUSTER_EGRESS: Fields = Fields::of(&[
    ("name", None),
    ("action", None),
    ("to", Some(&EGRESS_PEER)),
    ("protocols", Some(&PROTOCOL)),
]);

const INGRESS: Fields =
    Fields::of(&[("name", None), ("action", None), ("from", Some(&INGRESS_PEER)), ("ports", Some(&PORT))]);

const EGRESS: Fields =
    Fields::of(&[("name", None), ("action", None), ("to", Some(&EGRESS_PEER)), ("ports", Some(&PORT))]);

const BASELINE_EGRESS: Fields =
    Fields::of(&[("name", None), ("action", None), ("to", Some(&BASELINE_PEER)), ("ports", Some(&PORT))]);

const INGRESS_PEER: Fields =
    Fields { fields: &[("namespaces", Some(&SELECTOR)), ("pods", Some(&PODS))], may_be_newer: true };

const EGRESS_PEER: Fields = Fields {
    fields: &[
        ("namespaces", Some(&SELECTOR)),
        ("pods", Some(&PODS)),
        ("nodes", Some(&SELECTOR)),
        ("networks", None),
        ("domainNames", None),
    ],
    may_be_newer: true,
};

const BASELINE_PEER: Fields = Fields {
    fields: &[
        ("namespaces", Some(&SELECTOR)),
        ("pods", Some(&PODS)),
        ("nodes", Some(&SELECTOR)),
        ("networks", None),
    ],
    may_be_newer: true,
};

/// Of `v1alpha2`.
const PROTOCOL: Fields = Fields::of(&[
    ("tcp", Some(&DESTINATION)),
    ("udp", Some(&DESTINATION)),
    ("sctp", Some(&DESTINATION)),
    ("destinationNamedPort", None),
]);

const DESTINATION: Fields = Fields::of(&[("destinationPort", Some(&DESTINATION_PORT))]);

const DESTINATION_PORT: Fields =
    Fields::of(&[("number", None), ("range", Some(&Fields::of(&[("start", None), ("end", None)])))]);

/// Of `v1alpha1`.
const PORT: Fields = Fields::of(&[
    ("portNumber", Some(&Fields::of(&[("protocol", None), ("port", None)]))),
    ("namedPort", None),
    ("portRange", Some(&Fields::of(&[("protocol", None), ("start", None), ("end", None)]))),
]);
