//! How many tellings a socket had no room for, as the kernel counts them.

use std::fs;

/// The netlink sockets of the network namespace of the thread that reads (`net/netlink/af_netlink.c`).
const SOCKETS: &str = "/proc/thread-self/net/netlink";

/// How many tellings have been dropped so far that were for the socket of this protocol and port; round and round, in 32
/// bits. `None` where the kernel does not say.
pub(super) fn so_far(protocol: isize, port: u32) -> Option<u32> {
    find(&fs::read_to_string(SOCKETS).ok()?, &protocol.to_string(), &port.to_string())
}

/// Columns: socket, protocol, port, groups, memory for reading and for writing, dump, locks, drops, inode.
fn find(table: &str, protocol: &str, port: &str) -> Option<u32> {
    let rows = table.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    let mut of = rows.filter(|row| row.get(1) == Some(&protocol) && row.get(2) == Some(&port));
    // The kernel prints it with a sign.
    of.next()?.get(8)?.parse::<i32>().ok().map(i32::cast_unsigned)
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn the_socket_is_found_by_protocol_and_port() {
        let table = "sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode\n\
            000000006639760d 0   77         00000000 0        0        0     2        5        4       \n\
            00000000562e9a4f 12  77         00000001 0        0        0     2        -1       501     \n";
        assert_eq!(find(table, "12", "77"), Some(u32::MAX));
        assert_eq!(find(table, "0", "77"), Some(5));
        assert_eq!(find(table, "12", "7"), None);
        assert_eq!(find("sk\n12 12", "12", "77"), None);
    }
}
