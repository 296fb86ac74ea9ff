//! What is wrong, risky or against the standard in the policies of a cluster.
//!
//! A rule is a file under `rules`, which begins with its documentation: what `sekisho rule` prints and the page of
//! rules shows. It looks at a [`World`], the cluster with everything that the core can tell of it, and reports
//! [`Finding`]s. Rules decide on what policies do, not on how their text looks, wherever that can be had.
//!
//! INVARIANT: nothing here knows what a manifest looks like, but that [`facts`] shows Rego an object as the API has it.
//! How a finding is mended is said in the words of policies ([`sekisho_core::mend`]).

mod absent;
mod asked;
mod calls;
mod catalogue;
mod components;
pub mod config;
mod dns;
mod document;
mod elsewhere;
pub mod facts;
mod far;
mod finding;
mod focus;
pub mod ignore;
mod named;
mod part;
mod ranges;
mod reader;
pub mod rego;
mod rule;
mod rules;
mod selected;
mod sides;
#[cfg(test)]
mod testing;
mod tiers;
mod today;
mod together;
mod words;
mod world;

pub use catalogue::{find, rules};
pub use document::{Document, Example};
pub use finding::{Field, Finding, Subject, settle};
pub use reader::of_reader;
pub use rule::{Category, Rule};
pub use today::{Today, today};
pub use world::{Extent, World};

/// Looks for what is wrong where the rules look; what the reader told is not in it ([`of_reader`]). Where two rules mean the
/// same mistake both are told: [`settle`] leaves the one that says more of it, once the settings have taken out what nobody
/// wants to hear. `None` as soon as `is_wanted` says that nobody waits for it any more.
#[must_use]
pub fn check(world: &World<'_>, is_wanted: impl Fn() -> bool + Sync) -> Option<Vec<Finding>> {
    let by_rule = sekisho_core::threads::map(rules(), |(): &mut (), rule| {
        let mut of_rule = Vec::new();
        if !is_wanted() {
            return None;
        }
        if !world.asks(rule.code) {
            return Some(of_rule);
        }
        (rule.run)(world, &mut finding::Report::new(rule, &mut of_rule));
        of_rule.retain(|finding| world.is_heard(finding));
        Some(of_rule)
    });
    by_rule.into_iter().collect::<Option<Vec<_>>>().map(|found| found.into_iter().flatten().collect())
}
