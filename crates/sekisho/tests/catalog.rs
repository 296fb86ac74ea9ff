//! `sekisho generate` and `sekisho catalog`, as people and CI systems run them.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what must hold")]

mod ran;

use ran::Run;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn sekisho(folder: &Path, arguments: &[&str]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sekisho"));
    command.args(arguments).current_dir(folder).env_remove("CLICOLOR_FORCE").output().unwrap().into()
}

/// A folder with the catalog of the example.
fn exchange() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(root().join("examples/exchange/sekisho.yaml"), folder.path().join("sekisho.yaml")).unwrap();
    folder
}

#[test]
fn files_are_written_checked_and_removed() {
    let folder = exchange();
    let at = folder.path();
    let write = ["generate", "-e", "production", "-o", "policies"];
    let check = [&write[..], &["--check"]].concat();

    let missing = sekisho(at, &check);
    assert_eq!(missing.code, Some(1), "{}", missing.err);
    assert!(
        missing.out.starts_with("--- /dev/null\n+++ b/policies/datadog/baseline.yaml\n"),
        "{}",
        missing.out
    );
    assert!(!at.join("policies").exists());

    let written = sekisho(at, &write);
    assert_eq!(written.code, Some(0), "{}", written.err);
    assert!(written.out.ends_with("16 written, 0 removed, 0 as they were\n"), "{}", written.out);
    let same = sekisho(at, &check);
    assert_eq!((same.code, same.out.as_str()), (Some(0), ""));
    assert!(sekisho(at, &write).out.ends_with("0 written, 0 removed, 16 as they were\n"));

    // What somebody changes by hand, and what somebody else wrote.
    let bff = at.join("policies/trading/trading-bff.yaml");
    let text = fs::read_to_string(&bff).unwrap();
    fs::write(&bff, text.replace("port: 8080", "port: 8081")).unwrap();
    fs::write(at.join("policies/trading/own.yaml"), "kind: Mine\n").unwrap();
    let differs = sekisho(at, &check);
    assert_eq!(differs.code, Some(1));
    assert!(differs.out.contains("-          port: 8081\n+          port: 8080\n"), "{}", differs.out);
    assert_eq!(differs.out.matches("+++ ").count(), 1, "{}", differs.out);

    // A service that is gone takes its files with it, and nothing else.
    let catalog = fs::read_to_string(at.join("sekisho.yaml")).unwrap();
    fs::write(
        at.join("sekisho.yaml"),
        catalog.replace("  wallet:\n", "  purse:\n").replace("wallet/", "purse/"),
    )
    .unwrap();
    fs::write(at.join("policies/wallet/own.yaml"), "kind: Mine\n").unwrap();
    let written = sekisho(at, &write);
    assert_eq!(written.code, Some(0), "{}", written.err);
    assert!(written.out.contains("removed policies/wallet/wallet-bff.yaml\n"), "{}", written.out);
    let left: Vec<_> =
        fs::read_dir(at.join("policies/wallet")).unwrap().map(|one| one.unwrap().file_name()).collect();
    assert_eq!(left, ["own.yaml"]);
    fs::remove_file(at.join("policies/wallet/own.yaml")).unwrap();
    assert!(at.join("policies/trading/own.yaml").exists());

    // A file of somebody else's is not replaced.
    fs::write(&bff, "kind: Mine\n").unwrap();
    let refused = sekisho(at, &write);
    assert_eq!(refused.code, Some(2));
    assert!(refused.err.contains("was not written by `sekisho generate`"), "{}", refused.err);
    assert_eq!(fs::read_to_string(&bff).unwrap(), "kind: Mine\n");
}

#[test]
fn what_is_generated_is_what_the_example_has() {
    let folder = exchange();
    for environment in ["production", "development"] {
        let output = folder.path().join(environment);
        let run = sekisho(folder.path(), &["generate", "-e", environment, "-o", output.to_str().unwrap()]);
        assert_eq!(run.code, Some(0), "{}", run.err);
        // The workloads of the example under the policies that were generated.
        let example = root().join("examples/exchange").join(environment);
        let manifests = folder.path().join(format!("{environment}.yaml"));
        fs::write(&manifests, workloads(environment)).unwrap();
        let arguments = ["reach", "-o", "csv"];
        let given = sekisho(
            folder.path(),
            &[&arguments[..], &[manifests.to_str().unwrap(), output.to_str().unwrap()]].concat(),
        );
        let wanted = sekisho(folder.path(), &[&arguments[..], &[example.to_str().unwrap()]].concat());
        assert_eq!((given.code, &given.out), (Some(0), &wanted.out), "{}", given.err);
        // And they keep what the catalog means, which is no less than what the example has.
        let promises = folder.path().join("promises.yaml");
        let run = sekisho(
            folder.path(),
            &["generate", "-e", environment, "-o", output.to_str().unwrap(), "--promises", "promises.yaml"],
        );
        assert_eq!(run.code, Some(0), "{}", run.err);
        let other = if environment == "production" { "development" } else { "production" };
        for (manifests, kept) in [(environment, 0), (other, 1)] {
            let manifests = root().join("examples/exchange").join(manifests);
            let test =
                sekisho(folder.path(), &["test", promises.to_str().unwrap(), manifests.to_str().unwrap()]);
            assert_eq!(test.code, Some(kept), "{}{}", test.out, test.err);
        }
    }
}

#[test]
fn every_layout_is_written_and_checked() {
    let folder = exchange();
    for (layout, file) in [
        ("plain", "development/trading/trading-bff.yaml"),
        ("kustomize", "overlays/development/patches/trading/trading-bff.yaml"),
        ("helm", "templates/trading/trading-bff.yaml"),
    ] {
        let arguments = ["generate", "--layout", layout, "-o", layout];
        let run = sekisho(folder.path(), &arguments);
        assert_eq!(run.code, Some(0), "{}", run.err);
        assert!(
            fs::read_to_string(folder.path().join(layout).join(file)).unwrap().contains("203.0.113.0/24")
        );
        assert_eq!(sekisho(folder.path(), &[&arguments[..], &["--check"]].concat()).code, Some(0));
    }
    let run = sekisho(folder.path(), &["generate", "--layout", "helm", "-o", "helm", "-e", "production"]);
    assert_eq!(run.code, Some(2), "{}", run.err);
}

#[test]
fn the_catalog_is_found_and_its_mistakes_are_told() {
    let folder = exchange();
    let deep = folder.path().join("a/b");
    fs::create_dir_all(&deep).unwrap();
    let printed = sekisho(&deep, &["generate", "-e", "production"]);
    assert_eq!(printed.code, Some(0), "{}", printed.err);
    assert_eq!(printed.out.matches("kind: NetworkPolicy").count(), 16);
    for (arguments, told) in [
        (vec!["generate"], "say which environment: `--environment` with one of `development`, `production`"),
        (
            vec!["generate", "-e", "prodution"],
            "no environment is called `prodution`; did you mean `production`?",
        ),
        (vec!["generate", "-c", "nowhere.yaml"], "cannot read `nowhere.yaml`"),
        (vec!["generate", "--check"], "--output"),
        (vec!["generate", "-e", "production", "-o", "../.."], "write to a folder that is for policies alone"),
    ] {
        let run = sekisho(&deep, &arguments);
        assert_eq!(run.code, Some(2), "{arguments:?}");
        assert!(run.err.contains(told), "{arguments:?}: {}", run.err);
    }
    let mistaken = "version: 1\nservices:\n  shop:\n    components:\n      frontnd: { ports: http }\n";
    fs::write(deep.join("sekisho.yaml"), mistaken).unwrap();
    let run = sekisho(&deep, &["generate"]);
    assert_eq!((run.code, run.out.as_str()), (Some(2), ""));
    assert!(
        run.err.contains("sekisho.yaml:5:7") && run.err.contains("did you mean `frontend`?"),
        "{}",
        run.err
    );
    // Without any catalog there is nothing to generate, and yet a standard.
    let empty = tempfile::tempdir().unwrap();
    let run = sekisho(empty.path(), &["generate"]);
    assert_eq!(run.code, Some(2), "{}", run.out);
    assert!(sekisho(empty.path(), &["catalog", "show"]).out.contains("35.191.0.0/16"));
}

#[test]
fn exceptions_that_are_over_are_told_and_written() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = "version: 1
peers: { ci: { ranges: 192.0.2.0/28, role: nat } }
services:
  shop:
    components:
      frontend: { ports: http, exceptions: [{ from: ci, reason: a probe, until: 2020-01-31 }] }
";
    fs::write(folder.path().join("sekisho.yaml"), catalog).unwrap();
    let run = sekisho(folder.path(), &["generate"]);
    assert_eq!(run.code, Some(0), "{}", run.err);
    assert!(run.err.contains("that ci may call shop/frontend was until 2020-01-31 (a probe)"), "{}", run.err);
    assert!(
        run.out
            .contains("# Until 2020-01-31: a probe\n        - ipBlock:\n            cidr: 192.0.2.0/28 # ci")
    );
}

#[test]
fn a_catalog_is_imported() {
    let example = root().join("examples/exchange");
    let run = sekisho(&root(), &["catalog", "import", "examples/exchange"]);
    assert_eq!((run.code, run.err.as_str()), (Some(0), ""));
    let plain = |text: &str| -> String {
        let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
        lines.map(|line| format!("{line}\n")).collect()
    };
    // But for its comments, which nobody can guess, it is the example's.
    assert_eq!(run.out, plain(&fs::read_to_string(example.join("sekisho.yaml")).unwrap()));
    // Folders by themselves are environments as well; one alone is of none.
    let both = sekisho(&example, &["catalog", "import", "production", "development"]);
    assert_eq!(both.code, Some(0), "{}", both.err);
    assert!(both.out.contains("  production: { paths: production }\n  development:"), "{}", both.out);
    let one = sekisho(&example, &["catalog", "import", "production"]);
    assert_eq!(one.code, Some(0), "{}", one.err);
    assert!(!one.out.contains("environments") && !one.out.contains("office"), "{}", one.out);
    // Policies that follow no standard are told, with their lines.
    let mistake = sekisho(&root(), &["catalog", "import", "examples/mistakes/cloud-nat-range"]);
    assert_eq!(mistake.code, Some(1), "{}", mistake.err);
    assert!(mistake.err.contains("not-in-catalog"), "{}", mistake.err);
    let wrong = sekisho(&root(), &["catalog", "import", "examples/mistakes/key-too-deep"]);
    assert_eq!((wrong.code, wrong.out.as_str()), (Some(2), ""));
}

#[test]
fn a_catalog_may_lie_among_manifests() {
    let folder = exchange();
    let example = root().join("examples/exchange/production/trading/bff.yaml");
    fs::copy(example, folder.path().join("bff.yaml")).unwrap();
    let run = sekisho(folder.path(), &["reach", "."]);
    assert_eq!((run.code, run.err.as_str()), (Some(0), ""));
    // A manifest of that name is still one.
    fs::write(
        folder.path().join("sekisho.yaml"),
        "apiVersion: v1\nkind: Namespace\nmetadata: { name: Wrong }\n",
    )
    .unwrap();
    assert_eq!(sekisho(folder.path(), &["reach", "."]).code, Some(2));
}

/// The chart as Helm makes it, for there may be no Helm here: what stands between the only two words of its language
/// that are in it, where the environment is one of the list.
fn templated(chart: &Path, environment: &str) -> String {
    let mut text = String::new();
    for namespace in fs::read_dir(chart.join("templates")).unwrap() {
        for file in fs::read_dir(namespace.unwrap().path()).unwrap() {
            let mut shown = vec![true];
            for line in fs::read_to_string(file.unwrap().path()).unwrap().lines() {
                if let Some(list) = line.trim_start().strip_prefix("{{- if has .Values.environment (list ") {
                    let is_here = list.contains(&format!("\"{environment}\""));
                    shown.push(is_here && *shown.last().unwrap());
                } else if line.trim_start() == "{{- end }}" {
                    shown.pop();
                } else if *shown.last().unwrap() {
                    text += &format!("{line}\n");
                }
            }
            text += "---\n";
        }
    }
    text
}

/// The workloads of an environment of the example, without its policies.
fn workloads(environment: &str) -> String {
    let mut documents = Vec::new();
    for namespace in fs::read_dir(root().join("examples/exchange").join(environment)).unwrap() {
        for file in fs::read_dir(namespace.unwrap().path()).unwrap() {
            let text = fs::read_to_string(file.unwrap().path()).unwrap();
            let others = text.split("\n---\n").filter(|one| !one.contains("kind: NetworkPolicy"));
            documents.extend(others.map(str::to_owned));
        }
    }
    documents.join("\n---\n")
}

#[test]
fn promises_hold_however_policies_are_laid_out() {
    let folder = exchange();
    let at = folder.path();
    let generate = |words: &[&str]| sekisho(at, &[&["generate"], words].concat());
    for (layout, promises) in [("kustomize", "k/{environment}.yaml"), ("helm", "h/{environment}.yaml")] {
        let words = ["--layout", layout, "-o", layout, "--promises", promises];
        let run = generate(&words);
        assert_eq!(run.code, Some(0), "{}", run.err);
        assert_eq!(generate(&[&words[..], &["--check"]].concat()).code, Some(0));
        // Of one environment, with the policies of all.
        let one = generate(&["--layout", layout, "-o", layout, "--promises", "one.yaml", "-e", "production"]);
        assert_eq!(one.code, Some(0), "{}", one.err);
        let text = |path: &str| fs::read_to_string(at.join(path)).unwrap();
        assert_eq!(text("one.yaml"), text(&promises.replace("{environment}", "production")));
    }
    let has_kustomize =
        ["kustomize", "kubectl"].iter().any(|one| Command::new(one).arg("version").output().is_ok());
    for (environment, other) in [("production", "development"), ("development", "production")] {
        fs::write(at.join("workloads.yaml"), workloads(environment)).unwrap();
        fs::write(at.join("helm.yaml"), templated(&at.join("helm"), environment)).unwrap();
        let overlay = format!("kustomize/overlays/{environment}");
        let built = [("h", "helm.yaml")].into_iter().chain(has_kustomize.then_some(("k", overlay.as_str())));
        for (promises, built) in built {
            for (of, code) in [(environment, 0), (other, 1)] {
                let promises = format!("{promises}/{of}.yaml");
                let run = sekisho(at, &["test", &promises, "workloads.yaml", built]);
                assert_eq!(run.code, Some(code), "{built} {promises}: {}{}", run.out, run.err);
            }
        }
    }
    for words in [&["--layout", "helm", "-o", "x"][..], &["-o", "x"], &["--layout", "kustomize", "-o", "x"]] {
        let run = generate(&[words, &["--promises", "p.yaml"]].concat());
        assert_eq!(run.code, Some(2), "{}", run.out);
        assert!(
            run.err.contains("promises are of one environment: name it by `--environment`"),
            "{}",
            run.err
        );
    }
    assert!(!at.join("x").exists() && !at.join("p.yaml").exists());
}

#[test]
fn what_is_imported_is_told_with_all_that_lies_there() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let policy = "apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: baseline, namespace: shop }
spec: { podSelector: {}, policyTypes: [Ingress, Egress], egress: [{}] }
";
    let cluster_wide = "apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: { name: NAME }
spec: { tier: Admin, priority: 1, subject: { namespaces: {} }, ingress: [{ action: Deny, from: [{ namespaces: {} }] }] }
";
    let write = |path: &str, text: &str| {
        fs::create_dir_all(at.join(path).parent().unwrap()).unwrap();
        fs::write(at.join(path), text).unwrap();
    };
    write("deploy/Prod_1/shop.yaml", policy);
    write("deploy/dev/shop.yaml", policy);
    write("deploy/cluster/admin.yaml", &cluster_wide.replace("NAME", "in-a-folder"));
    write("deploy/admin.yaml", &cluster_wide.replace("NAME", "beside"));
    let run = sekisho(at, &["catalog", "import", "deploy"]);
    assert_eq!(run.code, Some(1), "{}", run.err);
    assert!(
        run.out.contains("  dev: { paths: dev }\n") && run.out.contains("  prod-1: { paths: Prod_1 }\n"),
        "{}",
        run.out
    );
    let told = "the environment of the folder `Prod_1` is called `prod-1` in the catalog";
    assert!(run.err.contains(told), "{}", run.err);
    for name in ["in-a-folder", "beside"] {
        assert!(run.err.contains(&format!("`ClusterNetworkPolicy/{name}` is cluster-wide")), "{}", run.err);
    }
    // What it prints is a catalog, which gives back the policies.
    write("sekisho.yaml", &run.out);
    let given = sekisho(at, &["generate", "-e", "prod-1"]);
    assert_eq!((given.code, given.out.matches("kind:").count()), (Some(0), 1), "{}", given.err);
    // By a base that knows the folders they are called as there, and all of its environments stay.
    write("base.yaml", "version: 1\nenvironments: { test: {}, production: { paths: deploy/Prod_1 } }\n");
    let run = sekisho(at, &["catalog", "import", "-c", "base.yaml", "deploy"]);
    let environments =
        "environments:\n  test: {}\n  production: { paths: deploy/Prod_1 }\n  dev: { paths: dev }\n";
    assert!(run.out.contains(environments), "{}{}", run.out, run.err);
    // Policies beside the folders are of all of them or of none.
    write("deploy/common.yaml", &policy.replace("baseline", "common"));
    let run = sekisho(at, &["catalog", "import", "deploy"]);
    assert_eq!(run.code, Some(2), "{}", run.out);
    assert!(run.err.contains("policies lie beside the folders"), "{}", run.err);
    fs::remove_file(at.join("deploy/common.yaml")).unwrap();
    // A folder that cannot be read is not passed over, though no policy of it is known.
    write("deploy/broken/shop.yaml", "kind: [\n");
    let run = sekisho(at, &["catalog", "import", "deploy"]);
    assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{}", run.err);
}
