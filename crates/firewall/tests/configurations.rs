//! The configurations as they are handed out, and as the real nft reads them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test stops at the first surprise"
)]

use std::io::Write;
use std::process::{Command, Stdio};

use firewall::{Dialect, Line, Profiles, Server, mail_port_rules};

fn line(profile: &str, server: Server) -> Line {
    let profile = Profiles::default().get(profile).unwrap().clone();
    let mail_out = profile.mail_out;
    Line { subscriber: "line-7".to_owned(), profile, number: 3, server, mail_out }
}

fn served() -> Server {
    Server { ipv4: Some("192.168.1.10".parse().unwrap()), ipv6: Some("::10".parse().unwrap()) }
}

#[test]
fn every_dialect_of_a_web_servers_line_is_as_it_was() {
    for dialect in Dialect::ALL {
        let text = line("web-server", served()).configuration(dialect).unwrap().text;
        insta::assert_snapshot!(format!("web_server_{dialect}"), text);
    }
}

#[test]
fn a_closed_line_opens_nothing_in_any_dialect() {
    for dialect in [Dialect::Openwrt, Dialect::Nftables, Dialect::Routeros] {
        let text = line("closed", served()).configuration(dialect).unwrap().text;
        insta::assert_snapshot!(format!("closed_{dialect}"), text);
    }
}

#[test]
fn nothing_is_provided_where_the_customer_has_their_own() {
    assert!(line("own-kit", Server::default()).configuration(Dialect::Openwrt).is_err());
}

#[test]
fn the_version_follows_the_rules_and_nothing_else() {
    let version = |line: &Line, dialect| line.configuration(dialect).unwrap().version;
    let closed = line("closed", Server::default());
    let versions: Vec<String> = Dialect::ALL.map(|dialect| version(&closed, dialect)).to_vec();
    assert!(versions.iter().all(|one| one == &versions[0] && one.starts_with("3-")), "{versions:?}");
    let hash = |line: &Line| version(line, Dialect::Nftables).split_once('-').unwrap().1.to_owned();
    assert_eq!(hash(&closed), hash(&Line { number: 4, ..closed.clone() }));
    assert_ne!(hash(&closed), hash(&Line { mail_out: true, ..closed.clone() }));
    assert_ne!(hash(&closed), hash(&line("gamer", Server::default())));
}

#[test]
fn a_subscribers_name_writes_no_line_of_its_own() {
    let hostile =
        Line { subscriber: "x\n flush ruleset\"; $(id)".to_owned(), ..line("closed", Server::default()) };
    for dialect in Dialect::ALL {
        let text = hostile.configuration(dialect).unwrap().text;
        assert!(!text.contains("flush ruleset") && !text.contains("$(id)"), "{text}");
    }
}

#[test]
fn the_real_nft_takes_every_profile() {
    for profile in Profiles::default().iter().filter(|profile| profile.is_provided()) {
        for server in [Server::default(), served()] {
            let text = line(&profile.name, server).configuration(Dialect::Nftables).unwrap().text;
            nft_takes(&text);
        }
    }
}

#[test]
fn the_real_nft_takes_the_rule_for_mail() {
    let nets = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<_>>();
    let dynamic = nets(&["198.51.100.0/24", "198.51.100.128/25", "2001:db8:100::/40"]);
    let exempt = ["198.51.100.7", "198.51.100.7", "2001:db8:100::7"].map(|text| text.parse().unwrap());
    let text = mail_port_rules(&dynamic, &nets(&["192.0.2.25/32"]), &exempt);
    insta::assert_snapshot!("mail_port", text);
    nft_takes(&text);
    nft_takes(&mail_port_rules(&[], &[], &[]));
}

/// Has nft check the text without changing anything, in a network namespace of its own: a table that is there must not
/// matter. Where there is no nft, or no right to a namespace, nothing can be shown, and the test says so.
fn nft_takes(text: &str) {
    if !may_check() {
        eprintln!("not shown here: nft needs root and a network namespace");
        return;
    }
    let output = check(text);
    assert!(output.status.success(), "{}\n{text}", String::from_utf8_lossy(&output.stderr));
    let typo = text.replacen("tcp dport", "tcp dprt", 1).replacen("ct state", "ct stat", 1);
    assert!(!check(&typo).status.success(), "nft takes anything: it proves nothing");
}

fn may_check() -> bool {
    check("table inet nd_probe {}").status.success()
}

fn check(text: &str) -> std::process::Output {
    let mut nft = Command::new("unshare")
        .args(["--net", "nft", "--check", "--file", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("unshare can be started");
    nft.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    nft.wait_with_output().unwrap()
}
