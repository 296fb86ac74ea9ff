//! Folders that another program builds, and folders that the program writes itself.

#![allow(clippy::unwrap_used, reason = "a test says what must hold")]

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output},
};
use tempfile::TempDir;

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop}\nspec: {containers: [{name: c, image: i}]}\n";

fn sekisho(arguments: &[&str], path: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sekisho")).args(arguments).env("PATH", path).output().unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// A program that is a shell script.
fn program(folder: &Path, name: &str, script: &str) {
    write(folder, name, &format!("#!/bin/sh\n{script}\n"));
    fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o755)).unwrap();
}

fn kustomize_folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    write(folder.path(), "base/pod.yaml", POD);
    write(folder.path(), "base/kustomization.yaml", "resources: [pod.yaml]\n");
    write(folder.path(), "production/kustomization.yaml", "resources: [../base]\nnamePrefix: blue-\n");
    folder
}

#[test]
fn a_folder_of_kustomize_is_built() {
    let path = std::env::var("PATH").unwrap();
    let has = |program: &str, word: &str| Command::new(program).args([word, "--help"]).output().is_ok();
    if !has("kustomize", "build") && !has("kubectl", "kustomize") {
        println!("neither kustomize nor kubectl is installed");
        return;
    }
    let folder = kustomize_folder();
    let overlay = folder.path().join("production");
    let output = sekisho(&["reach", overlay.to_str().unwrap()], &path);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert!(out(&output).contains("blue-web"), "{}", out(&output));
}

#[test]
fn what_kustomize_says_is_told() {
    let (folder, bin) = (kustomize_folder(), TempDir::new().unwrap());
    program(bin.path(), "kustomize", "echo 'no such resource' >&2; exit 1");
    let overlay = folder.path().join("production");
    let output = sekisho(&["reach", overlay.to_str().unwrap()], bin.path().to_str().unwrap());
    assert_eq!((output.status.code(), out(&output)), (Some(2), String::new()));
    assert!(err(&output).contains("kustomize build"), "{}", err(&output));
    assert!(err(&output).contains("no such resource"), "{}", err(&output));
}

#[test]
fn a_program_that_is_missing_is_named() {
    let (kustomize, chart) = (kustomize_folder(), TempDir::new().unwrap());
    write(chart.path(), "Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n");
    write(chart.path(), "templates/pod.yaml", "name: {{ .Values.name }}\n");
    for (folder, program) in
        [(kustomize.path().join("base"), "`kustomize`"), (chart.path().to_owned(), "`helm`")]
    {
        let output = sekisho(&["reach", folder.to_str().unwrap()], "/nonexistent");
        assert_eq!((output.status.code(), out(&output)), (Some(2), String::new()));
        assert!(err(&output).contains(program) && err(&output).contains("install"), "{}", err(&output));
    }
}

#[test]
fn a_chart_is_built_with_its_values() {
    let (folder, bin) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let chart = folder.path().join("web");
    write(&chart, "Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n");
    let pod = POD.replace("namespace: shop", "namespace: \"'\"$5\"'\"");
    program(bin.path(), "helm", &format!("/bin/echo \"$@\" >&2\n/bin/echo '{pod}'"));
    let chart = chart.to_str().unwrap();
    let output =
        sekisho(&["reach", chart, "-n", "blue", "--helm-values", "v.yaml"], bin.path().to_str().unwrap());
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert!(out(&output).contains("blue/web"), "{}", out(&output));
    // What it was called with is seen when it fails.
    program(bin.path(), "helm", "exit 3");
    let output =
        sekisho(&["reach", chart, "-n", "blue", "--helm-values", "v.yaml"], bin.path().to_str().unwrap());
    let call = format!("helm template web {chart} --namespace blue --values v.yaml");
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains(&call), "{}", err(&output));
}

const DENY: &str = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: deny, namespace: shop}\nspec: {podSelector: {}}\n";

/// A repository whose first commit has a pod below `base`, and whose second a policy beside it, in the
/// manifests that a script makes of them in the place of `kustomize` and `helm`.
fn repository(sign: &str) -> (TempDir, TempDir, String) {
    let (folder, bin) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    for name in ["kustomize", "helm"] {
        // The last word that is a folder is what is built; the manifests are beside it.
        program(
            bin.path(),
            name,
            "for word; do [ -d \"$word\" ] && folder=$word; [ -f \"$word\" ] && cat \"$word\"; done\n\
             cat \"$folder\"/../base/*.yml",
        );
    }
    let path = format!("{}:{}", bin.path().display(), std::env::var("PATH").unwrap());
    git(&folder, &["init", "--quiet", "--initial-branch=main"]);
    write(folder.path(), &format!("overlay/{sign}"), "");
    write(folder.path(), "base/pod.yml", POD);
    git(&folder, &["add", "-A"]);
    git(&folder, &["commit", "--quiet", "-m", "first"]);
    write(folder.path(), "base/policy.yml", &format!("---\n{DENY}"));
    git(&folder, &["add", "-A"]);
    git(&folder, &["commit", "--quiet", "-m", "second"]);
    (folder, bin, path)
}

fn git(folder: &TempDir, arguments: &[&str]) {
    let settings =
        ["-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"];
    let status = Command::new("git").args(settings).args(arguments).current_dir(folder.path()).status();
    assert!(status.unwrap().success(), "git {arguments:?}");
}

fn diff_in(folder: &Path, arguments: &[&str], path: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sekisho"));
    command.arg("diff").args(arguments).current_dir(folder).env("PATH", path).output().unwrap()
}

#[test]
fn folders_that_are_built_are_compared() {
    let (folder, _bin, path) = repository("kustomization.yaml");
    write(folder.path(), "other/base/pod.yml", POD);
    write(folder.path(), "other/overlay/Chart.yaml", "");
    let output = diff_in(folder.path(), &["other/overlay", "overlay"], &path);
    assert_eq!(output.status.code(), Some(1), "{}", err(&output));
    assert!(out(&output).contains("overlay (kustomize):"), "{}", out(&output));
}

#[test]
fn revisions_that_are_built_are_compared() {
    for (sign, by) in [("kustomization.yaml", "kustomize"), ("Chart.yaml", "helm")] {
        let (folder, _bin, path) = repository(sign);
        for (from, overlay) in [("", "overlay"), ("overlay", "."), ("base", "../overlay")] {
            let output = diff_in(&folder.path().join(from), &["--git", "main^..main", "--", overlay], &path);
            assert_eq!(output.status.code(), Some(1), "{from}: {}", err(&output));
            let place = format!("main:{overlay} ({by}):");
            assert!(out(&output).contains(&place), "{place} is not in: {}", out(&output));
        }
        // Against the work tree, which is not what is committed.
        fs::remove_file(folder.path().join("base/policy.yml")).unwrap();
        let output = diff_in(folder.path(), &["--git", "main", "--", "overlay"], &path);
        assert_eq!(output.status.code(), Some(1), "{}", err(&output));
        assert_eq!(diff_in(folder.path(), &["--git", "main^", "overlay"], &path).status.code(), Some(0));
        // Nothing is staged by it.
        let status = Command::new("git").args(["status", "--short"]).current_dir(folder.path()).output();
        assert_eq!(out(&status.unwrap()), " D base/policy.yml\n");
    }
}

#[test]
fn values_of_a_chart_are_those_of_the_revision() {
    let (folder, _bin, path) = repository("Chart.yaml");
    write(folder.path(), "values.yaml", "");
    git(&folder, &["add", "-A"]);
    git(&folder, &["commit", "--quiet", "-m", "third"]);
    // The script prints the values: here a manifest.
    write(folder.path(), "values.yaml", &format!("{}\n---\n", POD.replace("web", "other")));
    let arguments = ["--git", "main", "--helm-values", "values.yaml", "--", "overlay"];
    let output = diff_in(folder.path(), &arguments, &path);
    assert_eq!(output.status.code(), Some(1), "{}", err(&output));
    assert!(out(&output).contains("CAME") && out(&output).contains("shop/other"), "{}", out(&output));
}

#[test]
fn a_revision_whose_program_is_missing_is_named() {
    let (folder, bin, _) = repository("kustomization.yaml");
    let git = std::env::var("PATH").unwrap();
    let git = std::env::split_paths(&git).map(|folder| folder.join("git")).find(|path| path.is_file());
    fs::remove_file(bin.path().join("kustomize")).unwrap();
    std::os::unix::fs::symlink(git.unwrap(), bin.path().join("git")).unwrap();
    let output = diff_in(folder.path(), &["--git", "main^..main", "overlay"], bin.path().to_str().unwrap());
    assert_eq!((output.status.code(), out(&output)), (Some(2), String::new()));
    assert!(err(&output).contains("`main^:overlay` is a folder of Kustomize"), "{}", err(&output));
}

#[test]
fn a_snapshot_takes_the_place_of_a_snapshot_alone() {
    let folder = TempDir::new().unwrap();
    write(folder.path(), "pod.yaml", POD);
    let (pod, taken) = (folder.path().join("pod.yaml"), folder.path().join("taken"));
    let arguments = ["snapshot", taken.to_str().unwrap(), pod.to_str().unwrap()];
    for _ in 0..2 {
        let output = sekisho(&arguments, "");
        assert_eq!(output.status.code(), Some(0), "{}", err(&output));
        assert_eq!(out(&output), format!("wrote 1 object to `{}`\n", taken.display()));
    }
    let mut names: Vec<_> = fs::read_dir(&taken)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["SNAPSHOT.txt", "pods-0001.json"]);
    assert_eq!(sekisho(&["reach", taken.to_str().unwrap()], "").status.code(), Some(0));
    // Nothing is left beside it.
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);

    let output = sekisho(&["snapshot", folder.path().to_str().unwrap(), pod.to_str().unwrap()], "");
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("is not empty, and not a snapshot"), "{}", err(&output));
    assert!(pod.exists());
}

#[test]
fn a_snapshot_of_wrong_manifests_is_not_written() {
    let folder = TempDir::new().unwrap();
    write(folder.path(), "pod.yaml", &POD.replace("kind: Pod", ""));
    let (pod, taken) = (folder.path().join("pod.yaml"), folder.path().join("taken"));
    let output = sekisho(&["snapshot", taken.to_str().unwrap(), pod.to_str().unwrap()], "");
    assert_eq!(output.status.code(), Some(2));
    assert!(!taken.exists());
}

#[test]
fn names_are_hidden_the_same_way_by_the_same_key() {
    let folder = TempDir::new().unwrap();
    write(folder.path(), "pod.yaml", POD);
    write(folder.path(), "key", "a secret");
    let pod = folder.path().join("pod.yaml");
    let take = |name: &str, options: &[&str]| {
        let taken = folder.path().join(name);
        let mut arguments = vec!["snapshot", taken.to_str().unwrap(), pod.to_str().unwrap()];
        arguments.extend(options);
        let output = sekisho(&arguments, "");
        assert_eq!(output.status.code(), Some(0), "{}", err(&output));
        fs::read_to_string(taken.join("pods-0001.json")).unwrap()
    };
    let key = folder.path().join("key");
    let by_key = ["--redact-key", key.to_str().unwrap()];
    assert_eq!(take("one", &by_key), take("two", &by_key));
    assert_ne!(take("three", &["--redact"]), take("four", &["--redact"]));
    assert!(!take("five", &["--redact"]).contains("shop"));
}
