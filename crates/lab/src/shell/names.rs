//! Names of pods, Services and nodes, as `/etc/hosts` has them.

use crate::plan::{Host, Plan};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    net::IpAddr,
};

/// The file for a shell at `host`. Of equal names, Services come before pods, as in a cluster's DNS.
pub(super) fn hosts(plan: &Plan, host: Host) -> String {
    let home = namespace(plan, host);
    let mut names: BTreeMap<String, BTreeSet<IpAddr>> = BTreeMap::new();
    let mut claim = |wanted: Vec<String>, addresses: &BTreeSet<IpAddr>| {
        for name in wanted {
            names.entry(name).or_insert_with(|| addresses.clone());
        }
    };
    for service in &plan.services {
        let (namespace, name) = (&service.key.namespace, &service.key.name);
        let mut wanted = vec![
            format!("{name}.{namespace}"),
            format!("{name}.{namespace}.svc"),
            format!("{name}.{namespace}.svc.cluster.local"),
        ];
        if home.as_deref() == Some(namespace) {
            wanted.push(name.to_string());
        }
        claim(wanted, &service.addresses.difference(&service.external).copied().collect());
    }
    for pod in plan.cluster.pods.values() {
        let (namespace, name) = (&pod.key.namespace, &pod.key.name);
        let mut wanted = vec![format!("{name}.{namespace}.pod"), format!("{name}.{namespace}")];
        if home.as_deref() == Some(namespace) {
            wanted.push(name.to_string());
        }
        claim(wanted, &pod.addresses);
    }
    for node in &plan.nodes {
        claim(vec![node.name.to_string()], &node.addresses);
    }
    claim(
        vec!["localhost".to_owned()],
        &["127.0.0.1", "::1"].iter().filter_map(|text| text.parse().ok()).collect(),
    );
    let mut text = String::new();
    for (name, address) in names.iter().flat_map(|(name, all)| all.iter().map(move |address| (name, address)))
    {
        let _ = writeln!(text, "{address}\t{name}");
    }
    text
}

/// The namespace whose names need no suffix there.
fn namespace(plan: &Plan, host: Host) -> Option<String> {
    let Host::Site(at) = host else { return None };
    let uid = plan.sites.get(at)?.pods.first()?;
    Some(plan.cluster.pods.get(uid)?.key.namespace.to_string())
}
