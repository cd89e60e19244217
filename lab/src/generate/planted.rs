//! Lines with something on them that ought to be found.

use flow::{Flow, Millis};

use super::calendar::Calendar;
use super::chance::Chance;
use super::night::Order;
use super::place;
use super::talk::{self, Ends, When};

const MINUTE: i64 = 60_000;

/// What was planted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plant {
    /// Reports home, then listens on an odd port and relays for strangers.
    ListeningProxy,
    /// Keeps a tunnel to its master open and relays what comes through it.
    BackConnect,
    /// Sends mail to everybody's mail servers.
    SpamBot,
    /// Calls its master over and over, and does nothing else yet.
    Beacon,
    /// Tries the doors of others.
    Worm,
    /// Answers on a trojan's port, and is visited by those who found it.
    Trojan,
}

impl Plant {
    /// All of them, in the order in which they are planted.
    pub(crate) const ALL: [Plant; 6] = [
        Plant::ListeningProxy,
        Plant::BackConnect,
        Plant::SpamBot,
        Plant::Beacon,
        Plant::Worm,
        Plant::Trojan,
    ];

    /// The name in the truth.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Plant::ListeningProxy => "listening-proxy",
            Plant::BackConnect => "back-connect",
            Plant::SpamBot => "spam-bot",
            Plant::Beacon => "beacon",
            Plant::Worm => "worm",
            Plant::Trojan => "trojan",
        }
    }

    /// Whether strangers' traffic goes through it.
    pub(crate) fn relays(self) -> bool {
        matches!(self, Plant::ListeningProxy | Plant::BackConnect)
    }
}

/// One line with a plant on it.
#[derive(Debug, Clone)]
pub(crate) struct Planted {
    pub(crate) line: u32,
    pub(crate) plant: Plant,
    /// From when on.
    pub(crate) from: Millis,
    /// The port it listens on, or calls.
    pub(crate) port: u16,
    master: std::net::IpAddr,
    /// The port of the tunnel's own end; the seconds between two calls.
    own_port: u16,
    every: i64,
    customers: Vec<std::net::IpAddr>,
}

impl Planted {
    /// The `number`th plant of a night, on `line`. It begins between a tenth and a half of the night.
    pub(crate) fn new(number: u32, line: u32, order: Order, chance: &mut Chance) -> Planted {
        let place_in_turn = usize::try_from(number).unwrap_or(0) % order.plants.len().max(1);
        let plant = order.plants.get(place_in_turn).copied().unwrap_or(Plant::Beacon);
        let night = i64::from(order.minutes) * MINUTE;
        let port = match plant {
            Plant::Trojan => chance.one_of(&[12_345, 27_374, 1243, 31_337]).unwrap_or(27_374),
            Plant::Beacon => 443,
            Plant::SpamBot => 25,
            Plant::Worm => chance.one_of(&[445, 23, 5555]).unwrap_or(445),
            _ => u16::try_from(chance.between(10_000, 49_000)).unwrap_or(10_080),
        };
        Planted {
            line,
            plant,
            from: order.begin.plus(chance.millis(night / 10, night / 2)),
            port,
            master: place::rare(number * 7 % 2900),
            own_port: chance.client_port(),
            every: chance.millis(60, 600) * 1000,
            customers: (0..40).map(|_| place::stranger(chance)).collect(),
        }
    }

    /// All that begins in one minute.
    pub(super) fn minute(&self, chance: &mut Chance, calendar: &mut Calendar) {
        let at = calendar.now();
        if at < self.from {
            return;
        }
        let since = at.since(self.from);
        match self.plant {
            Plant::ListeningProxy => self.listen(at, since, chance, calendar),
            Plant::BackConnect => self.back_connect(at, since < MINUTE, chance, calendar),
            Plant::SpamBot if since / MINUTE % 5 == 0 => self.spam(at, chance, calendar),
            Plant::Beacon => self.call_home(at, chance, calendar),
            Plant::Worm => self.crawl(at, chance, calendar),
            Plant::Trojan if chance.happens(0.2) => calendar.put(self.visited(at, chance)),
            _ => {}
        }
    }

    fn calls(&self, to: std::net::IpAddr, to_port: u16, chance: &mut Chance) -> Ends {
        Ends { from: place::home(self.line), from_port: chance.client_port(), to, to_port }
    }

    /// A report home, every hour again; some minutes after the first one the customers come.
    fn listen(&self, at: Millis, since: i64, chance: &mut Chance, calendar: &mut Calendar) {
        if since / MINUTE % 60 == 0 {
            let when = When { at: at.plus(chance.millis(0, 30_000)), length: 300 };
            calendar.put(talk::tcp(self.calls(self.master, 8081, chance), when, 180, 60));
        }
        if since < 4 * MINUTE {
            return;
        }
        for _ in 0..chance.count(6.0) {
            let when = When { at: at.plus(chance.millis(0, 60_000)), length: chance.millis(300, 9_000) };
            let customer = chance.one_of(&self.customers).unwrap_or(self.master);
            let (outward, up, down) = self.errand(when, chance);
            calendar.put(outward);
            let ends = Ends {
                from: customer,
                from_port: chance.client_port(),
                to: place::home(self.line),
                to_port: self.port,
            };
            // The customer's side begins before and ends after, and has a few words with the proxy besides.
            let around = When { at: when.at.plus(-chance.millis(40, 400)), length: when.length + 600 };
            calendar.put(talk::tcp(ends, around, up + 120, down + 60));
        }
    }

    /// One errand for somebody else: a connection out, and what it carried each way.
    fn errand(&self, when: When, chance: &mut Chance) -> (Flow, u64, u64) {
        let (up, down) = (chance.bytes(900.0, 1e7), chance.bytes(9_000.0, 1e8));
        let port = if chance.happens(0.8) { 443 } else { 80 };
        let ends = self.calls(place::any_service(chance), port, chance);
        (talk::tcp(ends, when, up, down), up, down)
    }

    /// What comes down the tunnel goes out, and the other way round.
    fn back_connect(&self, at: Millis, begins: bool, chance: &mut Chance, calendar: &mut Calendar) {
        let (mut up, mut down) = (0, 0);
        for _ in 0..chance.count(8.0) {
            let when = When { at: at.plus(chance.millis(0, 50_000)), length: chance.millis(200, 8_000) };
            let (outward, errand_up, errand_down) = self.errand(when, chance);
            calendar.put(outward);
            (up, down) = (up + errand_up, down + errand_down);
        }
        let ends = Ends {
            from: place::home(self.line),
            from_port: self.own_port,
            to: self.master,
            to_port: self.port,
        };
        // What was fetched goes up the tunnel, what is to be sent comes down it, with its own few bytes.
        let when = When { at, length: 59_000 };
        calendar.put(talk::going_on(ends, when, down + down / 40 + 200, up + up / 40 + 200, begins));
    }

    /// A burst of mails: many servers take them, some do not answer.
    fn spam(&self, at: Millis, chance: &mut Chance, calendar: &mut Calendar) {
        for _ in 0..chance.between(20, 45) {
            let begun = at.plus(chance.millis(0, 60_000));
            let ends = self.calls(place::mail_server(chance), 25, chance);
            calendar.put(if chance.happens(0.6) {
                let when = When { at: begun, length: chance.millis(800, 8_000) };
                talk::tcp(ends, when, chance.bytes(6_000.0, 1e5), 700)
            } else {
                talk::unanswered(ends, begun, 3)
            });
        }
    }

    /// Every so many seconds, a tenth more or less; one call in twenty is left out.
    fn call_home(&self, at: Millis, chance: &mut Chance, calendar: &mut Calendar) {
        let since = at.since(self.from);
        let mut due =
            since - since.rem_euclid(self.every) + if since % self.every == 0 { 0 } else { self.every };
        while due < since + MINUTE {
            if !chance.happens(0.05) {
                let late = chance.millis(-self.every / 10, self.every / 10);
                let when = When { at: self.from.plus(due + late.max(0)), length: chance.millis(90, 400) };
                calendar.put(talk::tcp(self.calls(self.master, self.port, chance), when, 320, 180));
            }
            due += self.every;
        }
    }

    fn crawl(&self, at: Millis, chance: &mut Chance, calendar: &mut Calendar) {
        for _ in 0..200 {
            let at = at.plus(chance.millis(0, 60_000));
            let ends = self.calls(place::stranger(chance), self.port, chance);
            calendar.put(match chance.between(0, 200) {
                0 => talk::tcp(ends, When { at, length: 900 }, 2_000, 900),
                1..8 => talk::refused(ends, at),
                _ => talk::unanswered(ends, at, 2),
            });
        }
    }

    fn visited(&self, at: Millis, chance: &mut Chance) -> Flow {
        let ends = Ends {
            from: chance.one_of(&self.customers).unwrap_or(self.master),
            from_port: chance.client_port(),
            to: place::home(self.line),
            to_port: self.port,
        };
        let when = When { at: at.plus(chance.millis(0, 60_000)), length: chance.millis(2_000, 40_000) };
        talk::tcp(ends, when, 400, 2_500)
    }
}
