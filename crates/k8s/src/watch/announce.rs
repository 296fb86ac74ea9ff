//! What is said about an object where people look for it: as events.

use super::{Id, Watched};
use crate::live::error;
use crate::snapshot::kind::Kind;
use k8s_openapi::api::core::v1::ObjectReference;
use kube::{
    Client,
    runtime::events::{Event, EventType, Recorder, Reporter},
};
use std::fmt;

/// The longest note that the API takes, in bytes.
const LONGEST: usize = 1024;

/// Says something about objects. What is said again is counted, not repeated.
#[derive(Clone)]
pub struct Announcer {
    recorder: Recorder,
}

impl fmt::Debug for Announcer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Announcer").finish_non_exhaustive()
    }
}

/// What is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// The kind of the object that it is about.
    pub kind: Watched,
    /// Which object.
    pub id: Id,
    /// Whether somebody should do something about it.
    pub warning: bool,
    /// One word, in which events are looked for.
    pub reason: &'static str,
    /// What was done because of it, in one word.
    pub action: &'static str,
    /// The rest, in a sentence.
    pub note: String,
}

impl Announcer {
    /// Speaks as `controller` on `instance`.
    pub(super) fn new(client: Client, controller: &str, instance: &str) -> Self {
        let reporter = Reporter { controller: controller.to_owned(), instance: Some(instance.to_owned()) };
        Self { recorder: Recorder::new(client, reporter) }
    }

    /// Says it.
    ///
    /// # Errors
    /// When the API server does not take it, in words.
    pub async fn say(&self, what: Announcement) -> Result<(), String> {
        let Announcement { kind, id, warning, reason, action, mut note } = what;
        let object = ObjectReference {
            api_version: kind.kind().map(Kind::api_version),
            kind: Some(kind.name().to_owned()),
            name: Some(id.key.name.to_string()),
            namespace: Some(id.key.namespace.to_string()).filter(|namespace| !namespace.is_empty()),
            uid: Some(id.uid.to_string()),
            ..ObjectReference::default()
        };
        while note.len() > LONGEST {
            note.pop();
        }
        let type_ = if warning { EventType::Warning } else { EventType::Normal };
        let (reason, action) = (reason.to_owned(), action.to_owned());
        let event = Event { type_, reason, note: Some(note), action, secondary: None };
        self.recorder.publish(&event, &object).await.map_err(|found| error::chain(&found))
    }
}
