//! What is done with the messages that came together.

use super::{COMPARE, Engine, LOOK, Message, RETRY, Waiting};
use crate::{
    socket::{Attachment, Reply, Request},
    state::{Remark, Steps},
};
use sekisho_k8s::watch::{Announcement, News};
use sekisho_nft::{NetlinkError, conntrack::Found};
use std::{ops::ControlFlow, time::Instant};
use tracing::{debug, info, warn};

impl Engine {
    /// Takes messages together: one change of the kernel for all of them.
    pub(super) fn step(&mut self, messages: Vec<Message>) -> ControlFlow<()> {
        let mut steps = Steps::default();
        let mut flow = ControlFlow::Continue(());
        let (mut drifted, mut linked, mut looked) = (false, false, Vec::new());
        for message in messages {
            match message {
                Message::News(news, heard) => self.hear(*news, heard, &mut steps),
                Message::Drifted => drifted = true,
                Message::Linked => linked = true,
                Message::Looked(found) => looked.push(found),
                Message::Ask(request, reply) => {
                    // A pod that is asked for has just been plugged in.
                    linked |= matches!(request, Request::Add { .. } | Request::Check { .. } | Request::Ready);
                    self.ask(Waiting { request, reply }, &mut steps);
                }
                Message::Stop => flow = ControlFlow::Break(()),
            }
        }
        self.pin(&mut steps);
        if let Err(error) = self.state.write_down() {
            warn!(%error, "what pods were given cannot be written down; a restart of the agent forgets it");
        }
        self.remark(&steps.remarks);
        self.explain(std::mem::take(&mut steps.written));
        self.enforce(steps);
        self.judge(looked);
        self.keep_true(drifted);
        // What the kernel refused is tried again a moment later.
        if self.retry_at.is_none() {
            self.node.look_on();
        }
        self.look_at_bridges(linked);
        self.answer();
        self.tell();
        flow
    }

    fn hear(&mut self, news: News, heard: Instant, steps: &mut Steps) {
        match &news {
            News::Put(..) | News::Gone(..) => self.heard.push(heard),
            News::Trouble { kind, reason } => {
                self.metrics.trouble(*kind);
                warn!(%kind, %reason, "the API server does not tell; what is enforced stays");
            }
            News::Recovered(kind) => info!(%kind, "the API server tells again"),
            News::ListEnds(kind) => debug!(%kind, "listed"),
            News::ListBegins(_) => {}
        }
        self.state.hear(news, steps);
    }

    /// Says what there is to say about policies: here, and where people look for it in the cluster.
    fn remark(&self, remarks: &[Remark]) {
        for remark in remarks {
            let Remark { kind, id, reasons, instead } = remark;
            let (reasons, instead) = (reasons.join("; "), instead.words());
            if remark.is_well() {
                info!(%kind, policy = %id, "the policy can be read again and is enforced");
            } else {
                warn!(%kind, policy = %id, %reasons, "the policy is not honoured as it is written: {instead}");
            }
            // Where there is more to say than anybody reads, the log has it.
            let _ = self.announcements.try_send(announcement(remark));
        }
        self.metrics.remarks(remarks);
    }

    /// Programs what changed. Until everything was told once, nothing can be: a policy alone would close
    /// what another opens.
    fn enforce(&mut self, steps: Steps) {
        if !self.node.is_begun() {
            if let Some(error) = self.node.prepare(&self.state).err() {
                self.failed(&error.to_string());
            }
            if !self.state.is_complete() {
                return;
            }
            let begun = Instant::now();
            match self.node.begin(&self.state) {
                Ok(()) => {
                    self.name(self.state.all(false));
                    self.metrics.transaction(true);
                    info!(
                        pods = self.state.pods().len(),
                        millis = begun.elapsed().as_millis(),
                        "the node's rules are true to the policies"
                    );
                }
                Err(error) => return self.failed(&error.to_string()),
            }
        } else if !steps.is_empty() {
            self.name(&steps.enforced);
            if let Err(error) = self.node.follow(&self.state, steps) {
                return self.failed(&error.to_string());
            }
            self.metrics.transaction(true);
        }
        if self.node.is_true() {
            let heard = std::mem::take(&mut self.heard);
            self.metrics.programmed(heard);
        }
    }

    /// Cuts what is no longer allowed among the connections that were found.
    fn judge(&mut self, looked: Vec<Result<Found, NetlinkError>>) {
        for found in looked {
            if let Err(error) = self.node.looked(found) {
                self.failed(&error.to_string());
            }
        }
    }

    fn failed(&mut self, why: &str) {
        self.metrics.transaction(false);
        warn!(%why, "the kernel could not be programmed; it is tried again");
        self.retry_at = Some(Instant::now() + RETRY);
    }

    /// Mends what others did to the table, tries again what the kernel refused, and does what is due.
    fn keep_true(&mut self, drifted: bool) {
        let now = Instant::now();
        let compare = now >= self.compare_at;
        let retry = self.retry_at.is_some_and(|at| now >= at);
        if self.node.is_begun() && (drifted || compare || retry) {
            self.retry_at = None;
            match self.node.restore() {
                Ok(drift) if drift.is_empty() => {}
                Ok(drift) => {
                    self.metrics.drifted();
                    let shown: Vec<String> = drift.iter().take(5).map(ToString::to_string).collect();
                    warn!(
                        count = drift.len(),
                        drift = shown.join("; "),
                        "somebody else changed our table; it is mended"
                    );
                }
                Err(error) => self.failed(&error.to_string()),
            }
        } else if retry {
            self.retry_at = None;
        }
        if compare {
            self.compare_at = now + COMPARE;
            self.node.review();
        }
        if self.node.wakes_at().is_some_and(|at| now >= at) {
            match self.node.wake() {
                Ok(denied) => self.count(denied),
                Err(error) => self.failed(&error.to_string()),
            }
        }
    }

    /// Looks whether what goes over bridges is seen, where they may have changed: they are told of, but what the
    /// kernel does with all of them is not, so that is looked at from time to time.
    fn look_at_bridges(&mut self, linked: bool) {
        let now = Instant::now();
        if !linked && now < self.look_at {
            return;
        }
        self.look_at = now + LOOK;
        if let Err(error) = self.node.look_at_bridges() {
            warn!(%error, "it cannot be told whether what goes over bridges is seen; it is tried again");
        }
    }

    fn ask(&mut self, waiting: Waiting, steps: &mut Steps) {
        match &waiting.request {
            Request::Delete { pod, attachment, addresses } => {
                self.give_up(attachment);
                self.state.release(pod.as_ref(), attachment, addresses, steps);
            }
            Request::Keep { network, attachments } => self.state.release_others(network, attachments, steps),
            _ => {}
        }
        self.waiting.push(waiting);
    }

    /// Nobody waits any more for a pod to have addresses where it is taken down.
    fn give_up(&mut self, gone: &Attachment) {
        self.waiting.retain(|Waiting { request, .. }| {
            !matches!(request, Request::Add { attachment, .. } if attachment == gone)
        });
    }

    /// Gives pods that are asked for the addresses that they were given, once they are known. Who bore
    /// them before on this node has lost them, though nobody may have said so (S26).
    fn pin(&mut self, steps: &mut Steps) {
        self.waiting.retain(|waiting| !waiting.reply.is_closed());
        for waiting in &self.waiting {
            if let Request::Add { pod, attachment, addresses } = &waiting.request
                && !self.state.pods().is_pinned(pod, attachment, addresses)
            {
                let bearers = match self.node.is_begun() {
                    true => self.node.bearers(addresses),
                    false => self.state.pods().bearers(addresses),
                };
                for bearer in bearers {
                    if bearer != pod.key() {
                        self.state.lose(&bearer, addresses, steps);
                    }
                }
                self.state.pin(pod, attachment, addresses, steps);
            }
        }
    }

    /// Answers those whose question can be answered by now.
    fn answer(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        for Waiting { request, reply } in waiting {
            match self.reply(&request) {
                Some(answer) => drop(reply.send(answer)),
                None if reply.is_closed() => {}
                None => self.waiting.push(Waiting { request, reply }),
            }
        }
    }

    fn reply(&self, request: &Request) -> Option<Reply> {
        let is_true = self.node.is_begun() && self.node.is_true() && self.node.unseen().is_empty();
        match request {
            Request::Status => Some(Reply::Status(Box::new(self.report()))),
            Request::Dump => Some(Reply::Dump(self.node.text())),
            Request::Why { pod } => Some(self.why(pod)),
            Request::Add { pod, attachment, addresses } => {
                let known = self.state.pods().is_pinned(pod, attachment, addresses);
                (is_true && known).then_some(Reply::Done)
            }
            Request::Check { pod, addresses } => {
                let known = self.state.pods().has(pod, addresses);
                Some(match is_true && known {
                    true => Reply::Done,
                    false if !self.node.unseen().is_empty() => {
                        Reply::NotReady { why: self.report().lacking() }
                    }
                    false => Reply::NotReady {
                        why: format!("the rules of pod `{}` are not in the kernel", pod.key()),
                    },
                })
            }
            // The rules that let the pod's packets pass are gone: its addresses may be another's.
            Request::Delete { .. } | Request::Keep { .. } => Some(Reply::Done),
            Request::Flows { .. } => {
                Some(Reply::Refused { why: "records are no affair of the engine's".to_owned() })
            }
            Request::Ready => Some(match is_true {
                true => Reply::Done,
                false => Reply::NotReady { why: self.report().lacking() },
            }),
        }
    }
}

fn announcement(remark: &Remark) -> Announcement {
    let well = remark.is_well();
    let note = match well {
        true => "the policy can be read again and is enforced".to_owned(),
        false => format!("{}: {}", remark.instead.words(), remark.reasons.join("; ")),
    };
    Announcement {
        kind: remark.kind,
        id: remark.id.clone(),
        warning: !well,
        reason: if well { "Honoured" } else { "NotHonoured" },
        action: "Enforce",
        note,
    }
}
