//! What is done for each verb.

use super::{
    agent::{self, Outcome},
    config::Config,
    environment::{self, Sandbox, Variables, Verb},
    failure::{Code, Failure},
    result,
    version::Version,
};
use crate::socket::{Attachment, PodName, Request};
use serde_json::{Value, json};
use std::{collections::BTreeSet, time::Duration};

/// How long the agent may take to hear that a pod is gone. It hears it, too, when nobody waits any more.
const PARTING: Duration = Duration::from_secs(2);
/// How long an agent that cannot add pods is waited for: kubelets take a runtime that does not answer
/// within half a minute for dead.
const STANDING: Duration = Duration::from_secs(10);

/// Does what is asked for, and tells what is printed. `version` is that of what is printed, as soon as it
/// is known.
pub(super) fn obey(
    variables: Variables<'_>,
    input: impl FnOnce() -> Result<String, Failure>,
    version: &mut Version,
) -> Result<String, Failure> {
    let verb = Verb::read(variables)?;
    if verb == Verb::Version {
        return Ok(versions(&input().unwrap_or_default()));
    }
    let config = Config::read(input()?, version)?;
    if *version < verb.since() {
        let since = verb.since();
        let why =
            format!("`CNI_COMMAND` needs a network of version {since} of the specification, not {version}");
        return Err(Failure::new(Code::Version, why));
    }
    match verb {
        Verb::Add => add(variables, &config),
        Verb::Check => check(variables, &config),
        Verb::Delete => delete(variables, &config),
        Verb::Collect => collect(&config),
        Verb::Status | Verb::Version => status(&config),
    }
}

/// The versions that are spoken, in the version that is asked in.
fn versions(text: &str) -> String {
    let asked = serde_json::from_str::<Value>(text).ok();
    let asked = asked.as_ref().and_then(|asked| asked.get("cniVersion")?.as_str()).and_then(Version::of);
    let version = asked.unwrap_or(Version::LATEST).name();
    format!("{}\n", json!({"cniVersion": version, "supportedVersions": Version::ALL.map(Version::name)}))
}

/// The pod passes on to its containers when its rules are in the kernel, and not before (S23).
fn add(variables: Variables<'_>, config: &Config) -> Result<String, Failure> {
    environment::needed(variables, "CNI_NETNS")?;
    let (attachment, pod) = (attachment(variables, config)?, pod(variables)?);
    let previous = config.previous()?.ok_or_else(no_result)?;
    let addresses = result::addresses(previous)?;
    let request = Request::Add { pod: pod.clone(), attachment, addresses };
    match agent::insist(&config.socket, &request, config.patience) {
        Outcome::Done => Ok(result::pass_on(config, previous)),
        outcome => {
            let what = format!("pod `{}` does not start before its policies are programmed", pod.key());
            Err(failed(&what, Code::Later, config, &outcome))
        }
    }
}

fn check(variables: Variables<'_>, config: &Config) -> Result<String, Failure> {
    environment::needed(variables, "CNI_NETNS")?;
    let (_, pod) = (attachment(variables, config)?, pod(variables)?);
    let addresses = result::addresses(config.previous()?.ok_or_else(no_result)?)?;
    let request = Request::Check { pod: pod.clone(), addresses };
    match agent::insist(&config.socket, &request, config.patience) {
        Outcome::Done => Ok(String::new()),
        outcome => {
            let what = format!("nobody can say that the policies of pod `{}` are programmed", pod.key());
            Err(failed(&what, Code::Later, config, &outcome))
        }
    }
}

/// Nothing that is missing keeps a pod from being taken down. What an agent that is away does not hear,
/// it hears from the API server.
fn delete(variables: Variables<'_>, config: &Config) -> Result<String, Failure> {
    let attachment = attachment(variables, config)?;
    let previous = config.previous().ok().flatten();
    let addresses = previous.and_then(|previous| result::addresses(previous).ok()).unwrap_or_default();
    let request = Request::Delete { pod: environment::pod(variables), attachment, addresses };
    agent::ask(&config.socket, &request, PARTING.min(config.patience));
    Ok(String::new())
}

fn collect(config: &Config) -> Result<String, Failure> {
    let attach =
        |(container, interface)| Attachment { network: config.network.clone(), container, interface };
    let attachments: BTreeSet<Attachment> = config.attachments()?.into_iter().map(attach).collect();
    let request = Request::Keep { network: config.network.clone(), attachments };
    match agent::ask(&config.socket, &request, config.patience) {
        Outcome::Done => Ok(String::new()),
        outcome => Err(failed("what is left of pods that are gone stays", Code::Later, config, &outcome)),
    }
}

/// A runtime to which no pod can be added makes its node unready, and Services leave the pods there: an
/// agent that is only restarted must not do that.
fn status(config: &Config) -> Result<String, Failure> {
    match agent::insist(&config.socket, &Request::Ready, config.patience.min(STANDING)) {
        Outcome::Done => Ok(String::new()),
        outcome => Err(failed("no pod can be added", Code::NotAvailable, config, &outcome)),
    }
}

fn attachment(variables: Variables<'_>, config: &Config) -> Result<Attachment, Failure> {
    let Sandbox { container, interface } = Sandbox::read(variables)?;
    Ok(Attachment { network: config.network.clone(), container, interface })
}

fn pod(variables: Variables<'_>) -> Result<PodName, Failure> {
    environment::pod(variables).ok_or_else(|| {
        let why = "`CNI_ARGS` does not name a pod by `K8S_POD_NAMESPACE` and `K8S_POD_NAME`";
        let details =
            "the network is for pods of Kubernetes: what policies hold for other containers cannot be known";
        Failure::new(Code::Environment, why).with_details(details)
    })
}

fn no_result() -> Failure {
    Failure::new(Code::Config, "`prevResult` is missing").with_details(result::CHAINED)
}

/// `code` is that of an agent that may do it later.
fn failed(what: &str, code: Code, config: &Config, outcome: &Outcome) -> Failure {
    let (socket, seconds) = (config.socket.display(), config.patience.as_secs());
    let runs = "see whether the pod of sekisho-agent on this node runs, and what it logs";
    let says = format!("`sekisho-agent status --socket {socket}` on this node says how it stands");
    let (code, why, details) = match outcome {
        Outcome::Away(why) => (code, why.clone(), format!("{runs}; it is tried again")),
        Outcome::Silent => {
            let why = format!("the agent at `{socket}` did not answer within {seconds} s");
            (
                code,
                why,
                format!(
                    "it waits for the API server to tell of the pod, or for the kernel: {says}; it is tried again"
                ),
            )
        }
        Outcome::NotReady(why) => (code, why.clone(), format!("{says}; it is tried again")),
        Outcome::Odd(why) => {
            let details = "plugin and agent are of different versions: run `sekisho-agent install-cni` of the agent's version";
            (
                Code::Agent,
                format!("the agent at `{socket}` and the plugin do not understand each other: {why}"),
                details.to_owned(),
            )
        }
        Outcome::Done => (code, String::new(), String::new()),
    };
    Failure::new(code, format!("{what}: {why}")).with_details(details)
}
