//! A cluster to be watched.

/// Pods of other nodes, in namespaces of a hundred workloads' kind.
pub(crate) fn pods(count: usize) -> String {
    let pod = |n: usize| {
        let (third, fourth) = (n / 250 % 250, n % 250 + 2);
        let address = format!("10.{}.{third}.{fourth}", 100 + n / 62_500);
        format!(
            "---\napiVersion: v1\nkind: Pod\n\
             metadata: {{name: pod-{n}, namespace: shop, labels: {{app: app-{}, tier: backend, instance: \"{n}\"}}}}\n\
             spec: {{nodeName: node-{}, containers: [{{name: main, image: none, ports: [{{name: http, containerPort: 8080}}]}}]}}\n\
             status: {{phase: Running, podIP: {address}, podIPs: [{{ip: {address}}}]}}\n",
            n % 1000,
            n / 30 + 100,
        )
    };
    (0..count).map(pod).collect()
}

/// Policies that each let one workload call another.
pub(crate) fn policies(count: usize) -> String {
    let policy = |n: usize| {
        format!(
            "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: policy-{n}, namespace: shop}}\n\
             spec: {{podSelector: {{matchLabels: {{app: app-{}}}}}, ingress: [{{from: [{{podSelector: {{matchLabels: {{app: app-{}}}}}}}], ports: [{{port: 8080}}]}}]}}\n",
            n % 1000,
            (n * 7 + n / 1000) % 1000,
        )
    };
    (0..count).map(policy).collect()
}
