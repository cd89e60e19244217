//! FreeRADIUS `detail` accounting.
use lease::{Lease, Row, RowError, detail};
use proptest::prelude::*;

use crate::at;

/// One record: what it is, and when the server received it in seconds after 2026-03-01T00:00:00Z.
fn record(status: &str, session: &str, received: i64, attributes: &[&str]) -> String {
    let mut text = format!(
        "Sun Mar  1 00:00:00 2026\n\tAcct-Status-Type = {status}\n\tAcct-Session-Id = \"{session}\"\n"
    );
    text += "\tNAS-IP-Address = 192.0.2.254\n";
    for attribute in attributes {
        text += &format!("\t{attribute}\n");
    }
    let midnight = at("2026-03-01T00:00:00Z").as_second();
    text + &format!("\tTimestamp = {}\n\n", midnight + received)
}

const ANNA: &str = "User-Name = \"anna@isp.example\"";
const BERT: &str = "User-Name = \"bert@isp.example\"";
const SEVEN: &str = "Framed-IP-Address = 198.51.100.7";

fn read(text: &str) -> Vec<Result<Row, RowError>> {
    detail::read(text.as_bytes()).collect()
}

/// The leases, each as `subscriber net from..to` with times of that night.
fn leases(text: &str) -> Vec<String> {
    read(text).into_iter().map(|row| tell(&row.expect("a good file").lease)).collect()
}

fn tell(lease: &Lease) -> String {
    let clock = |time: jiff::Timestamp| time.strftime("%H:%M:%S").to_string();
    let name = lease.subscriber.as_str().split('@').next().unwrap_or_default();
    format!("{name} {} {}..{}", lease.net, clock(lease.from), lease.to.map(clock).unwrap_or_default())
}

#[test]
fn a_session_holds_its_addresses_from_start_to_stop() {
    let six = "Delegated-IPv6-Prefix = 2001:db8:46::/56";
    let text = record("Start", "s1", 60, &[ANNA, SEVEN, six, "Framed-IPv6-Prefix = 2001:db8:45::/64"])
        + &record("Interim-Update", "s1", 960, &[ANNA, SEVEN, "Acct-Session-Time = 900"])
        + &record("Stop", "s1", 3660, &[ANNA, SEVEN, six, "Acct-Session-Time = 3600"]);
    let expected = [
        "anna 198.51.100.7/32 00:01:00..01:01:00",
        "anna 2001:db8:46::/56 00:01:00..01:01:00",
        "anna 2001:db8:45::/64 00:01:00..01:01:00",
    ];
    assert_eq!(leases(&text), expected);
}

#[test]
fn a_stop_alone_tells_when_the_session_began() {
    assert_eq!(
        leases(&record("Stop", "s1", 7200, &[ANNA, SEVEN, "Acct-Session-Time = 3600"])),
        ["anna 198.51.100.7/32 01:00:00..02:00:00"]
    );
    let rows = read(&record("Stop", "s1", 7200, &[ANNA, SEVEN]));
    assert!(rows[0].as_ref().unwrap_err().to_string().contains("without Acct-Session-Time"));
}

#[test]
fn an_interim_update_alone_tells_it_too_and_the_lease_stays_open() {
    let text = record("Interim-Update", "s1", 7200, &[ANNA, SEVEN, "Acct-Session-Time = 3600"]);
    assert_eq!(leases(&text), ["anna 198.51.100.7/32 01:00:00.."]);
}

#[test]
fn an_address_first_named_in_an_update_is_held_from_then_on() {
    let text = record("Start", "s1", 0, &[ANNA])
        + &record("Interim-Update", "s1", 600, &[ANNA, SEVEN, "Acct-Session-Time = 600"])
        + &record("Interim-Update", "s1", 1200, &[ANNA, "Framed-IP-Address = 198.51.100.8"]);
    assert_eq!(leases(&text), ["anna 198.51.100.7/32 00:10:00..00:20:00", "anna 198.51.100.8/32 00:20:00.."]);
}

#[test]
fn a_lost_stop_is_made_up_for_by_the_next_start_on_the_port() {
    let port = "NAS-Port-Id = \"0/1/3.200:pppoe\"";
    let text = record("Start", "s1", 0, &[ANNA, SEVEN, port])
        + &record("Start", "s2", 600, &[ANNA, "Framed-IP-Address = 198.51.100.8", port]);
    assert_eq!(leases(&text), ["anna 198.51.100.7/32 00:00:00..00:10:00", "anna 198.51.100.8/32 00:10:00.."]);
    // Port 0 is what servers without ports send: it says nothing.
    let text = text.replace(port, "NAS-Port = 0");
    assert_eq!(leases(&text), ["anna 198.51.100.7/32 00:00:00..", "anna 198.51.100.8/32 00:10:00.."]);
}

#[test]
fn a_lost_stop_is_made_up_for_by_another_session_with_the_address() {
    let text = record("Start", "s1", 0, &[ANNA, SEVEN]) + &record("Start", "s2", 600, &[BERT, SEVEN]);
    assert_eq!(leases(&text), ["anna 198.51.100.7/32 00:00:00..00:10:00", "bert 198.51.100.7/32 00:10:00.."]);
}

#[test]
fn a_server_that_starts_anew_ends_its_sessions_and_no_others() {
    let other = record("Start", "s9", 0, &[BERT, "Framed-IP-Address = 198.51.100.9"])
        .replace("192.0.2.254", "192.0.2.253");
    let text = record("Start", "s1", 0, &[ANNA, SEVEN]) + &other + &record("Accounting-On", "x", 600, &[]);
    assert_eq!(leases(&text), ["anna 198.51.100.7/32 00:00:00..00:10:00", "bert 198.51.100.9/32 00:00:00.."]);
}

#[test]
fn a_restart_that_is_told_late_ends_nothing_that_came_after_it() {
    let text = record("Start", "s1", 600, &[ANNA, SEVEN]) + &record("Accounting-On", "x", 300, &[]);
    assert_eq!(leases(&text), ["anna 198.51.100.7/32 00:10:00.."]);
}

#[test]
fn a_start_sent_twice_is_one_lease() {
    let text = record("Start", "s1", 0, &[ANNA, SEVEN])
        + &record("Start", "s1", 5, &[ANNA, SEVEN, "Acct-Delay-Time = 5"]);
    assert_eq!(leases(&text), ["anna 198.51.100.7/32 00:00:00.."]);
}

#[test]
fn the_clocks_are_weighed() {
    for (attributes, from) in [
        // On its way for a minute, as it admits.
        (&["Acct-Delay-Time = 60"][..], "00:59:00"),
        // Its own clock agrees with that, and is nearer the event.
        (&["Acct-Delay-Time = 60", "Event-Timestamp = \"Mar  1 2026 00:58:58 UTC\""], "00:58:58"),
        // Its clock is an hour off.
        (&["Acct-Delay-Time = 0", "Event-Timestamp = \"Mar  1 2026 02:00:00 UTC\""], "01:00:00"),
        // It does not say how long: a proxy may have held it back. But not since 1970, and not from tomorrow.
        (&["Event-Timestamp = \"Mar  1 2026 00:10:00 UTC\""], "00:10:00"),
        (&["Event-Timestamp = \"Jan  1 1970 00:10:00 UTC\""], "01:00:00"),
        (&["Event-Timestamp = \"Mar  2 2026 00:10:00 UTC\""], "01:00:00"),
        (&["Event-Timestamp = 1772323800"], "00:10:00"),
        // Local time without a zone we know: the line above the record shows it to be two hours ahead.
        (&["Event-Timestamp = \"Mar  1 2026 02:10:00 EET\""], "00:10:00"),
    ] {
        let attributes: Vec<&str> = [ANNA, SEVEN].iter().chain(attributes).copied().collect();
        let text =
            record("Start", "s1", 3600, &attributes).replace("Sun Mar  1 00:00:00", "Sun Mar  1 03:00:00");
        assert_eq!(leases(&text), [format!("anna 198.51.100.7/32 {from}..")], "{attributes:?}");
    }
}

#[test]
fn without_a_time_in_utc_nothing_is_guessed() {
    let text = record("Start", "s1", 0, &[ANNA, SEVEN, "Event-Timestamp = \"Mar  1 2026 02:10:00 EET\""]);
    let text: String =
        text.lines().filter(|line| !line.contains("\tTimestamp")).map(|line| format!("{line}\n")).collect();
    let told = read(&text)[0].as_ref().unwrap_err().to_string();
    assert!(told.starts_with("line 1: the record has no time that is known in UTC"), "{told}");
}

#[test]
fn sessions_go_by_their_unique_id_where_there_is_one() {
    let unique = |id: &str| format!("Acct-Unique-Session-Id = \"{id}\"");
    let text = record("Start", "s1", 0, &[ANNA, SEVEN, &unique("41a4")])
        + &record("Start", "s1", 60, &[BERT, "Framed-IP-Address = 198.51.100.8", &unique("41a5")])
        + &record("Stop", "s1", 120, &[ANNA, SEVEN, &unique("41a4")]);
    assert_eq!(leases(&text), ["anna 198.51.100.7/32 00:00:00..00:02:00", "bert 198.51.100.8/32 00:01:00.."]);
    let rows = read(&text);
    assert_eq!(rows[0].as_ref().unwrap().lease.record, "41a4");
}

#[test]
fn a_bad_record_is_told_with_its_line_and_the_next_is_read() {
    let good = record("Start", "s2", 0, &[BERT, SEVEN]);
    for (bad, words) in [
        (record("Start", "s1", 0, &[SEVEN]), "no User-Name"),
        (record("Start", "s1", 0, &[ANNA, "Framed-IP-Address = 198.51.100.777"]), "no address or prefix"),
        (record("Start", "s1", 0, &[ANNA, "Acct-Session-Time = -5"]), "no length of a session"),
        (record("Failed", "s1", 0, &[ANNA]), "\"Failed\" tells of no session"),
        (record("Start", "", 0, &[ANNA]), "names no session"),
        (record("Start", "s1", 0, &[ANNA, "garbage"]), "\"garbage\" is no attribute"),
        (record("Start", "s1", 0, &["User-Name = \"an\\033[2Jna\""]), "control character"),
        (record("Start", "s1", 0, &[&format!("Class = 0x{}", "00".repeat(5000))]), "longer than 2048 bytes"),
        (record("Start", "s1", 0, &["Class = 1"; 2000]), "more than 1000 lines"),
    ] {
        let rows = read(&(bad + &good));
        assert_eq!(rows.len(), 2, "{rows:?}");
        let told = rows[0].as_ref().unwrap_err();
        assert!(told.line == 1 && told.to_string().contains(words), "{told}");
        assert_eq!(tell(&rows[1].as_ref().unwrap().lease), "bert 198.51.100.7/32 00:00:00..");
    }
}

#[test]
fn an_address_that_is_none_is_no_lease() {
    for none in ["0.0.0.0", "255.255.255.254", "255.255.255.255"] {
        assert_eq!(
            leases(&record("Start", "s1", 0, &[ANNA, &format!("Framed-IP-Address = {none}")])),
            [""; 0]
        );
    }
}

#[test]
fn a_file_cut_anywhere_reads_the_same() {
    let text = record("Start", "s1", 0, &[ANNA, SEVEN])
        + &record("Start", "s2", 60, &[BERT, "Framed-IP-Address = 198.51.100.8"]).replace('\n', "\r\n")
        + &record("Stop", "s1", 120, &[ANNA, SEVEN]);
    let whole = read(&text);
    for cut in 0..text.len() {
        let (one, other) = text.as_bytes().split_at(cut);
        let mut reader = detail::Reader::new();
        let mut rows = reader.feed(one);
        rows.extend(reader.feed(other));
        rows.extend(reader.finish());
        assert_eq!(rows, whole, "cut at {cut}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_harm(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let whole: Vec<_> = detail::read(&bytes).collect();
        prop_assert!(whole.len() <= bytes.len());
        let mut reader = detail::Reader::new();
        let mut cut: Vec<_> = bytes.chunks(7).flat_map(|piece| reader.feed(piece)).collect();
        cut.extend(reader.finish());
        prop_assert_eq!(cut, whole);
    }

    /// Whatever comes in whatever order, no two leases of one address overlap unless both are open-ended or told twice,
    /// and none ends before it begins.
    #[test]
    fn no_lease_ends_before_it_begins(
        records in prop::collection::vec((0..4usize, 0..4u8, 0..3u8, 0..5000i64, prop::option::of(0..5000u32)), 0..40),
    ) {
        let text: String = records.into_iter().map(|(status, session, address, received, lasted)| {
            let status = ["Start", "Interim-Update", "Stop", "Accounting-On"][status];
            let address = format!("Framed-IP-Address = 198.51.100.{address}");
            let lasted = lasted.map_or_else(|| "Class = 1".to_owned(), |s| format!("Acct-Session-Time = {s}"));
            record(status, &format!("s{session}"), received, &[ANNA, &address, &lasted])
        }).collect();
        for row in detail::read(text.as_bytes()).flatten() {
            prop_assert!(row.lease.to.is_none_or(|to| to > row.lease.from));
        }
    }
}

/// A file as a FreeRADIUS server wrote it, kept outside the tree. It is cut off within its last record.
#[test]
fn what_a_real_server_wrote_is_read_to_where_it_is_cut_off() {
    let Ok(corpus) = std::env::var("NIGHTDESK_CORPUS") else {
        eprintln!("skipped: NIGHTDESK_CORPUS does not say where the corpus is");
        return;
    };
    let path = std::path::Path::new(&corpus).join("leases/radius-detail-generated.txt");
    let bytes = std::fs::read(&path).unwrap_or_else(|wrong| panic!("{}: {wrong}", path.display()));
    let (rows, wrong): (Vec<_>, Vec<_>) = detail::read(&bytes).partition(Result::is_ok);
    let sessions: std::collections::BTreeSet<String> =
        rows.into_iter().flatten().map(|row| row.lease.record).collect();
    let starts = String::from_utf8_lossy(&bytes).matches("Acct-Status-Type = Start").count();
    assert_eq!((sessions.len(), wrong.len()), (starts - 1, 1), "{wrong:?}");
}
