//! NetworkPolicy on real packets, without a cluster.
//!
//! A [`Plan`] says what a lab of a cluster would be; it is worked out without touching the kernel.

mod error;
mod kernel;
mod lab;
mod net;
mod plan;
mod probing;
mod report;
mod topology;
mod translation;

pub use error::LabError;
pub use kernel::privilege::{Privilege, acquire};
pub use lab::Lab;
pub use plan::{
    Arrival, Backend, Host, Listeners, NodePlan, Options, OutsideAddress, Place, Plan, Probe, ServicePlan,
    ServicePortPlan, Site,
};
pub use probing::{Observed, Progress};
pub use report::{Outcome, Report};
