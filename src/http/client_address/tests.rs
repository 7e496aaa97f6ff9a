use std::net::IpAddr;

use ::http::request::Parts;

use super::{ClientAddress, ForwardingHeader};
use crate::error::{ErrorKind, Result};

/// Two networks of proxies.
const PROXIES: &str = "10.0.0.0/8, 2001:db8:aa::/48";
const PROXY: &str = "10.0.0.1";
const CLIENT: &str = "203.0.113.9";

/// Headers and the client that they identify.
type Row<'a> = (&'a [(&'a str, &'a str)], &'a str);

fn head(headers: &[(&str, &[u8])]) -> Parts {
    let mut builder = ::http::Request::get("/");
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    builder
        .body(())
        .expect("the request is valid")
        .into_parts()
        .0
}

/// The client that the rule finds, if this peer sends these headers.
fn found(rule: &ClientAddress, peer: &str, headers: &[(&str, &str)]) -> Option<IpAddr> {
    let headers: Vec<(&str, &[u8])> = headers
        .iter()
        .map(|(name, value)| (*name, value.as_bytes()))
        .collect();
    let peer: IpAddr = peer.parse().expect("an address");
    let client = rule.of(&head(&headers), Some((peer, 9).into()));
    client.expect("the peer is known")
}

fn check(rule: &ClientAddress, rows: &[Row<'_>]) {
    for (headers, client) in rows {
        let found = found(rule, PROXY, headers).map(|ip| ip.to_string());
        assert_eq!(found.as_deref(), Some(*client), "{headers:?}");
    }
}

fn proxies() -> ClientAddress {
    PROXIES.parse().expect("the networks are valid")
}

const XFF: &str = "x-forwarded-for";
const FWD: &str = "forwarded";

/// Headers from an attacker who impersonates another client.
const FORGED: &[&[(&str, &str)]] = &[
    &[(XFF, "198.51.100.7")],
    &[("X-Forwarded-For", "198.51.100.7, 10.0.0.1")],
    &[(XFF, "198.51.100.7"), (XFF, "198.51.100.8")],
    &[(XFF, " ,198.51.100.7 , ")],
    &[(FWD, "for=198.51.100.7")],
    &[(FWD, "for=198.51.100.7;by=10.0.0.1, for=10.0.0.1")],
    &[(XFF, "198.51.100.7"), (FWD, "for=198.51.100.7")],
    &[("x-real-ip", "198.51.100.7")],
    &[("cf-connecting-ip", "198.51.100.7")],
    &[("true-client-ip", "198.51.100.7")],
    &[("x-client-ip", "198.51.100.7")],
    &[("x-cluster-client-ip", "198.51.100.7")],
    &[("x_forwarded_for", "198.51.100.7")],
    &[("x-forwarded", "198.51.100.7")],
    &[("forwarded-for", "198.51.100.7")],
    &[("via", "1.1 198.51.100.7")],
];

#[test]
fn headers_count_only_behind_a_trusted_proxy() {
    for headers in FORGED {
        for rule in [ClientAddress::peer(), "".parse().expect("none"), proxies()] {
            assert_eq!(
                found(&rule, CLIENT, headers),
                CLIENT.parse().ok(),
                "{headers:?}"
            );
        }
        let peer = found(&ClientAddress::peer(), PROXY, headers);
        assert_eq!(peer, PROXY.parse().ok(), "{headers:?}");
    }
}

#[test]
fn a_forgery_stays_left_of_the_proxys_entry() {
    for headers in FORGED {
        let mut line = headers.to_vec();
        line.push((XFF, CLIENT));
        let rule = ClientAddress::behind_proxies_that_write(
            ForwardingHeader::XForwardedFor,
            ["10.0.0.0/8"],
        );
        let rule = rule.expect("it is a network");
        assert_eq!(found(&rule, PROXY, &line), CLIENT.parse().ok(), "{line:?}");
        line.pop();
        line.push((
            FWD,
            "for=203.0.113.9;host=\"a\\\",for=198.51.100.7;b=\\\"\"",
        ));
        let rule =
            ClientAddress::behind_proxies_that_write(ForwardingHeader::Forwarded, ["10.0.0.0/8"]);
        let rule = rule.expect("it is a network");
        assert_eq!(found(&rule, PROXY, &line), CLIENT.parse().ok(), "{line:?}");
    }
}

#[test]
fn headers_without_a_meaning_are_ignored() {
    check(
        &proxies(),
        &[
            (&[], PROXY),
            (&[("x-real-ip", CLIENT)], PROXY),
            (&[("cf-connecting-ip", CLIENT)], PROXY),
            (&[("x_forwarded_for", CLIENT)], PROXY),
        ],
    );
}

#[test]
fn x_forwarded_for_is_walked_from_right_to_left() {
    check(
        &proxies(),
        &[
            (&[(XFF, "203.0.113.9")], CLIENT),
            (&[("X-FORWARDED-FOR", "203.0.113.9")], CLIENT),
            (&[(XFF, "\t203.0.113.9 ")], CLIENT),
            (&[(XFF, "203.0.113.9,10.2.3.4 , 10.0.0.9")], CLIENT),
            (&[(XFF, "198.51.100.7, 203.0.113.9, 10.0.0.9")], CLIENT),
            (&[(XFF, "10.0.0.7, 203.0.113.9, 10.0.0.9")], CLIENT),
            // Several lines form one list.
            (&[(XFF, "198.51.100.7"), (XFF, "203.0.113.9")], CLIENT),
            (
                &[(XFF, "198.51.100.7, 203.0.113.9"), (XFF, "10.0.0.9")],
                CLIENT,
            ),
            (&[(XFF, "203.0.113.9"), (XFF, "10.0.0.8, 10.0.0.9")], CLIENT),
            // Ports, IPv6, and IPv4 in the form of IPv6.
            (&[(XFF, "203.0.113.9:5678")], CLIENT),
            (&[(XFF, "::ffff:203.0.113.9")], CLIENT),
            (&[(XFF, "[::ffff:203.0.113.9]:80")], CLIENT),
            (&[(XFF, "203.0.113.9, ::ffff:10.0.0.9")], CLIENT),
            (&[(XFF, "2001:db8::1")], "2001:db8::1"),
            (&[(XFF, "[2001:db8::1]")], "2001:db8::1"),
            (&[(XFF, "[2001:db8::1]:443, 2001:db8:aa::1")], "2001:db8::1"),
            // If all addresses are trusted, the farthest one counts.
            (&[(XFF, "10.0.0.7, 10.0.0.8")], "10.0.0.7"),
        ],
    );
}

#[test]
fn entries_left_of_garbage_are_ignored() {
    let garbage = [
        "",
        "unknown",
        "_hidden",
        "localhost",
        "203.0.113",
        "203.0.113.9.1",
        "010.0.0.1",
        "203.0.113.256",
        "203.0.113.9:",
        "203.0.113.9:65536",
        "203.0.113.9/32",
        "[203.0.113.9]",
        "[2001:db8::1",
        "2001:db8::1]",
        "2001:db8::g",
        "fe80::1%eth0",
        "\"203.0.113.9\"",
        "203.0.113.9 198.51.100.7",
        "0xcb007109",
        "3405803785",
        "ü",
        "for=203.0.113.9",
    ];
    for garbage in garbage {
        let left = format!("198.51.100.7, {garbage}");
        let between = format!("198.51.100.7, {garbage}, 10.0.0.9");
        let rows: [Row<'_>; 4] = [
            (&[(XFF, garbage)], PROXY),
            (&[(XFF, &left)], PROXY),
            (&[(XFF, &between)], "10.0.0.9"),
            (
                &[(XFF, "198.51.100.7"), (XFF, garbage), (XFF, "10.0.0.9")],
                "10.0.0.9",
            ),
        ];
        check(&proxies(), &rows);
    }
    let head = head(&[(XFF, b"198.51.100.7, \xff, 10.0.0.9")]);
    let client = proxies().of(&head, Some(([10, 0, 0, 1], 9).into()));
    assert_eq!(client.expect("the peer is known"), "10.0.0.9".parse().ok());
}

#[test]
fn forwarded_is_walked_from_right_to_left() {
    check(
        &proxies(),
        &[
            (&[(FWD, "for=203.0.113.9")], CLIENT),
            (&[(FWD, "For=\"203.0.113.9:47011\"")], CLIENT),
            (
                &[(FWD, "proto=https; FOR=203.0.113.9 ;by=10.0.0.1;")],
                CLIENT,
            ),
            (
                &[(FWD, "for=\"[2001:db8:cafe::17]:4711\"")],
                "2001:db8:cafe::17",
            ),
            (&[(FWD, "for=\"[2001:db8:cafe::17]\"")], "2001:db8:cafe::17"),
            (
                &[(FWD, "for=198.51.100.7, for=203.0.113.9,for=10.0.0.9")],
                CLIENT,
            ),
            (
                &[(FWD, "for=198.51.100.7"), (FWD, "for=203.0.113.9")],
                CLIENT,
            ),
            (&[(FWD, "for=10.0.0.7, for=10.0.0.9")], "10.0.0.7"),
            // Separators in quotes do not count.
            (
                &[(FWD, "for=203.0.113.9;host=\"a,b;for=198.51.100.7\"")],
                CLIENT,
            ),
            (&[(FWD, "host=\"\\\"\\\\\";for=203.0.113.9")], CLIENT),
            (
                &[(FWD, "for=203.0.113.9;host=\"\\\",for=198.51.100.7;x=\\\"\"")],
                CLIENT,
            ),
            // Elements to the left change nothing, even with unclosed quotes.
            (&[(FWD, "for=198.51.100.7;x=\", for=203.0.113.9")], CLIENT),
            (
                &[(FWD, "for=198.51.100.7;x=\", for=\"203.0.113.9\";by=\"_x\"")],
                CLIENT,
            ),
            (&[(FWD, "\"\\, for=203.0.113.9")], CLIENT),
            (&[(FWD, "ü, for=203.0.113.9")], CLIENT),
            // This element is not an address.
            (
                &[(FWD, "for=198.51.100.7, for=unknown, for=10.0.0.9")],
                "10.0.0.9",
            ),
            (
                &[(FWD, "for=198.51.100.7, for=_hidden, for=10.0.0.9")],
                "10.0.0.9",
            ),
            (&[(FWD, "for=198.51.100.7, for=\"_SEVKISEK\"")], PROXY),
            (&[(FWD, "for=198.51.100.7, by=203.0.113.9")], PROXY),
            (&[(FWD, "for=198.51.100.7, proto=https")], PROXY),
            (&[(FWD, "for=198.51.100.7,")], PROXY),
            (
                &[(FWD, "for=198.51.100.7, for=203.0.113.9;for=10.0.0.9")],
                PROXY,
            ),
            (&[(FWD, "for=198.51.100.7, for=")], PROXY),
            (&[(FWD, "for=198.51.100.7, for")], PROXY),
            (&[(FWD, "for=198.51.100.7, for=\"203.0.113.9")], PROXY),
            (&[(FWD, "203.0.113.9")], PROXY),
            (&[(FWD, "")], PROXY),
        ],
    );
}

#[test]
fn contradictory_headers_are_ignored() {
    check(
        &proxies(),
        &[
            (&[(XFF, "203.0.113.9"), (FWD, "for=203.0.113.9")], CLIENT),
            (
                &[(XFF, "198.51.100.7, 203.0.113.9"), (FWD, "for=203.0.113.9")],
                CLIENT,
            ),
            (&[(XFF, "203.0.113.9"), (FWD, "for=198.51.100.7")], PROXY),
            (&[(XFF, "198.51.100.7"), (FWD, "for=203.0.113.9")], PROXY),
            (&[(XFF, "203.0.113.9"), (FWD, "for=unknown")], PROXY),
            (&[(XFF, "203.0.113.9"), (FWD, "")], PROXY),
            (
                &[(XFF, "203.0.113.9, 10.0.0.9"), (FWD, "for=10.0.0.9")],
                PROXY,
            ),
        ],
    );
}

#[test]
fn a_header_not_written_by_the_proxies_is_ignored() {
    let both: &[(&str, &str)] = &[(XFF, "203.0.113.9"), (FWD, "for=198.51.100.7")];
    let rule = |header| ClientAddress::behind_proxies_that_write(header, ["10.0.0.0/8"]);
    let by_x_forwarded_for = rule(ForwardingHeader::XForwardedFor).expect("a network");
    let by_forwarded = rule(ForwardingHeader::Forwarded).expect("a network");
    check(&by_x_forwarded_for, &[(both, CLIENT), (&both[1..], PROXY)]);
    check(
        &by_forwarded,
        &[(both, "198.51.100.7"), (&both[..1], PROXY)],
    );
}

#[test]
fn a_list_of_networks_is_a_setting() {
    assert_eq!(
        found(&proxies(), "10.9.9.9", &[(XFF, CLIENT)]),
        CLIENT.parse().ok()
    );
    for none in ["", " "] {
        let rule: ClientAddress = none.parse().expect("no proxy is trusted");
        assert_eq!(found(&rule, PROXY, &[(XFF, CLIENT)]), PROXY.parse().ok());
    }
    for list in [
        ",",
        "10.0.0.0/8,",
        ",10.0.0.0/8",
        "10.0.0.0/8 10.0.0.1",
        "10.0.0.0/8,proxy",
    ] {
        let error = list.parse::<ClientAddress>().expect_err(list);
        assert_eq!(error.kind(), ErrorKind::Configuration);
    }
}

#[test]
fn only_rules_without_a_peer_answer_without_one() {
    let of = |rule: ClientAddress| -> Result<Option<IpAddr>> {
        rule.of(&head(&[(XFF, CLIENT.as_bytes())]), None)
    };
    for rule in [ClientAddress::peer(), proxies()] {
        let error = of(rule).expect_err("the peer is needed");
        assert_eq!(error.kind(), ErrorKind::Internal);
        // The log line of each such request.
        let source = std::error::Error::source(&error).expect("the error has details");
        let remedy = "into_make_service_with_connect_info::<SocketAddr>()";
        assert!(source.to_string().contains(remedy), "{source}");
    }
    assert_eq!(
        of(ClientAddress::unknown()).expect("no peer is needed"),
        None
    );
    let own = ClientAddress::from_fn(|head, peer| {
        assert_eq!(peer, None);
        head.headers.get(XFF)?.to_str().ok()?.parse().ok()
    });
    assert_eq!(of(own).expect("no peer is needed"), CLIENT.parse().ok());
}

#[test]
fn ipv4_stays_ipv4_by_every_rule() {
    let mapped = "::ffff:203.0.113.9";
    let own = ClientAddress::from_fn(|_, peer| Some(peer?.ip()));
    for rule in [ClientAddress::peer(), proxies(), own] {
        assert_eq!(found(&rule, mapped, &[]), CLIENT.parse().ok());
    }
    assert_eq!(found(&ClientAddress::unknown(), mapped, &[]), None);
}
