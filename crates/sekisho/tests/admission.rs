//! `sekisho check --emit vap` on a real API server (`tests/apiserver`): what it takes, refuses and says.
//!
//! A machine without Go goes without this test, and says so.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test says what must hold")]

mod emitted;
mod ran;
#[path = "../../agent/tests/support/apiserver.rs"]
#[allow(dead_code, reason = "tests of the agent use the rest")]
mod server;
mod support;

use emitted::{CATALOGS, FIXTURE, RIGHT, WRONG, emitted, expected, generated};
use server::Server;
use std::{
    fs,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};
use support::root;

/// Every clause refuses it, whatever the catalog.
const PROBE: &str = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: probe, namespace: shop}\n\
                     spec: {podSelector: {}, policyTypes: [Ingress], ingress: [{}]}\n";

impl Server {
    fn written(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// What the server says of the policies of a file or folder, none of which it keeps.
    fn tries(&mut self, path: &Path) -> String {
        self.answer(&format!("try {}", path.display()))
    }

    /// Puts what is printed into force, under a name that tells it from what was before.
    fn enforce(&mut self, number: usize, text: &str) {
        let name = format!("sekisho-standard-{number}");
        let text = text
            .replace(
                "name: sekisho-standard\nspec:\n  failurePolicy",
                &format!("name: {name}\nspec:\n  failurePolicy"),
            )
            .replace("policyName: sekisho-standard", &format!("policyName: {name}"));
        self.apply_text(&text);
        self.order(&format!("typecheck {name}"));
        let probe = self.written("probe.yaml", PROBE);
        for _ in 0..300 {
            let said = self.tries(&probe);
            if said.contains(&format!("'{name}'")) {
                assert!(said.contains("SK114: an empty ingress rule lets everybody in"), "{said}");
                return;
            }
            thread::sleep(Duration::from_millis(100));
        }
        panic!("`{name}` was not in force after half a minute");
    }
}

#[test]
fn an_api_server_enforces_what_is_printed() {
    let Some(mut server) = Server::start(&[]) else { return };
    let namespaces = ["shop", "datadog", "ledger", "market-data", "trading", "wallet"];
    let namespaces =
        namespaces.map(|name| format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}}}\n"));
    server.apply_text(&namespaces.join("---\n"));
    let mut number = 0;
    for (catalog, environments) in CATALOGS {
        for environment in environments {
            number += 1;
            server.enforce(number, &emitted("vap", catalog, environment));
            let policies = generated(catalog, environment, server.folder());
            assert_eq!(server.tries(&policies), "OK", "{catalog} {environment}");
        }
    }
    what_is_wrong_is_refused(&mut server);
    large_policies_stay_within_the_budget(&mut server);
    large_catalogs_stay_within_the_budget(&mut server);
}

fn what_is_wrong_is_refused(server: &mut Server) {
    assert_eq!(server.tries(&root().join(RIGHT)), "OK");
    let said = server.tries(&root().join(WRONG));
    let of_policies: Vec<&str> = said.split("NetworkPolicy shop/").skip(1).collect();
    let expected = expected();
    assert_eq!(of_policies.len(), expected.len(), "{said}");
    for (code, policy) in expected {
        let name = policy.trim_start_matches("shop/");
        let of = of_policies.iter().find(|said| said.starts_with(&format!("{name}: "))).unwrap();
        assert!(of.contains(&format!("denied request: {code}: ")), "{of}");
    }
    for told in [
        "SK401: `203.0.113.0/24`: addresses of `office`, whom policies of `production` may not name; delete the entry",
        "SK303: `0.0.0.0/1`, `128.0.0.0/1`: the whole internet; write the ranges that are meant",
        "SK301: a whole namespace gets through; name the pods by a `podSelector` in the same entry",
    ] {
        assert!(said.contains(told), "`{told}` is not in {said}");
    }
}

/// A policy of the agent, with these peers.
fn policy(name: &str, peers: impl Iterator<Item = String>) -> String {
    let peers: String = peers.map(|peer| format!("        - {peer}\n")).collect();
    format!(
        "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: agent-{name}, namespace: shop}}\n\
         spec:\n  podSelector: {{matchLabels: {{app.kubernetes.io/name: something-else}}}}\n  policyTypes: [Ingress]\n\
         \x20 ingress:\n    - ports: [{{port: 80}}]\n      from:\n{peers}"
    )
}

fn large_policies_stay_within_the_budget(server: &mut Server) {
    let blocks = (0..1_000).map(|at| format!("ipBlock: {{cidr: 100.{}.{}.0/24}}", at / 250, at % 250));
    let namespaces = (0..1_000).map(|at| {
        let labels = format!("matchLabels: {{kubernetes.io/metadata.name: n{at}}}");
        format!("{{namespaceSelector: {{{labels}}}, podSelector: {{matchLabels: {{app: a{at}}}}}}}")
    });
    let text = policy("blocks", blocks) + &policy("namespaces", namespaces);
    let file = server.written("large.yaml", &text);
    assert_eq!(server.tries(&file), "OK");
    // As much that is wrong is refused for what it is, and not for what the question costs.
    let parts = (0..256).map(|at| format!("ipBlock: {{cidr: {at}.0.0.0/8}}"));
    let file = server.written("parts.yaml", &policy("parts", parts));
    let said = server.tries(&file);
    assert!(said.contains("SK303: `"), "{said}");
}

fn large_catalogs_stay_within_the_budget(server: &mut Server) {
    let services = (0..400).map(|number| {
        let name = if number == 200 { "shop".to_owned() } else { format!("service-{number}") };
        format!("  {name}: {{ components: {{ frontend: {{ ports: http }}, bff: {{ ports: http }} }} }}\n")
    });
    let text = fs::read_to_string(root().join(FIXTURE)).unwrap();
    let (peers, _) = text.split_once("services:\n").unwrap();
    let catalog =
        server.written("sekisho.yaml", &format!("{peers}services:\n{}", services.collect::<String>()));
    let catalog = catalog.to_str().unwrap();
    server.enforce(100, &emitted("vap", catalog, "production"));
    let policies = generated(catalog, "production", server.folder()).join("shop");
    assert_eq!(fs::read_dir(&policies).unwrap().count(), 3);
    assert_eq!(server.tries(&policies), "OK");
}
