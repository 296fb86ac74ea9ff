//! A datagram every 100 microseconds, and when the last one and the first one arrived.

use crate::{rig::Rig, small};
use std::{
    fs,
    net::{IpAddr, UdpSocket},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

const APART: Duration = Duration::from_micros(100);
/// How long nothing arrives before it counts as denied.
const SILENCE: u64 = 150_000_000;
/// What passes later than this after the API server has answered is a leak, in nanoseconds.
const LATE: u64 = 50_000_000;
const PORT: u16 = 7002;
const POLICY: &str = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: deny, namespace: shop}\n\
                      spec: {podSelector: {matchLabels: {app: probed}}, policyTypes: [Ingress]}\n";
const PLAIN: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: plain, namespace: shop}\ndata: {}\n";

/// Packets from `cron` to `api`, and when they arrived.
pub(crate) struct Probe {
    /// When the last packet arrived, in nanoseconds since 1970.
    last: Arc<AtomicU64>,
    folder: tempfile::TempDir,
    pod: String,
}

impl Probe {
    pub(crate) fn new(rig: &mut Rig) -> Self {
        let address = small::addresses(rig, "api").into_iter().find(IpAddr::is_ipv4).unwrap();
        let server = rig.lab.within("shop/api", || UdpSocket::bind((address, PORT)).unwrap()).unwrap();
        let client = rig.lab.within("jobs/cron", || UdpSocket::bind("0.0.0.0:0").unwrap()).unwrap();
        let last = Arc::new(AtomicU64::new(0));
        thread::spawn(move || {
            loop {
                // The node may tell by an error that it does not pass.
                let _ = client.send_to(b"packet", (address, PORT));
                thread::sleep(APART);
            }
        });
        thread::spawn({
            let last = Arc::clone(&last);
            move || {
                while server.recv(&mut [0; 8]).is_ok() {
                    last.store(now(), Relaxed);
                }
            }
        });
        // No policy but that of the measurement selects it; and no connection is tracked that would pass by itself, for
        // the kernel is asked about every packet until one is answered.
        let pod = format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: api, namespace: shop, labels: {{app: probed}}}}\n\
             spec: {{nodeName: node-2, containers: [{{name: main, image: none}}]}}\n\
             status: {{phase: Running, podIP: {address}, podIPs: [{{ip: {address}}}]}}\n"
        );
        let mut probe = Self { last, folder: tempfile::tempdir().unwrap(), pod };
        let pod = probe.pod.clone();
        probe.order(rig, "-", &pod);
        probe.order(rig, "", &pod);
        probe.until_passes();
        probe
    }

    /// How long the API server takes for a write that nobody waits for.
    pub(crate) fn plain(&mut self, rig: &mut Rig) -> Duration {
        let (begun, answered) = self.order(rig, "", PLAIN);
        self.order(rig, "-", PLAIN);
        Duration::from_nanos(answered - begun)
    }

    /// How long it takes until a policy denies, and how many milliseconds packets passed that were too late.
    pub(crate) fn deny(&mut self, rig: &mut Rig) -> (Duration, u64) {
        let (begun, answered) = self.order(rig, "", POLICY);
        while now().saturating_sub(self.last.load(Relaxed)) < SILENCE {
            thread::sleep(APART);
        }
        let last = self.last.load(Relaxed);
        (Duration::from_nanos(last.saturating_sub(begun)), u64::from(last > answered + LATE))
    }

    /// How long it takes until what a policy denied passes, when it is gone.
    pub(crate) fn allow(&mut self, rig: &mut Rig) -> Duration {
        let (begun, _) = self.order(rig, "-", POLICY);
        Duration::from_nanos(self.until_passes().saturating_sub(begun))
    }

    /// How long it takes until a pod can be reached that was made.
    pub(crate) fn pod(&mut self, rig: &mut Rig) -> Duration {
        let pod = self.pod.clone();
        self.order(rig, "-", &pod);
        while now().saturating_sub(self.last.load(Relaxed)) < SILENCE {
            thread::sleep(APART);
        }
        let (begun, _) = self.order(rig, "", &pod);
        Duration::from_nanos(self.until_passes().saturating_sub(begun))
    }

    /// When the next packet arrived.
    fn until_passes(&self) -> u64 {
        let before = self.last.load(Relaxed);
        loop {
            let last = self.last.load(Relaxed);
            if last != before {
                return last;
            }
            thread::sleep(APART / 2);
        }
    }

    /// Writes the object, or takes it away: when that was begun and when answered.
    fn order(&mut self, rig: &mut Rig, sign: &str, text: &str) -> (u64, u64) {
        let path = self.folder.path().join("object.yaml");
        fs::write(&path, text).unwrap();
        let answer = rig.server.answer(&format!("measure {sign}{}", path.display()));
        let mut words = answer.strip_prefix("OK ").unwrap_or_else(|| panic!("{answer}")).split(' ');
        let mut number = || words.next().unwrap().parse::<u64>().unwrap();
        (number(), number())
    }
}

fn now() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos()).unwrap()
}
