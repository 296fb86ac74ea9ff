//! What pods may talk to, and whom they are open to.

use crate::{
    facts::known::{Connections, End, Exposure, ExposureRule, Way},
    world::World,
};
use sekisho_core::{
    exposure::{self, Opening},
    index::RoaringBitmap,
    object::Direction,
    reach::{self, Ends, Filter, Term},
};

/// The connections of `pods`, sorted as `sekisho reach` sorts them.
pub(super) fn connections(world: &World<'_>, pods: &RoaringBitmap, direction: Direction) -> Vec<Connections> {
    if pods.is_empty() {
        return Vec::new();
    }
    let own = Ends::of_pods(pods.clone());
    let filter = match direction {
        Direction::Ingress => Filter { to: own, ..Filter::default() },
        Direction::Egress => Filter { from: own, ..Filter::default() },
    };
    let connections = reach::connections(world.reach(), &filter);
    let told = connections.iter().map(|connection| {
        let (own, with) = match direction {
            Direction::Ingress => (&connection.to, &connection.from),
            Direction::Egress => (&connection.from, &connection.to),
        };
        Connections {
            own: own.to_string(),
            with: with.to_string(),
            ends: with.terms.iter().map(End::from).collect(),
            ports: connection.ports.terms(),
        }
    });
    told.collect()
}

impl From<&Term> for End {
    fn from(term: &Term) -> Self {
        match term {
            Term::Cluster { except } => {
                Self::Cluster { cluster: true, except: except.iter().map(ToString::to_string).collect() }
            }
            Term::Namespace { name, except } => Self::Namespace {
                namespace: name.to_string(),
                except: except.iter().map(ToString::to_string).collect(),
            },
            Term::Workload(pods) => Self::Workload {
                workload: pods.workload.key.to_string(),
                kind: pods.workload.kind.to_string(),
            },
            Term::Addresses(addresses) => {
                Self::Addresses { cidrs: addresses.cidrs().iter().map(ToString::to_string).collect() }
            }
        }
    }
}

/// The exposures that `is_meant` picks.
pub(super) fn exposure(world: &World<'_>, is_meant: impl Fn(&exposure::Exposure) -> bool) -> Vec<Exposure> {
    let meant = world.exposures().iter().filter(|one| is_meant(one));
    let told = meant.map(|one| Exposure {
        direction: match one.direction {
            Direction::Ingress => Way::Ingress,
            Direction::Egress => Way::Egress,
        },
        to: kind(&one.opening).to_owned(),
        whom: one.opening.to_string(),
        ports: one.ports.terms(),
        rules: one
            .rules
            .iter()
            .map(|rule| ExposureRule { policy: rule.name.policy(), path: rule.name.path() })
            .collect(),
    });
    told.collect()
}

fn kind(opening: &Opening) -> &'static str {
    match opening {
        Opening::Unprotected => "unprotected",
        Opening::Internet(_) => "internet",
        Opening::Cluster => "cluster",
        Opening::Namespace(_) => "namespace",
        Opening::Future(_) => "future",
    }
}
