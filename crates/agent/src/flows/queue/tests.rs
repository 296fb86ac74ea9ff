use super::*;
use proptest::{collection::vec, prelude::*};
use sekisho_flow::{
    record::{Carried, End, Key, Leave, Observer, Outcome, Seen},
    window::Closed,
};
use std::collections::BTreeMap;

/// A window in which each port was called once.
pub(in super::super) fn closed(second: i64, ports: std::ops::Range<u16>) -> Closed {
    let at = |second| Timestamp::from_second(second).unwrap();
    let window = Window::new(at(second), at(second + 1)).unwrap();
    let flow = |port| Flow {
        window,
        key: Key {
            from: End::Anyone,
            to: End::Anyone,
            carried: Carried::of_protocol(6, port),
            outcome: Outcome::Denied,
            leave: Leave::default(),
            observer: Observer::Agent,
            side: None,
        },
        seen: Seen::at(at(second), 1),
    };
    Closed { window, flows: ports.map(flow).collect(), lost: 0, astray: 0 }
}

/// What happens.
#[derive(Clone, Debug)]
enum Step {
    /// A window closes: after how many seconds, with how many flows, and with what that was lost.
    Add { after: i64, ports: u16, lost: Option<u64>, unheard: bool },
    /// A reader is handed what comes next, and it arrives unless the connection breaks.
    Read { reader: usize, arrives: bool },
}

fn step() -> impl Strategy<Value = Step> {
    let lost = prop_oneof![4 => Just(None), 1 => (1..5_u64).prop_map(Some)];
    let add = (-2..40_i64, 0..12_u16, lost, any::<bool>());
    prop_oneof![
        3 => add.prop_map(|(after, ports, lost, unheard)| Step::Add { after, ports, lost, unheard }),
        2 => (0..2_usize, prop::bool::weighted(0.9)).prop_map(|(reader, arrives)| Step::Read { reader, arrives }),
    ]
}

/// What somebody has who writes down what arrives.
#[derive(Debug, Default)]
struct Reader {
    number: u64,
    got: BTreeMap<Carried, u64>,
    lost: u64,
    unheard: bool,
}

impl Reader {
    /// Is handed what comes next; tells whether there was anything.
    fn read(&mut self, queue: &mut Queue, arrives: bool) -> bool {
        let Some(Next { head, flows }) = queue.after(self.number) else { return false };
        assert_eq!(head.first, self.number + 1, "what is handed follows on what was");
        assert_eq!(usize::try_from(head.flows).unwrap(), flows.len());
        let lost: u64 = head.missing.iter().filter_map(|missing| missing.connections).sum();
        let counts: u64 = flows.iter().map(|flow| flow.seen.count).sum();
        assert_eq!(lost + counts, head.last - head.first + 1, "each number is of a connection: {head:?}");
        if arrives {
            self.number = head.last;
            self.lost += lost;
            self.unheard |= head.missing.iter().any(|missing| missing.connections.is_none());
            flows.iter().for_each(|flow| *self.got.entry(flow.key.carried).or_default() += flow.seen.count);
        }
        true
    }
}

proptest! {
    /// In whatever order things happen, each connection arrives once or is said to be lost.
    #[test]
    fn each_arrives_once_or_is_said_to_be_lost(most in 8..80_usize, steps in vec(step(), 1..200)) {
        let mut queue = Queue::new(most, Timestamp::from_second(0).unwrap());
        let mut readers = [Reader::default(), Reader::default()];
        let (mut now, mut all, mut added) = (1_000, 0, BTreeMap::<Carried, u64>::new());
        let mut told = false;
        for step in steps {
            match step {
                Step::Add { after, ports, lost, unheard } => {
                    now += after;
                    let Closed { window, flows, .. } = closed(now, 0..ports);
                    all += u64::from(ports) + lost.unwrap_or(0);
                    flows.iter().for_each(|flow| *added.entry(flow.key.carried).or_default() += 1);
                    let missing = |connections| Missing { window, why: "no room".into(), connections };
                    let counted = lost.map(|lost| missing(Some(lost)));
                    told |= unheard;
                    queue.add(window, flows.into(), counted.into_iter().chain(unheard.then(|| missing(None))).collect());
                    prop_assert!(queue.size <= most, "{} of {most}", queue.size);
                    prop_assert_eq!(queue.size, queue.batches.iter().map(Batch::size).sum::<usize>());
                }
                Step::Read { reader, arrives } => drop(readers[reader].read(&mut queue, arrives)),
            }
        }
        let Closed { window, flows, .. } = closed(now, 0..1);
        *added.entry(flows[0].key.carried).or_default() += 1;
        queue.add(window, flows.into(), Vec::new());
        for reader in &mut readers {
            while reader.read(&mut queue, true) {}
            let got: u64 = reader.got.values().sum();
            prop_assert_eq!(got + reader.lost, all + 1);
            for (port, count) in &reader.got {
                prop_assert!(count <= &added[port], "{port} twice");
            }
            prop_assert_eq!(reader.unheard, told);
        }
    }
}

/// The same calls every half second, as an hour or a day has them.
fn busy(queue: &mut Queue, from: i64, seconds: i64, ports: u16) {
    for half in 0..2 * seconds {
        let Closed { window, flows, .. } = closed(from + half / 2, 0..ports);
        queue.add(window, flows.into(), Vec::new());
    }
}

#[test]
fn ten_minutes_of_absence_fit() {
    let mut queue = Queue::new(1 << 10, Timestamp::from_second(0).unwrap());
    let mut hub = Reader::default();
    // As many kinds of connection in a minute, of 1,024 records, as docs/agent.md promises of 16,384.
    let ports = u16::try_from(((1 << 10) * 3 / 4 - (1 << 10) / IN_FLIGHT) / 11).unwrap();
    busy(&mut queue, 0, 60, ports);
    while hub.read(&mut queue, true) {}
    // One more is handed, and does not arrive.
    busy(&mut queue, 60, 1, ports);
    hub.read(&mut queue, false);
    busy(&mut queue, 61, 600, ports);
    while hub.read(&mut queue, true) {}
    assert_eq!(hub.lost, 0);
    assert_eq!(hub.got.values().sum::<u64>(), u64::from(ports) * 2 * 661);
}

#[test]
fn when_it_was_that_something_made_way_is_told() {
    let mut queue = Queue::new(20, Timestamp::from_second(0).unwrap());
    for minute in 1..=10 {
        let Closed { window, flows, .. } = closed(60 * minute, 0..5);
        queue.add(window, flows.into(), Vec::new());
    }
    let seconds = |window: Window| (window.from().as_second(), window.to().as_second());
    let Some(Next { head, .. }) = queue.after(0) else { panic!("there is something") };
    let [Missing { window, connections, why }] = &head.missing[..] else { panic!("{head:?}") };
    assert_eq!((seconds(*window), *connections, &**why), ((0, 420), Some(30), MADE_WAY));
    let Some(Next { head, .. }) = queue.after(10) else { panic!("there is something") };
    assert_eq!((seconds(head.missing[0].window), head.missing[0].connections), ((121, 420), Some(20)));
    assert_eq!((head.first, head.last, head.flows), (11, 35, 5));
    assert!(queue.after(50).is_none());
}

#[test]
fn a_number_within_a_batch_is_nobodys() {
    let mut queue = Queue::new(100, Timestamp::from_second(0).unwrap());
    let Closed { window, flows, .. } = closed(60, 0..5);
    queue.add(window, flows.into(), Vec::new());
    let Some(Next { head, flows }) = queue.after(2) else { panic!("there is something") };
    assert_eq!((head.first, head.last, flows.len()), (3, 5, 0));
    assert_eq!(head.missing[0].connections, Some(3), "what of it was told nobody knows");
}
