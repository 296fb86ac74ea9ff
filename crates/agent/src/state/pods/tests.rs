use super::*;

fn pods(told: &[(&str, &str)]) -> Pods {
    let mut pods = Pods::new("here");
    for (name, uid) in told {
        put(&mut pods, name, uid, None, &[]);
    }
    pods
}

fn put(pods: &mut Pods, name: &str, uid: &str, mirror: Option<&str>, addresses: &[&str]) {
    let key = ObjectKey::new("shop", name);
    let uid: Arc<str> = uid.into();
    let (uid, id) = (PodUid(Arc::clone(&uid)), Id { key: key.clone(), uid });
    let pod = Pod { uid, node: Some("here".into()), addresses: set(addresses), ..Pod::new(key) };
    pods.put(id, mirror.map(Into::into), Arc::new(pod));
}

fn set(addresses: &[&str]) -> BTreeSet<IpAddr> {
    addresses.iter().map(|address| address.parse().unwrap()).collect()
}

fn named(name: &str, uid: Option<&str>) -> PodName {
    PodName { namespace: "shop".to_owned(), name: name.to_owned(), uid: uid.map(str::to_owned) }
}

fn at(container: &str) -> Attachment {
    let (network, interface) = ("pods".to_owned(), "eth0".to_owned());
    Attachment { network, container: container.to_owned(), interface }
}

fn addresses(pods: &Pods, name: &str) -> Vec<String> {
    let pod = pods.get(&ObjectKey::new("shop", name)).unwrap();
    pod.addresses.iter().map(ToString::to_string).collect()
}

#[test]
fn what_was_given_is_there_until_it_is_taken() {
    let mut pods = pods(&[("web", "u1")]);
    let web = named("web", Some("u1"));
    assert!(pods.pin(&web, &at("c1"), &set(&["10.0.0.1", "fd00::1"])).is_some());
    assert_eq!(addresses(&pods, "web"), ["10.0.0.1", "fd00::1"]);
    assert!(pods.has(&web, &set(&["10.0.0.1"])));
    assert!(!pods.is_pinned(&web, &at("c1"), &set(&["10.0.0.1"])), "it has another one, too");
    put(&mut pods, "web", "u1", None, &["10.0.0.1", "fd00::1"]);
    assert!(pods.release(None, &at("c1"), &set(&[])).is_some());
    assert_eq!(addresses(&pods, "web"), [""; 0], "whatever the API server tells");
    assert!(pods.release(None, &at("c1"), &set(&[])).is_none(), "twice is once");
    pods.pin(&web, &at("c2"), &set(&["10.0.0.1"]));
    assert_eq!(addresses(&pods, "web"), ["10.0.0.1"], "what it is given again it has");
}

#[test]
fn a_sandbox_that_goes_late_takes_nothing_of_the_new_one() {
    let mut pods = pods(&[("web", "u1")]);
    let web = named("web", Some("u1"));
    pods.pin(&web, &at("c1"), &set(&["10.0.0.1"]));
    pods.pin(&web, &at("c2"), &set(&["10.0.0.2"]));
    pods.release(Some(&web), &at("c1"), &set(&["10.0.0.1"]));
    assert_eq!(addresses(&pods, "web"), ["10.0.0.2"]);
    pods.release(Some(&web), &at("c1"), &set(&[]));
    assert_eq!(addresses(&pods, "web"), ["10.0.0.2"]);
    pods.pin(&web, &at("c3"), &set(&["10.0.0.2"]));
    pods.release(Some(&web), &at("c2"), &set(&["10.0.0.2"]));
    assert_eq!(addresses(&pods, "web"), ["10.0.0.2"], "the third has it as well");
}

#[test]
fn what_an_agent_did_not_see_given_is_taken_by_its_address() {
    let mut pods = pods(&[]);
    put(&mut pods, "web", "u1", None, &["10.0.0.1", "10.0.0.2"]);
    assert!(pods.release(Some(&named("web", Some("u1"))), &at("c1"), &set(&[])).is_none());
    assert!(pods.release(None, &at("c1"), &set(&["10.0.0.1"])).is_none(), "of no pod");
    assert!(pods.release(Some(&named("web", Some("u0"))), &at("c1"), &set(&["10.0.0.1"])).is_none());
    assert!(pods.release(Some(&named("web", Some("u1"))), &at("c1"), &set(&["10.0.0.1"])).is_some());
    assert_eq!(addresses(&pods, "web"), ["10.0.0.2"]);
}

#[test]
fn an_address_that_another_pod_is_given_is_lost() {
    let mut pods = pods(&[("new", "u2")]);
    put(&mut pods, "web", "u1", None, &["10.0.0.1"]);
    pods.pin(&named("web", Some("u1")), &at("c1"), &set(&["10.0.0.1"]));
    assert!(pods.lose(&ObjectKey::new("shop", "web"), &set(&["10.0.0.1"])).is_some());
    pods.pin(&named("new", Some("u2")), &at("c2"), &set(&["10.0.0.1"]));
    assert_eq!(addresses(&pods, "web"), [""; 0]);
    pods.release(None, &at("c1"), &set(&["10.0.0.1"]));
    assert_eq!(addresses(&pods, "new"), ["10.0.0.1"]);
}

#[test]
fn a_pod_is_found_by_its_uid_where_that_is_told() {
    let mut pods = pods(&[("web", "u2")]);
    let pin = |pods: &mut Pods, uid| pods.pin(&named("web", uid), &at("c1"), &set(&["10.0.0.1"])).is_some();
    assert!(!pin(&mut pods, Some("u1")), "the one before");
    assert!(pin(&mut pods, None) && pin(&mut pods, Some("u2")));
    put(&mut pods, "web", "u3", None, &[]);
    assert_eq!(addresses(&pods, "web"), [""; 0], "another one of the name was given nothing");
}

#[test]
fn a_static_pod_is_found_by_the_uid_that_the_kubelet_knows() {
    let mut pods = pods(&[]);
    put(&mut pods, "web", "u1", Some("5f0c"), &[]);
    let pin =
        |pods: &mut Pods| pods.pin(&named("web", Some("5f0c")), &at("c1"), &set(&["10.0.0.1"])).is_some();
    assert!(pin(&mut pods));
    pods.remove(&ObjectKey::new("shop", "web"), None);
    put(&mut pods, "web", "u2", None, &[]);
    assert!(!pin(&mut pods));
}

#[test]
fn what_was_given_and_taken_outlives_the_agent() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("addresses.json");
    let again = |told: &[(&str, &str)]| {
        let mut pods = Pods::new("here");
        pods.remember(&path);
        told.iter().for_each(|(name, uid)| put(&mut pods, name, uid, None, &["10.0.0.9"]));
        pods
    };
    let mut pods = again(&[("web", "u1"), ("api", "u2")]);
    pods.pin(&named("web", Some("u1")), &at("c1"), &set(&["10.0.0.1", "fd00::1"]));
    pods.release(Some(&named("api", Some("u2"))), &at("c2"), &set(&["10.0.0.9"]));
    pods.write_down().unwrap();

    let mut pods = again(&[("web", "u1"), ("api", "u2")]);
    assert_eq!(addresses(&pods, "web"), ["10.0.0.1", "10.0.0.9", "fd00::1"]);
    assert_eq!(addresses(&pods, "api"), [""; 0]);
    pods.write_down().unwrap();

    let mut pods = again(&[]);
    assert!(pods.release(None, &at("c1"), &set(&[])).is_none(), "it is not told yet");
    put(&mut pods, "web", "u1", None, &["10.0.0.1"]);
    assert_eq!(addresses(&pods, "web"), [""; 0], "and was taken nevertheless");
    pods.forget_untold();
    pods.write_down().unwrap();
    assert_eq!(again(&[("api", "u2")]).known.len(), 1, "of the other pod nothing is kept");

    std::fs::write(&path, "[{").unwrap();
    assert!(again(&[]).known.is_empty(), "what cannot be read is not there");
}

#[test]
fn who_bears_an_address_on_this_node_is_found() {
    let mut pods = pods(&[("web", "u1")]);
    pods.pin(&named("web", Some("u1")), &at("c1"), &set(&["10.0.0.1"]));
    assert_eq!(
        pods.bearers(&set(&["10.0.0.1", "10.0.0.2"])),
        BTreeSet::from([ObjectKey::new("shop", "web")])
    );
    assert_eq!(pods.bearers(&set(&["10.0.0.2"])), BTreeSet::new());
}
