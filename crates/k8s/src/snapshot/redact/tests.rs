//! What must hold of hidden names and addresses.

use super::*;
use crate::syntax;
use proptest::prelude::*;

fn redactor() -> Redactor {
    Redactor::new(b"a secret")
}

/// How many leading bits two addresses of one family have in common.
fn shared(a: IpAddr, b: IpAddr) -> u32 {
    match (a, b) {
        (IpAddr::V4(a), IpAddr::V4(b)) => (a.to_bits() ^ b.to_bits()).leading_zeros(),
        (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits() ^ b.to_bits()).leading_zeros(),
        _ => panic!("of different families"),
    }
}

fn hide(address: IpAddr) -> IpAddr {
    redactor().address(&address.to_string()).parse().unwrap()
}

/// Two addresses that have a random number of bits in common.
fn near() -> impl Strategy<Value = (IpAddr, IpAddr)> {
    let v4 = (any::<u32>(), any::<u32>(), 0..32_u32).prop_map(|(a, b, shift)| {
        let b = a ^ (b >> shift);
        (IpAddr::V4(a.into()), IpAddr::V4(b.into()))
    });
    let v6 = (any::<u128>(), any::<u128>(), 0..128_u32).prop_map(|(a, b, shift)| {
        let b = a ^ (b >> shift);
        (IpAddr::V6(a.into()), IpAddr::V6(b.into()))
    });
    prop_oneof![v4, v6]
}

proptest! {
    #[test]
    fn addresses_share_what_they_shared((a, b) in near()) {
        prop_assert_eq!(shared(a, b), shared(hide(a), hide(b)));
    }

    #[test]
    fn a_block_holds_the_addresses_that_it_held((a, _) in near(), length in 0..=128_u8) {
        let length = length % (address::bits(a) + 1);
        let block = redactor().block(&format!("{a}/{length}"));
        let (first, _) = block.split_once('/').unwrap();
        prop_assert!(shared(first.parse().unwrap(), hide(a)) >= u32::from(length));
    }

    #[test]
    fn names_are_valid_everywhere(text in ".{1,40}") {
        let name = redactor().name(&text);
        prop_assert!(syntax::dns_label(&name).is_ok());
        prop_assert!(syntax::label_value(&name).is_ok());
        prop_assert!(syntax::port_name(&name).is_ok());
        prop_assert!(syntax::qualified_name(&redactor().key(&text)).is_ok() || text.contains('/'));
    }
}

#[test]
fn ranges_that_mean_something_stay() {
    let redactor = redactor();
    for block in [
        "0.0.0.0/0",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.169.254/32",
        "35.191.0.0/16",
        "130.211.0.0/22",
        "224.0.0.0/4",
        "::/0",
        "fc00::/7",
        "fe80::/10",
        "::1/128",
        "::ffff:0.0.0.0/96",
    ] {
        assert_eq!(redactor.block(block), block);
    }
}

#[test]
fn other_addresses_do_not_stay() {
    let redactor = redactor();
    for address in ["10.1.2.3", "192.168.7.9", "203.0.113.77", "2001:db8::1234", "fd00::99"] {
        assert_ne!(redactor.address(address), address);
    }
    let other = Redactor::new(b"another secret");
    assert_ne!(redactor.address("203.0.113.77"), other.address("203.0.113.77"));
    assert_ne!(redactor.name("web"), other.name("web"));
}

#[test]
fn what_kubernetes_names_after_others_stays_so() {
    let redactor = redactor();
    let (web, hash) = (redactor.name("web"), redactor.name("5d9f8c"));
    assert_eq!(redactor.made_name("ReplicaSet", "web-5d9f8c"), format!("{web}-{hash}"));
    assert_eq!(redactor.made_name("Job", "web-29381760"), format!("{web}-29381760"));
    assert_eq!(redactor.made_name("Deployment", "web-5d9f8c"), redactor.name("web-5d9f8c"));
}

#[test]
fn keys_of_kubernetes_stay() {
    let redactor = redactor();
    for key in ["app", "app.kubernetes.io/name", "kubernetes.io/metadata.name", "topology.k8s.io/zone"] {
        assert_eq!(redactor.key(key), key);
    }
    for key in ["team", "acme.example/team", "notkubernetes.io/team"] {
        assert_ne!(redactor.key(key), key);
    }
}

#[test]
fn hosts_keep_their_wildcards() {
    let redactor = redactor();
    let hidden = redactor.pieces("*.shop.example", '.');
    assert_eq!(hidden, format!("*.{}.{}", redactor.name("shop"), redactor.name("example")));
    assert_eq!(redactor.pieces("/", '/'), "/");
}
