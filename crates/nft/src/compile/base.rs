//! What every node's table has, whatever the policies.

use super::{guard, naming};
use crate::{
    log,
    tree::{Action, Chain, Family, Hook, Match, Name, Rule, Ruleset, Set, SetKind, Side, TrackedState},
};
use sekisho_core::{object::Direction, set::Protocol};
use std::collections::BTreeMap;

/// Names that every table has.
pub(crate) mod names {
    use crate::tree::{Family, Name};
    use sekisho_core::object::Direction;

    /// Local pods that policies have a say about in a direction, to the chains of their profiles.
    pub(crate) fn dispatch(direction: Direction, family: Family) -> Name {
        Name::fixed(match (direction, family) {
            (Direction::Ingress, Family::V4) => "ingress4",
            (Direction::Ingress, Family::V6) => "ingress6",
            (Direction::Egress, Family::V4) => "egress4",
            (Direction::Egress, Family::V6) => "egress6",
        })
    }

    /// Local pods that policies have a say about in some direction.
    pub(crate) fn policed(family: Family) -> Name {
        Name::fixed(match family {
            Family::V4 => "policed4",
            Family::V6 => "policed6",
        })
    }

    /// Each of these, with itself.
    pub(crate) fn itself(family: Family) -> Name {
        Name::fixed(match family {
            Family::V4 => "itself4",
            Family::V6 => "itself6",
        })
    }

    /// What passes although no rule allows it.
    pub(crate) fn exempt(family: Family) -> Name {
        Name::fixed(match family {
            Family::V4 => "exempt4",
            Family::V6 => "exempt6",
        })
    }

    /// Where a packet goes on that the source's side allows.
    pub(crate) fn ingress() -> Name {
        Name::fixed("ingress")
    }

    pub(crate) fn refuse() -> Name {
        Name::fixed("refuse")
    }

    pub(crate) fn invalid() -> Name {
        Name::fixed("invalid")
    }

    pub(crate) fn to_many() -> Name {
        Name::fixed("to-many")
    }

    pub(crate) fn label() -> Name {
        Name::fixed("label")
    }

    /// Answers to DNS questions.
    pub(crate) fn answers() -> Name {
        Name::fixed("answers")
    }

    /// Local pods, whose DNS answers are read.
    pub(crate) fn asking(family: Family) -> Name {
        Name::fixed(match family {
            Family::V4 => "asking4",
            Family::V6 => "asking6",
        })
    }
}

/// What a rule that allows does: the destination's side is still to be asked for egress (S11).
pub(super) fn allow(direction: Direction) -> Action {
    match direction {
        Direction::Ingress => Action::Accept,
        Direction::Egress => Action::Goto(names::ingress()),
    }
}

/// Whether connections that are older than enforcement may show themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// S32: a TCP packet that opens nothing passes, and so makes its connection known; which of those
    /// are not allowed is for a sweep to find and cut. It is no way in: whoever receives such a packet
    /// without having the connection answers it with a reset.
    Attaching,
    /// It is policed as if it opened a connection.
    Enforcing,
}

/// What of the base chains changes with time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mode {
    /// Whether older connections may show themselves.
    pub(crate) phase: Phase,
    /// Whether packets are looked at for the mark of a connection that was cut (S31). Every packet of
    /// every connection pays for that, so it is done while some connection has the mark.
    pub(crate) refusing: bool,
    /// Whether addresses of the node's pods must belong to a pod that is known (S23).
    pub(crate) guarded: bool,
    /// Whether some pod here is isolated for ingress: then nothing passes that is meant for whoever hears it, for
    /// that pod would, too. It happens on bridges alone; elsewhere nobody forwards it.
    pub(crate) isolating: bool,
    /// Whether packets pass that would not, and it is only told which.
    pub(crate) tried: bool,
    /// Whether answers to the DNS questions of pods here are handed over, so that addresses get names.
    pub(crate) naming: bool,
}

impl Mode {
    /// The rule as it is programmed.
    pub(crate) fn adapt(self, rule: &mut Rule) {
        if !self.tried {
            return;
        }
        match &mut rule.action {
            Action::Drop => rule.action = Action::Accept,
            Action::Log { prefix } => *prefix = log::audited(prefix),
            _ => {}
        }
    }
}

/// The table of a node without pods.
pub(crate) fn base(mode: Mode) -> Ruleset {
    let mut chains = chains(mode);
    chains.values_mut().flat_map(|chain| &mut chain.rules).for_each(|rule| mode.adapt(rule));
    let mut sets = sets();
    if mode.naming {
        sets.extend(naming::sets());
        chains.insert(names::answers(), naming::chain());
    }
    Ruleset { sets, chains }
}

/// The rules of the base chains that depend on the mode.
pub(crate) fn entrances(mode: Mode) -> [(Name, Vec<Rule>); 4] {
    [
        (Name::fixed("forward"), forward(mode)),
        (Name::fixed("input"), input(mode)),
        (Name::fixed("output"), naming::output(mode)),
        (names::ingress(), ingress(mode)),
    ]
}

fn sets() -> BTreeMap<Name, Set> {
    let mut sets = BTreeMap::new();
    for family in Family::ALL {
        for direction in Direction::ALL {
            let comment = format!("local pods policed for {direction}, IPv{family}");
            sets.insert(names::dispatch(direction, family), Set::new(SetKind::Dispatch(family), comment));
        }
        let comment = format!("local pods policed in some direction, IPv{family}");
        sets.insert(names::policed(family), Set::new(SetKind::Addresses(family), comment));
        let comment = format!("a pod always reaches itself (S21), IPv{family}");
        sets.insert(names::itself(family), Set::new(SetKind::AddressPairs(family), comment));
    }
    sets
}

fn chains(mode: Mode) -> BTreeMap<Name, Chain> {
    let chain = |comment: &str, rules| Chain { hook: None, rules, comment: comment.to_owned() };
    let hooked = |hook, comment: &str, rules| Chain { hook: Some(hook), rules, comment: comment.to_owned() };
    [
        (Name::fixed("forward"), hooked(Hook::Forward, "to, from and between pods", forward(mode))),
        (Name::fixed("input"), hooked(Hook::Input, "from pods to this node", input(mode))),
        // Without the cut: this is the way of the very resets and errors that tell both ends of it, and
        // they bear the label of their connection. What a node sends on a cut connection is answered by
        // its pod, and that answer is refused.
        (
            Name::fixed("output"),
            hooked(Hook::Output, "from this node to its pods: allowed (S20)", naming::output(mode)),
        ),
        (names::ingress(), chain("the destination's side", ingress(mode))),
        (names::exempt(Family::V4), chain("what always passes, IPv4", vec![itself(Family::V4)])),
        (names::exempt(Family::V6), chain("what always passes, IPv6", vec![itself(Family::V6), discovery()])),
        (names::invalid(), chain("packets that fit no connection (S36)", invalid())),
        (names::refuse(), chain("connections that a change forbade (S31)", refuse())),
        (names::to_many(), chain("broadcast and multicast, which isolated pods would hear", to_many())),
        (names::label(), chain("never entered: it makes the kernel keep room for labels (S31)", label())),
    ]
    .into()
}

/// The rules before policy. Most packets meet the first alone, or the first two.
fn known(mode: Mode) -> Vec<Rule> {
    let mut rules = cut(mode);
    rules.extend([
        Rule::when([Match::State(TrackedState::Known)], Action::Accept),
        Rule::when([Match::State(TrackedState::Invalid)], Action::Goto(names::invalid())),
    ]);
    if mode.phase == Phase::Attaching {
        rules.push(Rule::when([Match::MidStream], Action::Accept));
    }
    rules
}

fn cut(mode: Mode) -> Vec<Rule> {
    let refuse = || Rule::when([Match::Cut], Action::Goto(names::refuse()));
    mode.refusing.then(refuse).into_iter().collect()
}

fn forward(mode: Mode) -> Vec<Rule> {
    let mut rules: Vec<Rule> = naming::forward(mode).into_iter().chain(known(mode)).collect();
    if mode.isolating {
        rules.push(Rule::when([Match::Group], Action::Goto(names::to_many())));
    }
    rules.extend(egress(mode));
    rules.push(Rule::always(Action::Goto(names::ingress())));
    rules
}

fn input(mode: Mode) -> Vec<Rule> {
    known(mode).into_iter().chain(egress(mode)).collect()
}

/// The source's side.
fn egress(mode: Mode) -> Vec<Rule> {
    let mut rules: Vec<Rule> = dispatch(Direction::Egress, Side::Source).collect();
    rules.extend(guard::look(mode, Side::Source));
    rules
}

fn dispatch(direction: Direction, side: Side) -> impl Iterator<Item = Rule> {
    Family::ALL.into_iter().map(move |family| {
        Rule::always(Action::Dispatch { family, side, map: names::dispatch(direction, family) })
    })
}

fn ingress(mode: Mode) -> Vec<Rule> {
    let mut rules: Vec<Rule> = dispatch(Direction::Ingress, Side::Destination).collect();
    rules.extend(guard::look(mode, Side::Destination));
    // Not the end of a base chain: a packet comes here from within the egress chains.
    rules.push(Rule::always(Action::Accept));
    rules
}

fn itself(family: Family) -> Rule {
    Rule::when([Match::AddressPair { family, set: names::itself(family) }], Action::Accept)
}

/// S34: MLD, router and neighbour discovery, redirects: ICMPv6 types 130 to 136.
fn discovery() -> Rule {
    Rule::when([Match::Icmpv6((130, 136))], Action::Accept)
}

fn invalid() -> Vec<Rule> {
    let mut rules = vec![discovery()];
    for family in Family::ALL {
        for side in [Side::Source, Side::Destination] {
            let policed = Match::Address { family, side, set: names::policed(family) };
            rules.push(Rule::when([policed], Action::Drop));
        }
    }
    rules.push(Rule::always(Action::Accept));
    rules
}

fn refuse() -> Vec<Rule> {
    vec![
        // The resets and errors that the rules below send are of the same connection, and leave by the
        // output hook: without this rule nobody would hear of them.
        Rule::when([Match::State(TrackedState::Related)], Action::Accept),
        Rule::when([Match::Protocol(Protocol::Tcp)], Action::Reset),
        Rule::always(Action::Refuse),
    ]
}

/// What always passes does so here, too (S34): a bridge floods the discovery of neighbours.
fn to_many() -> Vec<Rule> {
    let exempt = Family::ALL.map(|family| Rule::always(Action::Jump(names::exempt(family))));
    let log = Rule::always(Action::Log { prefix: log::TO_MANY.to_owned() });
    exempt.into_iter().chain([Rule::always(Action::Count), log, Rule::always(Action::Drop)]).collect()
}

fn label() -> Vec<Rule> {
    vec![Rule::always(Action::SetCut)]
}
