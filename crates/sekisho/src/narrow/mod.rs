//! What part of the answer a person asks for, from the words they type to the core's filter.

mod end;
mod port;
mod selector;

use crate::args::{By, ReachArgs};
use sekisho_core::{
    index::{Index, RoaringBitmap},
    object::Cluster,
    reach::{Ends, Filter, Grain},
    set::AddressSet,
};

/// The filters that together, each connection in one, are what was asked for.
pub(crate) fn filters(
    arguments: &ReachArgs,
    cluster: &Cluster,
    index: &Index,
) -> anyhow::Result<Vec<Filter>> {
    let place = Place { cluster, index, namespace: arguments.input.how.namespace() };
    let filter = Filter {
        from: ends(&arguments.from, &place)?,
        to: ends(&arguments.to, &place)?,
        ports: port::ports(&arguments.port, index)?,
        grain: if arguments.by == By::Pod { Grain::Pod } else { Grain::Workload },
    };
    match arguments.input.how.namespace.as_deref() {
        Some(namespace) if !arguments.all_namespaces => touching(&filter, namespace, &place),
        _ => Ok(vec![filter]),
    }
}

/// Where names are looked up.
struct Place<'a> {
    cluster: &'a Cluster,
    index: &'a Index,
    /// The namespace of names that do not say theirs.
    namespace: &'a str,
}

impl Place<'_> {
    /// The pods that policies see and that `is_meant` says are meant.
    fn pods(&self, is_meant: impl Fn(&sekisho_core::object::Pod) -> bool) -> RoaringBitmap {
        self.index.pods().filter(|(_, pod)| is_meant(pod)).map(|(id, _)| id).collect()
    }
}

/// Any of `texts`; everything where there is none.
fn ends(texts: &[String], place: &Place<'_>) -> anyhow::Result<Ends> {
    let mut all: Option<Ends> = None;
    for text in texts {
        let ends = end::find(text, place)?;
        all = Some(match all {
            Some(others) => others.union(ends),
            None => ends,
        });
    }
    Ok(all.unwrap_or_default())
}

/// The connections of `filter` that begin or end in `namespace`: those that begin there, and of the
/// others those that end there.
fn touching(filter: &Filter, namespace: &str, place: &Place<'_>) -> anyhow::Result<Vec<Filter>> {
    let here = end::of_namespace(namespace, place)?;
    let all = place.pods(|_| true);
    let pods = |ends: &Ends| ends.pods.clone().unwrap_or_else(|| all.clone());
    let from_here = Filter { from: Ends::of_pods(pods(&filter.from) & &here), ..filter.clone() };
    let others = Ends { pods: Some(pods(&filter.from) - &here), addresses: filter.from.addresses.clone() };
    let to_here = Filter { from: others, to: Ends::of_pods(pods(&filter.to) & &here), ..filter.clone() };
    Ok(vec![from_here, to_here])
}

/// Every address.
fn everywhere() -> Ends {
    Ends::of_addresses(AddressSet::full())
}
