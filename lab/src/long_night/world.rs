//! All that happens, five seconds at a time.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::net::IpAddr;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use flow::Millis;
use flow::wire::Version;
use flow::wire::encode::Writer;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::frame::Word;
use super::infections::{Infection, PLANTS};
use super::mails::{self, Mail, Seen};
use super::pages::Telephones;
use super::process::{self, Process, Start};
use super::proxies;
use crate::generate::{Chance, Night, Order, home_of};

/// A step. Nothing the desk does is later than this by the world's clock.
const STEP: i64 = 5;
/// Mails in an hour that accuse somebody innocent, or nobody.
const NOISE_HOURLY: f64 = 20.0;
/// After so many minutes a page is answered.
const ANSWERED_AFTER: i64 = 4;
/// One page in so many is left to ring.
const LEFT_TO_RING: u32 = 5;
/// How often the desk is killed, in seconds.
const KILLED_EVERY: i64 = 3600;

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    pub(super) lines: u32,
    pub(super) infections: u32,
    pub(super) hours: u32,
    pub(super) seed: u64,
    pub(super) flows: bool,
    pub(super) kills: bool,
    /// Every page is answered after so many minutes; else after the usual few, and some are left to ring.
    pub(super) answer: Option<i64>,
}

/// The world, and its desk.
pub(super) struct World {
    plan: Plan,
    begin: Timestamp,
    now: Timestamp,
    night: Night,
    infections: Vec<Infection>,
    chance: Chance,
    /// Mails on their way, by when they come.
    post: BinaryHeap<Reverse<(Timestamp, u64)>>,
    written: BTreeMap<u64, Written>,
    mails: u64,
    start: Start,
    desk: Option<Process>,
    telephones: Telephones,
    /// Pages that will be answered, by when.
    answers: Vec<(Timestamp, String)>,
    counts: Counts,
    edge: BTreeSet<IpAddr>,
    innocent: BTreeSet<IpAddr>,
    _relay: Relay,
    _dir: tempfile::TempDir,
}

/// A mail that is on its way.
#[derive(Debug, Clone, Copy)]
enum Written {
    Complaint(usize, Seen),
    Noise(IpAddr),
}

/// What was counted.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    pub(super) flows: u64,
    pub(super) accepted: u64,
    pub(super) kills: u32,
    pub(super) steps: u64,
}

/// A night that is over.
pub(super) struct Passed {
    pub(super) plan: Plan,
    pub(super) begin: Timestamp,
    pub(super) end: Timestamp,
    pub(super) infections: Vec<Infection>,
    pub(super) telephones: Telephones,
    pub(super) counts: Counts,
    /// Addresses that were blocked and had done nothing.
    pub(super) innocent: BTreeSet<IpAddr>,
    /// What the desk says of it.
    pub(super) says: Value,
    pub(super) took: Duration,
}

impl Passed {
    /// Complaints per infected line that spams.
    pub(super) fn complaints_per_incident(&self) -> f64 {
        let spamming = self.infections.iter().filter(|one| one.spams());
        let (lines, complaints) = spamming.fold((0u32, 0u32), |(lines, sum), one| {
            (lines + 1, sum + u32::try_from(one.complaints.len()).unwrap_or(0))
        });
        f64::from(complaints) / f64::from(lines.max(1))
    }
}

/// Takes the desk's letters and reads none.
struct Relay(Child);

impl Relay {
    fn start() -> Result<Relay> {
        let sink = Command::new("smtp-sink")
            .args(["-u", "nobody", "192.0.2.1:2525", "100"])
            .stderr(Stdio::null())
            .spawn();
        Ok(Relay(sink.context("cannot start smtp-sink: apt install postfix")?))
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

impl World {
    pub(super) fn new(plan: Plan) -> Result<World> {
        let begin: Timestamp = "2026-03-01T00:00:00Z".parse()?;
        let order = Order {
            lines: plan.lines,
            minutes: plan.hours * 60,
            seed: plan.seed,
            proxies: plan.infections,
            plants: &PLANTS,
            begin: Millis::from(begin),
        };
        let night = Night::new(order);
        let mut chance = Chance::new(plan.seed.wrapping_add(1));
        let infections = Infection::all(&night, &mut chance)?;
        let (dir, folder) = process::folder("desk")?;
        std::fs::create_dir_all(&folder)?;
        let start = Start { folder: folder.clone(), lines: plan.lines };
        Ok(World {
            plan,
            begin,
            now: begin,
            night,
            infections,
            chance,
            post: BinaryHeap::new(),
            written: BTreeMap::new(),
            mails: 0,
            desk: Some(Process::start(&start, begin)?),
            start,
            telephones: Telephones::new(&folder),
            answers: Vec::new(),
            counts: Counts::default(),
            edge: BTreeSet::new(),
            innocent: BTreeSet::new(),
            _relay: Relay::start()?,
            _dir: dir,
        })
    }

    /// Lets all of it happen.
    pub(super) fn pass(mut self) -> Result<Passed> {
        let began = Instant::now();
        let end = self.begin.checked_add(SignedDuration::from_hours(self.plan.hours.into()))?;
        let mut kill_at = self.next_kill(self.begin);
        while self.now < end {
            self.now = self.now.checked_add(SignedDuration::from_secs(STEP))?;
            self.step(self.plan.kills && self.now >= kill_at).with_context(|| format!("at {}", self.now))?;
            if self.now >= kill_at {
                kill_at = self.next_kill(kill_at);
            }
            self.say_how_far(began);
        }
        self.desk()?.tell(&Word::Numbers)?;
        let says = self.desk()?.hear()?;
        Ok(Passed {
            plan: self.plan,
            begin: self.begin,
            end,
            infections: self.infections,
            telephones: self.telephones,
            counts: self.counts,
            innocent: self.innocent,
            says,
            took: began.elapsed(),
        })
    }

    fn desk(&mut self) -> Result<&mut Process> {
        self.desk.as_mut().context("no desk is at work")
    }

    /// Somewhere in the hour that begins.
    fn next_kill(&mut self, last: Timestamp) -> Timestamp {
        let since = last.duration_since(self.begin).as_secs().div_euclid(KILLED_EVERY) * KILLED_EVERY;
        let hour = if last == self.begin { 0 } else { since + KILLED_EVERY };
        let within = hour + self.chance.millis(KILLED_EVERY / 10, KILLED_EVERY);
        self.begin.saturating_add(SignedDuration::from_secs(within)).unwrap_or(Timestamp::MAX)
    }

    fn step(&mut self, is_killed: bool) -> Result<()> {
        self.counts.steps += 1;
        proxies::it_is(self.now);
        self.let_spam_flow();
        if self.plan.flows && self.now.as_second() % 60 == 0 {
            self.export()?;
        }
        let due = self.post_due();
        if is_killed {
            self.kill_while_it_takes(&due)?;
        }
        self.bring(&due)?;
        self.answer_pages()?;
        let now = self.now;
        self.desk()?.tell(&Word::Time(now))?;
        let says = self.desk()?.hear()?;
        self.look_at_the_edge(&says)?;
        self.hear_pages()
    }

    fn let_spam_flow(&mut self) {
        for number in 0..self.infections.len() {
            let Some(infection) = self.infections.get_mut(number) else { continue };
            let was_stopped = !infection.is_at_work(self.now);
            if let Some((at, seen)) = infection.step(self.now, STEP, &mut self.chance) {
                self.write(at, Written::Complaint(number, seen));
            }
            let Some(infection) = self.infections.get(number) else { continue };
            let is_stopped = !infection.is_at_work(self.now);
            if was_stopped != is_stopped {
                self.night.stop(infection.line, is_stopped && self.now >= infection.from);
            }
        }
        if self.chance.happens(NOISE_HOURLY * f64::from(u16::try_from(STEP).unwrap_or(5)) / 3600.0) {
            let line = self.chance.between(0, self.plan.lines);
            if self.infections.iter().all(|one| one.line != line) {
                self.write(self.now, Written::Noise(home_of(line)));
            }
        }
    }

    fn write(&mut self, at: Timestamp, what: Written) {
        self.mails += 1;
        self.post.push(Reverse((at, self.mails)));
        self.written.insert(self.mails, what);
    }

    /// The minute's flow records, as a router exports them.
    fn export(&mut self) -> Result<()> {
        let Some(flows) = self.night.turn() else { return Ok(()) };
        self.counts.flows += u64::try_from(flows.len())?;
        let now = Millis::from(self.now);
        let mut messages = Vec::new();
        Writer::new(Version::Ipfix, 7, now).write(now, &flows, |message| messages.extend_from_slice(message));
        self.desk()?.tell(&Word::Flows(messages))
    }

    fn post_due(&mut self) -> Vec<(u64, Mail)> {
        let mut due = Vec::new();
        while let Some(Reverse((at, number))) = self.post.peek().copied() {
            if at > self.now {
                break;
            }
            self.post.pop();
            let Some(written) = self.written.get(&number).copied() else { continue };
            let mail = match written {
                Written::Complaint(_, seen) => mails::complaint(number, seen, self.now, &mut self.chance),
                Written::Noise(innocent) => mails::noise(number, innocent, self.now, &mut self.chance),
            };
            due.push((number, mail));
        }
        due
    }

    /// Hands the mails over; each is there once the desk has said so.
    fn bring(&mut self, due: &[(u64, Mail)]) -> Result<()> {
        for (number, mail) in due {
            self.desk()?.tell(&word_of(mail))?;
            let said = self.desk()?.hear()?;
            ensure!(
                said.get("on_disk").and_then(Value::as_str) == Some(mail.id.as_str()),
                "the desk said {said}"
            );
            self.counts.accepted += 1;
            if let Some(Written::Complaint(infection, seen)) = self.written.remove(number)
                && let Some(infection) = self.infections.get_mut(infection)
            {
                infection.complaints.push(seen.at);
            }
        }
        Ok(())
    }

    /// Gives the desk all that is due at this moment and kills it before it can say what it did of it. Whoever was not told
    /// that their mail is there sends it again.
    fn kill_while_it_takes(&mut self, due: &[(u64, Mail)]) -> Result<()> {
        let now = self.now;
        for (_, mail) in due {
            self.desk()?.tell(&word_of(mail))?;
        }
        self.desk()?.tell(&Word::Time(now))?;
        thread::sleep(Duration::from_micros(u64::try_from(self.chance.millis(0, 60_000))?));
        self.desk.take().context("no desk is at work")?.kill()?;
        self.counts.kills += 1;
        self.desk = Some(Process::start(&self.start, now)?);
        Ok(())
    }

    fn answer_pages(&mut self) -> Result<()> {
        let due: Vec<String> =
            self.answers.iter().filter(|(at, _)| *at <= self.now).map(|(_, link)| link.clone()).collect();
        let now = self.now;
        self.answers.retain(|(at, _)| *at > now);
        for link in due {
            let page = link.split('/').next().unwrap_or_default().to_owned();
            self.telephones.answered.entry(page).or_insert(now);
            self.desk()?.tell(&Word::Acknowledge(link))?;
            // Whoever looks at a page sees the proof and says yes to the block that waits for it.
            self.desk()?.tell(&Word::Approve("anna".to_owned()))?;
        }
        Ok(())
    }

    fn look_at_the_edge(&mut self, says: &Value) -> Result<()> {
        ensure!(says.get("settled").is_some(), "the desk said {says}");
        let Some(in_force) = says.get("in_force").and_then(Value::as_array) else { return Ok(()) };
        let addresses = in_force.iter().filter_map(Value::as_str).map(str::parse::<IpAddr>);
        self.edge = addresses.collect::<Result<_, _>>()?;
        for infection in &mut self.infections {
            infection.at_the_edge(self.edge.contains(&infection.address), self.now, &mut self.chance);
        }
        let infected: BTreeSet<IpAddr> =
            self.infections.iter().filter(|one| one.from <= self.now).map(|one| one.address).collect();
        self.innocent.extend(self.edge.difference(&infected));
        Ok(())
    }

    fn hear_pages(&mut self) -> Result<()> {
        let known: BTreeSet<String> = self.telephones.heard.iter().map(|heard| heard.page.clone()).collect();
        for heard in self.telephones.listen(self.now)? {
            if known.contains(&heard.page)
                || self.answers.iter().any(|(_, link)| link.starts_with(&format!("{}/", heard.page)))
            {
                continue;
            }
            let usual = if self.chance.between(0, LEFT_TO_RING) == 0 {
                3 * ANSWERED_AFTER + 2
            } else {
                ANSWERED_AFTER
            };
            let after = SignedDuration::from_mins(self.plan.answer.unwrap_or(usual));
            self.answers.push((self.now.checked_add(after)?, heard.link));
        }
        Ok(())
    }

    fn say_how_far(&self, began: Instant) {
        if self.now.as_second() % 3600 == 0 {
            let contained = self.infections.iter().filter(|one| one.contained.is_some()).count();
            let at_work = self.infections.iter().filter(|one| one.is_at_work(self.now)).count();
            println!(
                "   {} · {} mails, {} flows, {contained} lines contained, {at_work} at work, {} pages, {} kills · {:.0} s",
                self.now.strftime("%d %b %H:%M"),
                self.counts.accepted,
                self.counts.flows,
                self.telephones.first_rings().len(),
                self.counts.kills,
                began.elapsed().as_secs_f64(),
            );
        }
    }
}

fn word_of(mail: &Mail) -> Word {
    Word::Mail { id: mail.id.clone(), source: mail.source.to_owned(), bytes: mail.text.clone().into_bytes() }
}
