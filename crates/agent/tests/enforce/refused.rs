//! The kernel refuses what an agent asks for.

use crate::{rig::agent::Agent, small, support::until};
use nix::sched::{CloneFlags, setns};
use sekisho_nft::Kernel;
use std::{fs::File, path::Path, thread, time::Instant};

/// It changes the rules of `api`, and nothing of what may pass.
const MORE: &str = "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: more, namespace: shop}
spec:
  podSelector: {matchLabels: {app: api}}
  policyTypes: [Ingress]
  ingress:
  - from: [{podSelector: {matchLabels: {app: nobody}}}]
    ports: [{port: 7100}]
";

/// Makes the table of the node with network namespace `path` somebody's, as long as what is returned is there: the
/// kernel refuses every change that others ask for.
fn take(path: &Path) -> Kernel {
    let namespace = File::open(path).unwrap();
    let taken = thread::spawn(move || {
        setns(namespace, CloneFlags::CLONE_NEWNET).unwrap();
        let mut kernel = Kernel::open().unwrap();
        kernel.own().unwrap().then_some(kernel)
    });
    taken.join().unwrap().expect("this kernel knows owners of tables")
}

/// Rules that cannot be changed stay as they are, the agent says so, and mends them as soon as it can.
pub(crate) fn nothing_leaks_while_the_kernel_refuses() {
    let mut rig = small::enforced();
    let traffic = small::traffic(&rig);
    rig.agents.iter_mut().for_each(Agent::kill);
    let taken: Vec<Kernel> = rig.agents.iter().map(|agent| take(&rig.namespace(agent.node()))).collect();
    rig.server.apply_text(MORE);
    rig.agents.iter_mut().for_each(|agent| agent.start(&[]));
    let refusals = |agent: &Agent| agent.logged().matches("another program owns the table `sekisho`").count();
    until("they try again and again", || rig.agents.iter().all(|agent| refusals(agent) > 5));
    for agent in &rig.agents {
        assert!(!agent.ask(&["status"]).status.success(), "{}", agent.logged());
    }
    traffic.so_far().hold(&format!("a kernel that refuses\n{}", rig.logs()));
    drop(taken);
    let begun = Instant::now();
    rig.ready();
    println!("true {:.2} s after the kernel takes it", begun.elapsed().as_secs_f64());
    traffic.stop().hold(&format!("a kernel that refuses no longer\n{}", rig.logs()));
    rig.server.delete_text(MORE);
    rig.agrees("after the kernel refused");
}
