//! From an address that was found to a claim.

use std::net::IpAddr;
use std::ops::Range;

use jiff::Timestamp;
use jiff::tz::Offset;

use crate::mail::Mail;
use crate::reading::{Claim, Doubt, Kind, Protocol, Reporter, Role, TimeBasis};
use crate::time::Stamp;

/// More claims than this from one message are not kept apart.
const MOST: usize = 500;

/// A time and what it rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct When {
    pub(crate) time: Option<Timestamp>,
    pub(crate) basis: TimeBasis,
}

impl When {
    pub(crate) const UNKNOWN: When = When { time: None, basis: TimeBasis::Unknown };

    /// The Date of the mail itself.
    pub(crate) fn of_mail(mail: &Mail<'_>) -> When {
        mail.sent.map_or(When::UNKNOWN, |time| When { time: Some(time), basis: TimeBasis::MailDate })
    }
}

/// Claims and doubts as a format's reader gathers them.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) claims: Vec<Claim>,
    pub(crate) doubts: Vec<Doubt>,
    /// The report's own number for itself, where its format has one.
    pub(crate) report_id: Option<String>,
    /// Who says so, where the format has a place for it beside the mail's From.
    pub(crate) reporter: Option<Reporter>,
}

impl Draft {
    /// Keeps a claim unless the same has been said before.
    pub(crate) fn claim(&mut self, claim: Claim) {
        let same = |known: &Claim| {
            known.address == claim.address
                && known.time == claim.time
                && known.role == claim.role
                && known.url == claim.url
                && known.port == claim.port
        };
        if self.claims.iter().any(same) {
            return;
        }
        if self.claims.len() < MOST {
            self.claims.push(claim);
        } else {
            self.doubt("more claims than are kept apart; the last are left out");
        }
    }

    /// Takes every accusation back, keeping the addresses as mentioned.
    pub(crate) fn demote(&mut self, why: &str) {
        for claim in &mut self.claims {
            claim.role = Role::Mentioned;
        }
        self.doubt(why);
    }

    /// Notes a doubt once.
    pub(crate) fn doubt(&mut self, text: &str) {
        if !self.doubts.iter().any(|known| known.text == text) {
            self.doubts.push(Doubt::new(text));
        }
    }

    /// Settles a time that was written down. Without a zone it is read in `zone` if prose states one, else in that of the
    /// mail's Date, else it is unknown; each guess is a doubt.
    pub(crate) fn when(&mut self, stamp: Option<&Stamp>, zone: Option<Offset>, mail: &Mail<'_>) -> When {
        let Some(stamp) = stamp else { return When::UNKNOWN };
        if !stamp.elsewhere.is_empty() {
            return self.ambiguous(stamp, mail.offset);
        }
        if let Some(time) = stamp.stated().or_else(|| stamp.at(zone?)) {
            return When { time: Some(time), basis: TimeBasis::Stated };
        }
        let Some(offset) = mail.offset else {
            self.doubt("a time states no zone and the mail's Date has none to lend");
            return When::UNKNOWN;
        };
        self.doubt(&format!("a time states no zone; that of the mail's Date ({offset}) was assumed"));
        When { time: stamp.at(offset), basis: TimeBasis::AssumedZone }
    }
}

impl Draft {
    /// Settles a time whose zone has a name with several meanings: the meaning that is the offset of the mail itself, else
    /// that of RFC 5322 section 4.3, else none.
    fn ambiguous(&mut self, stamp: &Stamp, sender: Option<Offset>) -> When {
        let meant =
            sender.filter(|sender| stamp.elsewhere.iter().any(|minutes| minutes * 60 == sender.seconds()));
        if let Some(offset) = meant {
            self.doubt(&format!(
                "the zone of a time has several meanings; that of the mail's Date ({offset}) was assumed"
            ));
            return When { time: offset.to_timestamp(stamp.civil).ok(), basis: TimeBasis::AssumedZone };
        }
        if let Some(time) = stamp.stated() {
            return When { time: Some(time), basis: TimeBasis::Stated };
        }
        self.doubt("the zone of a time has several meanings and nothing says which is meant");
        When::UNKNOWN
    }
}

/// A claim with nothing but its address, to be filled.
pub(crate) fn bare(address: IpAddr, kind: Kind, role: Role, span: Range<usize>) -> Claim {
    Claim {
        address,
        port: None,
        protocol: None,
        time: None,
        time_basis: TimeBasis::Unknown,
        kind,
        role,
        url: None,
        malware: None,
        xarf: None,
        rsit: None,
        span,
    }
}

impl Claim {
    pub(crate) fn at(mut self, when: When) -> Claim {
        self.time = when.time;
        self.time_basis = when.basis;
        self
    }

    pub(crate) fn on(mut self, port: Option<u16>, protocol: Option<Protocol>) -> Claim {
        self.port = port;
        self.protocol = protocol;
        self
    }

    pub(crate) fn advertising(mut self, url: &str) -> Claim {
        let url: String = url.chars().filter(|c| !c.is_control()).take(2048).collect();
        self.url = (!url.is_empty()).then(|| url.into());
        self
    }
}
