//! What those on the node may ask: an object of JSON on a line, and one in answer.

pub(crate) mod client;
mod follow;
mod message;
pub(crate) mod server;

pub(crate) use message::{Attachment, Notice, PodName, Reply, Request};
