//! The dependencies that this crate brings.
#![allow(clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::{collections::BTreeSet, env, process::Command};

/// The maximum number of crates. Each version of a crate counts separately.
const MOST: usize = 190;

#[test]
fn a_backend_stays_within_its_dependency_budget() {
    let lines = tree(&[
        "--no-default-features",
        "--features",
        "axum,postgres,migrate",
    ]);
    assert!(lines.len() <= MOST, "{} lines: {lines:#?}", lines.len());
}

#[test]
fn tls_is_rustls() {
    for (crates, features) in [
        ("normal", "--all-features"),
        ("normal,build,dev", "--all-features"),
    ] {
        let all = tree(&["--edges", crates, features]);
        assert!(names(&all, "rustls"), "the list is complete");
        for unwanted in ["openssl", "openssl-sys", "native-tls", "tokio-native-tls"] {
            assert!(
                !names(&all, unwanted),
                "{unwanted} among the {crates} dependencies"
            );
        }
    }
}

#[test]
fn the_host_keeps_its_own_cryptography() {
    let chosen = "actix,axum,breach-check,jwks-client,metrics,migrate,oauth,openapi,pages,smtp,sqlite,strength,testing";
    assert_eq!(providers(chosen), BTreeSet::new());
    for features in [&format!("{chosen},tls"), "postgres"] {
        assert!(
            providers(features).contains("rustls aws_lc_rs"),
            "{features}"
        );
    }
}

/// The crates that bring a provider for TLS or tokens. A host might want to choose its own.
fn providers(features: &str) -> BTreeSet<String> {
    let lines = tree(&[
        "--no-default-features",
        "--features",
        features,
        "--format",
        "{lib} {f}",
    ]);
    let mut found = BTreeSet::new();
    for line in &lines {
        let (krate, features) = line.split_once(' ').unwrap_or((line, ""));
        let is_provider = |feature: &&str| matches!(*feature, "aws_lc_rs" | "aws-lc-rs" | "ring");
        if krate.contains("rustls") || krate == "reqwest" {
            let features = features.split(',').filter(is_provider);
            found.extend(features.map(|feature| format!("{krate} {feature}")));
        }
        if matches!(krate, "jsonwebtoken" | "ring") {
            found.insert(krate.to_owned());
        }
    }
    found
}

#[test]
fn the_bare_crate_has_no_framework_and_no_database() {
    let lines = tree(&["--no-default-features"]);
    assert!(names(&lines, "argon2"), "the list is complete");
    for unwanted in [
        "actix-web",
        "axum",
        "http",
        "hyper",
        "lettre",
        "sea-orm",
        "sqlx",
        "utoipa",
    ] {
        assert!(!names(&lines, unwanted), "{unwanted} without features");
    }
    let lines = tree(&["--no-default-features", "--features", "axum"]);
    assert!(!names(&lines, "actix-web") && !names(&lines, "sea-orm"));
    let lines = tree(&["--no-default-features", "--features", "actix"]);
    assert!(!names(&lines, "axum") && !names(&lines, "sea-orm"));
}

#[test]
fn a_service_that_only_verifies_has_no_database() {
    for framework in ["axum", "actix"] {
        let features = format!("{framework},jwks-client");
        let lines = tree(&["--no-default-features", "--features", &features]);
        assert!(names(&lines, "reqwest"), "the list is complete");
        for unwanted in ["lettre", "native-tls", "openssl", "sea-orm", "sqlx"] {
            assert!(!names(&lines, unwanted), "{unwanted} with {features}");
        }
    }
}

#[test]
fn an_http_client_and_an_estimate_come_only_when_asked_for() {
    let all = tree(&[
        "--no-default-features",
        "--features",
        "breach-check,strength",
    ]);
    let none = tree(&["--no-default-features"]);
    for krate in ["reqwest", "zxcvbn"] {
        assert!(names(&all, krate) && !names(&none, krate), "{krate}");
    }
    let check = tree(&["--no-default-features", "--features", "breach-check"]);
    assert!(names(&check, "reqwest") && !names(&check, "zxcvbn"));
    assert!(!names(&check, "native-tls") && !names(&check, "openssl"));
}

#[test]
fn each_database_feature_excludes_the_other_driver() {
    let lines = tree(&["--no-default-features", "--features", "postgres"]);
    assert!(names(&lines, "sqlx-postgres") && !names(&lines, "libsqlite3-sys"));
    let lines = tree(&["--no-default-features", "--features", "sqlite"]);
    assert!(names(&lines, "libsqlite3-sys") && !names(&lines, "sqlx-postgres"));
}

/// The distinct lines of `cargo tree`, which reads the lock file and works offline.
fn tree(arguments: &[&str]) -> BTreeSet<String> {
    let edges: &[&str] = if arguments.contains(&"--edges") {
        &[]
    } else {
        &["--edges", "normal"]
    };
    let output = Command::new(env::var_os("CARGO").expect("cargo runs the tests"))
        .args(["tree", "--locked", "--offline", "--prefix", "none"])
        .args(edges)
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo can be run");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let lines = String::from_utf8(output.stdout).expect("UTF-8");
    let crates = lines.lines().map(|line| line.trim_end_matches(" (*)"));
    crates.map(str::to_owned).collect()
}

fn names(lines: &BTreeSet<String>, krate: &str) -> bool {
    lines
        .iter()
        .any(|line| line.split(' ').next() == Some(krate))
}

#[test]
fn a_crate_is_found_by_its_whole_name() {
    let lines = BTreeSet::from([
        "openssl-probe v0.2.0".to_owned(),
        "axum v0.8.9 (*)".to_owned(),
    ]);
    assert!(names(&lines, "axum") && !names(&lines, "openssl") && !names(&lines, "axu"));
}
