//! NetworkPolicy on real packets, without a cluster.
//!
//! A [`Plan`] says what a lab of a cluster would be; it is worked out without touching the kernel.

mod draw;
mod enforce;
mod error;
mod kernel;
mod lab;
mod matrix;
mod net;
mod network;
mod plan;
mod probing;
mod report;
mod shell;
mod topology;
mod translation;

pub use draw::draw;
pub use error::LabError;
pub use kernel::privilege::{Privilege, acquire};
pub use lab::Lab;
pub use matrix::{Cell, CellState, Column, Matrix};
pub use network::Network;
pub use plan::{
    Arrival, Backend, Host, Listeners, NodePlan, Options, OutsideAddress, Place, Plan, Probe, ServicePlan,
    ServicePortPlan, Site,
};
pub use probing::{Observed, Progress};
pub use report::{Outcome, Report};
pub use shell::{Applied, Shell, Watching};
