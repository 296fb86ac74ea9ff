//! Objects, and what `kubectl` says of them.

use crate::{ran::Run, server::Server};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs,
    process::Command,
    thread,
    time::{Duration, Instant},
};

pub(crate) fn namespace(name: &str, labels: &str) -> String {
    format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}, labels: {{{labels}}}}}\n")
}

pub(crate) fn pod(namespace: &str, name: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: {namespace}, labels: {{app: {name}}}}}\n\
         spec: {{containers: [{{name: c, image: none, ports: [{{containerPort: 80}}]}}]}}\n"
    )
}

/// A policy of the pods of the database, whatever its own name is.
pub(crate) fn policy(name: &str, namespace: &str, peers: &str) -> String {
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: {name}, namespace: {namespace}}}\n\
         spec:\n  podSelector: {{matchLabels: {{app: db}}}}\n  policyTypes: [Ingress]\n  ingress:\n    \
         - {{from: [{peers}], ports: [{{port: 80}}]}}\n"
    )
}

/// The webhook, as it is told to the API server.
pub(crate) fn configuration(name: &str, port: u16, failure: &str, seconds: u32) -> String {
    format!(
        "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\nmetadata: {{name: {name}}}\n\
         webhooks:\n- name: admission.sekisho.dev\n  clientConfig: {{url: \"https://127.0.0.1:{port}/validate\"}}\n  \
         admissionReviewVersions: [v1]\n  sideEffects: None\n  failurePolicy: {failure}\n  timeoutSeconds: {seconds}\n  \
         namespaceSelector: {{matchExpressions: [{{key: kubernetes.io/metadata.name, operator: NotIn, values: [kube-system]}}]}}\n  \
         rules:\n  - {{apiGroups: [networking.k8s.io], apiVersions: [v1], operations: [CREATE, UPDATE, DELETE], resources: [networkpolicies]}}\n  \
         - {{apiGroups: [\"\"], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [namespaces]}}\n  \
         - {{apiGroups: [\"\"], apiVersions: [v1], operations: [CREATE, UPDATE, DELETE], resources: [pods]}}\n"
    )
}

impl Server {
    /// The real kubectl, as the administrator.
    pub(crate) fn kubectl_run(&self, arguments: &[&str]) -> Run {
        let mut command = Command::new(self.kubectl());
        command.arg("--kubeconfig").arg(self.config()).args(["--context", "admin"]).args(arguments);
        command.env("HOME", self.folder());
        command.output().unwrap().into()
    }

    /// `kubectl apply` of a text.
    pub(crate) fn create(&self, text: &str, options: &[&str]) -> Run {
        let file = self.folder().join("applied.yaml");
        fs::write(&file, text).unwrap();
        let mut words = vec!["apply", "--server-side", "--force-conflicts", "-f", file.to_str().unwrap()];
        words.extend(options);
        self.kubectl_run(&words)
    }

    pub(crate) fn has(&self, namespace: &str, policy: &str) -> bool {
        self.kubectl_run(&["get", "networkpolicy", policy, "-n", namespace]).code == Some(0)
    }

    /// Waits until the API server asks, and is answered no; it takes some time to hear of a configuration.
    pub(crate) fn until_refused(&self, text: &str) {
        self.until(text, false);
    }

    /// Waits until it is let in.
    pub(crate) fn until_allowed(&self, text: &str) {
        self.until(text, true);
    }

    fn until(&self, text: &str, allowed: bool) {
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            let run = self.create(text, &["--dry-run=server"]);
            if (run.code == Some(0)) == allowed {
                return;
            }
            assert!(Instant::now() < end, "allowed={allowed}: {}{}", run.out, run.err);
            thread::sleep(Duration::from_millis(200));
        }
    }

    /// The entries of a Secret.
    pub(crate) fn secret(&self, name: &str) -> BTreeMap<String, String> {
        let template =
            "{{range $key, $value := .data}}{{$key}}\t{{$value | base64decode | printf \"%q\"}}\n{{end}}";
        let run = self.kubectl_run(&[
            "get",
            "secret",
            name,
            "-n",
            "default",
            "-o",
            &format!("go-template={template}"),
        ]);
        let entry = |line: &str| {
            let (key, value) = line.split_once('\t').unwrap();
            (key.to_owned(), serde_json::from_str(value).unwrap())
        };
        run.out.lines().map(entry).collect()
    }

    /// Who signs, as the configuration has it, in base64.
    pub(crate) fn bundle(&self, name: &str) -> String {
        let run = self.kubectl_run(&["get", "validatingwebhookconfiguration", name, "-o", "json"]);
        let told: Value = serde_json::from_str(&run.out).unwrap();
        told["webhooks"][0]["clientConfig"]["caBundle"].as_str().unwrap().to_owned()
    }
}
