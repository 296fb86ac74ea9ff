//! The networks of a lab, for whoever does something in them.

use crate::{Lab, LabError, kernel::namespace::Namespace, plan::Host};
use std::path::PathBuf;

/// The network of a pod, a node or the outside host. It is there as long as this is.
#[derive(Debug)]
pub struct Network(Namespace);

impl Network {
    /// Does `work` in it, on a thread of its own.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn within<T: Send>(&self, work: impl FnOnce() -> T + Send) -> Result<T, LabError> {
        self.0.run(|| Ok(work()))
    }
}

impl Lab {
    /// Limits the size of packets that reach a pod, as a tunnel on the way does: its node then owes
    /// senders path MTU errors (S30).
    ///
    /// # Errors
    /// When there is no such pod, or the kernel refuses.
    pub fn limit_packets(&self, pod: &str, mtu: u32) -> Result<(), LabError> {
        self.topology.limit(self.current_plan(), self.host(pod)?, mtu)
    }

    /// Does `work` in the network of the pod that is called `pod`, on a thread of its own. Sockets that
    /// it opens stay there.
    ///
    /// # Errors
    /// When there is no such pod.
    pub fn within<T: Send>(&self, pod: &str, work: impl FnOnce() -> T + Send) -> Result<T, LabError> {
        let namespace = self.topology.namespace(self.current_plan(), self.host(pod)?);
        namespace.ok_or_else(|| LabError::NoPod(pod.to_owned()))?.run(|| Ok(work()))
    }

    /// The file of a node's network namespace, by which other programs of this user may enter it as long as
    /// the lab lives.
    ///
    /// # Errors
    /// When there is no such node.
    pub fn node_namespace(&self, node: &str) -> Result<PathBuf, LabError> {
        let at = self.current_plan().nodes.iter().position(|plan| *plan.name == *node);
        let namespace = at.and_then(|at| self.topology.namespace(self.current_plan(), Host::Node(at)));
        let namespace = namespace.ok_or_else(|| LabError::NoPod(node.to_owned()))?;
        Ok(format!("/proc/{}/fd/{}", std::process::id(), namespace.raw_fd()).into())
    }

    /// The network of the pod that is called `pod`, for work that outlives this call.
    ///
    /// # Errors
    /// When there is no such pod.
    pub fn network(&self, pod: &str) -> Result<Network, LabError> {
        self.network_of(self.host(pod)?)
    }

    /// The network of a pod, a node or the outside host, for work that outlives this call.
    ///
    /// # Errors
    /// When it is not in the lab.
    pub fn network_of(&self, host: Host) -> Result<Network, LabError> {
        let namespace = self.topology.namespace(self.current_plan(), host);
        Ok(Network(namespace.ok_or_else(|| LabError::NoPod(self.current_plan().name(host)))?.clone_handle()?))
    }

    pub(crate) fn host(&self, pod: &str) -> Result<Host, LabError> {
        self.current_plan().find(pod).ok_or_else(|| LabError::NoPod(pod.to_owned()))
    }
}
