//! What is to be told, and when.

use super::Alert;
use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// So many things wait at most.
pub const MOST: usize = 1_000;
/// How often who forgets is told of what is not over, as Prometheus does.
const AGAIN: Duration = Duration::from_secs(60);
/// The first wait before something is sent again, and the longest.
const WAITS: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(60)];

/// What became of what was to be told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Alerts that were sent, those that were sent again included.
    pub sent: u64,
    /// Sendings that failed.
    pub failures: u64,
    /// Alerts that found no room.
    pub dropped: u64,
}

#[derive(Debug)]
pub(super) struct Outbox {
    /// Whether the receiver forgets what it is not told again.
    forgets: bool,
    /// Of who forgets only what is over.
    waiting: VecDeque<Alert>,
    /// What is not over, of who forgets.
    open: Vec<Alert>,
    /// Nothing is sent before; and how long was waited, after a failure.
    wait: Option<(Instant, Duration)>,
    /// When what is open is to be told again.
    again: Instant,
    told: Told,
    trouble: Option<String>,
}

impl Outbox {
    pub(super) fn new(forgets: bool, now: Instant) -> Self {
        let (waiting, open, told) = (VecDeque::new(), Vec::new(), Told::default());
        Self { forgets, waiting, open, wait: None, again: now, told, trouble: None }
    }

    /// Notes what is to be told, and all that is not over.
    pub(super) fn tell(&mut self, told: &[Alert], open: Vec<Alert>, now: Instant) {
        for alert in told {
            if self.forgets && alert.ends.is_none() {
                continue;
            }
            if self.waiting.len() < MOST {
                self.waiting.push_back(alert.clone());
            } else {
                self.told.dropped += 1;
            }
        }
        if self.forgets {
            self.open = open;
            // What is new is told at once.
            if told.iter().any(|alert| alert.ends.is_none()) {
                self.again = self.again.min(now);
            }
        }
    }

    /// How long to wait until something is to be sent; `None` where there is nothing.
    pub(super) fn due(&self, now: Instant) -> Option<Duration> {
        let until = |moment: Instant| moment.saturating_duration_since(now);
        let of_open = (!self.open.is_empty()).then(|| until(self.again));
        let of_waiting = (!self.waiting.is_empty()).then_some(Duration::ZERO);
        let next = of_open.into_iter().chain(of_waiting).min()?;
        Some(next.max(self.wait.map_or(Duration::ZERO, |(moment, _)| until(moment))))
    }

    /// What is to be sent.
    pub(super) fn take(&mut self) -> Vec<Alert> {
        self.open.iter().cloned().chain(self.waiting.drain(..)).collect()
    }

    /// Notes what became of sending `alerts`.
    pub(super) fn sent(&mut self, alerts: Vec<Alert>, sent: Result<(), String>, now: Instant) {
        match sent {
            Ok(()) => {
                self.told.sent += u64::try_from(alerts.len()).unwrap_or(u64::MAX);
                (self.wait, self.trouble) = (None, None);
                self.again = now + AGAIN;
            }
            Err(why) => {
                let [first, most] = WAITS;
                let waited = self.wait.map_or(first, |(_, waited)| (waited * 2).min(most));
                self.wait = Some((now + waited, waited));
                self.told.failures += 1;
                self.trouble = Some(why);
                // What is open is there still.
                let back = alerts.into_iter().filter(|alert| !self.forgets || alert.ends.is_some());
                back.collect::<Vec<_>>().into_iter().rev().for_each(|alert| self.waiting.push_front(alert));
                while self.waiting.len() > MOST {
                    self.waiting.pop_back();
                    self.told.dropped += 1;
                }
            }
        }
    }

    pub(super) fn told(&self) -> Told {
        self.told
    }

    pub(super) fn trouble(&self) -> Option<String> {
        self.trouble.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::Name;
    use sekisho_flow::Timestamp;

    fn alert(to: &str) -> Alert {
        Alert::new(Name::NewDenial, [("to", to.to_owned())], Timestamp::UNIX_EPOCH)
    }

    fn over(to: &str) -> Alert {
        Alert { ends: Some(Timestamp::UNIX_EPOCH), ..alert(to) }
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_webhook_is_told_each_thing_once_and_in_order() {
        let now = Instant::now();
        let mut outbox = Outbox::new(false, now);
        assert_eq!(outbox.due(now), None);
        outbox.tell(&[alert("a"), alert("b")], vec![alert("a"), alert("b")], now);
        assert_eq!(outbox.due(now), Some(Duration::ZERO));
        let alerts = outbox.take();
        outbox.tell(&[over("a")], vec![alert("b")], now);
        outbox.sent(alerts, Err("away".to_owned()), now);
        assert_eq!((outbox.due(now), outbox.trouble()), (Some(SECOND), Some("away".to_owned())));
        let alerts = outbox.take();
        assert_eq!(alerts, [alert("a"), alert("b"), over("a")]);
        outbox.sent(alerts, Err("away".to_owned()), now);
        assert_eq!(outbox.due(now), Some(2 * SECOND));
        let alerts = outbox.take();
        outbox.sent(alerts, Ok(()), now);
        assert_eq!((outbox.due(now + 100 * SECOND), outbox.trouble()), (None, None));
        assert_eq!(outbox.told(), Told { sent: 3, failures: 2, dropped: 0 });
    }

    #[test]
    fn what_finds_no_room_is_counted() {
        let now = Instant::now();
        let mut outbox = Outbox::new(false, now);
        let many = vec![alert("a"); MOST - 1];
        outbox.tell(&many, Vec::new(), now);
        let alerts = outbox.take();
        outbox.tell(&[alert("b"), alert("c"), alert("d")], Vec::new(), now);
        outbox.sent(alerts, Err("away".to_owned()), now);
        assert_eq!(outbox.take().last(), Some(&alert("b")));
        assert_eq!(outbox.told().dropped, 2);
    }

    #[test]
    fn who_forgets_is_told_again_of_what_is_not_over() {
        let now = Instant::now();
        let mut outbox = Outbox::new(true, now);
        outbox.tell(&[alert("a")], vec![alert("a")], now);
        let alerts = outbox.take();
        assert_eq!(alerts, [alert("a")]);
        outbox.sent(alerts, Ok(()), now);
        assert_eq!(outbox.due(now), Some(60 * SECOND));
        // What is new does not wait for it.
        outbox.tell(&[alert("b")], vec![alert("a"), alert("b")], now);
        assert_eq!(outbox.due(now), Some(Duration::ZERO));
        let alerts = outbox.take();
        assert_eq!(alerts, [alert("a"), alert("b")]);
        outbox.sent(alerts, Ok(()), now);
        // What is over is told until it was heard.
        outbox.tell(&[over("a")], vec![alert("b")], now);
        let alerts = outbox.take();
        assert_eq!(alerts, [alert("b"), over("a")]);
        outbox.sent(alerts, Err("away".to_owned()), now);
        let alerts = outbox.take();
        assert_eq!(alerts, [alert("b"), over("a")]);
        outbox.sent(alerts, Ok(()), now);
        assert_eq!(outbox.take(), [alert("b")]);
        outbox.tell(&[over("b")], Vec::new(), now);
        let alerts = outbox.take();
        outbox.sent(alerts, Ok(()), now);
        assert_eq!(outbox.due(now), None);
    }
}
