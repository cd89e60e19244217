//! Mails written for this tree, each with the reading it must give.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may stop at what it cannot read")]

mod pairs;

use std::fs;
use std::path::{Path, PathBuf};

use pairs::{beside, golden};
use report::{Reading, read};
use serde_json::Value;

fn fixture(name: &str) -> (PathBuf, Vec<u8>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name);
    let bytes = fs::read(&path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
    (path, bytes)
}

/// The whole reading, with the bytes each claim was read from beside it.
fn golden(name: &str) -> Value {
    let (_, bytes) = fixture(name);
    let reading = read(&bytes);
    beside(&bytes, &reading)
}

golden! {
    spamcop_open_proxy: "spamcop-1.3.3-open-proxy.eml",
    spamcop_source: "spamcop-4-source.eml",
    spamcop_relay: "spamcop-4-relay.eml",
    spamcop_spamvertised: "spamcop-spamvertised.eml",
    spamcop_summary: "spamcop-summary.eml",
    spamcop_alert: "spamcop-alert.eml",
    spamcop_forwarded: "spamcop-forwarded.eml",
    arf_source_port: "arf-source-port.eml",
    arf_no_source_ip: "arf-no-source-ip.eml",
    arf_not_spam: "arf-not-spam.eml",
    plain_received: "plain-received.eml",
    plain_iptables: "plain-iptables.eml",
    plain_asa: "plain-asa.eml",
    virus_complaint: "virus-complaint.eml",
    bounce: "bounce.eml",
    dmarc_aggregate: "dmarc-aggregate.eml",
    conversation: "conversation.eml",
    ambiguous_zone: "ambiguous-zone.eml",
    blocklistde: "blocklistde.eml",
    denyhosts: "denyhosts.eml",
    dshield_fightback: "dshield-fightback.eml",
    dshield_submission: "dshield-submission.eml",
    fail2ban_banned: "fail2ban-banned.eml",
    fail2ban_complain: "fail2ban-complain.eml",
    fail2ban_german: "fail2ban-german.eml",
    lfd: "lfd.eml",
    log_application: "log-application.jsonl",
    log_cisco: "log-cisco.log",
    log_day_month: "log-day-month.log",
    log_eve: "log-eve.json",
    log_iis: "log-iis.log",
    log_juniper: "log-juniper.log",
    log_keyed: "log-keyed.log",
    log_mail: "log-mail.log",
    log_mikrotik: "log-mikrotik.log",
    log_netfilter: "log-netfilter.log",
    log_paloalto: "log-paloalto.csv",
    log_pf: "log-pf.log",
    log_pfirewall: "log-pfirewall.log",
    log_services: "log-services.log",
    log_sshd: "log-sshd.log",
    log_web: "log-web.log",
    log_zonealarm: "log-zonealarm.txt",
    mynetwatchman: "mynetwatchman.eml",
    psad: "psad.eml",
    snort_complaint: "snort-complaint.eml",
    notice_acns: "notice-acns.eml",
    notice_table: "notice-table.eml",
    notice_ddos: "notice-ddos.eml",
    notice_fields_of_a_flood: "notice-fields-of-a-flood.eml",
    notice_german: "notice-german.eml",
    notice_japanese: "notice-japanese.eml",
    words_two_sides: "words-two-sides.eml",
    list_of_hosts: "list-of-hosts.eml",
    out_of_office_german: "out-of-office-german.eml",
    spamcop_bounced: "spamcop-bounced.eml",
    spamcop_relay_other_host: "spamcop-relay-other-host.eml",
    spamcop_third_party: "spamcop-third-party.eml",
    spamcop_summary_mole: "spamcop-summary-mole.eml",
    spamcop_alert_wrapped: "spamcop-alert-wrapped.eml",
    arf_several_enclosed: "arf-several-enclosed.eml",
    arf_proxy_in_words: "arf-proxy-in-words.eml",
    enclosed_base64: "enclosed-base64.eml",
    enclosed_eml_file: "enclosed-eml-file.eml",
    attached_base64_text: "attached-base64-text.eml",
}

#[test]
fn every_fixture_has_a_snapshot() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let entries = fs::read_dir(dir).unwrap().map(Result::unwrap);
    for entry in entries.filter(|entry| entry.path().is_file()) {
        let name = entry.file_name().into_string().unwrap();
        assert!(FILES.contains(&name.as_str()), "{name} is in fixtures/ but no test reads it");
    }
}

#[test]
fn spans_of_unencoded_parts_are_the_address_itself() {
    for name in FILES {
        let (_, bytes) = fixture(name);
        let is_encoded =
            |line: &str| line.starts_with("Content-Transfer-Encoding:") && !line.ends_with("bit");
        if String::from_utf8_lossy(&bytes).lines().any(is_encoded) {
            continue;
        }
        for claim in read(&bytes).claims {
            let quoted = String::from_utf8_lossy(&bytes[claim.span.clone()]);
            // Some write it so that no program follows it: `192.0.2[.]1`.
            let quoted = quoted.replace(['[', ']'], "");
            assert_eq!(quoted.parse(), Ok(claim.address), "{name}");
        }
    }
}

fn addresses(face: &Value) -> Vec<&str> {
    face["claims"].as_array().unwrap().iter().map(|claim| claim["address"].as_str().unwrap()).collect()
}

#[test]
fn without_home_only_the_accused_are_shown() {
    let (_, bytes) = fixture("plain-iptables.eml");
    let reading: Reading = read(&bytes);
    let all = reading.face("a.eml", &[]);
    assert_eq!(addresses(&all), ["192.0.2.43"]);
    let home = ["198.51.100.0/24".parse().unwrap()];
    let ours = reading.face("a.eml", &home);
    assert_eq!(addresses(&ours), ["198.51.100.9", "198.51.100.10"]);
    assert_eq!(ours["claims"][0]["role"], "victim");
}

#[test]
fn the_face_has_every_key() {
    let (_, bytes) = fixture("spamcop-1.3.3-open-proxy.eml");
    let face = read(&bytes).face("a.eml", &[]);
    insta::assert_json_snapshot!(face);
}
