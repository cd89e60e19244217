//! The static CSV.
use lease::{PortBlock, Row, RowError, csv};
use proptest::prelude::*;

use crate::at;

fn read(text: &str) -> Vec<Result<Row, RowError>> {
    csv::read(text.as_bytes(), "leases.csv").collect()
}

/// The only thing wrong with a file of this one row.
fn wrong(row: &str) -> String {
    let file = format!("address,prefix,subscriber,from,to,port_first,port_last,contact\n{row}\n");
    let mut rows = read(&file);
    assert_eq!(rows.len(), 1, "{rows:?}");
    rows.remove(0).expect_err("the row is bad").to_string()
}

#[test]
fn columns_come_in_any_order_and_strange_ones_are_passed_over() {
    let rows = read(
        "Subscriber;To;From;remark;ADDRESS;contact\r\n\
         # exported on Sunday\r\n\
         \r\n\
         dsl-17;;2026-03-01T00:00:00+01:00;new line;198.51.100.7;owner@example.net\r\n\
         \"dsl-18; second floor\";2026-04-01T00:00:00Z;2026-03-01T00:00:00Z;;2001:db8::1;\r\n",
    );
    let rows: Vec<Row> = rows.into_iter().map(Result::unwrap).collect();
    assert_eq!(rows[0].lease.from, at("2026-02-28T23:00:00Z"));
    assert_eq!((rows[0].lease.to, rows[0].contact.as_deref()), (None, Some("owner@example.net")));
    assert_eq!(rows[0].lease.record, "leases.csv:4");
    assert_eq!(rows[1].lease.subscriber.as_str(), "dsl-18; second floor");
    assert_eq!((rows[1].lease.net.to_string().as_str(), &rows[1].contact), ("2001:db8::1/128", &None));
}

#[test]
fn a_prefix_and_a_port_block_are_read() {
    let rows = read(
        "\u{feff}prefix,subscriber,from,to,port_first,port_last\n2001:db8:45::/56,dsl-17,2026-03-01T00:00:00Z,,1024,2047\n",
    );
    let lease = &rows[0].as_ref().unwrap().lease;
    assert_eq!(lease.net.to_string(), "2001:db8:45::/56");
    assert_eq!(lease.ports, Some(PortBlock { first: 1024, last: 2047 }));
}

#[test]
fn a_bad_row_is_told_with_its_line_and_the_next_is_read() {
    let rows = read(
        "address,subscriber,from,to\n\
         198.51.100.7,dsl-17,2026-03-01 00:00:00,\n\
         198.51.100.8,\"dsl-18,2026-03-01T00:00:00Z,\n\
         198.51.100.9,dsl-19,2026-03-01T00:00:00Z,\n",
    );
    assert_eq!(
        rows[0].as_ref().unwrap_err().to_string(),
        "line 2: the time \"2026-03-01 00:00:00\" does not say its offset from UTC. Nothing was taken from it; the file \
         is at fault: write it as 2026-03-01T22:00:00+01:00 or, in UTC, 2026-03-01T21:00:00Z"
    );
    assert_eq!(rows[1].as_ref().unwrap_err().line, 3);
    assert_eq!(rows[2].as_ref().unwrap().lease.subscriber.as_str(), "dsl-19");
}

#[test]
fn each_fault_has_its_own_words() {
    let time = "2026-03-01T00:00:00Z";
    for (row, words) in [
        (format!(",,dsl-17,{time},,,,"), "no address"),
        (format!("198.51.100.7,198.51.100.0/24,dsl-17,{time},,,,"), "both an address and a prefix"),
        (format!("198.51.100.7/24,,dsl-17,{time},,,,"), "bits set beyond its length"),
        (format!("0.0.0.0/0,,dsl-17,{time},,,,"), "too wide"),
        (format!("198.51.100.256,,dsl-17,{time},,,,"), "neither an address nor a prefix"),
        (format!("198.51.100.7,,,{time},,,,"), "name is empty"),
        ("198.51.100.7,,dsl-17,,,,,".to_owned(), "no time in \"from\""),
        ("198.51.100.7,,dsl-17,yesterday,,,,".to_owned(), "\"yesterday\" is not a time"),
        (format!("198.51.100.7,,dsl-17,{time},{time},,,"), "does not end after it begins"),
        (format!("198.51.100.7,,dsl-17,{time},,1,,"), "one end of a port block"),
        (format!("198.51.100.7,,dsl-17,{time},,2,1,"), "backwards"),
        (format!("198.51.100.7,,dsl-17,{time},,1,65536,"), "\"65536\" is not a port"),
        (format!("198.51.100.7,,dsl-17,{time},,,,owner"), "not a mail address"),
        (format!("198.51.100.7,,dsl-17,{time},,,,a@b.example\u{1b}[2J"), "not a mail address"),
        (format!("198.51.100.7,,\"dsl\"-17,{time},,,,"), "follows a closing quote"),
        (format!("198.51.100.7,,{},{time},,,,", "x".repeat(5000)), "a row has at most 4096"),
    ] {
        let told = wrong(&row);
        assert!(told.contains(words), "{told}");
        assert!(!told.contains('\u{1b}'));
    }
}

#[test]
fn a_file_without_a_usable_header_is_one_error() {
    let rows = read("198.51.100.7,dsl-17,2026-03-01T00:00:00Z,\n198.51.100.8,dsl-18,2026-03-01T00:00:00Z,\n");
    assert_eq!(rows.len(), 1);
    let told = rows[0].as_ref().unwrap_err().to_string();
    assert!(told.contains("lacks address, subscriber, from, to"), "{told}");
    assert!(read("address,subscriber,from,to,to\n")[0].as_ref().unwrap_err().to_string().contains("twice"));
}

proptest! {
    /// What another implementation of RFC 4180 writes is read back as it was.
    #[test]
    fn names_quoted_by_another_writer_come_back(names in prop::collection::vec("[ -~äß]{1,40}", 1..20)) {
        let mut writer = ::csv::Writer::from_writer(Vec::new());
        writer.write_record(["address", "subscriber", "from", "to"]).unwrap();
        for name in &names {
            writer.write_record(["198.51.100.7", name, "2026-03-01T00:00:00Z", ""]).unwrap();
        }
        let file = writer.into_inner().unwrap();
        let rows: Vec<_> = csv::read(&file, "x").collect();
        prop_assert_eq!(rows.len(), names.len());
        for (row, name) in rows.iter().zip(names.iter().map(|name| name.trim())) {
            match row {
                Ok(row) => prop_assert_eq!(row.lease.subscriber.as_str(), name),
                Err(wrong) => prop_assert!(name.is_empty() && wrong.what.contains("empty")),
            }
        }
    }

    #[test]
    fn any_bytes_are_read_without_harm(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let with_header = [&b"address,subscriber,from,to\n"[..], &bytes].concat();
        prop_assert!(csv::read(&with_header, "x").count() <= bytes.len() + 1);
        prop_assert!(csv::read(&bytes, "x").count() <= bytes.len() + 1);
    }
}
