//! What is in `deploy`: the chart and the manifests, on a real API server and as a kubelet would start them; what is
//! measured and alerted; and what the documentation says of all that.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what must hold")]

#[path = "deploy/chart.rs"]
mod chart;
#[path = "deploy/documented.rs"]
mod documented;
#[path = "deploy/node.rs"]
mod node;
#[path = "deploy/running.rs"]
mod running;
#[path = "deploy/watched.rs"]
mod watched;

mod support;
