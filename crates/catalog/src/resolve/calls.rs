//! Who calls whom.

use super::{Layer, ends, tell::Tell, values};
use crate::{
    document::{self, Placed},
    model::{Call, Catalog, Component, TierCaller, Why},
};
use sekisho_core::{
    object::{Direction, Origin},
    standard::{Day, End, Stance},
};
use std::{collections::BTreeSet, sync::Arc};

/// All calls: of each component those that are listed, those of its tier, those for a time; and the look-ups of
/// names by whoever's egress is closed.
pub(super) fn all(
    layers: &[Layer<'_>; 2],
    catalog: &Catalog,
    known: &BTreeSet<Arc<str>>,
    tell: &mut Tell,
) -> Vec<Call> {
    let mut calls = Calls { catalog, known, tell, calls: Vec::new() };
    for layer in layers {
        for (service, entry) in layer.services.iter() {
            for (name, written) in entry.components.iter() {
                let component = catalog
                    .components()
                    .find(|one| *one.service == *service.value && *one.name == *name.value);
                if let Some(component) = component {
                    calls.of(layer, component, written);
                }
            }
        }
    }
    calls.calls
}

struct Calls<'a> {
    catalog: &'a Catalog,
    known: &'a BTreeSet<Arc<str>>,
    tell: &'a mut Tell,
    calls: Vec<Call>,
}

impl Calls<'_> {
    fn of(&mut self, layer: &Layer<'_>, component: &Component, written: &document::Component) {
        let own = || End::Component(component.key.clone());
        for caller in &written.callers.0 {
            let origin = layer.origin(caller.span);
            for end in ends::ends(self.catalog, &component.service, &caller.value, &origin, self.tell) {
                self.add(end, own(), Why::Listed, None, &origin);
            }
        }
        for callee in &written.calls.0 {
            let origin = layer.origin(callee.span);
            for end in ends::ends(self.catalog, &component.service, &callee.value, &origin, self.tell) {
                self.add(own(), end, Why::Listed, None, &origin);
            }
        }
        if !component.ports.is_empty() {
            for end in self.tier_callers(component) {
                self.add(end, own(), Why::Tier, None, &component.origin);
            }
        }
        for exception in &written.exceptions {
            self.exception(layer, component, exception);
        }
        let looks_up = self.catalog.tier(&component.tier).is_none_or(|tier| tier.dns);
        if component.egress == Stance::Closed && looks_up {
            for dns in &self.catalog.dns {
                self.add(own(), End::Peer(Arc::clone(dns)), Why::Dns, None, &component.origin);
            }
        }
    }

    fn tier_callers(&self, component: &Component) -> Vec<End> {
        let Some(tier) = self.catalog.tier(&component.tier) else { return Vec::new() };
        let mut callers = Vec::new();
        for caller in &tier.callers {
            match caller {
                TierCaller::Peers { peers, .. } => callers.extend(peers.iter().cloned().map(End::Peer)),
                TierCaller::Tier(name) => {
                    let same = self.catalog.components().filter(|one| one.service == component.service);
                    let of_tier = same.filter(|one| one.tier == *name && one.key != component.key);
                    callers.extend(of_tier.map(|one| End::Component(one.key.clone())));
                }
            }
        }
        callers
    }

    fn exception(&mut self, layer: &Layer<'_>, component: &Component, written: &Placed<document::Exception>) {
        let (origin, exception) = (layer.origin(written.span), &written.value);
        let (direction, with) = match (&exception.from, &exception.to) {
            (Some(from), None) => (Direction::Ingress, from),
            (None, Some(to)) => (Direction::Egress, to),
            (Some(_), Some(to)) => {
                let help = "make two of it";
                self.tell.error_help(
                    "conflict",
                    &layer.origin(to.span),
                    "an exception has `from` and `to`",
                    help,
                );
                return;
            }
            (None, None) => {
                let help = "write `from:` with who may call it, or `to:` with whom it may call";
                self.tell.error_help(
                    "missing-field",
                    &origin,
                    "an exception has neither `from` nor `to`",
                    help,
                );
                return;
            }
        };
        let reason = self.reason(layer, exception, &origin);
        let until = self.until(layer, exception, &origin);
        let environments = exception
            .environments
            .as_ref()
            .map(|names| values::environments(layer, names, self.known, self.tell));
        let at = layer.origin(with.span);
        let ends = ends::ends(self.catalog, &component.service, &with.value, &at, self.tell);
        let (Some(reason), Some(until)) = (reason, until) else { return };
        for end in ends {
            let own = End::Component(component.key.clone());
            let (from, to) = match direction {
                Direction::Ingress => (end, own),
                Direction::Egress => (own, end),
            };
            let why = Why::Exception { direction, reason: Arc::clone(&reason), until };
            self.add(from, to, why, environments.clone(), &at);
        }
    }

    fn reason(
        &mut self,
        layer: &Layer<'_>,
        exception: &document::Exception,
        origin: &Origin,
    ) -> Option<Arc<str>> {
        match &exception.reason {
            Some(reason) if !reason.value.trim().is_empty() => Some(reason.value.trim().into()),
            other => {
                let place = other.as_ref().map_or_else(|| origin.clone(), |reason| layer.origin(reason.span));
                let help = "write `reason:`, so that somebody else can tell when it is over";
                self.tell.error_help("missing-field", &place, "an exception has no reason", help);
                None
            }
        }
    }

    fn until(&mut self, layer: &Layer<'_>, exception: &document::Exception, origin: &Origin) -> Option<Day> {
        let Some(until) = &exception.until else {
            let help = "write `until: 2027-03-31`, the last day on which it holds";
            self.tell.error_help("missing-field", origin, "an exception has no end", help);
            return None;
        };
        let day = until.value.parse::<Day>();
        if let Err(error) = &day {
            self.tell.error("invalid-day", &layer.origin(until.span), error.to_string());
        }
        day.ok()
    }

    fn add(
        &mut self,
        from: End,
        to: End,
        why: Why,
        environments: Option<BTreeSet<Arc<str>>>,
        origin: &Origin,
    ) {
        if let End::Component(key) = &to
            && let Some(called) = self.catalog.component(key)
            && called.ports.is_empty()
        {
            let message = format!("`{}` is called, and has no ports", called.title());
            self.tell.error_help("missing-field", origin, message, "write `ports:` at it");
            return;
        }
        let call = Call { from, to, why, environments, origin: origin.clone() };
        let same = |other: &&mut Call| {
            other.from == call.from && other.to == call.to && !matches!(other.why, Why::Exception { .. })
        };
        // A call that is written at both ends, or lets in whom the tier does, is one.
        match self.calls.iter_mut().find(same) {
            Some(_) if !matches!(call.why, Why::Exception { .. }) => {}
            _ => self.calls.push(call),
        }
    }
}
