//! Pods that may call somebody and may not look up names.
//!
//! ## Why
//!
//! Closing egress closes DNS. Nearly every call begins with a name, so nothing works, and what is seen is a time-out
//! long after. DNS needs both protocols: UDP, and TCP for answers that are too long for it.
//!
//! Pods that may call nobody at all are meant so, and not reported.
//!
//! ## Wrong
//!
//! ```yaml
//! policyTypes: [Egress]
//! egress:
//!   - to:
//!       - podSelector:
//!           matchLabels:
//!             app.kubernetes.io/name: trading-backend
//! ```
//!
//! ## Right
//!
//! ```yaml
//! policyTypes: [Egress]
//! egress:
//!   - to:
//!       - podSelector:
//!           matchLabels:
//!             app.kubernetes.io/name: trading-backend
//!   - to:
//!       - namespaceSelector:
//!           matchLabels:
//!             kubernetes.io/metadata.name: kube-system
//!         podSelector:
//!           matchLabels:
//!             k8s-app: kube-dns
//!     ports:
//!       - port: 53
//!         protocol: UDP
//!       - port: 53
//!         protocol: TCP
//! ```
//!
//! ## How to mend
//!
//! Let the pods out to those who answer DNS, on UDP 53 and TCP 53. `--fix --unsafe-fixes` adds the rule. Who answers
//! DNS is said in the `peers` of `sekisho.yaml`, by the role `dns`; where it says nothing it is the pods of
//! `kube-system` with `k8s-app: kube-dns`, or a node's own cache at 169.254.20.10.
//!
//! ## Sources
//!
//! S2, S11, S12, S16; RFC 7766 (DNS over TCP is not optional).

use crate::{
    dns::{Dns, Outcome},
    finding::{Finding, Report},
    rule::{Category, Rule},
    words,
    world::World,
};
use sekisho_core::{
    diagnostic::Severity,
    index::RoaringBitmap,
    mend::{Edit, Mend},
    object::{Direction, NetworkPolicy, PolicyPort},
};

pub(crate) static RULE: Rule = Rule {
    code: "SK501",
    name: "dns-closed",
    category: Category::Breakage,
    severity: Severity::Error,
    yields_to: &[],
    source: include_str!("dns_closed.rs"),
    run,
};

fn run(world: &World<'_>, report: &mut Report<'_>) {
    let speaks = |policy: &&NetworkPolicy| policy.isolates(Direction::Egress) && !policy.egress.is_empty();
    let speaking: Vec<&NetworkPolicy> = world.policies().filter(speaks).collect();
    if speaking.is_empty() {
        return;
    }
    let dns = Dns::of(world);
    let Outcome { no_udp, no_tcp } = dns.outcome(world, &speaking);
    let mut rest = &no_udp | &no_tcp;
    for policy in &speaking {
        let subjects = world.subjects(policy) & &rest;
        for half in dns.halves(policy) {
            let lacking = if half.has_udp { &subjects & &no_tcp } else { &subjects & &no_udp };
            if !lacking.is_empty() {
                report.push(of_half(world, report, policy, half.port, half.has_udp, &lacking));
                rest -= lacking;
            }
        }
    }
    for policy in speaking {
        let lacking = world.subjects(policy) & &rest;
        if !lacking.is_empty() {
            report.push(of_policy(world, report, policy, &dns, &lacking));
            rest -= lacking;
        }
    }
}

/// What is said of an entry that has one protocol of the two.
fn of_half(
    world: &World<'_>,
    report: &Report<'_>,
    policy: &NetworkPolicy,
    port: &PolicyPort,
    has_udp: bool,
    pods: &RoaringBitmap,
) -> Finding {
    let who = words::workloads(world.pods(pods));
    let message = if has_udp {
        format!("DNS is let out on UDP alone: {who} may not ask again over TCP for a long answer")
    } else {
        format!("DNS is let out on TCP alone: {who} may not look up names, which goes over UDP")
    };
    let edit = Edit::Ports { at: port.origin.clone(), with: Dns::ports().to_vec() };
    let found = report
        .of_policy(&policy.key, &port.origin, message)
        .help("write both: port 53 of UDP and port 53 of TCP")
        .mend(Mend::risky("write UDP 53 and TCP 53", [edit]));
    if has_udp { found.severity(Severity::Warning) } else { found }
}

fn of_policy(
    world: &World<'_>,
    report: &Report<'_>,
    policy: &NetworkPolicy,
    dns: &Dns,
    pods: &RoaringBitmap,
) -> Finding {
    let who = words::workloads(world.pods(pods));
    let message = format!("{who} may not look up names: egress is closed, and DNS is not let out");
    let edit =
        Edit::AddRule { policy: policy.origin.clone(), direction: Direction::Egress, rule: dns.rule() };
    report
        .of_policy(&policy.key, &policy.origin, message)
        .field(&["spec", "egress"])
        .help(format!("let it out to {} on UDP 53 and TCP 53", dns.words()))
        .mend(Mend::risky("let DNS out", [edit]))
}

#[cfg(test)]
mod tests {
    use crate::testing::*;
    use sekisho_core::{
        object::PeerKind,
        standard::{Role, Standard},
    };

    fn told(rules: Vec<sekisho_core::object::Rule>, standard: &Standard) -> Vec<String> {
        let pods = [pod(1, "trading/a", BFF, &[8080])];
        found("SK501", &cluster(pods, [egress(10, "trading/egress", "", rules)]), standard)
    }

    #[test]
    fn who_answers_is_what_the_standard_says() {
        let resolver = ranges("198.51.100.53/32", Role::Dns, None);
        let agreed = Standard { peers: [("resolver".into(), resolver)].into(), ..standard() };
        let call = rule(20, &[pods("app=b")], &[8080]);
        let of = |cidr: &str| rule(30, &[block(cidr)], &[]);
        assert!(told(vec![call.clone(), of("198.51.100.0/24")], &agreed).is_empty());
        let closed = "10: `trading/a` may not look up names: egress is closed, and DNS is not let out";
        assert_eq!(told(vec![call.clone(), of("192.0.2.0/24")], &agreed), [closed]);
        assert_eq!(told(vec![call], &agreed), [closed]);
        // Whom to call at all is nobody.
        assert!(told(vec![], &agreed).is_empty());
    }

    #[test]
    fn where_nobody_says_who_answers_port_53_is_dns() {
        let anywhere: [PeerKind; 1] = [pods("app=resolver")];
        let of = |ports: &[u16]| told(vec![rule(20, &anywhere, ports)], &standard());
        let alone = "22: DNS is let out on TCP alone: `trading/a` may not look up names, which goes over UDP";
        assert_eq!(of(&[53]), [alone]);
        assert_eq!(of(&[5432]).len(), 1);
    }
}
