//! The engine as those who ask it meet it: what is answered when, with a kernel behind it.

use super::*;
use crate::{
    args::Startup,
    socket::{Attachment, PodName},
};
use nix::sched::{CloneFlags, unshare};
use sekisho_core::object::{ObjectKey, Pod, PodUid};
use sekisho_k8s::watch::{Id, Object, Told, Watched};
use sekisho_nft::conntrack::{Connection, Scope};
use std::{collections::BTreeSet, net::IpAddr, ops::ControlFlow, thread};

/// An engine, and how it is asked.
struct Asked {
    engine: Engine,
    /// For which connections it looks: nobody does, unless a test answers.
    asked: std::sync::mpsc::Receiver<Scope>,
    _reports: watch::Receiver<Report>,
    _said: Receiver<Announcement>,
}

impl Asked {
    fn new() -> Self {
        let metrics = Arc::new(Metrics::new());
        let (report, reports) = watch::channel(Report::default());
        let (announcements, said) = tokio::sync::mpsc::channel(8);
        let (looks, asked) = std::sync::mpsc::channel();
        let (startup, ranges) = (Startup::Closed, BTreeSet::new());
        let node = Node::open("here", startup, ranges, Duration::ZERO, looks, Arc::clone(&metrics)).unwrap();
        let engine = Engine::new(State::new("here", false), node, metrics, report, announcements, None);
        Self { engine, asked, _reports: reports, _said: said }
    }

    fn hear(&mut self, news: Vec<News>) {
        let flow = self.engine.step(news.into_iter().map(Message::from).collect());
        assert_eq!(flow, ControlFlow::Continue(()));
    }

    /// Everything is told to the end, with these pods.
    fn told(&mut self, pods: &[(&str, &str, &[&str])]) {
        let mut news: Vec<News> = Watched::ALL.into_iter().map(News::ListBegins).collect();
        news.extend(pods.iter().map(|(name, uid, addresses)| put(name, uid, addresses)));
        news.extend(Watched::ALL.into_iter().map(News::ListEnds));
        self.hear(news);
    }

    fn ask(&mut self, request: Request) -> oneshot::Receiver<Reply> {
        let (reply, answer) = oneshot::channel();
        assert_eq!(self.engine.step(vec![Message::Ask(request, reply)]), ControlFlow::Continue(()));
        answer
    }

    /// Whether it is done at once.
    fn does(&mut self, request: Request) -> bool {
        is_done(&mut self.ask(request))
    }

    /// Whoever looks for connections has looked.
    fn found(&mut self, found: Result<Vec<Connection>, NetlinkError>) {
        let found = found.map(|connections| Found { scope: Scope::All, connections });
        assert_eq!(self.engine.step(vec![Message::Looked(found)]), ControlFlow::Continue(()));
    }

    /// The addresses that a pod is known by, and whether its rules are in the kernel.
    fn known(&mut self, pod: &str) -> (Vec<String>, bool) {
        match self.ask(Request::Why { pod: format!("shop/{pod}") }).try_recv() {
            Ok(Reply::Pod(report)) => {
                (report.addresses.iter().map(ToString::to_string).collect(), report.programmed)
            }
            other => panic!("{other:?}"),
        }
    }
}

fn is_done(answer: &mut oneshot::Receiver<Reply>) -> bool {
    matches!(answer.try_recv(), Ok(Reply::Done))
}

fn put(name: &str, uid: &str, addresses: &[&str]) -> News {
    let (key, uid): (_, Arc<str>) = (ObjectKey::new("shop", name), uid.into());
    let mut pod = Pod::new(key.clone());
    (pod.uid, pod.node, pod.addresses) = (PodUid(Arc::clone(&uid)), Some("here".into()), set(addresses));
    let object = Ok(Object::Pod(pod.into()));
    let told = Told { id: Id { key, uid }, created: None, mode: None, mirror: None, object };
    News::Put(Watched::Pod, Box::new(told))
}

fn gone(name: &str, uid: &str) -> News {
    News::Gone(Watched::Pod, Id { key: ObjectKey::new("shop", name), uid: uid.into() })
}

fn set(addresses: &[&str]) -> BTreeSet<IpAddr> {
    addresses.iter().map(|address| address.parse().unwrap()).collect()
}

fn at(container: &str) -> Attachment {
    Attachment { network: "pods".into(), container: container.into(), interface: "eth0".into() }
}

fn named(name: &str, uid: &str) -> PodName {
    PodName { namespace: "shop".into(), name: name.into(), uid: Some(uid.into()) }
}

fn add(name: &str, uid: &str, container: &str, addresses: &[&str]) -> Request {
    Request::Add { pod: named(name, uid), attachment: at(container), addresses: set(addresses) }
}

fn delete(container: &str) -> Request {
    Request::Delete { pod: None, attachment: at(container), addresses: BTreeSet::new() }
}

fn keep(containers: &[&str]) -> Request {
    let attachments = containers.iter().map(|container| at(container)).collect();
    Request::Keep { network: "pods".into(), attachments }
}

/// Where the kernel makes no network namespace, the test is skipped, loudly.
fn in_new_network(work: impl FnOnce() + Send + 'static) {
    let thread = thread::spawn(|| unshare(CloneFlags::CLONE_NEWNET).map(|()| work()));
    match thread.join() {
        Ok(Ok(())) => {}
        Ok(Err(reason)) => eprintln!("SKIPPED: no network namespace can be made here: {reason}"),
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

#[test]
fn an_add_is_answered_when_the_pod_is_known_and_programmed() {
    in_new_network(|| {
        let mut asked = Asked::new();
        let mut early = asked.ask(add("web", "u1", "c1", &["10.0.0.1", "fd00::1"]));
        assert!(!is_done(&mut early), "nothing has been told");
        asked.told(&[("api", "u2", &["10.0.0.2"])]);
        assert!(!is_done(&mut early), "the pod has not been told");
        asked.hear(vec![put("web", "u0", &[])]);
        assert!(!is_done(&mut early), "one of its name is another");
        asked.hear(vec![put("web", "u1", &[])]);
        assert!(is_done(&mut early));
        assert_eq!(asked.known("web"), (vec!["10.0.0.1".into(), "fd00::1".into()], true));
        assert!(asked.does(add("web", "u1", "c1", &["10.0.0.1", "fd00::1"])), "twice is once");
        assert!(asked.does(Request::Check { pod: named("web", "u1"), addresses: set(&["fd00::1"]) }));
        assert!(!asked.does(Request::Check { pod: named("web", "u1"), addresses: set(&["10.0.0.9"]) }));
    });
}

#[test]
fn who_bore_an_address_before_has_lost_it() {
    in_new_network(|| {
        let mut asked = Asked::new();
        asked.told(&[("old", "u1", &["10.0.0.1"]), ("new", "u2", &[])]);
        assert!(asked.does(add("new", "u2", "c2", &["10.0.0.1"])));
        assert_eq!(asked.known("old").0, [""; 0]);
        asked.hear(vec![put("old", "u1", &["10.0.0.1"])]);
        assert_eq!(asked.known("old").0, [""; 0], "though the API server still tells it");
        assert_eq!(asked.known("new").0, ["10.0.0.1"]);
    });
}

#[test]
fn a_delete_takes_the_addresses_and_ends_the_waiting() {
    in_new_network(|| {
        let mut asked = Asked::new();
        asked.told(&[("web", "u1", &[])]);
        assert!(asked.does(delete("never")), "what was never there is gone");
        let mut waits = asked.ask(add("late", "u9", "c9", &["10.0.0.9"]));
        assert!(asked.does(delete("c9")));
        assert!(
            matches!(waits.try_recv(), Err(oneshot::error::TryRecvError::Closed)),
            "nobody waits any more"
        );
        asked.hear(vec![put("late", "u9", &[])]);
        assert_eq!(asked.known("late").0, [""; 0], "and nothing was given");
        assert!(asked.does(add("web", "u1", "c1", &["10.0.0.1"])));
        assert!(asked.does(add("web", "u1", "c2", &["10.0.0.2"])), "its sandbox is made anew");
        assert!(asked.does(delete("c1")) && asked.does(delete("c1")));
        assert_eq!(asked.known("web").0, ["10.0.0.2"]);
    });
}

#[test]
fn what_is_not_kept_is_gone() {
    in_new_network(|| {
        let mut asked = Asked::new();
        asked.told(&[("web", "u1", &[]), ("api", "u2", &[])]);
        assert!(asked.does(add("web", "u1", "c1", &["10.0.0.1"])));
        assert!(asked.does(add("api", "u2", "c2", &["10.0.0.2"])));
        assert!(asked.does(keep(&["c1", "unknown"])));
        assert_eq!((asked.known("web").0, asked.known("api").0), (vec!["10.0.0.1".into()], vec![]));
        let other = Request::Keep { network: "another".into(), attachments: BTreeSet::new() };
        assert!(asked.does(other));
        assert_eq!(asked.known("web").0, ["10.0.0.1"], "of that network it has nothing");
        assert!(asked.does(keep(&[])));
        assert_eq!(asked.known("web").0, [""; 0]);
    });
}

/// The addresses whose connections are to be looked for.
fn looked_for(asked: &Asked) -> Option<Vec<String>> {
    match asked.asked.try_recv().ok()? {
        Scope::All => Some(vec!["all".to_owned()]),
        Scope::Of(addresses) => Some(addresses.iter().map(ToString::to_string).collect()),
    }
}

#[test]
fn news_are_followed_while_connections_are_looked_for() {
    in_new_network(|| {
        let mut asked = Asked::new();
        asked.told(&[("api", "u1", &["10.0.0.1"])]);
        assert_eq!(looked_for(&asked), Some(vec!["all".to_owned()]), "open ones have shown themselves (S32)");
        assert!(asked.engine.node.is_attaching(), "until they are judged");
        asked.found(Ok(Vec::new()));
        assert!(!asked.engine.node.is_attaching());
        asked.hear(vec![put("web", "u2", &["10.0.0.2"])]);
        assert_eq!(looked_for(&asked), Some(vec!["10.0.0.2".to_owned()]));
        asked.hear(vec![put("db", "u3", &["10.0.0.3"])]);
        asked.hear(vec![gone("api", "u1")]);
        assert_eq!(looked_for(&asked), None, "one look at a time");
        assert_eq!(asked.known("db"), (vec!["10.0.0.3".to_owned()], true), "nothing waits for it");
        asked.found(Ok(Vec::new()));
        let together = Some(vec!["10.0.0.1".to_owned(), "10.0.0.3".to_owned()]);
        assert_eq!(looked_for(&asked), together, "what came meanwhile comes together");
        asked.found(Err(NetlinkError::Unreadable("it changes faster than it can be read")));
        assert_eq!(looked_for(&asked), None, "not at once");
        thread::sleep(RETRY);
        asked.hear(Vec::new());
        assert_eq!(looked_for(&asked), together, "what could not be found out is still due");
        asked.found(Ok(Vec::new()));
        asked.hear(Vec::new());
        assert_eq!(looked_for(&asked), None);
    });
}
