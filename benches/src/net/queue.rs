//! A verdict in user space: every first packet goes to a program through NFQUEUE and waits for its
//! answer. The program answers "accept" without a look, which flatters it.

use super::Path;
use crate::Result;
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recv, send, setsockopt,
    socket, sockopt,
};
use nix::sys::time::TimeVal;
use std::{
    os::fd::{AsRawFd as _, OwnedFd},
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

// Numbers of linux/netfilter/{nfnetlink,nf_tables,nf_tables_compat,nfnetlink_queue}.h.
const BATCH_BEGIN: u16 = 0x10;
const BATCH_END: u16 = 0x11;
const TABLES: u16 = 10;
const NEW_RULE: u16 = TABLES << 8 | 6;
const QUEUE: u16 = 3;
const VERDICT: u16 = QUEUE << 8 | 1;
const CONFIG: u16 = QUEUE << 8 | 2;
const REQUEST: u16 = 1;
const ACKNOWLEDGE: u16 = 4;
const CREATE_APPEND: u16 = 0x400 | 0x800;
const NESTED: u16 = 0x8000;
const IPV4: u8 = 2;

/// What comes before the rule that queues.
const BEFORE: &str = "table ip queued {\n chain forward {\n type filter hook forward priority 0\n \
                      ct state established,related accept\n }\n }\n";

/// Runs `work` while a program in the node of `path` answers for every new connection.
pub(crate) fn serve<T>(path: &Path, work: impl FnOnce() -> Result<T>) -> Result<T> {
    install(path)?;
    let packets = path.node.run(queue)?;
    let enough = AtomicBool::new(false);
    thread::scope(|scope| {
        let answering = scope.spawn(|| answer(&packets, &enough));
        let result = work();
        enough.store(true, Ordering::Relaxed);
        answering.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        result
    })
}

/// Programs the rule: nftables' own statement, or where the kernel was built without it the target of
/// iptables, which nftables can call.
fn install(path: &Path) -> Result<()> {
    path.node.nft(BEFORE)?;
    let own = path.node.nft("add rule ip queued forward queue num 0\n");
    own.or_else(|own| path.node.run(target).map_err(|target| format!("{own}; {target}").into()))
}

fn target() -> Result<()> {
    let information = [attribute(1, b"NFQUEUE\0"), attribute(2, &0_u32.to_be_bytes()), attribute(3, &[0; 8])];
    let expression = [attribute(1, b"target\0"), attribute(2 | NESTED, &information.concat())].concat();
    let rule = [
        attribute(1, b"queued\0"),
        attribute(2, b"forward\0"),
        attribute(4 | NESTED, &attribute(1 | NESTED, &expression)),
        attribute(5 | NESTED, &[attribute(1, &[0; 4]), attribute(2, &[0; 4])].concat()),
    ];
    let batch = [
        message(BATCH_BEGIN, REQUEST, 0, TABLES, &[]),
        message(NEW_RULE, REQUEST | ACKNOWLEDGE | CREATE_APPEND, IPV4, 0, &rule.concat()),
        message(BATCH_END, REQUEST, 0, TABLES, &[]),
    ];
    let netlink = netlink()?;
    send(netlink.as_raw_fd(), &batch.concat(), MsgFlags::empty())?;
    acknowledged(&netlink, "the NFQUEUE target")
}

/// Opens queue 0 of the namespace that the thread is in, with the headers of each packet.
fn queue() -> Result<OwnedFd> {
    let netlink = netlink()?;
    let ask = |attributes: &[u8]| -> Result<()> {
        let config = message(CONFIG, REQUEST | ACKNOWLEDGE, 0, 0, attributes);
        send(netlink.as_raw_fd(), &config, MsgFlags::empty())?;
        acknowledged(&netlink, "the queue")
    };
    ask(&attribute(1, &[1, 0, 0, IPV4]))?;
    ask(&attribute(2, &[0, 0, 0, 128, 2]))?;
    setsockopt(&netlink, sockopt::ReceiveTimeout, &TimeVal::new(0, 20_000))?;
    Ok(netlink)
}

fn answer(packets: &OwnedFd, enough: &AtomicBool) -> Result<()> {
    let mut buffer = [0; 4096];
    while !enough.load(Ordering::Relaxed) {
        let Ok(read) = recv(packets.as_raw_fd(), &mut buffer, MsgFlags::empty()) else { continue };
        // After the two headers (16 and 4 bytes) the first attribute (4 bytes of header) begins with
        // the packet's number.
        let Some(number) = buffer.get(..read).and_then(|message| message.get(24..28)) else { continue };
        let verdict = attribute(2, &[&1_u32.to_be_bytes(), number].concat());
        send(packets.as_raw_fd(), &message(VERDICT, REQUEST, 0, 0, &verdict), MsgFlags::empty())?;
    }
    Ok(())
}

fn netlink() -> Result<OwnedFd> {
    let netlink = socket(
        AddressFamily::Netlink,
        SockType::Raw,
        SockFlag::SOCK_CLOEXEC,
        SockProtocol::NetlinkNetFilter,
    )?;
    bind(netlink.as_raw_fd(), &NetlinkAddr::new(0, 0))?;
    Ok(netlink)
}

fn acknowledged(netlink: &OwnedFd, what: &str) -> Result<()> {
    let mut buffer = [0; 4096];
    let read = recv(netlink.as_raw_fd(), &mut buffer, MsgFlags::empty())?;
    let code = buffer.get(..read).and_then(|message| message.get(16..20)?.try_into().ok());
    match code.map(i32::from_ne_bytes) {
        Some(0) => Ok(()),
        Some(code) => Err(format!("{what}: {}", std::io::Error::from_raw_os_error(-code)).into()),
        None => Err(format!("{what}: the kernel gave no answer").into()),
    }
}

fn message(kind: u16, flags: u16, family: u8, resource: u16, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(20 + body.len()).unwrap_or(u32::MAX);
    let mut bytes = length.to_ne_bytes().to_vec();
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(flags.to_ne_bytes());
    bytes.extend([0; 8]);
    bytes.extend([family, 0]);
    bytes.extend(resource.to_be_bytes());
    bytes.extend(body);
    bytes
}

fn attribute(kind: u16, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(4 + body.len()).unwrap_or(u16::MAX);
    let mut bytes = length.to_ne_bytes().to_vec();
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(body);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}
