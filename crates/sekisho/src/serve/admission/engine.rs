//! One thread has the cluster and answers; what is heard and what is asked come to it in one line.

use super::{
    door::{Door, Verdict},
    metrics::Metrics,
    review::Request,
    standing::{Copied, Standing, Step},
};
use sekisho_k8s::watch::Mirrored;
use std::{collections::VecDeque, sync::Arc, time::Instant};
use tokio::sync::{mpsc::Receiver, oneshot};
use tracing::{info, warn};

/// What comes to the engine.
pub(super) enum Message {
    /// Something was heard of the cluster.
    News(Mirrored),
    /// Somebody asks.
    Ask(Box<Question>),
    /// Somebody wants to look at all of it in peace.
    Copy(oneshot::Sender<Option<Box<Copied>>>),
}

impl From<Mirrored> for Message {
    fn from(news: Mirrored) -> Self {
        Self::News(news)
    }
}

/// A question, and where the answer goes.
pub(super) struct Question {
    /// What is asked.
    pub(super) request: Request,
    /// What would be done.
    pub(super) step: Step,
    /// When nobody waits any more.
    pub(super) until: Instant,
    /// Where the answer goes.
    pub(super) answer: oneshot::Sender<Verdict>,
}

/// Has the cluster, and answers until nobody asks any more.
pub(super) struct Engine {
    /// Who decides.
    pub(super) door: Door,
    /// What is counted.
    pub(super) metrics: Arc<Metrics>,
    standing: Standing,
}

impl Engine {
    pub(super) fn new(door: Door, metrics: Arc<Metrics>) -> Self {
        Self { door, metrics, standing: Standing::default() }
    }

    /// Takes messages until there are none.
    pub(super) fn run(mut self, mut inbox: Receiver<Message>) {
        let mut asked = VecDeque::new();
        while let Some(message) = inbox.blocking_recv() {
            self.take(message, &mut asked);
            // Whoever asks is answered in the light of all that was heard before.
            while let Ok(message) = inbox.try_recv() {
                self.take(message, &mut asked);
            }
            self.renew();
            while let Some(question) = asked.pop_front() {
                self.answer(*question);
                while let Ok(message) = inbox.try_recv() {
                    self.take(message, &mut asked);
                }
                self.renew();
            }
        }
    }

    fn take(&mut self, message: Message, asked: &mut VecDeque<Box<Question>>) {
        match message {
            Message::Ask(question) => asked.push_back(question),
            Message::Copy(answer) => {
                self.renew();
                let _ = answer.send(self.standing.copied());
            }
            Message::News(news) => {
                match &news {
                    Mirrored::Trouble(kind, reason) => {
                        self.metrics.trouble(kind);
                        warn!(kind, %reason, "the API server does not tell; what was told stays true");
                    }
                    Mirrored::Recovered(kind) => info!(kind, "the API server tells again"),
                    _ => {}
                }
                self.standing.hear(news);
            }
        }
    }

    /// The first time all is read at once, when all is there.
    fn renew(&mut self) {
        if !self.standing.is_whole() {
            return;
        }
        self.standing.renew();
        if !self.metrics.is_ready() {
            self.metrics.set_ready(true);
            let cluster = self.standing.cluster();
            info!(policies = cluster.policies.len(), pods = cluster.pods.len(), "the whole cluster is known");
        }
    }

    fn answer(&mut self, question: Question) {
        let Question { request, step, until, answer } = question;
        let verdict = if Instant::now() >= until {
            Verdict::unjudged(self.door.how.fail, "too much is asked at once")
        } else {
            self.door.decide(&mut self.standing, &request, &step, until)
        };
        // Whoever asked may have left.
        let _ = answer.send(verdict);
    }
}
