//! What verbs read: manifests, or the live cluster.

use clap::Args;
use sekisho_k8s::live::Access;
use std::{path::PathBuf, time::Duration};

/// The manifests to read, or the cluster.
#[derive(Args, Debug)]
pub(crate) struct InputArgs {
    /// Files and folders of manifests, YAML or JSON; `-` is standard input. Folders of Kustomize and
    /// charts of Helm are built first
    #[arg(value_name = "PATHS", required_unless_present_any = CLUSTER, conflicts_with_all = CLUSTER)]
    pub(crate) paths: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) how: ReadingArgs,
}

/// The manifests to look at, or the cluster, for the verb that finds them by itself.
#[derive(Args, Debug)]
pub(crate) struct CheckInputArgs {
    /// Files and folders of manifests; without any, those of the environments in sekisho.yaml
    #[arg(value_name = "PATHS", conflicts_with_all = CLUSTER)]
    pub(crate) paths: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) how: ReadingArgs,
}

/// How manifests are read, and the cluster in their place.
#[derive(Args, Debug)]
pub(crate) struct ReadingArgs {
    /// The namespace of objects and names that do not say theirs, `default` where it is not given
    #[arg(short, long, value_name = "NAMESPACE")]
    pub(crate) namespace: Option<String>,

    /// Values for the charts of Helm among PATHS
    #[arg(long, value_name = "FILE")]
    pub(crate) helm_values: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}

impl ReadingArgs {
    /// The namespace of objects and names that do not say theirs.
    pub(crate) fn namespace(&self) -> &str {
        self.namespace.as_deref().unwrap_or("default")
    }
}

/// What asks for a cluster.
pub(crate) const CLUSTER: [&str; 3] = ["cluster", "context", "kubeconfig"];

/// The live cluster to read.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Live cluster")]
pub(crate) struct ClusterArgs {
    /// Read the cluster that the kubeconfig points to
    #[arg(long)]
    pub(crate) cluster: bool,

    /// Read the cluster of this context
    #[arg(long, value_name = "CONTEXT")]
    pub(crate) context: Option<String>,

    /// Read the cluster of this kubeconfig
    #[arg(long, value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,

    /// How many seconds reading the cluster may take
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) timeout: u64,
}

impl ClusterArgs {
    /// The cluster to read, where one is asked for.
    pub(crate) fn access(&self) -> Option<Access> {
        let asked = self.cluster || self.context.is_some() || self.kubeconfig.is_some();
        asked.then(|| Access {
            kubeconfig: self.kubeconfig.clone(),
            context: self.context.clone(),
            timeout: Duration::from_secs(self.timeout),
        })
    }
}
