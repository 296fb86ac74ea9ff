//! The command line.

mod catalog;
mod check;
mod diff;
mod exposure;
mod generate;
mod outputs;
mod reach;
mod rego;
mod rule;

pub(crate) use catalog::{CatalogArgs, CatalogImportArgs, CatalogShowArgs, CatalogVerb};
pub(crate) use check::{CheckArgs, Emit};
pub(crate) use diff::{DiffArgs, DiffFormat};
pub(crate) use exposure::{ExposureArgs, ExposureFormat};
pub(crate) use generate::{GenerateArgs, LayoutArg};
pub(crate) use outputs::{CheckFormat, CheckOutput, CheckOutputs};
pub(crate) use reach::{By, ReachArgs, ReachFormat};
pub(crate) use rego::{RegoArgs, RegoFactsArgs, RegoTestArgs, RegoTestFormat, RegoVerb};
pub(crate) use rule::{RuleArgs, RuleFormat};

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use sekisho_k8s::live::Access;
use std::{path::PathBuf, time::Duration};

const EXIT_STATUS: &str = "Exit status: 0 allowed or done, 1 denied, 2 could not run.";

/// NetworkPolicy from the pull request to the packet.
#[derive(Debug, Parser)]
#[command(
    name = "sekisho",
    version = env!("SEKISHO_VERSION"),
    propagate_version = true,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = EXIT_STATUS
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Explain(ExplainArgs),
    Reach(ReachArgs),
    Exposure(ExposureArgs),
    Test(TestArgs),
    Diff(DiffArgs),
    Check(CheckArgs),
    Rule(RuleArgs),
    Redundant(RedundantArgs),
    Generate(GenerateArgs),
    Catalog(CatalogArgs),
    Rego(RegoArgs),
    Lab(LabArgs),
    Lsp(LspArgs),
    Render(RenderArgs),
    Snapshot(SnapshotArgs),
    Completions(CompletionsArgs),
    Man(ManArgs),
    Schema(SchemaArgs),
}

/// The manifests to read, or the cluster.
#[derive(Args, Debug)]
pub(crate) struct InputArgs {
    /// Files and folders of manifests, YAML or JSON; `-` is standard input. Folders of Kustomize and
    /// charts of Helm are built first
    #[arg(value_name = "PATHS", required_unless_present_any = CLUSTER, conflicts_with_all = CLUSTER)]
    pub(crate) paths: Vec<PathBuf>,

    /// The namespace of objects and names that do not say theirs, `default` where it is not given
    #[arg(short, long, value_name = "NAMESPACE")]
    pub(crate) namespace: Option<String>,

    /// Values for the charts of Helm among PATHS
    #[arg(long, value_name = "FILE")]
    pub(crate) helm_values: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}

impl InputArgs {
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

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  Why can the web pods not reach the api?
    sekisho explain --from shop/web --to shop/api --port TCP/8080 manifests/

  From an address outside, to a port by its name
    sekisho explain --from 198.51.100.7 --to shop/web --port https manifests/

  What the cluster runs now
    sekisho explain --from shop/web --to kube-system/coredns --port UDP/53 --cluster

  Two workloads of one name are told apart by their kind
    sekisho explain --from shop/statefulset/web --to shop/api --port 8080 manifests/

Exit status: 0 allowed, 1 denied, 2 could not run. Where pods of a workload, or its IPv4 and
IPv6 addresses, get different answers, each is printed, and one that is denied makes it 1.";

/// Say whether A may talk to B on a port, and which policies and lines say so
#[derive(Args, Debug)]
#[command(after_help = EXPLAIN_EXAMPLES)]
pub(crate) struct ExplainArgs {
    /// Who opens the connection: `namespace/name` of a workload or pod, `namespace/kind/name`, or an address
    #[arg(long, value_name = "END")]
    pub(crate) from: String,

    /// Whom it is opened to, in the same forms
    #[arg(long, value_name = "END")]
    pub(crate) to: String,

    /// The port of the destination pod: `TCP/8080`, `8080` (TCP), `UDP/53`, a container port's name, or `icmp`
    #[arg(long, short, value_name = "PORT")]
    pub(crate) port: String,

    /// How to print the answer
    #[arg(short, long, value_enum, default_value_t = ExplainFormat::Text)]
    pub(crate) output: ExplainFormat,

    #[command(flatten)]
    pub(crate) input: InputArgs,
}

/// How to print an explanation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExplainFormat {
    /// For people
    Text,
    /// For programs; `sekisho schema explain` describes it
    Json,
}

const TEST_EXAMPLES: &str = "\
Examples:
  Do these policies keep what we promised?
    sekisho test promises.yaml manifests/

  As a report for GitLab, Jenkins or GitHub
    sekisho test -o junit promises.yaml manifests/ > report.xml

A file of promises:
  # yaml-language-server: $schema=promises.json   (sekisho schema promises > promises.json)
  version: 1
  groups:
    bff: { pods: app.kubernetes.io/component=bff }
    backend: { pods: app.kubernetes.io/component=backend }
  promises:
    - name: a backend is reached by its own service's bff alone
      only: bff
      can reach: backend
      with the same: app.kubernetes.io/part-of

Exit status: 0 every promise is kept, 1 some are broken or about nothing, 2 could not run.";

/// Say whether the policies keep the promises that are written in a file
#[derive(Args, Debug)]
#[command(after_help = TEST_EXAMPLES)]
pub(crate) struct TestArgs {
    /// The file of promises, or a folder of such files
    #[arg(value_name = "EXPECTATIONS")]
    pub(crate) expectations: PathBuf,

    /// How to print the results
    #[arg(short, long, value_enum, default_value_t = TestFormat::Table)]
    pub(crate) output: TestFormat,

    #[command(flatten)]
    pub(crate) input: InputArgs,
}

/// How to print results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TestFormat {
    /// For people
    Table,
    /// For programs; `sekisho schema test` describes it
    Json,
    /// For CI systems: JUnit XML
    Junit,
}

const REDUNDANT_EXAMPLES: &str = "\
Examples:
  What could be deleted without changing any connection?
    sekisho redundant manifests/

  And whatever pods and namespaces may yet come?
    sekisho redundant --always manifests/

What is listed may be deleted all together: each was proved to add nothing to what is left without
the others. `today` is said of the pods in the manifests, `always` of any. Where the manifests have
no pods, only what always adds nothing is looked for.

Exit status: 0 nothing adds nothing, 1 something does, 2 could not run.";

/// List policies, rules and entries that add nothing, and may be deleted
#[derive(Args, Debug)]
#[command(after_help = REDUNDANT_EXAMPLES)]
pub(crate) struct RedundantArgs {
    /// Only what adds nothing whatever pods there are
    #[arg(long)]
    pub(crate) always: bool,

    /// How to print what was found
    #[arg(short, long, value_enum, default_value_t = RedundantFormat::Table)]
    pub(crate) output: RedundantFormat,

    #[command(flatten)]
    pub(crate) input: InputArgs,
}

/// How to print what adds nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RedundantFormat {
    /// For people
    Table,
    /// For programs; `sekisho schema redundant` describes it
    Json,
    /// For a pull request
    Md,
}

const LAB_EXAMPLES: &str = "\
Examples:
  Do real packets go where the policies say?
    sekisho lab run manifests/

  With the pods on three nodes
    sekisho lab run --nodes 3 manifests/

  Try it yourself: curl, nc, ping; a changed file takes effect at once
    sekisho lab shell shop/web manifests/

The lab needs root, or unprivileged user namespaces, and leaves nothing behind.

Exit status: 0 the kernel and the core agree, 1 they do not, 2 could not run.";

/// Show it on real packets: pods as network namespaces, with the policies in the kernel
#[derive(Args, Debug)]
#[command(after_help = LAB_EXAMPLES)]
pub(crate) struct LabArgs {
    #[command(subcommand)]
    pub(crate) verb: LabVerb,
}

/// What to do with the lab.
#[derive(Debug, Subcommand)]
pub(crate) enum LabVerb {
    /// Try every connection with real packets, and compare with what the policies say
    #[command(after_help = LAB_EXAMPLES)]
    Run(LabInputArgs),
    #[command(after_help = LAB_EXAMPLES)]
    Shell(LabShellArgs),
}

/// What the lab is built of.
#[derive(Args, Debug)]
pub(crate) struct LabInputArgs {
    /// How many nodes at least; those that the manifests name come first
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=64))]
    pub(crate) nodes: u8,

    #[command(flatten)]
    pub(crate) input: InputArgs,
}

/// Open a shell in a pod of the lab; the manifests are followed while it is open
#[derive(Args, Debug)]
pub(crate) struct LabShellArgs {
    /// The pod: `namespace/name` of a pod or workload
    #[arg(value_name = "POD")]
    pub(crate) pod: String,

    #[command(flatten)]
    pub(crate) lab: LabInputArgs,
}

const LSP_EXAMPLES: &str = "\
Examples:
  Neovim
    vim.lsp.config.sekisho = { cmd = { 'sekisho', 'lsp' }, filetypes = { 'yaml' }, root_markers = { 'sekisho.yaml', '.git' } }
    vim.lsp.enable('sekisho')

  Helix, in languages.toml
    [language-server.sekisho]
    command = \"sekisho\"
    args = [\"lsp\"]";

/// Serve an editor: findings while you type, what a rule lets in today, and the mends
///
/// It speaks the Language Server Protocol over standard input and output, and is started by the editor.
#[derive(Args, Debug)]
#[command(after_help = LSP_EXAMPLES)]
pub(crate) struct LspArgs {
    /// Speak over standard input and output, as it always does: some editors ask for it
    #[arg(long)]
    pub(crate) stdio: bool,
}

const RENDER_EXAMPLES: &str = "\
Examples:
  What would the kernel of a node be given?
    sekisho render nftables --node node-1 manifests/
    sekisho render nftables --node worker-3 --cluster | less

Exit status: 0 printed, 2 could not run.";

/// Print what a dataplane would be given
#[derive(Args, Debug)]
#[command(after_help = RENDER_EXAMPLES)]
pub(crate) struct RenderArgs {
    #[command(subcommand)]
    pub(crate) what: Rendering,
}

/// A dataplane.
#[derive(Debug, Subcommand)]
pub(crate) enum Rendering {
    Nftables(RenderNftablesArgs),
}

/// The nftables ruleset of a node, as `nft -f` takes it
#[derive(Args, Debug)]
#[command(after_help = RENDER_EXAMPLES)]
pub(crate) struct RenderNftablesArgs {
    /// The node. Where the manifests place no pod on it, pods are placed as the lab places them
    #[arg(long, value_name = "NAME")]
    pub(crate) node: String,

    #[command(flatten)]
    pub(crate) input: InputArgs,
}

const SNAPSHOT_EXAMPLES: &str = "\
Examples:
  Keep what policies see of the cluster, and ask about it later
    sekisho snapshot now/ --cluster
    sekisho reach now/

  Share it with somebody who is not to know what runs in it
    sekisho snapshot shared/ --context production --redact

A snapshot has no commands, environment, images, annotations, Secrets or ConfigMaps. With --redact
names, labels and addresses are hidden as well, and every answer stays the same but for the names.

Exit status: 0 written, 2 could not run.";

/// Write what the verbs read of a cluster, and nothing else, to a folder
#[derive(Args, Debug)]
#[command(after_help = SNAPSHOT_EXAMPLES)]
pub(crate) struct SnapshotArgs {
    /// The folder; a snapshot that it holds is replaced, and nothing else is
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,

    /// Hide names, labels and addresses, so that each is still what selectors and blocks match
    #[arg(long)]
    pub(crate) redact: bool,

    /// Hide them by the secret in this file, the same way each time; without it they are hidden
    /// in a way of its own each time
    #[arg(long, value_name = "FILE")]
    pub(crate) redact_key: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) input: InputArgs,
}

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  source <(sekisho completions bash)
  sekisho completions zsh > ~/.zfunc/_sekisho
  sekisho completions fish > ~/.config/fish/completions/sekisho.fish";

/// Print the completions of a shell
#[derive(Args, Debug)]
#[command(after_help = COMPLETIONS_EXAMPLES)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

const MAN_EXAMPLES: &str = "\
Examples:
  sekisho man ~/.local/share/man/man1 && man sekisho-explain";

/// Write the manual pages, one for each verb
#[derive(Args, Debug)]
#[command(after_help = MAN_EXAMPLES)]
pub(crate) struct ManArgs {
    /// The folder to write them to; it is made where it is missing
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
}

const SCHEMA_EXAMPLES: &str = "\
Examples:
  sekisho schema reach > reach.schema.json";

/// Print the JSON Schema of what a verb prints with `-o json`, or reads
#[derive(Args, Debug)]
#[command(after_help = SCHEMA_EXAMPLES)]
pub(crate) struct SchemaArgs {
    /// The verb, or the file
    #[arg(value_enum)]
    pub(crate) of: SchemaOf,
}

/// What has a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaOf {
    /// `sekisho check -o json`
    Check,
    /// `sekisho diff -o json`
    Diff,
    /// `sekisho explain -o json`
    Explain,
    /// `sekisho exposure -o json`
    Exposure,
    /// `sekisho reach -o json`
    Reach,
    /// `sekisho test -o json`
    Test,
    /// The file of promises that `sekisho test` reads
    Promises,
    /// `sekisho redundant -o json`
    Redundant,
    /// The catalog, `sekisho.yaml`
    Catalog,
    /// What rules in Rego see, and `sekisho rego facts` prints
    Facts,
    /// `sekisho rego test -o json`
    RegoTest,
}
