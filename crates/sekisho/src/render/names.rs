//! What the ends of connections are called where nothing is shortened.

use crate::args::By;
use sekisho_core::reach::{Party, Term};

/// The names of a party. By namespace, what is said of one is said of some pod of it.
pub(crate) fn party(party: &Party, by: By) -> String {
    party.terms.iter().map(|of| term(of, by)).collect::<Vec<_>>().join(", ")
}

/// What a term is called.
pub(super) fn term(term: &Term, by: By) -> String {
    match term {
        Term::Namespace { name, .. } if by == By::Namespace => name.to_string(),
        Term::Cluster { except } if by == By::Namespace => {
            let except: Vec<String> = except.iter().map(|of| self::term(of, by)).collect();
            let but_for =
                if except.is_empty() { String::new() } else { format!(" except {}", except.join(", ")) };
            format!("every namespace{but_for}")
        }
        term => term.to_string(),
    }
}

/// What the rows say, where they are by namespace.
pub(crate) const BY_NAMESPACE: &str = "Some pod of FROM may reach some pod of TO, on these ports.";
