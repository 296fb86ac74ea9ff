//! `sekisho reach`: what may be asked for, and every form of the answer.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what must hold")]

mod ran;

use ran::Run;
use std::{path::Path, process::Command};

fn reach(arguments: &[&str]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sekisho"));
    command.arg("reach").args(arguments);
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures"));
    command.env_remove("CLICOLOR_FORCE").output().unwrap().into()
}

const PRODUCTION: &str = "../../../../examples/exchange/production";

#[test]
fn every_form_of_the_answer() {
    for form in ["csv", "md", "dot"] {
        let run = reach(&["-o", form, "shop.yaml"]);
        assert_eq!((run.code, run.err.as_str()), (Some(0), ""));
        insta::assert_snapshot!(form, run.out);
    }
    for form in ["svg", "html"] {
        let run = reach(&["-o", form, PRODUCTION]);
        assert_eq!(run.code, Some(0));
        assert!(run.out.contains("trading-frontend") && run.out.contains(">TCP/3000<"), "{form}");
    }
}

#[test]
fn pods_and_namespaces_are_named_as_asked() {
    insta::assert_snapshot!("by_namespace", reach(&["--by", "namespace", PRODUCTION]).out);
    insta::assert_snapshot!("by_namespace_md", reach(&["--by", "namespace", "-o", "md", PRODUCTION]).out);
    insta::assert_snapshot!("by_pod", reach(&["--by", "pod", "families.yaml"]).out);
    let rows = reach(&["--by", "namespace", "-o", "json", PRODUCTION]).out;
    let rows: serde_json::Value = serde_json::from_str(&rows).unwrap();
    assert_eq!(rows["by"], "namespace");
}

#[test]
fn json_is_what_its_schema_says() {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schema/reach.json");
    let schema = serde_json::from_str(&std::fs::read_to_string(schema).unwrap()).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    for more in [vec![], vec!["--by", "pod"], vec!["--by", "namespace"], vec!["--from", "trading/*"]] {
        let arguments = [more.as_slice(), &["-o", "json", PRODUCTION]].concat();
        let output = serde_json::from_str(&reach(&arguments).out).unwrap();
        let errors: Vec<String> = schema.iter_errors(&output).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{arguments:?}: {errors:?}");
    }
}

/// The rows of the table, without its header.
fn rows(arguments: &[&str]) -> Vec<String> {
    let run = reach(arguments);
    assert_eq!(run.code, Some(0), "{arguments:?}: {}", run.err);
    let lines = run.out.lines().skip(1);
    lines.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn what_is_asked_for_is_listed_and_nothing_else() {
    for (arguments, expected) in [
        (["--to", "ledger/ledger-db"].as_slice(), ["ledger/ledger ledger/ledger-db TCP/5432"].as_slice()),
        (&["--to", "ledger/statefulset/ledger-db"], &["ledger/ledger ledger/ledger-db TCP/5432"]),
        (
            &["--from", "ledger/*", "--to", "ledger:app.kubernetes.io/name=ledger-db"],
            &["ledger/ledger ledger/ledger-db TCP/5432"],
        ),
        (
            &["--from", "35.191.7.7", "--to", "cluster", "--port", "8080"],
            &["35.191.7.7/32 kube-system/kube-dns, trading/trading-bff, wallet/wallet-bff TCP/8080"],
        ),
        (
            &["--from", "internet", "--to", "app.kubernetes.io/component=bff", "--port", "TCP"],
            &["35.191.0.0/16, 130.211.0.0/22 trading/trading-bff, wallet/wallet-bff TCP/8080"],
        ),
        (
            &[
                "--from",
                "app.kubernetes.io/part-of=wallet,app.kubernetes.io/component in (bff)",
                "--to",
                "wallet/*",
            ],
            &["wallet/wallet-bff wallet/wallet-backend TCP/9091"],
        ),
        (
            &["--from", "trading/trading-bff", "--from", "wallet/wallet-bff", "--to", "market-data/*"],
            &["trading/trading-bff, wallet/wallet-bff market-data/market-data TCP/50051"],
        ),
    ] {
        assert_eq!(rows(&[arguments, &[PRODUCTION]].concat()), expected, "{arguments:?}");
    }
}

#[test]
fn a_namespace_narrows_to_what_begins_or_ends_there() {
    let of_ledger = rows(&["-n", "ledger", PRODUCTION]);
    assert!(!of_ledger.is_empty() && of_ledger.iter().all(|row| row.contains("ledger/")), "{of_ledger:?}");
    assert!(
        of_ledger
            .contains(&"trading/trading-backend, wallet/wallet-backend ledger/ledger TCP/50051".to_owned())
    );
    assert_eq!(rows(&["-A", "-n", "ledger", PRODUCTION]), rows(&[PRODUCTION]));
}

#[test]
fn what_names_nothing_is_an_error_that_names_what_is_near() {
    for (arguments, message) in [
        (["--to", "ledger/ledgerdb"], "did you mean `ledger/ledger-db`?"),
        (["--to", "ledgr/*"], "no pod is in a namespace `ledgr`; did you mean `ledger`?"),
        (["-n", "ledgr"], "no pod is in a namespace `ledgr`; did you mean `ledger`?"),
        (["--from", "app.kubernetes.io/component=bbf"], "did you mean `app.kubernetes.io/component=bff`?"),
        (
            ["--from", "app.kubernetes.io/component=cache"],
            "`app.kubernetes.io/component` is `backend`, `bff`, ",
        ),
        (
            ["--from", "app.kubernetes.io/component=frontnd"],
            "did you mean `app.kubernetes.io/component=frontend`?",
        ),
        (
            ["--from", "app.kubernetes.io/components=bff"],
            "did you mean the label `app.kubernetes.io/component`?",
        ),
        (["--from", "ledger:app.kubernetes.io/component=bff"], "no pod has labels that match"),
        (["--from", "=bff"], "`=bff` is no condition on labels"),
        (["--from", "10.0.0.0/99"], "`10.0.0.0/99` is no block of addresses"),
        (["--port", "TCP/0"], "`0` is no port: ports are 1 to 65535"),
        (["--port", "htpp"], "no container port is named `htpp`; did you mean `http`?"),
        (["--port", "http-prometeus"], "`http-prometeus` is no port, nor does a container port"),
        (["--port", "QUIC/443"], "`QUIC` is not a protocol"),
    ] {
        let run = reach(&[arguments.as_slice(), &[PRODUCTION]].concat());
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(run.err.contains(message), "{arguments:?}: {}", run.err);
    }
}

#[test]
fn a_question_without_an_answer_is_no_error() {
    let run = reach(&["--from", "ledger/ledger-db", "--to", "trading/*", PRODUCTION]);
    assert_eq!((run.code, run.out.as_str()), (Some(0), "no connection is allowed\n"));
}
