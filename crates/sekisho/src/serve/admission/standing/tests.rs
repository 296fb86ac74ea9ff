use super::*;
use serde_json::{Value, json};

fn piece(object: Value) -> Piece {
    Piece::of(object).unwrap()
}

fn namespace(name: &str, team: &str) -> Piece {
    piece(
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {"team": team}}}),
    )
}

fn policy(name: &str, labels: &Value) -> Piece {
    piece(json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": "a"}, "spec": {"podSelector": {"matchLabels": labels}},
    }))
}

fn deployment(replicas: usize) -> Piece {
    piece(json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "a"},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": "web"}},
                 "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": []}}},
    }))
}

fn heard(news: impl IntoIterator<Item = Mirrored>) -> Standing {
    let mut standing = Standing::default();
    news.into_iter().for_each(|one| standing.hear(one));
    standing.renew();
    standing
}

fn selected(standing: &Standing) -> Vec<u64> {
    let index = standing.index();
    index
        .policies()
        .map(|policy| index.selected_pods(&policy.subjects).map_or(0, |pods| pods.len()))
        .collect()
}

#[test]
fn a_step_is_looked_at_and_taken_back() {
    let labels = json!({"app": "web"});
    let mut standing = heard([namespace("a", "x"), policy("web", &labels), deployment(1)].map(Mirrored::Put));
    assert_eq!(selected(&standing), [1]);
    let before = standing.cluster().clone();
    for (step, seen) in [
        (Step::Put(policy("web", &json!({"app": "other"}))), vec![0]),
        (Step::Put(policy("all", &json!({}))), vec![1, 1]),
        (Step::Take(policy("web", &labels)), vec![]),
        (Step::Take(deployment(1)), vec![0]),
        (Step::Put(deployment(0)), vec![0]),
    ] {
        assert_eq!(standing.after(&step, selected), seen, "{step:?}");
        assert_eq!(standing.cluster(), &before, "{step:?}");
        assert_eq!(selected(&standing), [1], "{step:?}");
    }
    let team =
        |standing: &Standing| standing.cluster().namespaces["a"].labels().get("team").map(str::to_owned);
    assert_eq!(standing.after(&Step::Put(namespace("a", "y")), team).as_deref(), Some("y"));
    assert_eq!(team(&standing).as_deref(), Some("x"));
}

#[test]
fn what_a_list_no_longer_tells_is_gone() {
    let mut standing =
        heard([policy("a", &json!({})), policy("b", &json!({})), deployment(1)].map(Mirrored::Put));
    let again = [
        Mirrored::ListBegins("networkpolicies"),
        Mirrored::Put(policy("b", &json!({}))),
        Mirrored::ListEnds("networkpolicies"),
    ];
    again.into_iter().for_each(|one| standing.hear(one));
    standing.renew();
    assert_eq!(standing.cluster().policies.keys().map(|key| &*key.name).collect::<Vec<_>>(), ["b"]);
    assert_eq!(selected(&standing), [1], "the deployment is still there");
    standing.hear(Mirrored::Gone(deployment(1)));
    standing.renew();
    assert_eq!(selected(&standing), [0]);
}

#[test]
fn it_is_whole_when_every_kind_was_told() {
    let mut standing = Standing::default();
    for kind in mirrored() {
        assert!(!standing.is_whole());
        standing.hear(Mirrored::ListBegins(kind));
        standing.hear(Mirrored::ListEnds(kind));
    }
    assert!(standing.is_whole());
}
