//! Telling others.

use super::{Alert, alertmanager, webhook};
use crate::{
    HttpError,
    http::{Endpoint, Http},
};
use sekisho_flow::Timestamp;
use std::time::Duration;

/// An alert of Alertmanager's that is not sent again is over after so long: several times what lies between two sendings, as
/// Prometheus has it.
const SOON: Duration = Duration::from_secs(4 * 60);

/// Who is told.
#[derive(Clone, Debug)]
pub struct Receiver {
    kind: Kind,
    endpoint: Endpoint,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Alertmanager,
    Webhook,
}

/// Why somebody could not be told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Nobody was heard.
    #[error("{0}")]
    Http(#[from] HttpError),
    /// It was refused.
    #[error("the receiver answers {status}: {text}")]
    Refused {
        /// The status.
        status: u16,
        /// What was said.
        text: String,
    },
}

impl Receiver {
    /// The Alertmanager at this address, under which `/api/v2/alerts` lies.
    ///
    /// # Errors
    /// When it is no address of a server.
    pub fn alertmanager(url: &str) -> Result<Self, HttpError> {
        let endpoint = Endpoint::new(&format!("{}/api/v2/alerts", url.trim_end_matches('/')))?;
        Ok(Self { kind: Kind::Alertmanager, endpoint })
    }

    /// The webhook at this address: [`webhook`].
    ///
    /// # Errors
    /// When it is no address of a server.
    pub fn webhook(url: &str) -> Result<Self, HttpError> {
        Ok(Self { kind: Kind::Webhook, endpoint: Endpoint::new(url)? })
    }

    /// With what an `Authorization` header says, such as `Bearer ...`.
    ///
    /// # Errors
    /// When a header cannot say that.
    pub fn authorized(mut self, text: &str) -> Result<Self, HttpError> {
        self.endpoint = self.endpoint.with("authorization", text)?;
        Ok(self)
    }

    /// Whether it wants to be told again, every minute, of what is not over.
    #[must_use]
    pub fn wants_again(&self) -> bool {
        matches!(self.kind, Kind::Alertmanager)
    }
}

/// Tells receivers. It blocks, and must not be used where asynchronous tasks run.
#[derive(Debug)]
pub struct Sender(Http);

impl Sender {
    /// One that trusts whom the machine trusts.
    ///
    /// # Errors
    /// When there can be no connections.
    pub fn new() -> Result<Self, HttpError> {
        Http::new().map(Self)
    }

    /// Tells `receiver` of these; `about` is a page that says more, or empty. What fails may be sent again: receivers know alerts
    /// by their labels.
    ///
    /// # Errors
    /// When it cannot be told, or refuses.
    pub fn send(
        &self,
        receiver: &Receiver,
        alerts: &[Alert],
        about: &str,
        now: Timestamp,
    ) -> Result<(), SendError> {
        if alerts.is_empty() {
            return Ok(());
        }
        let text = match receiver.kind {
            Kind::Alertmanager => alertmanager(alerts, about, now, SOON),
            Kind::Webhook => webhook(alerts),
        };
        let answer = self.0.post(&receiver.endpoint, "application/json", text)?;
        match answer.status {
            200..=299 => Ok(()),
            status => {
                let text: String = answer.text.trim().chars().take(300).collect();
                Err(SendError::Refused { status, text })
            }
        }
    }
}
