use super::{EmailAddress, is_plain};

fn canonical(text: &str) -> Option<String> {
    text.parse::<EmailAddress>()
        .ok()
        .map(|email| email.canonical().to_owned())
}

#[test]
fn addresses_are_folded_to_one_canonical_form() {
    for (given, expected) in [
        ("ann@example.org", "ann@example.org"),
        ("Ann.Lee+news@Example.ORG", "ann.lee+news@example.org"),
        ("zoe\u{308}@example.org", "zo\u{eb}@example.org"),
        ("ann@bücher.example", "ann@xn--bcher-kva.example"),
        ("ann@xn--bcher-kva.example", "ann@xn--bcher-kva.example"),
        ("\u{130}@example.org", "i\u{307}@example.org"),
        ("o'brien@example.org", "o'brien@example.org"),
    ] {
        assert_eq!(canonical(given).as_deref(), Some(expected), "{given}");
    }
}

#[test]
fn homoglyphs_stay_apart() {
    assert_ne!(
        canonical("\u{430}nn@example.org"),
        canonical("ann@example.org")
    );
}

#[test]
fn an_address_other_than_a_dot_atom_at_a_domain_is_refused() {
    let long_local = format!("{}@example.org", "a".repeat(65));
    let long_total = format!("a@{}.org", "a.".repeat(130));
    let long_label = format!("a@{}.org", "a".repeat(64));
    for text in [
        "",
        "@",
        "a@",
        "@b.org",
        "a@b",
        "a.b.org",
        " a@b.org",
        "a@b.org ",
        "a b@c.org",
        "a@@b.org",
        "a@b@c.org",
        ".a@b.org",
        "a.@b.org",
        "a..b@c.org",
        "\"a b\"@c.org",
        "\"a\"@c.org",
        "a(comment)@b.org",
        "Ann <a@b.org>",
        "a@b.org,c@d.org",
        "a@b.org;c@d.org",
        "a@[127.0.0.1]",
        "a@127.0.0.1",
        "a@b.org.",
        "a@.b.org",
        "a@b..org",
        "a@-b.org",
        "a@b-.org",
        "a@b_c.org",
        "a@b.org\r\nBcc: c@d.org",
        "a\0@b.org",
        "a@b\0.org",
        "a\u{7f}@b.org",
        "a\u{200b}@b.org",
        "a\u{202e}b@c.org",
        "a\u{a0}b@c.org",
        "a@b\u{200b}.org",
        "a@b\u{ad}.org",
        "a\\@b.org",
        &long_local,
        &long_total,
        &long_label,
    ] {
        assert_eq!(canonical(text), None, "{text:?}");
    }
}

#[test]
fn plain_domains_match_idna() {
    let long = format!("{}.{}.org", "a".repeat(63), "b-1".repeat(21));
    for domain in [
        "EXAMPLE.org",
        "a-b.1.example",
        "1.2.3",
        "0x1.example",
        &long,
    ] {
        assert!(is_plain(domain), "{domain}");
        let idna = idna::domain_to_ascii_strict(domain).unwrap();
        assert_eq!(domain.to_ascii_lowercase(), idna);
    }
    for domain in [
        "xn--bcher-kva.example",
        "a--b.org",
        "-a.org",
        "a_b.org",
        "ä.org",
        "a..org",
        "",
    ] {
        assert!(!is_plain(domain), "{domain}");
    }
}
