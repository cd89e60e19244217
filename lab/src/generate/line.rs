//! Home lines and what they do all day.

use flow::{Flow, Millis};

use super::calendar::Calendar;
use super::chance::Chance;
use super::place;
use super::talk::{self, Ends, When};

/// What kind of people have a line. Each kind browses, asks for names and the time, and takes updates besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Household,
    /// Hardly anybody at home.
    Idle,
    Gamer,
    /// Shares files: called by strangers on a port of its own, and answers.
    FileSharer,
    /// Works over a tunnel to an employer's gateway.
    HomeOffice,
    /// Things that call their maker every minute.
    Things,
    WebServer,
    MailServer,
    /// A camera that its owners look at from outside, through a forwarded port.
    Camera,
}

impl Kind {
    const SHARES: [(Kind, u32); 9] = [
        (Kind::Household, 700),
        (Kind::Idle, 90),
        (Kind::Gamer, 70),
        (Kind::FileSharer, 55),
        (Kind::HomeOffice, 50),
        (Kind::Things, 20),
        (Kind::WebServer, 6),
        (Kind::MailServer, 3),
        (Kind::Camera, 6),
    ];

    fn any(chance: &mut Chance) -> Kind {
        let mut at = chance.between(0, Kind::SHARES.iter().map(|(_, share)| share).sum());
        for (kind, share) in Kind::SHARES {
            match at.checked_sub(share) {
                Some(rest) => at = rest,
                None => return kind,
            }
        }
        Kind::Household
    }

    /// The name in the truth, for those that look like something else to a careless eye.
    pub(super) fn look_alike(self) -> Option<&'static str> {
        match self {
            Kind::Household | Kind::Idle => None,
            Kind::Gamer => Some("gamer"),
            Kind::FileSharer => Some("file-sharer"),
            Kind::HomeOffice => Some("home-office"),
            Kind::Things => Some("things"),
            Kind::WebServer => Some("web-server"),
            Kind::MailServer => Some("mail-server"),
            Kind::Camera => Some("camera"),
        }
    }
}

/// One home line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    pub(super) number: u32,
    pub(super) kind: Kind,
    /// How much busier than the middle it is.
    pace: f32,
    /// The port it listens on, where it does; 0 else.
    pub(super) port: u16,
    /// When within an hour its periodic things happen.
    phase: u32,
}

impl Line {
    #[expect(clippy::cast_possible_truncation, reason = "a pace needs no more")]
    pub(super) fn new(number: u32, chance: &mut Chance) -> Line {
        let kind = Kind::any(chance);
        let port = match kind {
            Kind::FileSharer => chance.client_port(),
            Kind::WebServer => 443,
            Kind::MailServer => 25,
            Kind::Camera => chance.one_of(&[8000, 37_777, 8443, 554]).unwrap_or(8000),
            _ => 0,
        };
        let pace = if kind == Kind::Idle { 0.05 } else { chance.lognormal(0.6, 1.0).min(20.0) };
        Line { number, kind, pace: pace as f32, port, phase: chance.between(0, 3600) }
    }

    /// All that begins on this line in one minute. `busy` is how awake people are, 1 in the mean of the day.
    pub(super) fn minute(&self, minute: u32, busy: f64, chance: &mut Chance, calendar: &mut Calendar) {
        let at = calendar.now();
        for _ in 0..chance.count(0.05 * f64::from(self.pace) * busy) {
            let at = at.plus(chance.millis(0, 60_000));
            self.page(at, chance, calendar);
        }
        if self.phase % 60 == minute % 60 {
            self.hourly(at.plus(i64::from(self.phase % 997) * 60), minute, chance, calendar);
        }
        match self.kind {
            Kind::Gamer if chance.happens(0.01 * busy) => calendar.put(self.game(at, chance)),
            Kind::FileSharer => self.share(at, chance, calendar),
            Kind::HomeOffice if minute % 5 == self.phase % 5 => {
                calendar.put(self.tunnel(at, minute, busy, chance));
            }
            Kind::Things => calendar.put(self.thing(at, chance)),
            Kind::WebServer | Kind::Camera => self.visited(at, busy, chance, calendar),
            Kind::MailServer => self.post(at, busy, chance, calendar),
            _ => {}
        }
    }

    fn calls(&self, to: std::net::IpAddr, to_port: u16, chance: &mut Chance) -> Ends {
        Ends { from: place::home(self.number), from_port: chance.client_port(), to, to_port }
    }

    /// A name is asked for, then one to three servers give a page; now and then a film.
    fn page(&self, at: Millis, chance: &mut Chance, calendar: &mut Calendar) {
        let resolver = place::service(0);
        let asks = self.calls(resolver, 53, chance);
        calendar.put(talk::udp(asks, When { at, length: chance.millis(1, 60) }, (1, 40), (1, 120)));
        for _ in 0..chance.between(1, 4) {
            let server = place::any_service(chance);
            let when = When {
                at: at.plus(chance.millis(20, 2000)),
                length: chance.millis(80, 400) + i64::from(chance.rank(120_000)),
            };
            let ends = self.calls(server, 443, chance);
            let (up, down) = (chance.bytes(900.0, 5e7), chance.bytes(14_000.0, 4e9));
            if chance.happens(0.3) {
                calendar.put(talk::udp(ends, when, (up.div_ceil(600), 600), (down.div_ceil(1252), 1252)));
            } else {
                calendar.put(talk::tcp(ends, when, up, down));
            }
        }
        if chance.happens(0.02) {
            let ends = self.calls(place::any_service(chance), 443, chance);
            calendar.put(talk::unanswered(ends, at, 3));
        }
    }

    /// The time from a common server, a push service's sign of life; once a day an update.
    fn hourly(&self, at: Millis, minute: u32, chance: &mut Chance, calendar: &mut Calendar) {
        let clock = self.calls(place::service(1 + self.phase % 4), 123, chance);
        calendar.put(talk::udp(clock, When { at, length: 20 }, (1, 48), (1, 48)));
        let push = self.calls(place::service(8 + self.phase % 8), 5223, chance);
        calendar.put(talk::going_on(push, When { at, length: 50_000 }, 300, 260, false));
        if minute / 60 % 24 == self.phase % 24 {
            let update = self.calls(place::service(16 + self.phase % 16), 443, chance);
            let when = When { at, length: chance.millis(5_000, 90_000) };
            calendar.put(talk::tcp(update, when, 4_000, chance.bytes(4e7, 3e9)));
        }
    }

    fn game(&self, at: Millis, chance: &mut Chance) -> Flow {
        let length = chance.millis(300_000, 2_400_000);
        let ends = self.calls(place::any_service(chance), 27_015, chance);
        let packets = u64::try_from(length / 25).unwrap_or(0);
        talk::udp(ends, When { at, length }, (packets, 60), (packets, 180))
    }

    /// Calls strangers on their ports, and is called by strangers on its own.
    fn share(&self, at: Millis, chance: &mut Chance, calendar: &mut Calendar) {
        for _ in 0..chance.count(1.2) {
            let when = When { at: at.plus(chance.millis(0, 60_000)), length: chance.millis(50, 60_000) };
            let stranger = place::stranger(chance);
            let theirs = Ends {
                from: stranger,
                from_port: chance.client_port(),
                to: place::home(self.number),
                to_port: self.port,
            };
            let (up, down) = (chance.bytes(3_000.0, 1e9), chance.bytes(3_000.0, 1e9));
            let port = chance.client_port();
            let ours = self.calls(stranger, port, chance);
            calendar.put(match chance.between(0, 5) {
                0 => talk::tcp(theirs, when, up, down),
                1 => talk::udp(theirs, when, (2, 100), (2, 300)),
                2 => talk::unanswered(ours, when.at, 3),
                3 => talk::tcp(ours, when, up, down),
                _ => talk::udp(ours, when, (2, 100), (2, 300)),
            });
        }
    }

    /// What the last five minutes carried of a tunnel that is always up.
    fn tunnel(&self, at: Millis, minute: u32, busy: f64, chance: &mut Chance) -> Flow {
        let ends = Ends {
            from: place::home(self.number),
            from_port: 51_820,
            to: place::service(64 + self.phase),
            to_port: 51_820,
        };
        let at_work = (8 * 60..18 * 60).contains(&(minute % 1440));
        let packets = if at_work { chance.bytes(3_000.0 * busy, 1e6) } else { 12 };
        talk::udp(ends, When { at, length: 299_000 }, (packets, 300), (packets, 900))
    }

    fn thing(&self, at: Millis, chance: &mut Chance) -> Flow {
        let ends = self.calls(place::service(32 + self.phase % 32), 8883, chance);
        let when = When { at: at.plus(i64::from(self.phase % 60) * 1000), length: 400 };
        talk::tcp(ends, when, 700, 500)
    }

    /// Visitors from everywhere of a web server; of a camera its owners alone.
    fn visited(&self, at: Millis, busy: f64, chance: &mut Chance, calendar: &mut Calendar) {
        let (visits, down) = if self.kind == Kind::Camera { (0.02, 2e6) } else { (2.0, 20_000.0) };
        for _ in 0..chance.count(visits * busy) {
            let from = match self.kind {
                Kind::Camera => place::rare(4000 + self.number % 1900 + chance.between(0, 3)),
                _ => place::stranger(chance),
            };
            let ends = Ends {
                from,
                from_port: chance.client_port(),
                to: place::home(self.number),
                to_port: self.port,
            };
            let when = When { at: at.plus(chance.millis(0, 60_000)), length: chance.millis(60, 20_000) };
            calendar.put(talk::tcp(ends, when, 900, chance.bytes(down, 1e9)));
        }
    }

    /// Mail comes in on port 25 and goes out to the servers of other domains.
    fn post(&self, at: Millis, busy: f64, chance: &mut Chance, calendar: &mut Calendar) {
        for _ in 0..chance.count(2.0 * busy) {
            let other = place::mail_server(chance);
            let when = When { at: at.plus(chance.millis(0, 60_000)), length: chance.millis(500, 9_000) };
            let size = chance.bytes(12_000.0, 2e7);
            let home = place::home(self.number);
            calendar.put(if chance.happens(0.6) {
                let ends = Ends { from: other, from_port: chance.client_port(), to: home, to_port: 25 };
                talk::tcp(ends, when, size, 600)
            } else {
                talk::tcp(self.calls(other, 25, chance), when, size, 600)
            });
        }
    }
}
