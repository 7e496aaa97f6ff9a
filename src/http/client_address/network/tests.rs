use std::net::IpAddr;

use super::Network;
use crate::error::ErrorKind;

#[test]
fn networks_are_matched_by_their_prefix() {
    let cases = [
        ("10.0.0.1", "10.0.0.1", true),
        ("10.0.0.1", "10.0.0.2", false),
        ("10.0.0.1/32", "10.0.0.1", true),
        ("10.0.0.0/31", "10.0.0.1", true),
        ("10.0.0.0/31", "10.0.0.2", false),
        ("10.0.0.0/8", "10.255.255.255", true),
        ("10.0.0.0/8", "11.0.0.0", false),
        ("128.0.0.0/1", "255.255.255.255", true),
        ("128.0.0.0/1", "127.255.255.255", false),
        (" 10.0.0.0/8 ", "10.1.1.1", true),
        ("::ffff:10.0.0.0/104", "10.1.1.1", true),
        ("::ffff:10.0.0.0/104", "11.1.1.1", false),
        ("::ffff:10.0.0.1", "10.0.0.1", true),
        ("2001:db8::/32", "2001:db8:ffff::1", true),
        ("2001:db8::/32", "2001:db9::", false),
        ("2001:db8::1", "2001:db8::1", true),
        ("2001:db8::1", "2001:db8::2", false),
        ("::/1", "::1", true),
        ("::/1", "10.0.0.1", false),
        ("::1", "127.0.0.1", false),
        ("127.0.0.0/8", "::1", false),
    ];
    for (text, address, is_inside) in cases {
        let network: Network = text.parse().expect(text);
        let ip: IpAddr = address.parse().expect("an address");
        assert_eq!(network.contains(ip), is_inside, "{text} {address}");
    }
}

#[test]
fn a_malformed_network_is_named() {
    let wrong = [
        "",
        "*",
        "/8",
        "localhost",
        "10.0.0.0/33",
        "10.0.0.0/",
        "10.0.0.0/+8",
        "10.0.0.0/-1",
        "10.0.0.0/8/8",
        "10.0.0.0/256",
        "10.0.0.0/255.0.0.0",
        "10.0.0/8",
        "10.0.0.1/8",
        "10.0.0.1:80",
        "010.0.0.0/8",
        "0.0.0.0/0",
        "::/0",
        "::ffff:0.0.0.0/96",
        "::ffff:0.0.0.0/95",
        "2001:db8::/129",
        "2001:db8::1/64",
        "fe80::1%eth0",
        "[::1]",
    ];
    for wrong in wrong {
        let error = wrong.parse::<Network>().expect_err(wrong);
        assert_eq!(error.kind(), ErrorKind::Configuration);
        let source = std::error::Error::source(&error).expect("the error has details");
        assert!(
            source.to_string().contains(&format!("{wrong:?}")),
            "{source}"
        );
    }
}
