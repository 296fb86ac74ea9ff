//! Hubble: what `hubble observe -o jsonpb` prints, and what its exporter writes to a file.
//!
//! Each line is an answer of `GetFlows`: a flow in an envelope with `node_name` and `time`. The fields are those
//! of Cilium's `api/v1/flow/flow.proto`; the export is described in `Documentation/observability/hubble/`
//! `configuration/export.rst`. Lines without the envelope, as older versions wrote them, are read too.
//!
//! # What is counted
//! Hubble tells of packets and of verdicts, not of connections, and what it tells depends on settings. An event
//! counts where it shows a connection that begins: a verdict of a policy; a SYN that comes to an endpoint or goes
//! to the stack after policies had their say; of protocols without a beginning the first event of the two
//! addresses and ports. Events of one connection at one side are counted once ([`Recent`]).

mod party;
mod wire;

use super::{
    Read, Reader, Skip,
    pieces::short,
    recent::{Connection, Recent},
};
use crate::{
    observation::Observation,
    record::{Carried, Leave, Observer, Outcome, PolicyRef, Why},
    text::Trouble,
};
use jiff::Timestamp;
use sekisho_core::{object::Direction, set::Protocol};
use std::sync::Arc;
use wire::{Envelope, Flow, Layer4, Policy};

/// `MessageTypePolicyVerdict` of Cilium's `pkg/monitor/api`: one for each new connection at an endpoint that
/// policies are enforced at.
const POLICY_VERDICT: i32 = 5;
/// The kinds of events as [`Recent`] tells them apart: a verdict, a drop, and a trace at each point.
const OF_VERDICT: u32 = 0;
const OF_DROP: u32 = 1;
const OF_TRACE: u32 = 2;

/// The reader.
#[derive(Debug, Default)]
pub(super) struct Hubble {
    recent: Recent,
}

impl Reader for Hubble {
    fn read(&mut self, line: u64, text: &[u8]) -> Result<Read, Trouble> {
        let envelope: Envelope = serde_json::from_slice(text).map_err(|error| Trouble::json(line, &error))?;
        if let Some(lost) = envelope.lost_events {
            return Ok(Read::Skipped(Skip::Lost, lost.num_events_lost.0.max(1)));
        }
        let flow = match envelope.flow {
            Some(flow) => flow,
            None => serde_json::from_slice(text).map_err(|error| Trouble::json(line, &error))?,
        };
        if flow.verdict.is_empty() && flow.ip.is_none() {
            return Ok(Skip::NoFlow.into());
        }
        let time = flow.time.as_deref().or(envelope.time.as_deref());
        let at = time.ok_or_else(|| Trouble::whole(line, "the flow has no `time`"))?;
        let at: Timestamp = at.parse().map_err(|_| {
            Trouble::whole(line, format!("`{}` is no moment: `time` is as RFC 3339 writes it", short(at)))
        })?;
        let node = flow.node_name.as_deref().or(envelope.node_name.as_deref()).and_then(node);
        Ok(self.flow(at, node, &flow).map_or_else(Read::from, Read::from))
    }
}

/// A node's name comes behind that of its cluster: `cluster/node`.
fn node(name: &str) -> Option<Arc<str>> {
    let name = name.rsplit('/').next().unwrap_or(name);
    (!name.is_empty()).then(|| name.into())
}

impl Hubble {
    fn flow(&mut self, at: Timestamp, node: Option<Arc<str>>, flow: &Flow) -> Result<Observation, Skip> {
        match flow.kind.as_str() {
            "L7" => return Err(Skip::Layer7),
            "SOCK" => return Err(Skip::Socket),
            _ => {}
        }
        if flow.is_reply.unwrap_or(flow.reply) {
            return Err(Skip::Reply);
        }
        let outcome = outcome(flow)?;
        let (kind, opens) = event(flow, outcome)?;
        let (from, to) =
            flow.ip.as_ref().and_then(|ip| ip.source.0.zip(ip.destination.0)).ok_or(Skip::Incomplete)?;
        let (from_port, carried) = flow.l4.as_ref().and_then(carried).ok_or(Skip::Incomplete)?;
        let side = side(flow);
        let connection = Connection { from, from_port, to, carried, side, outcome };
        // What is only audited passes, and is seen to: it was counted already.
        let audited = Connection { outcome: Outcome::Audited, ..connection };
        if kind >= OF_TRACE && self.recent.has(&audited) {
            return Err(Skip::Repeated);
        }
        if !self.recent.is_new(connection, kind, opens) {
            return Err(if opens { Skip::Repeated } else { Skip::Underway });
        }
        Ok(Observation {
            at,
            count: 1,
            from: party::party(
                from,
                &flow.source,
                flow.source_service.as_ref(),
                &flow.source_names,
                node.as_ref(),
            ),
            to: party::party(
                to,
                &flow.destination,
                flow.destination_service.as_ref(),
                &flow.destination_names,
                node.as_ref(),
            ),
            carried,
            outcome,
            leave: leave(flow, outcome, side),
            observer: Observer::Hubble,
            side,
            node,
        })
    }
}

fn outcome(flow: &Flow) -> Result<Outcome, Skip> {
    match flow.verdict.as_str() {
        // What goes to a proxy passed the policies of addresses and ports.
        "FORWARDED" | "REDIRECTED" => Ok(Outcome::Allowed),
        "AUDIT" => Ok(Outcome::Audited),
        "DROPPED" => match flow.drop_reason_desc.as_str() {
            // No rule allows it; a rule denies it; a policy wants it authenticated.
            "POLICY_DENIED" | "POLICY_DENY" | "AUTH_REQUIRED" => Ok(Outcome::Denied),
            // A verdict says no reason: there is but one.
            "" | "DROP_REASON_UNKNOWN" if flow.event_type.kind == POLICY_VERDICT => Ok(Outcome::Denied),
            _ => Err(Skip::OtherDrop),
        },
        _ => Err(Skip::NoVerdict),
    }
}

/// Of which kind the event is, and whether it shows a connection that begins.
fn event(flow: &Flow, outcome: Outcome) -> Result<(u32, bool), Skip> {
    if flow.event_type.kind == POLICY_VERDICT {
        return Ok((OF_VERDICT, true));
    }
    if outcome != Outcome::Allowed {
        return Ok((OF_DROP, true));
    }
    // `FROM_ENDPOINT` and its like are seen before policies had their say.
    if flow.trace_observation_point.starts_with("FROM_") {
        return Err(Skip::BeforePolicy);
    }
    let kind = OF_TRACE.saturating_add(u32::try_from(flow.event_type.sub_type).unwrap_or_default());
    match flow.l4.as_ref().and_then(|l4| l4.tcp.as_ref()).and_then(|tcp| tcp.flags.as_ref()) {
        Some(flags) if flags.syn && flags.ack => Err(Skip::Reply),
        Some(flags) if flags.syn => Ok((kind, true)),
        // Whoever does not say whether it is a reply does not say who opened it.
        _ if flow.is_reply.is_none() => Err(Skip::Undecided),
        // A stream that began before the log did is one more.
        _ => Ok((kind, false)),
    }
}

/// The source's port, and what it carries.
fn carried(l4: &Layer4) -> Option<(u16, Carried)> {
    let of =
        |protocol, ports: &wire::Ports| (ports.source_port, Carried::Port(protocol, ports.destination_port));
    if let Some(tcp) = &l4.tcp {
        return Some((tcp.source_port, Carried::Port(Protocol::Tcp, tcp.destination_port)));
    }
    let udp = l4.udp.as_ref().map(|ports| of(Protocol::Udp, ports));
    let sctp = l4.sctp.as_ref().map(|ports| of(Protocol::Sctp, ports));
    let icmp = l4.icmp.as_ref().map(|icmp| (0, Carried::Icmp(icmp.kind, Some(icmp.code))));
    let icmpv6 = l4.icmpv6.as_ref().map(|icmp| (0, Carried::Icmpv6(icmp.kind, Some(icmp.code))));
    udp.or(sctp).or(icmp).or(icmpv6)
}

fn side(flow: &Flow) -> Option<Direction> {
    match flow.traffic_direction.as_str() {
        "INGRESS" => Some(Direction::Ingress),
        "EGRESS" => Some(Direction::Egress),
        _ => None,
    }
}

fn leave(flow: &Flow, outcome: Outcome, side: Option<Direction>) -> Leave {
    let why = |direction, allowed: &[Policy], denied: &[Policy]| {
        if !denied.is_empty() || (outcome.is_forbidden() && side == Some(direction)) {
            return Why::DeniedBy(denied.iter().map(policy).collect());
        }
        // A trace says nothing about policies, a verdict only where policies are told apart.
        if allowed.is_empty() { Why::Unknown } else { Why::AllowedBy(allowed.iter().map(policy).collect()) }
    };
    Leave {
        egress: why(Direction::Egress, &flow.egress_allowed_by, &flow.egress_denied_by),
        ingress: why(Direction::Ingress, &flow.ingress_allowed_by, &flow.ingress_denied_by),
    }
}

/// A policy whose kind is not told is a NetworkPolicy or a CiliumNetworkPolicy: older versions do not say.
fn policy(policy: &Policy) -> PolicyRef {
    let kind = match (&*policy.kind, policy.namespace.is_empty()) {
        ("", true) => "CiliumClusterwideNetworkPolicy".into(),
        ("", false) => PolicyRef::NETWORK_POLICY.into(),
        _ => Arc::clone(&policy.kind),
    };
    let namespace = (!policy.namespace.is_empty()).then(|| Arc::clone(&policy.namespace));
    PolicyRef { namespace, name: Arc::clone(&policy.name), kind }
}
