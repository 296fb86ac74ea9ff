//! What is known of findings from one run to the next: baselines, changes, fingerprints.

use super::{changed, check, found, shop};
use serde_json::Value;
use std::{fs, path::Path, process::Command};
use tempfile::TempDir;

#[test]
fn fingerprints_stay_when_lines_move() {
    let prints = |folder: &TempDir| -> Vec<String> {
        let run = check(folder.path(), &["-o", "gitlab", "."]);
        let report: Value = serde_json::from_str(&run.out).unwrap();
        report.as_array().unwrap().iter().map(|one| one["fingerprint"].as_str().unwrap().to_owned()).collect()
    };
    let (old, new) = (changed(&[]), changed(&[("kind: Pod", "# moved\nkind: Pod")]));
    assert_eq!(prints(&old), prints(&new));
    assert_eq!(prints(&old).len(), 2);
}

#[test]
fn a_baseline_lets_pass_what_was_there() {
    let folder = changed(&[]);
    let path = folder.path();
    fs::create_dir(path.join("ci")).unwrap();
    let wrote = check(path, &["--write-baseline", "--baseline", "ci/old.json", "shop.yaml"]);
    assert_eq!(
        (wrote.code, wrote.out.as_str()),
        (Some(0), "wrote 2 findings to `ci/old.json`\n"),
        "{}",
        wrote.err
    );
    let baseline = fs::read_to_string(path.join("ci/old.json")).unwrap();
    insta::assert_snapshot!("baseline", baseline);

    let same = check(path, &["--baseline", "ci/old.json", "."]);
    assert_eq!(same.code, Some(0), "{}{}", same.out, same.err);
    assert!(same.out.contains("2 findings of the baseline not shown"), "{}", same.out);

    // Lines move, one is gone, and one of the same kind is new.
    let text = shop().replacen("kind: Pod", "# moved\nkind: Pod", 1).replace("cache", "web");
    fs::write(
        path.join("shop.yaml"),
        text.replace(
            "cidr: 198.51.100.1/24",
            "cidr: 198.51.100.1/24\n        - ipBlock:\n            cidr: 198.51.100.1/25",
        ),
    )
    .unwrap();
    let run = check(path, &["--baseline", "ci/old.json", "."]);
    assert_eq!(run.code, Some(1));
    assert!(
        run.out.contains("198.51.100.1/25` has host bits")
            && !run.out.contains("198.51.100.1/24` has host bits"),
        "{}",
        run.out
    );
    assert!(run.out.contains("1 finding of the baseline not shown"), "{}", run.out);
    assert!(run.out.contains("1 finding of the baseline gone: write it anew"), "{}", run.out);

    fs::write(path.join("ci/old.json"), "{\"version\": 3, \"findings\": []}").unwrap();
    let other = check(path, &["--baseline", "ci/old.json", "."]);
    assert!(other.code == Some(2) && other.err.contains("another version"), "{}", other.err);
}

fn git(folder: &Path, arguments: &[&str]) {
    let settings = [
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@example.com",
        "-c",
        "init.defaultBranch=main",
        "-c",
        "commit.gpgsign=false",
    ];
    let status = Command::new("git").args(settings).args(arguments).current_dir(folder).output().unwrap();
    assert!(status.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&status.stderr));
}

#[test]
fn only_what_a_change_brought() {
    let folder = changed(&[]);
    let path = folder.path();
    fs::create_dir(path.join("deploy")).unwrap();
    fs::rename(path.join("shop.yaml"), path.join("deploy/shop.yaml")).unwrap();
    git(path, &["init", "--quiet"]);
    git(path, &["add", "--all"]);
    git(path, &["commit", "--quiet", "--message", "a"]);
    git(path, &["checkout", "--quiet", "-b", "branch"]);
    let same = check(path, &["--changed-since", "main", "./deploy"]);
    assert_eq!(same.code, Some(0), "{}{}", same.out, same.err);
    assert!(same.out.contains("2 findings not shown that `main` has as well"), "{}", same.out);

    let policy = "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: new, namespace: shop}\nspec: {podSelector: {matchLabels: {app: none}}, policyTypes: [Ingress]}\n";
    fs::write(path.join("deploy/shop.yaml"), format!("# moved\n{}{policy}", shop())).unwrap();
    let inside = path.join("deploy");
    for (folder, target) in
        [(path, "deploy"), (path, "./deploy/shop.yaml"), (&*inside, "."), (&*inside, "shop.yaml")]
    {
        let run = check(folder, &["--changed-since", "main", target]);
        assert_eq!(run.code, Some(1), "{}{}", run.out, run.err);
        assert!(
            run.out.contains("`new` selects no pod") && run.out.contains("1 warning in 3"),
            "{}",
            run.out
        );
    }
    // The paths that others see are those of the repository.
    let run = check(&inside, &["--changed-since", "main", "-o", "github", "shop.yaml"]);
    assert!(run.out.starts_with("::warning file=deploy/shop.yaml,line="), "{}", run.out);

    for (revision, part) in [("nowhere", "`nowhere` is no revision"), ("main..HEAD", "two revisions")] {
        let run = check(path, &["--changed-since", revision, "deploy"]);
        assert!(run.code == Some(2) && run.err.contains(part), "{}", run.err);
    }
}

/// The policies of a shop whose shelves other pods fill: a block that covers pods, and a name that several words tell of.
const SHELF: &str = "\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - ipBlock: {cidr: 10.0.0.0/24}
      ports: [{port: 8080}]
";

/// A pod of the shop with an address.
fn pod(name: &str, address: &str) -> String {
    format!(
        "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: shop, labels: {{app: {name}}}}}\n\
         spec: {{containers: [{{name: c, ports: [{{containerPort: 8080}}]}}]}}\n\
         status: {{podIP: {address}}}\n"
    )
}

/// The messages and fingerprints of what is found.
fn printed(folder: &Path) -> Vec<(String, String)> {
    let run = check(folder, &["-o", "gitlab", "--ignore", "coverage", "shop.yaml"]);
    let report: Value = serde_json::from_str(&run.out).unwrap();
    let text = |one: &Value, key: &str| one[key].as_str().unwrap().to_owned();
    let all = report.as_array().unwrap().iter();
    all.map(|one| (text(one, "description"), text(one, "fingerprint"))).collect()
}

#[test]
fn others_who_come_and_go_make_no_old_finding_new() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let write = |text: String| fs::write(path.join("shop.yaml"), text).unwrap();
    let old = format!("{SHELF}{}{}", pod("web", "10.0.0.1"), pod("api", "10.0.0.2"));
    write(old.clone());
    let before = printed(path);
    assert_eq!(before.len(), 1, "{before:?}");
    let wrote = check(path, &["--ignore", "coverage", "--write-baseline", "--baseline", "old.json", "."]);
    assert_eq!(wrote.code, Some(0), "{}", wrote.err);

    // Another pod of which the words tell, and an entry and a rule before the one that was there.
    let more = SHELF
        .replace("    - from:\n", "    - from: [{podSelector: {matchLabels: {app: api}}}]\n      ports: [{port: 8080}]\n    - from:\n        - ipBlock: {cidr: 192.0.2.0/24}\n");
    write(format!("# moved\n{}---\n{more}{}", pod("new", "10.0.0.3"), &old[SHELF.len()..]));
    let after = printed(path);
    assert_eq!(after.len(), 1, "{after:?}");
    assert_ne!(before[0].0, after[0].0, "the words are others");
    assert_eq!(before[0].1, after[0].1);
    let run = check(path, &["--ignore", "coverage", "--baseline", "old.json", "."]);
    assert_eq!(run.code, Some(0), "{}", run.out);

    // Another block is another finding.
    write(old.replace("10.0.0.0/24", "10.0.0.0/23"));
    assert_ne!(before[0].1, printed(path)[0].1);
    assert_eq!(check(path, &["--ignore", "coverage", "--baseline", "old.json", "."]).code, Some(1));
}

#[test]
fn a_baseline_of_an_earlier_sekisho_is_read_by_its_words() {
    let folder = changed(&[]);
    let path = folder.path();
    let words = found_words(path);
    let entry = |(code, object, message): &(String, String, String)| serde_json::json!({"path": "shop.yaml", "code": code, "object": object, "message": message, "count": 1});
    let old = serde_json::json!({"version": 1, "findings": words.iter().map(entry).collect::<Vec<_>>()});
    fs::write(path.join("old.json"), old.to_string()).unwrap();
    let run = check(path, &["--baseline", "old.json", "."]);
    assert_eq!(run.code, Some(0), "{}", run.out);
    assert!(run.out.contains("2 findings of the baseline not shown"), "{}", run.out);
    assert!(run.err.contains("`old.json` is of an earlier sekisho"), "{}", run.err);
    let wrote = check(path, &["--write-baseline", "--baseline", "old.json", "."]);
    assert_eq!(wrote.code, Some(0), "{}", wrote.err);
    let run = check(path, &["--baseline", "old.json", "."]);
    assert_eq!((run.code, run.err.as_str()), (Some(0), ""));
}

/// The codes, objects and messages of what is found.
fn found_words(folder: &Path) -> Vec<(String, String, String)> {
    let run = check(folder, &["-o", "json", "."]);
    let json: Value = serde_json::from_str(&run.out).unwrap();
    let text = |one: &Value, key: &str| one[key].as_str().unwrap_or_default().to_owned();
    let all = json["findings"].as_array().unwrap().iter();
    all.map(|one| (text(one, "code"), text(one, "object"), text(one, "message"))).collect()
}

#[test]
fn what_could_not_be_read_before_is_not_all_new() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("shop.yaml"), pod("web", "10.0.0.1")).unwrap();
    fs::write(path.join("other.yaml"), "kind: [\n").unwrap();
    // A baseline among the manifests is none of them, in the old revision either.
    fs::write(path.join("old.json"), "{\"version\": 2, \"findings\": []}").unwrap();
    git(path, &["init", "--quiet"]);
    git(path, &["add", "--all"]);
    git(path, &["commit", "--quiet", "--message", "a"]);
    let changed = |arguments: &[&str]| {
        let run = check(path, &[&["--changed-since", "HEAD", "-o", "github"], arguments, &["."]].concat());
        run.out
            .lines()
            .filter_map(|line| line.split("title=").nth(1)?.split(' ').next().map(str::to_owned))
            .collect::<Vec<_>>()
    };
    fs::write(path.join("other.yaml"), "").unwrap();
    assert_eq!(found(path, &["--baseline", "old.json"]), ["SK201:2"], "nobody protects it, and nobody did");
    assert_eq!(changed(&["--baseline", "old.json"]), [""; 0]);
    // What only now cannot be read is new, and says nothing of the rest.
    fs::write(path.join("new.yaml"), "kind: {\n").unwrap();
    assert_eq!(changed(&["--baseline", "old.json"]), ["SK100"]);
}

#[test]
fn nothing_is_gone_that_could_not_be_looked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("shop.yaml"), pod("web", "10.0.0.1")).unwrap();
    let wrote = check(path, &["--write-baseline", "--baseline", "old.json", "."]);
    assert_eq!(wrote.out, "wrote 1 finding to `old.json`\n");
    fs::write(path.join("other.yaml"), "kind: [\n").unwrap();
    let run = check(path, &["--baseline", "old.json", "."]);
    assert!(run.code == Some(1) && !run.out.contains("gone"), "{}", run.out);
}
