//! `sekisho-agent run`: what is started, and in which order.

use crate::{
    args::{Flows, LogFormat, Place, Run},
    engine::{Engine, Message, Node, Report},
    flows::{self, Kept},
    http,
    metrics::Metrics,
    monitor,
    socket::server,
    state::State,
};
use anyhow::{Context, Error, anyhow, bail};
use nix::sched::{CloneFlags, setns};
use sekisho_core::set::Cidr;
use sekisho_k8s::{
    live::Access,
    watch::{Announcement, Announcer, Watching},
};
use sekisho_nft::{
    Kernel, LinkMonitor, Monitor,
    conntrack::{Looker, Scope},
    tree::Table,
};
use std::{
    collections::BTreeSet,
    fs::File,
    os::{
        linux::net::SocketAddrExt,
        unix::net::{SocketAddr, UnixListener},
    },
    process::ExitCode,
    sync::Arc,
    thread,
    time::Duration,
};
use tokio::{
    runtime::{Builder, Handle, Runtime},
    signal::unix::{SignalKind, signal},
    sync::{mpsc, watch},
};
use tracing::{debug, info};
use tracing_subscriber::EnvFilter;

/// How many messages may wait: those who tell more wait, too.
const WAITING: usize = 1024;
/// The abstract socket that an agent holds while it lives. There is one of it in a network namespace, as
/// there is one table.
const HELD: &str = "sekisho-agent";

/// How many announcements may wait; more are in the log alone.
const ANNOUNCEMENTS: usize = 64;
/// By whom events say that they are reported.
const CONTROLLER: &str = "sekisho.dev/agent";

/// Runs the agent until it is told to stop. The rules stay.
pub(crate) fn run(how: &Run) -> Result<ExitCode, Error> {
    log(how)?;
    let ranges = ranges(&how.pod_cidr)?;
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let parts = Parts::start(how, ranges, &runtime)?;
    info!(node = how.node, "started");
    runtime.block_on(stopped())?;
    info!("stopping; the rules stay");
    parts.stop(&runtime)?;
    Ok(ExitCode::SUCCESS)
}

/// What runs.
struct Parts {
    engine: thread::JoinHandle<()>,
    inbox: mpsc::Sender<Message>,
}

impl Parts {
    fn start(how: &Run, ranges: BTreeSet<Cidr>, runtime: &Runtime) -> Result<Self, Error> {
        let metrics = Arc::new(Metrics::new());
        let (inbox, messages) = mpsc::channel(WAITING);
        let (report, reports) = watch::channel(Report { node: how.node.clone(), ..Report::default() });
        let access = Access {
            kubeconfig: how.kubeconfig.clone(),
            context: how.context.clone(),
            timeout: Duration::MAX,
        };
        let watching = runtime.block_on(Watching::prepare(&access))?;
        let _guard = runtime.enter();
        let socket = server::listen(&how.socket)?;
        let pages = how.listen.0.map(|at| runtime.block_on(http::listen(at))).transpose()?;
        let (announcements, said) = mpsc::channel(ANNOUNCEMENTS);
        runtime.spawn(announce(watching.announcer(CONTROLLER, &how.node), said));
        let told = (report, announcements);
        let kept = Arc::new(Kept::new(&how.node, how.flows != Flows::None));
        if how.serve_flows.serve_flows.is_some() && !kept.is_recording() {
            bail!("`--serve-flows` has nothing to serve: give `--flows denied` or `--flows all`");
        }
        if how.dns && !kept.is_recording() {
            bail!("`--dns` has nothing to name: give `--flows denied` or `--flows all`");
        }
        let served = runtime.block_on(flows::serve::prepare(&how.serve_flows))?;
        let counted = (Arc::clone(&metrics), Arc::clone(&kept));
        let engine = Self::start_engine(how, ranges, counted, told, (inbox.clone(), messages))?;
        if let Some(served) = served {
            info!(at = ?served.at(), "flows are served");
            runtime.spawn(served.serve(Arc::clone(&kept)));
        }
        runtime.spawn(server::serve(socket, inbox.clone(), kept));
        if let Some(pages) = pages {
            runtime.spawn(http::serve(pages, metrics, reports));
        }
        runtime.spawn(watching.follow(inbox.clone()));
        Ok(Self { engine, inbox })
    }

    /// The engine's thread, and the one that listens to the kernel, live where the rules are.
    fn start_engine(
        how: &Run,
        ranges: BTreeSet<Cidr>,
        (metrics, kept): (Arc<Metrics>, Arc<Kept>),
        (report, announcements): (watch::Sender<Report>, mpsc::Sender<Announcement>),
        (inbox, messages): (mpsc::Sender<Message>, mpsc::Receiver<Message>),
    ) -> Result<thread::JoinHandle<()>, Error> {
        let (place, name, startup) = (how.place.clone(), how.node.clone(), how.startup());
        let patience = Duration::from_secs(how.attach);
        let what = flows::What { flows: how.flows, dns: how.dns };
        let state = State::new(&name, how.audit).remembering(&how.socket.with_file_name("addresses.json"));
        let (told, ready) = std::sync::mpsc::channel();
        let runtime = Handle::current();
        let engine = thread::Builder::new().name("engine".to_owned()).spawn(move || {
            let opened = enter(&place).and_then(|()| {
                let held = hold()?;
                let (looks, asked) = std::sync::mpsc::channel();
                let node = Node::open(&name, startup, ranges, patience, looks, Arc::clone(&metrics))?;
                let node = node.naming(what.dns);
                listen(&node, &inbox, asked)?;
                let recorder = flows::start(what, node.name(), kept, Arc::clone(&metrics))?;
                Ok((held, node, recorder))
            });
            match opened {
                Ok((_held, node, recorder)) => {
                    let _ = told.send(Ok(()));
                    Engine::new(state, node, metrics, report, announcements, recorder)
                        .run(&runtime, messages);
                }
                Err(error) => drop(told.send(Err(error))),
            }
        })?;
        ready.recv().map_err(|_| anyhow!("the engine did not start"))??;
        Ok(engine)
    }

    fn stop(self, runtime: &Runtime) -> Result<(), Error> {
        // Where it is gone already there is nobody to tell.
        let _ = runtime.block_on(self.inbox.send(Message::Stop));
        self.engine.join().map_err(|_| anyhow!("the engine ended before it was told to"))
    }
}

/// Starts the threads that tell the engine what they hear of the kernel. Made here, they are in the network namespace
/// of the thread that calls.
fn listen(
    node: &Node,
    inbox: &mpsc::Sender<Message>,
    asked: std::sync::mpsc::Receiver<Scope>,
) -> Result<(), Error> {
    let (tables, links, looker) = (Monitor::open(node.ports())?, LinkMonitor::open()?, Looker::open()?);
    let [first, second, third] = [0; 3].map(|_| inbox.clone());
    let named = |name: &str| thread::Builder::new().name(name.to_owned());
    named("monitor").spawn(move || monitor::run(tables, &first))?;
    named("links").spawn(move || monitor::links(links, &second))?;
    named("looks").spawn(move || monitor::look(looker, &asked, &third))?;
    Ok(())
}

/// Says what there is to say, one after the other.
async fn announce(announcer: Announcer, mut said: mpsc::Receiver<Announcement>) {
    while let Some(what) = said.recv().await {
        if let Err(reason) = announcer.say(what).await {
            debug!(%reason, "an event could not be written");
        }
    }
}

/// Takes the tables off the node; with `stay`, holds the node until it is told to stop.
pub(crate) fn remove(place: &Place, stay: bool) -> Result<ExitCode, Error> {
    enter(place)?;
    let _held = hold()?;
    for table in [Table::Tried, Table::Enforced, Table::Frames] {
        Kernel::open_table(table)?.remove()?;
    }
    if stay {
        Builder::new_current_thread().enable_all().build()?.block_on(stopped())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Goes where the rules are: the calling thread alone.
fn enter(place: &Place) -> Result<(), Error> {
    let Some(path) = &place.network_namespace else { return Ok(()) };
    let said = || format!("cannot enter the network namespace `{}`", path.display());
    let file = File::open(path).with_context(said)?;
    setns(file, CloneFlags::CLONE_NEWNET).with_context(said)
}

/// Holds the node: two agents would undo each other's rules.
fn hold() -> Result<UnixListener, Error> {
    let address = SocketAddr::from_abstract_name(HELD)?;
    match UnixListener::bind_addr(&address) {
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            bail!("another agent runs in this network namespace; stop it first")
        }
        held => Ok(held?),
    }
}

/// Waits until it is told to stop.
async fn stopped() -> Result<(), Error> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

fn ranges(written: &[String]) -> Result<BTreeSet<Cidr>, Error> {
    let parse = |text: &String| text.parse().map_err(|error| anyhow!("--pod-cidr `{text}`: {error}"));
    written.iter().map(parse).collect()
}

fn log(how: &Run) -> Result<(), Error> {
    let filter = EnvFilter::try_new(format!("off,sekisho_agent={}", how.log))
        .with_context(|| format!("--log `{}` is no level", how.log))?;
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match how.log_format {
        LogFormat::Text => logs.with_target(false).init(),
        LogFormat::Json => logs.json().flatten_event(true).init(),
    }
    Ok(())
}
