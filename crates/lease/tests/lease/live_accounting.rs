//! Accounting that tells which ports of a shared address a session has, attribute by attribute as it comes.

use std::net::{IpAddr, Ipv4Addr};

use jiff::SignedDuration;
use lease::accounting::Accounting;
use lease::{Attribution, Home, Lease, Whose, attribute};

use crate::at;

const START: u32 = 1;
const STOP: u32 = 2;
const INTERIM: u32 = 3;
const BEGAN: &str = "2026-11-20T10:00:00Z";
const OUTSIDE: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 9);

/// One attribute, or one part of another.
fn put(kind: u8, value: &[u8]) -> Vec<u8> {
    [&[kind, u8::try_from(value.len() + 2).unwrap()], value].concat()
}

fn number(kind: u8, number: u32) -> Vec<u8> {
    put(kind, &number.to_be_bytes())
}

/// Vendor-Specific of a vendor whose address, first and last port have these numbers.
fn vendor(vendor: u32, kinds: [u8; 3], ports: (u32, u32)) -> Vec<u8> {
    let parts = [put(kinds[0], &OUTSIDE.octets()), number(kinds[1], ports.0), number(kinds[2], ports.1)];
    // As one attribute for each part, and as one with all of them: RFC 2865 section 5.26 allows both.
    let [address, ends @ ..] = parts;
    let wrap = |parts: &[u8]| put(26, &[&vendor.to_be_bytes(), parts].concat());
    [wrap(&address), wrap(&ends.concat())].concat()
}

fn huawei(ports: (u32, u32)) -> Vec<u8> {
    vendor(2011, [161, 162, 163], ports)
}

/// IP-Port-Range (RFC 8045 section 3.1.2): of all ports, given (1) or taken back (2).
fn port_range(given: u32, ports: (u32, u32)) -> Vec<u8> {
    let parts =
        [number(1, 0), put(3, &OUTSIDE.octets()), number(8, given), number(9, ports.0), number(10, ports.1)];
    put(241, &[&[6], parts.concat().as_slice()].concat())
}

struct Night {
    accounting: Accounting,
    leases: Vec<Lease>,
}

impl Night {
    fn new() -> Night {
        Night { accounting: Accounting::default(), leases: Vec::new() }
    }

    /// One request of a line's session, so many minutes after the beginning, with more attributes.
    fn hear(&mut self, line: u8, status: u32, minute: i64, more: &[u8]) {
        let now = at(BEGAN) + SignedDuration::from_mins(minute);
        let name = format!("line-{line}");
        let attributes = [
            number(40, status),
            put(1, name.as_bytes()),
            put(44, name.as_bytes()),
            put(4, &[192, 0, 2, 1]),
            put(8, &[10, 66, 0, line]),
            number(55, u32::try_from(now.as_second()).unwrap()),
            more.to_vec(),
        ];
        for row in self.accounting.take(&attributes.concat(), IpAddr::from([192, 0, 2, 1]), now) {
            let lease = row.unwrap().lease;
            let same = |known: &Lease| {
                (known.net, known.ports, known.from, &known.subscriber)
                    == (lease.net, lease.ports, lease.from, &lease.subscriber)
            };
            self.leases.retain(|known| !same(known));
            self.leases.push(lease);
        }
    }

    fn who(&self, address: IpAddr, port: u16, minute: i64) -> Option<String> {
        let home = Home::new(["203.0.113.0/24".parse().unwrap(), "10.0.0.0/8".parse().unwrap()]).unwrap();
        let whose = Whose {
            address,
            port: Some(port),
            at: at(BEGAN) + SignedDuration::from_mins(minute),
            uncertainty: SignedDuration::from_secs(35),
        };
        match attribute(&home, &self.leases, &whose) {
            Attribution::One { subscriber, .. } => Some(subscriber.to_string()),
            _ => None,
        }
    }

    fn outside(&self, port: u16, minute: i64) -> Option<String> {
        self.who(OUTSIDE.into(), port, minute)
    }
}

#[test]
fn ports_that_accounting_names_are_the_session_s() {
    let vendors = [
        huawei((1024, 2047)),
        vendor(54268, [161, 162, 163], (1024, 2047)),
        vendor(25506, [32, 33, 34], (1024, 2047)),
        vendor(18681, [16, 28, 29], (1024, 2047)),
        port_range(1, (1024, 2047)),
    ];
    for attributes in vendors {
        let mut night = Night::new();
        night.hear(7, START, 0, &attributes);
        let both = (night.outside(2047, 30), night.who(IpAddr::from([10, 66, 0, 7]), 1, 30));
        assert_eq!(both, (Some("line-7".to_owned()), Some("line-7".to_owned())), "{attributes:02x?}");
        assert_eq!((night.outside(1023, 30), night.outside(2048, 30)), (None, None));
        night.hear(7, STOP, 60, &attributes);
        assert_eq!(night.outside(2047, 90), None);
    }
}

#[test]
fn neighbours_on_one_address_do_not_end_each_other() {
    let mut night = Night::new();
    night.hear(7, START, 0, &huawei((1024, 2047)));
    night.hear(8, START, 10, &huawei((2048, 3071)));
    let answers = (night.outside(1500, 30), night.outside(2500, 30));
    assert_eq!(answers, (Some("line-7".to_owned()), Some("line-8".to_owned())));
    // The same block named by another session: the first one's Stop was lost.
    night.hear(9, START, 60, &huawei((1024, 2047)));
    let answers = (night.outside(1500, 30), night.outside(1500, 90));
    assert_eq!(answers, (Some("line-7".to_owned()), Some("line-9".to_owned())));
}

#[test]
fn a_block_given_back_or_replaced_is_nobody_s() {
    let mut night = Night::new();
    night.hear(7, START, 0, &port_range(1, (1024, 2047)));
    night.hear(7, INTERIM, 60, &port_range(2, (1024, 2047)));
    assert_eq!((night.outside(1500, 30), night.outside(1500, 90)), (Some("line-7".to_owned()), None));
    let mut night = Night::new();
    night.hear(7, START, 0, &huawei((1024, 2047)));
    night.hear(7, INTERIM, 60, &huawei((4096, 5119)));
    assert_eq!((night.outside(1500, 90), night.outside(5000, 90)), (None, Some("line-7".to_owned())));
    // An Interim that says nothing of ports changes nothing.
    night.hear(7, INTERIM, 120, &[]);
    assert_eq!(night.outside(5000, 150), Some("line-7".to_owned()));
}
