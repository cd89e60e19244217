//! What is said to those who ask why a report was read as it was: of every claim the line or field that made it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may stop at what it cannot read")]

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use report::{Explanation, Format, Hint, Quirks};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

fn explained(path: &Path) -> (Vec<u8>, Explanation) {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
    let name = path.file_name().and_then(|name| name.to_str());
    let explanation = report::explain(&bytes, &Hint { name, content_type: None }, Quirks::built_in());
    (bytes, explanation)
}

/// The notes with the bytes they are about, one to a line.
fn told(name: &str) -> String {
    let (bytes, Explanation { notes, .. }) = explained(&fixtures().join(name));
    let mut told = String::new();
    for note in notes {
        let about = note.span.map(|span| String::from_utf8_lossy(&bytes[span]).trim_end().to_owned());
        let about = about.map(|about| format!("\n    {}", about.replace('\n', "\n    "))).unwrap_or_default();
        writeln!(told, "{}{about}", note.text).unwrap();
    }
    told
}

macro_rules! told {
    ($($test:ident: $file:literal,)+) => {
        $(
            #[test]
            fn $test() {
                insta::assert_snapshot!(told($file));
            }
        )+
    };
}

told! {
    spamcop: "spamcop-relay-other-host.eml",
    spamcop_spamvertised: "spamcop-spamvertised.eml",
    spamcop_summary: "spamcop-summary-mole.eml",
    arf: "arf-source-port.eml",
    arf_chain: "arf-no-source-ip.eml",
    shadowserver: "machine/2026-03-24-scan_http_proxy-example-asn.csv",
    list: "machine/hosts.csv",
    x_arf: "machine/x-arf-login.eml",
    xarf_v3: "machine/xarf-v3-open-proxy.json",
    xarf_v4: "machine/xarf-v4-open-proxy.json",
    firewall_log: "log-netfilter.log",
    service_log: "log-sshd.log",
    pasted_log: "plain-iptables.eml",
    pasted_chain: "plain-received.eml",
    banned: "fail2ban-banned.eml",
}

/// Formats in which each claim comes from a line or a field of its own.
const BY_FIELD: [Format; 11] = [
    Format::Spamcop,
    Format::Arf,
    Format::XarfMail,
    Format::XarfV3,
    Format::XarfV4,
    Format::Shadowserver,
    Format::Fail2ban,
    Format::FirewallLog,
    Format::ServiceLog,
    Format::PlainReceived,
    Format::PlainComplaint,
];

#[test]
fn no_claim_is_without_a_reason() {
    let folders = [fixtures(), fixtures().join("machine")];
    let files = folders.iter().flat_map(|dir| fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()));
    for file in files.filter(|path| path.is_file()) {
        let (_, Explanation { reading, notes }) = explained(&file);
        for claim in reading.claims {
            let head = format!("{}: {} ", claim.address, claim.role.name());
            let why = notes.iter().find(|note| note.text.starts_with(&head));
            let why = why.unwrap_or_else(|| panic!("{}: no word on {claim:?}", file.display()));
            let by_form = why.text.contains("by the form of");
            assert!(!by_form || !BY_FIELD.contains(&reading.format), "{}: {}", file.display(), why.text);
        }
    }
}
