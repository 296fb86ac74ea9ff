//! A range of more than a hundred ports.
//!
//! ## Why
//!
//! A range is there for protocols that take a port for each session, a few dozen of them. A wide one is "all ports" in
//! other words, and has whatever the next version listens on.
//!
//! ## Wrong
//!
//! ```yaml
//! - port: 1024
//!   endPort: 65535
//! ```
//!
//! ## Right
//!
//! ```yaml
//! - port: 50000
//!   endPort: 50063
//! ```
//!
//! ## How to mend
//!
//! Write the ports that are used, or make the application use fewer.
//!
//! ## Sources
//!
//! S13; KEP-2079, whose examples are of NodePorts and passive FTP.

use crate::{
    finding::Report,
    rule::{Category, Rule},
    world::World,
};
use sekisho_core::{diagnostic::Severity, object::PortMatch};

pub(crate) static RULE: Rule = Rule {
    code: "SK306",
    name: "wide-port-range",
    category: Category::LeastPrivilege,
    severity: Severity::Warning,
    yields_to: &["SK107"],
    source: include_str!("wide_port_range.rs"),
    run,
};

/// How many ports a range may have: media servers and passive FTP are run with a few dozen, and nobody can say of
/// more what each is for.
const MOST: u16 = 100;

fn run(world: &World<'_>, report: &mut Report<'_>) {
    for at in world.rules().filter(|at| world.is_guarded(*at)) {
        for port in &at.rule.ports {
            let PortMatch::Range(range) = port.port else { continue };
            let count = u32::from(range.last() - range.first()) + 1;
            if count <= u32::from(MOST) {
                continue;
            }
            let message = format!("{port} are {count} ports");
            let found = report.of_policy(&at.policy.key, &port.origin, message);
            report.push(found.help("write the ports that are used"));
        }
    }
}
