//! What somebody without a name seems to be to the cluster.

use super::{Guess, components::Id, known::Contact};
use crate::{TierCaller, document::RoleName};
use sekisho_core::object::PeerKind;
use std::collections::BTreeSet;

impl Guess<'_, '_> {
    /// The role of which all components let `kind` in whose tier lets in the role, in some environment; and the
    /// environments in which they do. Where there is none: no role, and the environments in which it is let in.
    pub(super) fn role(&self, kind: &PeerKind, contacts: &[&Contact]) -> (Option<RoleName>, BTreeSet<usize>) {
        let candidates: &[RoleName] = match kind {
            PeerKind::Block(_) => &[RoleName::People, RoleName::LoadBalancers],
            _ => &[RoleName::Monitoring],
        };
        for role in candidates {
            let environments: BTreeSet<usize> =
                (0..self.sources.len()).filter(|at| self.is_let_in_as(*role, contacts, *at)).collect();
            if !environments.is_empty() {
                return (Some(*role), environments);
            }
        }
        (None, contacts.iter().map(|contact| contact.at).collect())
    }

    /// Whether all components whose tier lets in `role` have one of `contacts` in the environment `at`. That one
    /// component alone does tells nothing.
    fn is_let_in_as(&self, role: RoleName, contacts: &[&Contact], at: usize) -> bool {
        let expected: BTreeSet<&Id> = self
            .found
            .all
            .iter()
            .filter(|(_, found)| found.ingress.iter().any(|(there, _)| *there == at))
            .filter(|(_, found)| {
                self.tier_callers(found).iter().any(|caller| match caller {
                    TierCaller::Peers { name, .. } => **name == *role.as_str(),
                    TierCaller::Tier(_) => false,
                })
            })
            .map(|(id, _)| id)
            .collect();
        let here = contacts.iter().filter(|contact| contact.is_ingress && contact.at == at);
        let admitting: BTreeSet<&Id> = here.map(|contact| &contact.of).collect();
        expected.len() > 1 && expected.is_subset(&admitting)
    }
}
