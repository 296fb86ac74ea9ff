//! How long a container runtime waits for the plugin, which asks the agent.

use crate::rig::{Rig, kubelet::Sandbox};
use sekisho_core::object::Pod;
use serde_json::json;
use std::{
    net::{IpAddr, Ipv4Addr},
    thread,
    time::{Duration, Instant},
};

/// What the plugin takes: to be started alone, for a pod that the agent has heard of, for one that it hears of
/// meanwhile, and for the end of a pod.
#[derive(Default)]
pub(crate) struct Times {
    pub(crate) alone: Vec<Duration>,
    pub(crate) add: Vec<Duration>,
    pub(crate) add_unheard: Vec<Duration>,
    pub(crate) delete: Vec<Duration>,
}

/// Starts and ends pods, one after the other, policed as `api` is.
pub(crate) fn measure(rig: &mut Rig, rounds: usize) -> Times {
    let mut times = Times::default();
    let api =
        rig.lab.current_plan().cluster.pods.values().find(|pod| &*pod.key.name == "api").cloned().unwrap();
    for round in 0..rounds * 2 {
        let mut pod = Pod::clone(&api);
        let last = u8::try_from(round % 100).unwrap() + 100;
        (pod.key.name, pod.addresses) =
            ("plugged".into(), [IpAddr::from(Ipv4Addr::new(10, 244, 2, last))].into());
        let sandbox = rig.bind(&pod, &format!("sandbox-{round}"));
        let heard = round % 2 == 0;
        if heard {
            // A runtime makes a sandbox long after the scheduler has bound the pod.
            thread::sleep(Duration::from_millis(50));
        }
        times.alone.push(timed(rig, "VERSION", &sandbox));
        let add = timed(rig, "ADD", &sandbox);
        if heard {
            times.add.push(add)
        } else {
            times.add_unheard.push(add)
        }
        times.delete.push(timed(rig, "DEL", &sandbox));
        rig.end_pod(&sandbox);
    }
    times
}

fn timed(rig: &Rig, verb: &str, sandbox: &Sandbox) -> Duration {
    let begun = Instant::now();
    let output = rig.plugin(verb, sandbox, &json!({}));
    let took = begun.elapsed();
    assert!(output.status.success(), "{verb}: {output:?}");
    took
}
