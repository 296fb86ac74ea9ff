//! The program as people run it: what it prints, and what its exit status says.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what must hold")]

mod ran;

use ran::Run;
use std::{
    fs,
    io::{Read, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// How a run is looked at here.
trait Look {
    /// Everything that a person sees, for a snapshot.
    fn shown(&self) -> String;
    fn json(&self) -> serde_json::Value;
}

impl Look for Run {
    fn shown(&self) -> String {
        let err = if self.err.is_empty() { String::new() } else { format!("--- stderr\n{}", self.err) };
        format!("{}{err}--- exit status {}", self.out, self.code.unwrap())
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap()
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sekisho"));
    command.args(arguments).current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures"));
    command.env_remove("CLICOLOR_FORCE").env_remove("NO_COLOR");
    command
}

fn sekisho(arguments: &[&str]) -> Run {
    with_input(arguments, b"")
}

fn with_input(arguments: &[&str], input: &[u8]) -> Run {
    let mut child = command(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // What does not read its input may be gone before all of it is written.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap().into()
}

fn explain(from: &str, to: &str, port: &str, path: &str) -> Run {
    sekisho(&["explain", "--from", from, "--to", to, "--port", port, path])
}

#[test]
fn a_refusal_is_explained_by_the_nearest_miss() {
    let run = explain("shop/web", "shop/api", "TCP/9090", "shop.yaml");
    assert!(run.out.contains(
        "`shop/web` matches the podSelector of `api-from-web` but the port is 9090, and the rule allows TCP 8080"
    ));
    insta::assert_snapshot!(run.shown());
}

#[test]
fn what_is_allowed_is_explained_by_its_lines() {
    insta::assert_snapshot!(explain("shop/web", "shop/api", "8080", "shop.yaml").shown());
}

#[test]
fn an_address_outside_is_an_end() {
    insta::assert_snapshot!(explain("10.1.2.3", "shop/api", "metrics", "shop.yaml").shown());
}

#[test]
fn the_port_of_a_service_is_told_from_the_pods() {
    let run = explain("shop/web", "shop/api", "80", "shop.yaml");
    assert!(run.out.contains("TCP 80 is the port of the Service `shop/api`"), "{}", run.out);
    assert_eq!(run.code, Some(1));
}

#[test]
fn a_pod_of_the_host_network_is_its_node() {
    for end in ["shop/agent", "shop/exporter", "10.9.0.1"] {
        let run = explain(end, "shop/db", "5432", "misses.yaml");
        assert_eq!(run.code, Some(0));
        assert!(run.out.contains("uses its node's network: policies do not select it"), "{}", run.out);
    }
}

#[test]
fn replicas_of_a_workload_are_not_one_pod() {
    let run = explain("shop/api", "shop/api", "8080", "shop.yaml");
    assert_eq!(run.code, Some(1), "{}", run.out);
}

#[test]
fn answers_that_differ_are_told_apart() {
    insta::assert_snapshot!(explain("shop/web", "shop/db", "5432", "families.yaml").shown());
    let json = sekisho(&[
        "explain",
        "--from",
        "shop/web",
        "--to",
        "shop/db",
        "--port",
        "5432",
        "-o",
        "json",
        "families.yaml",
    ]);
    assert_eq!(json.code, Some(1));
    let json = json.json();
    assert_eq!(json["verdict"], "deny");
    let allowed: Vec<_> =
        json["answers"].as_array().unwrap().iter().filter(|a| a["verdict"] == "allow").collect();
    assert_eq!(allowed.len(), 1);
    assert_eq!(allowed[0]["from_pods"], serde_json::json!(["web-a"]));
    assert_eq!(allowed[0]["packets"], serde_json::json!(["10.0.1.1 -> 10.0.2.1 TCP/5432"]));
}

#[test]
fn running_pods_stand_for_their_workload() {
    insta::assert_snapshot!(sekisho(&["reach", "replicas.yaml"]).shown());
    insta::assert_snapshot!(explain("shop/web", "shop/solo", "80", "replicas.yaml").shown());
    // Two replicas, not one pod that talks to itself.
    let among = explain("shop/web", "shop/web", "80", "replicas.yaml");
    assert!(among.out.contains("no policy isolates it") && !among.out.contains("itself"), "{}", among.out);
    let own_node = explain("192.168.0.1", "shop/solo", "80", "replicas.yaml");
    assert!(own_node.out.contains("a pod's own node always reaches it"), "{}", own_node.out);
}

#[test]
fn one_pod_of_a_workload_is_an_end() {
    let run = explain("shop/web-b", "shop/db", "5432", "families.yaml");
    assert!(run.out.contains("`track=stable` is wanted and the pod has `track=canary`"), "{}", run.out);
}

#[test]
fn explain_json_has_what_it_promises() {
    let run = sekisho(&[
        "explain",
        "-o",
        "json",
        "--from",
        "shop/web",
        "--to",
        "shop/api",
        "--port",
        "TCP/8080",
        "shop.yaml",
    ]);
    assert_eq!(run.code, Some(0));
    let json = run.json();
    assert_eq!(json["verdict"], "allow");
    assert_eq!(json["ingress"]["isolated"], true);
    let policy = &json["ingress"]["policies"][0];
    assert_eq!(policy["namespace"], "shop");
    assert_eq!(policy["name"], "api-from-web");
    assert_eq!(policy["selects"], true);
    assert_eq!(policy["allows"], true);
    assert_eq!(policy["rule"], "spec.ingress[1].from[0]");
    assert_eq!(policy["source"], "shop.yaml:53:11");
}

#[test]
fn names_that_mean_several_things_are_refused() {
    let run = explain("shop/client", "shop/web", "80", "twins.yaml");
    assert_eq!(run.code, Some(2));
    assert_eq!(
        run.err,
        "error: `shop/web` names more than one thing: write `shop/deployment/web` or `shop/statefulset/web`\n"
    );
    assert_eq!(explain("shop/client", "shop/deployment/web", "80", "twins.yaml").code, Some(0));
    assert_eq!(explain("shop/client", "shop/StatefulSet/web", "80", "twins.yaml").code, Some(1));
}

#[test]
fn names_that_mean_nothing_get_a_suggestion() {
    let errors = [
        ("shop/wbe", "no workload or pod is called `shop/wbe`; did you mean `shop/web`?"),
        ("market/web", "no workload or pod is called `market/web`; did you mean `shop/web`?"),
        ("shop/daemonset/web", "`shop/web` is a Deployment, not a daemonset"),
        (
            "nothing/at-all",
            "no workload or pod is called `nothing/at-all`; `sekisho reach` lists what there is",
        ),
        ("a/b/c/d", "`a/b/c/d` is no end: write `namespace/name`, `namespace/kind/name` or an address"),
        ("shop/", "`shop/` is no end: write `namespace/name`, `namespace/kind/name` or an address"),
    ];
    for (name, message) in errors {
        let run = explain(name, "shop/api", "80", "shop.yaml");
        assert_eq!((run.err, run.code), (format!("error: {message}\n"), Some(2)), "{name}");
        assert_eq!(run.out, "");
    }
}

#[test]
fn a_name_without_a_namespace_is_in_the_one_of_the_option() {
    let arguments = ["explain", "-n", "shop", "--from", "web", "--to", "api", "--port", "8080", "shop.yaml"];
    assert_eq!(sekisho(&arguments).code, Some(0));
}

#[test]
fn reach_is_a_table() {
    insta::assert_snapshot!(sekisho(&["reach", "shop.yaml"]).shown());
    insta::assert_snapshot!(sekisho(&["reach", "families.yaml"]).shown());
    insta::assert_snapshot!(sekisho(&["reach", "twins.yaml"]).shown());
}

#[test]
fn reach_json_is_exact() {
    let run = sekisho(&["reach", "-o", "json", "shop.yaml"]);
    assert_eq!(run.code, Some(0));
    let web = serde_json::json!({"workload": "shop/web", "kind": "Deployment"});
    let api = serde_json::json!({"workload": "shop/api", "kind": "Deployment"});
    let any = serde_json::json!({"cidrs": ["0.0.0.0/0", "::/0"]});
    let ten = serde_json::json!({"cidrs": [
        "10.0.0.0/16", "10.2.0.0/15", "10.4.0.0/14", "10.8.0.0/13", "10.16.0.0/12", "10.32.0.0/11",
        "10.64.0.0/10", "10.128.0.0/9",
    ]});
    assert_eq!(
        run.json(),
        serde_json::json!({"by": "workload", "connections": [
            {"from": [{"cluster": true}, any], "to": [web], "ports": ["TCP/8443"]},
            {"from": [api], "to": [any], "ports": ["all"]},
            {"from": [web], "to": [api], "ports": ["TCP/8080"]},
            {"from": [web], "to": [ten], "ports": ["TCP/80", "TCP/8000-8100", "UDP"]},
            {"from": [{"cidrs": ["10.0.0.0/24"]}], "to": [api], "ports": ["TCP/9090"]},
        ]})
    );
}

#[test]
fn standard_input_is_read() {
    let text = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/shop.yaml")).unwrap();
    let run = with_input(&["reach", "-o", "json", "-"], &text);
    assert_eq!(run.json(), sekisho(&["reach", "-o", "json", "shop.yaml"]).json());
    let nothing = with_input(&["reach", "-"], b"");
    assert_eq!((nothing.out.as_str(), nothing.code), ("no connection is allowed\n", Some(0)));
}

#[test]
fn wrong_manifests_are_told_of_and_nothing_is_answered() {
    let wrong = b"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a}\nspec:\n  podSelector: {}\n  policyType: [Ingress]\n---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: b}\nspec:\n  podSelector: {}\n  ingress:\n    - from:\n        - ipBlock: {cidr: 10.0.0.0/33}\n";
    for arguments in [["reach", "-"].as_slice(), &["explain", "--from", "a", "--to", "b", "--port", "1", "-"]]
    {
        let run = with_input(arguments, wrong);
        assert_eq!((run.out.as_str(), run.code), ("", Some(2)));
        for part in ["policyType", "10.0.0.0/33", "2 errors in the manifests"] {
            assert!(run.err.contains(part), "{part}: {}", run.err);
        }
    }
    let missing = sekisho(&["reach", "no-such-folder"]);
    assert_eq!(missing.code, Some(2));
    assert!(missing.err.starts_with("error: cannot read `no-such-folder`"), "{}", missing.err);
}

#[test]
fn a_closed_pipe_changes_no_answer() {
    let folder = "../../../../examples/exchange/production";
    let denied = ["explain", "--from", "shop/web", "--to", "shop/api", "--port", "1", "shop.yaml"];
    let json = ["reach", "-o", "json", folder];
    for (arguments, code) in
        [(json.as_slice(), 0), (&["reach", folder], 0), (&denied, 1), (&["schema", "reach"], 0)]
    {
        let mut child = command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let mut err = String::new();
        child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(code), "{arguments:?}: {err}");
        assert!(!err.contains("error") && !err.contains("panicked"), "{arguments:?}: {err}");
    }
}

#[test]
fn pipes_are_plain_and_colour_can_be_asked_for() {
    let arguments = ["explain", "--from", "shop/web", "--to", "shop/api", "--port", "80", "shop.yaml"];
    assert!(!sekisho(&arguments).out.contains('\u{1b}'));
    let forced = command(&arguments).env("CLICOLOR_FORCE", "1").output().unwrap();
    assert!(String::from_utf8(forced.stdout).unwrap().contains('\u{1b}'));
    let refused = command(&arguments).env("NO_COLOR", "1").output().unwrap();
    assert!(!String::from_utf8(refused.stdout).unwrap().contains('\u{1b}'));
}

/// Every folder below `folder` that has manifests.
fn folders(folder: &Path, found: &mut Vec<PathBuf>) {
    found.push(folder.to_owned());
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.is_dir()).for_each(|path| folders(&path, found));
}

#[test]
fn nothing_in_the_examples_or_the_corpus_makes_it_fail() {
    let mut all = Vec::new();
    for part in ["examples", "tests/corpus"] {
        folders(&root().join(part), &mut all);
    }
    assert!(all.len() > 50);
    for folder in all {
        let run = sekisho(&["reach", "-o", "json", folder.to_str().unwrap()]);
        match run.code {
            Some(0) => drop(run.json()),
            Some(2) => assert!(run.err.contains("error"), "{}: {}", folder.display(), run.err),
            other => panic!("{}: {other:?} {}", folder.display(), run.err),
        }
    }
}

#[test]
fn no_arguments_make_it_panic() {
    let odd = [
        "",
        "/",
        "//",
        "a/b",
        "999.1.1.1",
        "::",
        "0.0.0.0",
        "\u{1f980}/x",
        "shop/web",
        "-",
        "--",
        "10.0.0.1",
    ];
    for from in odd {
        for port in ["", "/", "TCP/", "/80", "UDP/dns", "65536", "icmp", "TCP/8080", "\u{1f980}"] {
            let run = sekisho(&[
                "explain",
                &format!("--from={from}"),
                "--to=shop/api",
                &format!("--port={port}"),
                "shop.yaml",
            ]);
            assert!(matches!(run.code, Some(0..=2)), "{from} {port}: {:?}", run.code);
        }
    }
}

#[test]
fn every_verb_has_help_with_examples() {
    let help = sekisho(&["--help"]);
    assert_eq!(help.code, Some(0));
    let verbs = help.out.lines().skip_while(|line| !line.starts_with("Commands:")).skip(1);
    let verbs: Vec<&str> =
        verbs.map_while(|line| line.split_whitespace().next()).filter(|v| *v != "help").collect();
    assert!(verbs.contains(&"explain") && verbs.contains(&"reach"), "{verbs:?}");
    for verb in verbs {
        let help = sekisho(&[verb, "--help"]);
        assert!(help.out.contains("Examples:") || help.out.contains("Commands:"), "{verb}: {}", help.out);
    }
}

#[test]
fn the_version_names_the_program() {
    let run = sekisho(&["--version"]);
    assert!(run.out.starts_with(&format!("sekisho {}", env!("CARGO_PKG_VERSION"))), "{}", run.out);
}

#[test]
fn a_ruleset_is_what_nft_takes() {
    let run = sekisho(&["render", "nftables", "--node", "n2", "families.yaml"]);
    assert_eq!(run.code, Some(0), "{}", run.err);
    assert!(run.out.starts_with("table inet sekisho {\n") && run.out.contains("10.0.2.1"), "{}", run.out);
    assert!(run.out.contains("\n}\n\ntable bridge sekisho {\n"), "{}", run.out);
    let placed = sekisho(&["render", "nftables", "--node", "node-1", "shop.yaml"]);
    assert_eq!(placed.code, Some(0), "{}", placed.err);
    assert!(placed.err.contains("those of `sekisho lab`"), "{}", placed.err);
    let unknown = sekisho(&["render", "nftables", "--node", "elsewhere", "families.yaml"]);
    assert_eq!((unknown.code, unknown.out.as_str()), (Some(2), ""));
    assert!(unknown.err.contains("there is no node `elsewhere`; there are `n1`, `n2`"), "{}", unknown.err);
}

/// Whether the machine lets the lab be built; where it does not, the program has to say so.
fn lab_runs(run: &Run) -> bool {
    let refused = run.code == Some(2) && run.err.contains("lets you make no network namespace");
    !refused
}

#[test]
fn the_lab_agrees_with_the_core() {
    let run = sekisho(&["lab", "run", "--nodes", "2", "shop.yaml"]);
    if lab_runs(&run) {
        assert_eq!(run.code, Some(0), "{}{}", run.out, run.err);
        assert!(run.out.contains("the kernel and the core agree on all of them"), "{}", run.out);
        assert!(!run.out.contains('\u{1b}'));
    }
    let empty = with_input(&["lab", "run", "-"], b"");
    assert_eq!(empty.code, Some(2));
    assert!(!lab_runs(&empty) || empty.err.contains("there is no running pod"), "{}", empty.err);
}

#[test]
fn a_shell_opens_in_a_pod_of_the_lab() {
    let mut child = command(&["lab", "shell", "-n", "shop", "web", "shop.yaml"])
        .env("SHELL", "/bin/sh")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let _ = child.stdin.take().unwrap().write_all(b"echo this is $SEKISHO_LAB_POD\n");
    let run = child.wait_with_output().unwrap().into();
    if lab_runs(&run) {
        assert_eq!((run.out.as_str(), run.code), ("this is shop/web\n", Some(0)), "{}", run.err);
        let unknown = sekisho(&["lab", "shell", "shop/none", "shop.yaml"]);
        assert_eq!(unknown.code, Some(2));
        assert!(unknown.err.contains("there is no pod `shop/none`"), "{}", unknown.err);
    }
    let piped = sekisho(&["lab", "shell", "shop/web", "-"]);
    assert_eq!(piped.code, Some(2));
}

#[test]
fn completions_and_manual_pages_are_written() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let run = sekisho(&["completions", shell]);
        assert!(run.out.contains("explain"), "{shell}");
    }
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man1");
    assert_eq!(sekisho(&["man", pages.to_str().unwrap()]).code, Some(0));
    for page in ["sekisho.1", "sekisho-explain.1", "sekisho-reach.1"] {
        assert!(fs::read_to_string(pages.join(page)).unwrap().contains("sekisho"), "{page}");
    }
}

#[test]
fn the_published_schemas_are_those_of_the_program_and_hold() {
    for (verb, outputs) in [
        (
            "check",
            ["check/shop.yaml", "shop.yaml", "../../../../examples/mistakes/and-or"]
                .map(|path| sekisho(&["check", "-o", "json", path]).json())
                .into(),
        ),
        (
            "diff",
            [["diff/old", "diff/new"], ["diff/old", "diff/old"], ["shop.yaml", "families.yaml"]]
                .map(|[old, new]| sekisho(&["diff", "-o", "json", old, new]).json())
                .into(),
        ),
        (
            "explain",
            vec![
                explain_json("shop/web", "shop/api", "9090", "shop.yaml"),
                explain_json("shop/web", "shop/db", "5432", "families.yaml"),
                explain_json("10.1.2.3", "shop/api", "icmp", "shop.yaml"),
            ],
        ),
        (
            "reach",
            ["shop.yaml", "families.yaml", "twins.yaml", "../../../../examples/exchange/production"]
                .map(|path| sekisho(&["reach", "-o", "json", path]).json())
                .into(),
        ),
        (
            "exposure",
            ["exposure.yaml", "shop.yaml", "../../../../examples/exchange/production"]
                .map(|path| sekisho(&["exposure", "-o", "json", path]).json())
                .into(),
        ),
        ("test", vec![test_json("exchange/production"), test_json("exchange/development")]),
        ("promises", vec![promises_json()]),
        ("redundant", vec![redundant_json(&[]), redundant_json(&["--always"])]),
        ("catalog", vec![catalog_json(&["--builtin"]), catalog_json(&["-c", EXCHANGE])]),
    ] {
        hold_schema(verb, &outputs);
    }
}

#[test]
fn the_published_schemas_of_what_flowed_are_those_of_the_program_and_hold() {
    hold_schema("recommend", &[recommend_json(&[]), recommend_json(&["--narrow"])]);
    hold_schema("recommend-status", &[recommend_json(&["--status"])]);
    let broken = ["diff", "-o", "json", "--flows", FLOWS, PRODUCTION, "diff/old"];
    hold_schema("diff-flows", &[sekisho(&broken).json()]);
    let recorded = |path: &str| -> Vec<serde_json::Value> {
        let shown = sekisho(&["observe", "-o", "jsonl", "--flows", path, PRODUCTION]).out;
        shown.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    hold_schema("flow", &[recorded(FLOWS), recorded("../../../../examples/flows/recorded.jsonl")].concat());
}

/// Asserts that the published schema of `verb` is the program's, and says yes to `outputs` and no to others.
fn hold_schema(verb: &str, outputs: &[serde_json::Value]) {
    let made = sekisho(&["schema", verb]).out;
    let path = root().join("docs/schema").join(format!("{verb}.json"));
    if std::env::var_os("SEKISHO_UPDATE_SCHEMAS").is_some() {
        fs::write(&path, &made).unwrap();
    }
    let published = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(made, published, "write it anew: SEKISHO_UPDATE_SCHEMAS=1 cargo test -p sekisho");
    let schema = jsonschema::validator_for(&serde_json::from_str(&made).unwrap()).unwrap();
    for output in outputs {
        let errors: Vec<String> = schema.iter_errors(output).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{verb}: {errors:?}\n{output}");
    }
    assert!(
        !schema.is_valid(&serde_json::json!({"connections": [{"from": 1}]})),
        "{verb}: a schema that says no"
    );
}

fn explain_json(from: &str, to: &str, port: &str, path: &str) -> serde_json::Value {
    sekisho(&["explain", "-o", "json", "--from", from, "--to", to, "--port", port, path]).json()
}

const FLOWS: &str = "../../../../examples/flows/exchange.jsonl";
const PRODUCTION: &str = "../../../../examples/exchange/production";

fn recommend_json(arguments: &[&str]) -> serde_json::Value {
    let asked = ["recommend", "-o", "json", "--flows", FLOWS, PRODUCTION];
    sekisho(&[&asked[..], arguments].concat()).json()
}

const EXCHANGE: &str = "../../../../examples/exchange/sekisho.yaml";

fn catalog_json(arguments: &[&str]) -> serde_json::Value {
    let shown = sekisho(&[&["catalog", "show"], arguments].concat());
    serde_saphyr::from_str(&shown.out).unwrap()
}

fn test_json(environment: &str) -> serde_json::Value {
    let examples = "../../../../examples";
    let folder = format!("{examples}/{environment}");
    let promises = format!("{examples}/promises/no-debugging.yaml");
    sekisho(&["test", "-o", "json", &promises, &folder]).json()
}

fn redundant_json(options: &[&str]) -> serde_json::Value {
    let path = "../../../../examples/redundant/shop.yaml";
    sekisho(&[&["redundant", "-o", "json", path], options].concat()).json()
}

#[test]
fn a_bar_in_the_name_of_a_file_ends_no_cell() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a|b.yaml");
    fs::copy(root().join("examples/redundant/shop.yaml"), &file).unwrap();
    let run = sekisho(&["redundant", "-o", "md", file.to_str().unwrap()]);
    let rows: Vec<&str> = run.out.lines().filter(|line| line.contains("a\\|b.yaml")).collect();
    assert!(!rows.is_empty(), "{}", run.out);
    for row in rows {
        assert_eq!(row.replace("\\|", "").matches('|').count(), 5, "{row}");
    }
}

/// Every key of a file of promises, as the reader knows them.
fn promises_json() -> serde_json::Value {
    serde_json::from_str(
        &fs::read_to_string(root().join("crates/sekisho/tests/fixtures/promises.json")).unwrap(),
    )
    .unwrap()
}
