//! `sekisho serve`.

use super::{HubArgs, check::FailOn};
use clap::{Args, Subcommand, ValueEnum};
use sekisho_core::object::ObjectKey;
use sekisho_k8s::live::Access;
use std::{net::SocketAddr, path::PathBuf, time::Duration};

const EXAMPLES: &str = "\
Examples:
  In a pod, with certificates of its own
    sekisho serve admission --secret sekisho/sekisho-admission-tls --host sekisho-admission.sekisho.svc \\
      --webhook sekisho-admission

  With the certificates that cert-manager writes
    sekisho serve admission --tls-cert /tls/tls.crt --tls-key /tls/tls.key

  Warn everywhere, refuse in namespaces with the label sekisho.dev/admission=deny
    sekisho serve admission --mode warn --tls-cert /tls/tls.crt --tls-key /tls/tls.key

Exit status: 0 asked to end, 2 could not run. docs/admission.md is for operators.";

/// Serve a cluster: refuse at its API server what breaks the standard, keep what flowed
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ServeArgs {
    #[command(subcommand)]
    pub(crate) verb: ServeVerb,
}

/// What to serve.
#[derive(Debug, Subcommand)]
pub(crate) enum ServeVerb {
    Admission(Box<AdmissionArgs>),
    Hub(Box<HubArgs>),
}

/// Answer the API server whether an object may come in, in the light of the live cluster
///
/// A validating webhook: what `check` finds, and the promises of `test`, that a change would bring. What was wrong before
/// the change is nobody's fault who makes it. Nothing is written to the cluster but the certificates, and reports of audits.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct AdmissionArgs {
    /// Where the API server asks, with TLS: `/validate`
    #[arg(long, value_name = "ADDRESS", default_value = "0.0.0.0:8443")]
    pub(crate) listen: SocketAddr,

    /// Where `/metrics`, `/healthz` and `/readyz` are, without TLS
    #[arg(long, value_name = "ADDRESS", default_value = "0.0.0.0:9090")]
    pub(crate) plain: SocketAddr,

    /// The catalog, instead of the nearest `sekisho.yaml`
    #[arg(short, long, value_name = "FILE")]
    pub(crate) catalog: Option<PathBuf>,

    /// The environment of the catalog that the cluster is
    #[arg(short, long, value_name = "NAME")]
    pub(crate) environment: Option<String>,

    /// Rules of your own, in Rego: files, or folders of them (docs/rego.md)
    #[arg(long, value_name = "DIR")]
    pub(crate) rego: Vec<PathBuf>,

    /// Promises that no change may break: files, or folders of them (docs/promises.md)
    #[arg(long, value_name = "FILE")]
    pub(crate) promises: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) process: ProcessArgs,

    #[command(flatten)]
    pub(crate) verdict: VerdictArgs,

    #[command(flatten)]
    pub(crate) tls: TlsArgs,

    #[command(flatten)]
    pub(crate) audit: AuditArgs,
}

/// Which cluster is served, and how the process says what it does.
#[derive(Args, Clone, Debug)]
pub(crate) struct ProcessArgs {
    /// The context of the kubeconfig; in a pod, its service account is used
    #[arg(long, value_name = "CONTEXT")]
    pub(crate) context: Option<String>,

    /// The kubeconfig
    #[arg(long, value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,

    /// The least important lines of the log that are written
    #[arg(long, value_enum, value_name = "LEVEL", default_value_t = LogLevel::Info)]
    pub(crate) log: LogLevel,

    /// How the log is written
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = LogFormat::Json)]
    pub(crate) log_format: LogFormat,
}

impl ProcessArgs {
    /// The API server, which may take its time to answer.
    pub(crate) fn access(&self) -> Access {
        Access {
            kubeconfig: self.kubeconfig.clone(),
            context: self.context.clone(),
            timeout: Duration::from_secs(30),
        }
    }
}

/// What is refused.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Verdict")]
pub(crate) struct VerdictArgs {
    /// The least bad finding that refuses; what is less bad warns. A broken promise is an error
    #[arg(long, value_enum, value_name = "SEVERITY", default_value_t = FailOn::Error)]
    pub(crate) deny: FailOn,

    /// What holds in namespaces without the label `sekisho.dev/admission`
    #[arg(long, value_enum, value_name = "MODE", default_value_t = Mode::Deny)]
    pub(crate) mode: Mode,

    /// What becomes of an object that cannot be judged: before the whole cluster is known, or when a rule fails
    #[arg(long, value_enum, value_name = "HOW", default_value_t = Fail::Open)]
    pub(crate) fail: Fail,

    /// Members of this group may pass with the annotation `sekisho.dev/bypass: REASON`, which is logged
    #[arg(long, value_name = "GROUP")]
    pub(crate) bypass_group: Vec<String>,
}

/// What is said of what is there already.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Audit")]
pub(crate) struct AuditArgs {
    /// How long after an audit of the whole cluster the next begins; 0 for none
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    pub(crate) audit_every: u64,

    /// The kind of reports that say what it found
    #[arg(long, value_enum, value_name = "KIND", default_value_t = ReportsArg::Auto)]
    pub(crate) reports: ReportsArg,
}

/// Kinds of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportsArg {
    /// What the cluster has: those of openreports.io, or else of wgpolicyk8s.io
    Auto,
    /// Report and ClusterReport of openreports.io
    Openreports,
    /// PolicyReport and ClusterPolicyReport of wgpolicyk8s.io
    Wgpolicyk8s,
    /// None; metrics alone tell
    None,
}

/// What the door does in a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mode {
    /// Refuse what is bad enough, and warn of the rest
    Deny,
    /// Refuse nothing, and warn
    Warn,
    /// Say nothing
    Off,
}

/// What becomes of what cannot be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Fail {
    /// It comes in, with a warning
    Open,
    /// It is refused
    Closed,
}

/// The certificates.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Certificates")]
pub(crate) struct TlsArgs {
    /// The serving certificate, in PEM; read again when it changes
    #[arg(
        long,
        value_name = "FILE",
        requires = "tls_key",
        required_unless_present = "secret",
        conflicts_with = "secret"
    )]
    pub(crate) tls_cert: Option<PathBuf>,

    /// Its key, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,

    /// Certificates of our own, kept in this Secret, which all replicas share
    #[arg(long, value_name = "NAMESPACE/NAME", value_parser = key, requires = "host")]
    pub(crate) secret: Option<ObjectKey>,

    /// A name or address by which the API server asks
    #[arg(long, value_name = "HOST")]
    pub(crate) host: Vec<String>,

    /// The ValidatingWebhookConfiguration that is told who signs the certificates
    #[arg(long, value_name = "NAME", requires = "secret")]
    pub(crate) webhook: Option<String>,

    /// How long a certificate of our own is valid; it is replaced after two thirds of that. The authority is valid ten times
    /// as long
    #[arg(long, value_name = "SECONDS", default_value_t = 90 * 24 * 3600, value_parser = clap::value_parser!(u64).range(10..=100_000_000))]
    pub(crate) certificate_lifetime: u64,
}

pub(super) fn key(text: &str) -> Result<ObjectKey, String> {
    match text.split_once('/') {
        Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() && !name.contains('/') => {
            Ok(ObjectKey::new(namespace, name))
        }
        _ => Err("write it as `namespace/name`".to_owned()),
    }
}

/// The least important lines that are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogLevel {
    /// What somebody has to see to
    Error,
    /// And what somebody should look at: refusals that were bypassed, trouble with the API server
    Warn,
    /// And every object that was refused or warned of
    Info,
    /// And every answer
    Debug,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// A line of JSON each
    Json,
    /// For people
    Text,
}
