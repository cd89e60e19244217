//! Files that machines write, made for this tree, each with the reading it must give, by its name.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may stop at what it cannot read")]

mod pairs;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use pairs::{beside, golden};
use report::{Format, Hint, Kind, Reading, Role, read_as};
use serde_json::Value;
use zip::write::SimpleFileOptions;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/machine")
}

fn fixture(name: &str) -> Vec<u8> {
    let path = folder().join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
}

fn named(bytes: &[u8], name: &str) -> Reading {
    read_as(bytes, &Hint { name: Some(name), content_type: None })
}

/// The whole reading, with the bytes each claim was read from beside it.
fn golden(name: &str) -> Value {
    let bytes = fixture(name);
    let reading = named(&bytes, name);
    beside(&bytes, &reading)
}

golden! {
    xarf_v4_open_proxy: "xarf-v4-open-proxy.json",
    xarf_v4_faults: "xarf-v4-faults.json",
    xarf_v4_network: "xarf-v4-network.json",
    xarf_v3_open_proxy: "xarf-v3-open-proxy.json",
    xarf_v2_faults: "xarf-v2-faults.json",
    xarf_alpha_login: "xarf-alpha-login.json",
    xarf_attached: "xarf-attached.eml",
    xarf_pasted: "xarf-pasted.eml",
    x_arf_login: "x-arf-login.eml",
    x_arf_secure: "x-arf-secure.eml",
    scan_http_proxy: "2026-03-24-scan_http_proxy-example-asn.csv",
    sinkhole: "2026-03-24-event4_sinkhole-example-asn.csv",
    brute_force: "2026-03-24-event4_honeypot_brute_force-example-asn.csv",
    ddos_amp: "2026-03-24-event4_honeypot_ddos_amp-example-asn.csv",
    device_id: "2026-03-24-device_id-example-asn.csv",
    spam_url: "2026-03-24-spam_url-example-asn.csv",
    compromised_account: "compromised_account.csv",
    no_name: "export.csv",
    shadowserver_zip: "shadowserver-zip.eml",
    shadowserver_link: "shadowserver-link.eml",
    list_table: "hosts.csv",
    list_objects: "hosts.jsonl",
    list_of_controllers: "controllers.csv",
    list_of_bots: "bots.txt",
    list_of_customers: "customers.csv",
    dshield_details: "as-details.txt",
}

#[test]
fn every_fixture_has_a_snapshot() {
    for entry in fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(FILES.contains(&name.as_str()), "{name} is in fixtures/machine but no test reads it");
    }
}

/// Fixtures of which the place of an address is not the address itself.
const ENCODED: [&str; 3] = ["xarf-attached.eml", "shadowserver-zip.eml", "as-details.txt"];

#[test]
fn spans_are_the_address_itself_where_nothing_is_encoded() {
    for name in FILES.iter().filter(|name| !ENCODED.contains(name)) {
        let bytes = fixture(name);
        for claim in named(&bytes, name).claims {
            let quoted = String::from_utf8_lossy(&bytes[claim.span.clone()]);
            assert_eq!(quoted, claim.address.to_string(), "{name}");
        }
    }
}

const HEADER: &str = "timestamp,ip,port,protocol,tag,asn,geo\n";

fn table(rows: u32) -> String {
    let row = |n: u32| {
        let [.., a, b] = n.to_be_bytes();
        format!("2026-03-24 00:00:01,198.51.{a}.{b},{},tcp,,64496,ZZ\n", n % 60_000 + 1)
    };
    HEADER.chars().chain((0..rows).flat_map(|n| row(n).into_bytes()).map(char::from)).collect()
}

fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn doubts(reading: &Reading) -> String {
    reading.doubts.iter().map(|doubt| doubt.text.as_str()).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_long_table_is_read_whole_up_to_its_bound_and_says_what_it_left() {
    let reading = named(table(260_000).as_bytes(), "2026-03-24-scan_http_proxy-x-asn.csv");
    assert_eq!(reading.claims.len(), 250_000);
    assert!(doubts(&reading).contains("10000 rows were not kept"), "{}", doubts(&reading));
}

#[test]
fn every_file_of_an_archive_is_read_and_named_by_itself() {
    let proxies = table(2);
    let bots = "timestamp,src_ip,src_port,src_asn,src_geo,infection\n2026-03-24 00:00:02,192.0.2.2,4000,64496,ZZ,x\n";
    let inner = zipped(&[("2026-03-24-event4_sinkhole-x-asn.csv", bots.as_bytes())]);
    let archive = zipped(&[
        ("folder/2026-03-24-scan_http_proxy-x-asn.csv", proxies.as_bytes()),
        ("more.zip", &inner),
        ("readme.txt", b"nothing"),
    ]);
    let reading = named(&archive, "reports.zip");
    let kinds: Vec<Kind> = reading.claims.iter().map(|claim| claim.kind).collect();
    assert_eq!(kinds, [Kind::OpenProxy, Kind::OpenProxy, Kind::Malware]);
    assert!(reading.doubts.is_empty(), "{}", doubts(&reading));
}

#[test]
fn a_gzipped_table_is_read_by_the_name_of_the_file() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(table(3).as_bytes()).unwrap();
    let packed = encoder.finish().unwrap();
    let reading = named(&packed, "2026-03-24-scan_socks-x-asn.csv.gz");
    assert_eq!(reading.claims.len(), 3);
    assert!(reading.claims.iter().all(|claim| claim.kind == Kind::OpenProxy && claim.role == Role::Offender));
    let cut = named(&packed[..packed.len() - 9], "2026-03-24-scan_socks-x-asn.csv.gz");
    assert!(doubts(&cut).contains("damaged"), "{}", doubts(&cut));
}

#[test]
fn every_file_of_a_mail_is_read_by_its_own_name() {
    let part = |name: &str, rows: &str| {
        format!("--b\nContent-Type: text/csv; name=\"{name}\"\nContent-Disposition: attachment\n\n{rows}\n")
    };
    let bots = "timestamp,src_ip,src_port,src_asn,src_geo,infection\n2026-03-24 00:00:02,192.0.2.2,4000,64496,ZZ,x\n";
    let mail = format!(
        "From: reports@example.org\nTo: abuse@example.net\nSubject: reports\nContent-Type: multipart/mixed; boundary=b\n\n\
         --b\n\ntwo reports\n{}{}--b--\n",
        part("2026-03-24-scan_socks-x-asn.csv", &table(1)),
        part("2026-03-24-event4_sinkhole-x-asn.csv", bots)
    );
    let reading = report::read(mail.as_bytes());
    let said: Vec<(Kind, &str)> =
        reading.claims.iter().map(|claim| (claim.kind, &mail[claim.span.clone()])).collect();
    assert_eq!(said, [(Kind::OpenProxy, "198.51.0.0"), (Kind::Malware, "192.0.2.2")]);
    assert_eq!(reading.reporter.map(|reporter| reporter.address).as_deref(), Some("reports@example.org"));
}

#[test]
fn bombs_and_traps_are_doubts() {
    // Within what all files together may come to, but a thousand times what was packed.
    let zeros = vec![b'0'; 20 << 20];
    let bomb = named(&zipped(&[("2026-03-24-scan_http_proxy-x-asn.csv", &zeros)]), "bomb.zip");
    assert!(bomb.claims.is_empty() && doubts(&bomb).contains("100 times"), "{}", doubts(&bomb));

    let one = table(1);
    let mut nested = zipped(&[("2026-03-24-scan_http_proxy-x-asn.csv", one.as_bytes())]);
    for _ in 0..3 {
        nested = zipped(&[("a.zip", &nested)]);
    }
    let nested = named(&nested, "a.zip");
    assert!(nested.claims.is_empty() && doubts(&nested).contains("archive within"), "{}", doubts(&nested));

    let many: Vec<(String, &[u8])> = (0..150).map(|n| (format!("{n}.txt"), &b"x"[..])).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
    let many = named(&zipped(&many), "many.zip");
    assert!(doubts(&many).contains("more than 100 files"), "{}", doubts(&many));

    let climbing = named(&zipped(&[("../../2026-03-24-scan_http_proxy-x-asn.csv", one.as_bytes())]), "a.zip");
    assert_eq!(climbing.claims.len(), 1);
    assert!(doubts(&climbing).contains("leads out"), "{}", doubts(&climbing));

    let mut cut = zipped(&[("2026-03-24-scan_http_proxy-x-asn.csv", one.as_bytes())]);
    cut.truncate(cut.len() - 30);
    let cut = named(&cut, "a.zip");
    assert!(cut.claims.is_empty() && doubts(&cut).contains("zip file"), "{}", doubts(&cut));
}

#[test]
fn an_encrypted_file_is_left_and_said() {
    let mut archive = zipped(&[("2026-03-24-scan_http_proxy-x-asn.csv", table(1).as_bytes())]);
    // The bit for encryption in the general purpose flags of both headers (APPNOTE 4.4.4).
    archive[6] |= 1;
    let central = archive.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
    archive[central + 8] |= 1;
    let reading = named(&archive, "a.zip");
    assert!(reading.claims.is_empty() && doubts(&reading).contains("encrypted"), "{}", doubts(&reading));
}

#[test]
fn entries_that_share_their_bytes_are_read_once() {
    let mut archive = zipped(&[
        ("2026-03-24-scan_http_proxy-x-asn.csv", table(1).as_bytes()),
        ("2026-03-24-scan_socks_proxy-x-asn.csv", table(2).as_bytes()),
    ]);
    let central: Vec<usize> =
        archive.windows(4).enumerate().filter(|(_, four)| four == b"PK\x01\x02").map(|(at, _)| at).collect();
    // The second entry now says that it begins where the first does (offset 42 of its central header).
    archive[central[1] + 42..central[1] + 46].fill(0);
    let reading = named(&archive, "a.zip");
    assert_eq!(reading.claims.len(), 1);
    assert!(!reading.doubts.is_empty());
}

#[test]
fn a_bomb_beside_words_does_not_silence_the_words() {
    let packed = zipped(&[("a.zip", &zipped(&[("b.zip", &zipped(&[("c.zip", b"PK\x05\x06")]))]))]);
    let digits: String = packed.iter().map(|byte| format!("={byte:02X}")).collect::<Vec<_>>().concat();
    let mail = format!(
        "From: a@example.org\nTo: abuse@example.net\nSubject: spam from 192.0.2.1\nDate: Tue, 24 Mar 2026 06:00:00 +0000\n\
         Content-Type: multipart/mixed; boundary=b\n\n--b\n\nspam from 192.0.2.1\n--b\nContent-Type: application/zip; name=a.zip\n\
         Content-Transfer-Encoding: quoted-printable\n\n{digits}\n--b--\n"
    );
    let reading = report::read(mail.as_bytes());
    assert_eq!(reading.format, Format::PlainComplaint);
    assert!(doubts(&reading).contains("archive"), "{}", doubts(&reading));
}
