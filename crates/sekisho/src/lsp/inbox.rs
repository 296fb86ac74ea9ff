//! The messages that the editor has sent.

use lsp_server::{Connection, Message};
use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// Messages in their order. The connection hands one over at a time, to whoever takes it, and cannot say whether one
/// waits: so who asks takes it out, and it is kept here.
pub(super) struct Inbox<'c> {
    connection: &'c Connection,
    taken: Mutex<VecDeque<Message>>,
}

/// What comes next.
pub(super) enum Next {
    /// A message.
    Message(Message),
    /// Nothing for as long as somebody waited.
    Nothing,
    /// Nothing any more: the editor has gone.
    End,
}

impl<'c> Inbox<'c> {
    pub(super) fn new(connection: &'c Connection) -> Self {
        Self { connection, taken: Mutex::default() }
    }

    /// Whether no message waits.
    pub(super) fn is_empty(&self) -> bool {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.is_empty() {
            taken.extend(self.connection.receiver.try_recv());
        }
        taken.is_empty()
    }

    /// The next message, after however long.
    pub(super) fn next(&self) -> Next {
        match self.first().or_else(|| self.connection.receiver.recv().ok()) {
            Some(message) => Next::Message(message),
            None => Next::End,
        }
    }

    /// The next message, if one comes before so long.
    pub(super) fn next_within(&self, time: Duration) -> Next {
        if let Some(message) = self.first() {
            return Next::Message(message);
        }
        match self.connection.receiver.recv_timeout(time) {
            Ok(message) => Next::Message(message),
            Err(error) if error.is_timeout() => Next::Nothing,
            Err(_) => Next::End,
        }
    }

    fn first(&self) -> Option<Message> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}
