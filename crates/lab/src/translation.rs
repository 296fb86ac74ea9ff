//! Services on the nodes: destination translation before policy, masquerading after it, as kube-proxy
//! does (S37).

use crate::{
    LabError,
    kernel::namespace::Namespace,
    plan::{Backend, Plan, ServicePlan, ServicePortPlan},
};
use std::{
    fmt::Write as _,
    io::Write as _,
    net::IpAddr,
    process::{Command, Stdio},
};

/// The table, apart from the one of the policies.
const TABLE: &str = "sekisho_lab_services";

/// Programs the Services of `plan` in a node's namespace, in place of those before.
pub(crate) fn program(plan: &Plan, node: &Namespace, had_services: bool) -> Result<(), LabError> {
    if plan.services.is_empty() && !had_services {
        return Ok(());
    }
    let text = ruleset(plan);
    node.run(|| nft(&text))
}

/// Gives `text` to the `nft` program.
fn nft(text: &str) -> Result<(), LabError> {
    let failed = |message: String| LabError::Program { program: "nft", message };
    let mut child = Command::new("nft")
        .args(["-f", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| failed(error.to_string()))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(text.as_bytes()).map_err(|error| failed(error.to_string()))?;
    }
    let output = child.wait_with_output().map_err(|error| failed(error.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    let message = String::from_utf8_lossy(&output.stderr);
    Err(failed(message.lines().next().unwrap_or("no message").to_owned()))
}

/// The nat table of a plan. Every node has the same.
fn ruleset(plan: &Plan) -> String {
    let mut text = format!("table inet {TABLE} {{}}\ndelete table inet {TABLE}\ntable inet {TABLE} {{\n");
    let mut entries = [String::new(), String::new(), String::new()];
    let mut chains = String::new();
    for (number, (service, port)) in ports(plan).enumerate() {
        for v4 in [true, false] {
            let backends: Vec<&Backend> =
                port.backends.iter().filter(|backend| backend.place.address.is_ipv4() == v4).collect();
            if backends.is_empty() {
                continue;
            }
            let name = format!("service_{number}_{}", if v4 { "v4" } else { "v6" });
            chain(&mut chains, &name, port, &backends, v4);
            let protocol = port.protocol.to_string().to_lowercase();
            let [v4_entries, v6_entries, node_entries] = &mut entries;
            let own = if v4 { v4_entries } else { v6_entries };
            for address in service.addresses.iter().filter(|address| address.is_ipv4() == v4) {
                let mark = if service.external.contains(address) { "external_" } else { "" };
                let _ = write!(own, "{address} . {protocol} . {} : goto {mark}{name}, ", port.port);
            }
            if let Some(number) = port.node_port {
                let family = if v4 { "ipv4" } else { "ipv6" };
                let _ = write!(node_entries, "{family} . {protocol} . {number} : goto external_{name}, ");
            }
        }
    }
    maps(&mut text, &entries);
    text.push_str(&chains);
    text.push_str(HOOKS);
    text
}

fn ports(plan: &Plan) -> impl Iterator<Item = (&ServicePlan, &ServicePortPlan)> {
    plan.services.iter().flat_map(|service| service.ports.iter().map(move |port| (service, port)))
}

fn maps(text: &mut String, entries: &[String; 3]) {
    let kinds = [
        ("services4", "type ipv4_addr . inet_proto . inet_service"),
        ("services6", "type ipv6_addr . inet_proto . inet_service"),
        ("node_ports", "typeof meta nfproto . meta l4proto . th dport"),
    ];
    for ((name, kind), entries) in kinds.into_iter().zip(entries) {
        let elements = match entries.trim_end_matches(", ") {
            "" => String::new(),
            entries => format!("elements = {{ {entries} }};"),
        };
        let _ = writeln!(text, "map {name} {{ {kind} : verdict; {elements} }}");
    }
}

/// The chains of one Service port in one family: one pod at random.
fn chain(text: &mut String, name: &str, port: &ServicePortPlan, backends: &[&Backend], v4: bool) {
    let (family, protocol) = (if v4 { "ip" } else { "ip6" }, port.protocol.to_string().to_lowercase());
    let mut targets = Vec::new();
    for (at, backend) in backends.iter().enumerate() {
        let address = backend.place.address;
        let to = match address {
            IpAddr::V4(address) => format!("{address}:{}", backend.port),
            IpAddr::V6(address) => format!("[{address}]:{}", backend.port),
        };
        // A pod that reaches itself through its Service must see another source, or it would answer
        // itself directly (hairpin).
        let _ = writeln!(
            text,
            "chain {name}_{at} {{ {family} saddr {address} meta mark set 0x4000; meta l4proto {protocol} dnat {family} to {to}; }}"
        );
        targets.push(format!("{at} : goto {name}_{at}"));
    }
    let (count, targets) = (backends.len(), targets.join(", "));
    let _ = writeln!(text, "chain {name} {{ numgen random mod {count} vmap {{ {targets} }}; }}");
    let _ = writeln!(text, "chain external_{name} {{ meta mark set 0x4000; goto {name}; }}");
}

const HOOKS: &str = "
chain services {
  ip daddr . meta l4proto . th dport vmap @services4
  ip6 daddr . meta l4proto . th dport vmap @services6
  fib daddr type local meta nfproto . meta l4proto . th dport vmap @node_ports
}
chain prerouting { type nat hook prerouting priority dstnat; jump services; }
chain output { type nat hook output priority -100; jump services; }
chain postrouting { type nat hook postrouting priority srcnat; meta mark 0x4000 masquerade; }
}
";
