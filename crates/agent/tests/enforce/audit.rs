//! Policies that are only tried.

use crate::{rig::Rig, small, support::until};
use std::{net::UdpSocket, time::Duration};

/// What a policy that is only tried would deny passes, is counted, and is denied once the policy is enforced.
pub(crate) fn what_is_only_tried_passes() {
    let mut rig = Rig::build(&small::cluster(), 2).unwrap();
    let audited =
        small::policy().replace("{name: api,", "{name: api, annotations: {sekisho.dev/mode: audit},");
    assert_ne!(audited, small::policy());
    rig.server.apply_text(&audited);
    rig.start(&[]);
    let api = small::addresses(&rig, "api")[0];
    let server = rig.lab.within("shop/api", || UdpSocket::bind((api, 7001)).unwrap()).unwrap();
    server.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let client = rig.lab.within("jobs/cron", || UdpSocket::bind("0.0.0.0:0").unwrap()).unwrap();
    let arrives = || {
        // The node may say by an error that it does not: it was sent all the same.
        let _ = client.send_to(b"word", (api, 7001));
        server.recv(&mut [0; 8]).is_ok()
    };
    assert!(arrives(), "it is only tried");
    let node = rig.agents.iter().find(|agent| agent.node() == "node-2").unwrap();
    let dump = String::from_utf8(node.ask(&["dump"]).stdout).unwrap();
    assert!(dump.contains("table inet sekisho_audit"), "{dump}");
    let status = String::from_utf8(node.ask(&["status"]).stdout).unwrap();
    assert!(status.contains("0 enforced, 1 only tried"), "{status}");
    rig.server.apply_text(small::policy());
    until("it is enforced", || !arrives());
    rig.server.apply_text(&audited);
    until("it is only tried again", arrives);
}
