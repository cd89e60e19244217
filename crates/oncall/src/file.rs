//! `oncall.toml` as it is written, and what it means.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use ipnet::IpNet;
use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::civil::first_shows;
use crate::hours::{Day, OfDay, Span};
use crate::layer::Layer;
use crate::rota::Quiet;
use crate::stretch::Stretch;
use crate::{
    Contact, Hours, Name, Override, Person, Policy, Reason, Rota, RotaError, Schedule, Severity, Step,
    Target, Way,
};

/// The most letters a file may have: a hundred people with all their holidays fit many times.
const LONGEST: usize = 1 << 20;
/// The most people, schedules, layers of one, overrides, policies and steps of one.
const AT_MOST: usize = 2000;
/// The longest turn, in days.
const LONGEST_TURN: u16 = 366;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    time_zone: String,
    #[serde(default)]
    webhook_allow: Vec<IpNet>,
    #[serde(default)]
    person: Vec<PersonTable>,
    #[serde(default)]
    schedule: Vec<ScheduleTable>,
    #[serde(default, rename = "override")]
    overrides: Vec<OverrideTable>,
    #[serde(default)]
    policy: Vec<PolicyTable>,
    #[serde(default)]
    quiet: Vec<QuietTable>,
    #[serde(default)]
    reason: BTreeMap<Reason, ReasonTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PersonTable {
    name: Name,
    operator: Option<String>,
    #[serde(default)]
    contacts: Vec<ContactTable>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct ContactTable {
    mail: Option<String>,
    sms: Option<String>,
    slack: Option<String>,
    matrix: Option<String>,
    pagerduty: Option<String>,
    ntfy: Option<String>,
    webhook: Option<String>,
    command: Option<Vec<String>>,
    room: Option<String>,
    token_file: Option<PathBuf>,
    least: Option<Severity>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScheduleTable {
    name: Name,
    time_zone: Option<String>,
    #[serde(default)]
    layer: Vec<LayerTable>,
}

#[derive(Deserialize, Clone, Copy, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum Rotate {
    Daily,
    Weekly,
    Never,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LayerTable {
    people: Vec<Name>,
    rotate: Rotate,
    every: Option<u16>,
    hand_over: Option<OfDay>,
    from: Date,
    until: Option<Date>,
    hours: Option<Span>,
    #[serde(default)]
    days: Vec<Day>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OverrideTable {
    schedule: Name,
    person: Name,
    from: DateTime,
    to: DateTime,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyTable {
    name: Name,
    steps: Vec<StepTable>,
    repeat: Option<u32>,
    repeat_after: Option<Stretch>,
    comes_back: Option<Stretch>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StepTable {
    after: Option<Stretch>,
    ring: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct QuietTable {
    severity: Severity,
    hours: Span,
    #[serde(default)]
    days: Vec<Day>,
    time_zone: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReasonTable {
    severity: Option<Severity>,
    policy: Option<Name>,
}

impl Rota {
    /// Reads `oncall.toml`.
    ///
    /// # Errors
    /// [`RotaError`] with the first thing that is wrong, and where: an unknown setting, a name that stands for nobody, a
    /// time zone this machine does not know.
    pub fn parse(text: &str) -> Result<Rota, RotaError> {
        if text.len() > LONGEST {
            return Err(wrong(format!("it has {} bytes; at most {LONGEST} are read", text.len())));
        }
        let file: File = toml::from_str(text)?;
        let zone = zone(&file.time_zone)?;
        let lengths = [file.person.len(), file.schedule.len(), file.overrides.len(), file.policy.len()];
        if lengths.iter().any(|length| *length > AT_MOST) {
            return Err(wrong(format!("it has more than {AT_MOST} tables of one kind")));
        }
        let people = people(file.person)?;
        let mut schedules = Vec::new();
        for table in file.schedule {
            schedules.push(schedule(table, &zone)?);
        }
        for table in file.overrides {
            stand_in(table, &mut schedules)?;
        }
        unlike("schedules", schedules.iter().map(|one| &one.name))?;
        if let Some(stranger) =
            schedules.iter().flat_map(Schedule::named).find(|name| !people.contains_key(*name))
        {
            return Err(wrong(format!(
                "{stranger} is in a schedule, and there is no [[person]] of that name"
            )));
        }
        let mut policies = Vec::new();
        for table in file.policy {
            policies.push(policy(table, &people, &schedules)?);
        }
        unlike("policies", policies.iter().map(|one| &one.name))?;
        let reasons = reasons(&file.reason, &policies)?;
        let quiet = file.quiet.into_iter().map(|table| quiet(table, &zone)).collect::<Result<_, _>>()?;
        Ok(Rota { people, schedules, policies, quiet, reasons, webhook_allow: file.webhook_allow })
    }
}

fn wrong(text: impl Into<String>) -> RotaError {
    RotaError::Wrong(text.into())
}

fn zone(name: &str) -> Result<TimeZone, RotaError> {
    TimeZone::get(name).map_err(|_| {
        wrong(format!(
            "this machine knows no time zone {name:?}; write one such as Europe/Berlin, and see that tzdata is installed"
        ))
    })
}

/// Two of one name would leave it to chance which is meant.
fn unlike<'a>(what: &str, names: impl Iterator<Item = &'a Name>) -> Result<(), RotaError> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(wrong(format!("two {what} have the name {name}")));
        }
    }
    Ok(())
}

fn people(tables: Vec<PersonTable>) -> Result<BTreeMap<Name, Person>, RotaError> {
    let mut people = BTreeMap::new();
    for table in tables {
        let contact = |one: ContactTable| {
            contact(one).map_err(|why| wrong(format!("a contact of {}: {why}", table.name)))
        };
        let contacts = table.contacts.into_iter().map(contact).collect::<Result<_, _>>()?;
        let person = Person { name: table.name.clone(), operator: table.operator, contacts };
        if people.insert(table.name.clone(), person).is_some() {
            return Err(wrong(format!("two people have the name {}", table.name)));
        }
    }
    if people.is_empty() {
        return Err(wrong("there is no [[person]]: nobody could be rung"));
    }
    Ok(people)
}

fn contact(table: ContactTable) -> Result<Contact, String> {
    let ContactTable { mail, sms, slack, matrix, pagerduty, ntfy, webhook, command, room, token_file, least } =
        table;
    let mut ways = Vec::new();
    ways.extend(mail.map(|address| mailbox(address).map(|address| Way::Mail { address })));
    ways.extend(sms.map(|address| mailbox(address).map(|address| Way::Sms { address })));
    ways.extend(slack.map(|text| url(text).map(|url| Way::Slack { url })));
    ways.extend(matrix.map(|text| {
        let room =
            room.clone().ok_or("a matrix contact needs its room, such as room = \"!abc:example.net\"")?;
        Ok(Way::Matrix { url: url(text)?, room, token_file: token_file.clone().ok_or(NO_TOKEN)? })
    }));
    ways.extend(
        pagerduty.map(|text| {
            Ok(Way::PagerDuty { url: url(text)?, token_file: token_file.clone().ok_or(NO_TOKEN)? })
        }),
    );
    ways.extend(ntfy.map(|text| url(text).map(|url| Way::Ntfy { url, token_file: token_file.clone() })));
    ways.extend(
        webhook.map(|text| url(text).map(|url| Way::Webhook { url, token_file: token_file.clone() })),
    );
    ways.extend(command.map(|command| match command.first() {
        Some(program) if program.starts_with('/') => Ok(Way::Command { command }),
        _ => Err("a command is a program with its whole path, and its arguments".to_owned()),
    }));
    if ways.len() != 1 {
        return Err("it needs exactly one of mail, sms, slack, matrix, pagerduty, ntfy, webhook and command"
            .to_owned());
    }
    let way = ways.pop().unwrap_or_else(|| Err(String::new()))?;
    Ok(Contact { way, least: least.unwrap_or(Severity::Low) })
}

const NO_TOKEN: &str = "it needs token_file, the file that holds its secret";

fn mailbox(address: String) -> Result<String, String> {
    let is_plain =
        address.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && domain.len() > 2)
            && address.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>,;\"\\".contains(&byte));
    if is_plain {
        Ok(address)
    } else {
        Err(format!("{address:?} is no plain mail address such as a@example.net"))
    }
}

fn url(text: String) -> Result<String, String> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let is_plain =
        rest.is_some_and(|rest| !rest.is_empty()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    if is_plain { Ok(text) } else { Err("its URL begins with neither https:// nor http://".to_owned()) }
}

fn schedule(table: ScheduleTable, usual: &TimeZone) -> Result<Schedule, RotaError> {
    let zone = table.time_zone.as_deref().map_or_else(|| Ok(usual.clone()), zone)?;
    let layer = |one| layer(one).map_err(|why| wrong(format!("a layer of schedule {}: {why}", table.name)));
    if table.layer.len() > AT_MOST {
        return Err(wrong(format!("schedule {} has more than {AT_MOST} layers", table.name)));
    }
    let layers = table.layer.into_iter().map(layer).collect::<Result<_, _>>()?;
    Ok(Schedule { name: table.name, zone, layers, overrides: Vec::new() })
}

fn layer(table: LayerTable) -> Result<Layer, String> {
    if table.people.is_empty() || table.people.len() > AT_MOST {
        return Err("it has no people, or more than can take turns".to_owned());
    }
    let days = match (table.rotate, table.every.unwrap_or(1)) {
        (Rotate::Never, _) if table.people.len() > 1 => {
            return Err(
                "its people never take turns: say rotate = \"daily\" or \"weekly\", or name one".to_owned()
            );
        }
        (Rotate::Never, _) => None,
        (Rotate::Daily, every) => Some(every),
        (Rotate::Weekly, every) => Some(every.saturating_mul(7)),
    };
    if days.is_some_and(|days| days == 0 || days > LONGEST_TURN) {
        return Err(format!("every makes a turn of no day, or of more than {LONGEST_TURN}"));
    }
    let week: Vec<_> = table.days.into_iter().map(|Day(day)| day).collect();
    let hours = match table.hours {
        Some(Span(hours)) => Some(hours.on(week)),
        None if week.is_empty() => None,
        None => Some(Hours::all_day(week)),
    };
    let hand_over = table.hand_over.map_or(Time::midnight(), |OfDay(time)| time);
    Ok(Layer { people: table.people, days, hand_over, first_day: table.from, last_day: table.until, hours })
}

fn stand_in(table: OverrideTable, schedules: &mut [Schedule]) -> Result<(), RotaError> {
    let Some(schedule) = schedules.iter_mut().find(|one| one.name == table.schedule) else {
        return Err(wrong(format!(
            "an override is for schedule {}, and there is none of that name",
            table.schedule
        )));
    };
    let from = first_shows(&schedule.zone, table.from);
    let to = first_shows(&schedule.zone, table.to);
    if to <= from {
        return Err(wrong(format!(
            "the override of {} from {} ends before it begins",
            table.person, table.from
        )));
    }
    schedule.overrides.push(Override { person: table.person, from, to });
    Ok(())
}

fn policy(
    table: PolicyTable,
    people: &BTreeMap<Name, Person>,
    schedules: &[Schedule],
) -> Result<Policy, RotaError> {
    let name = table.name;
    if table.steps.is_empty() || table.steps.len() > AT_MOST {
        return Err(wrong(format!("policy {name} has no steps, or more than {AT_MOST}")));
    }
    let mut steps = Vec::new();
    for step in table.steps {
        let target = |text: &String| {
            target(text, people, schedules).map_err(|why| wrong(format!("policy {name}: {why}")))
        };
        let ring: Vec<Target> = step.ring.iter().map(target).collect::<Result<_, _>>()?;
        if ring.is_empty() {
            return Err(wrong(format!("a step of policy {name} rings nobody")));
        }
        steps.push(Step { after: step.after.map_or(SignedDuration::ZERO, |Stretch(after)| after), ring });
    }
    let length =
        |one: Option<Stretch>, usual| one.map_or(SignedDuration::from_mins(usual), |Stretch(length)| length);
    let minute = SignedDuration::from_mins(1);
    Ok(Policy {
        name,
        steps,
        repeat: table.repeat.unwrap_or(3),
        // Less than a minute would ring without an end to it.
        repeat_after: length(table.repeat_after, 10).max(minute),
        comes_back: length(table.comes_back, 60).max(minute),
    })
}

fn target(text: &str, people: &BTreeMap<Name, Person>, schedules: &[Schedule]) -> Result<Target, String> {
    if text == "everybody" {
        return Ok(Target::Everybody);
    }
    if let Some(name) = text.strip_prefix("schedule:") {
        let found = schedules.iter().find(|one| one.name.as_str() == name);
        return found
            .map(|one| Target::Schedule(one.name.clone()))
            .ok_or_else(|| format!("there is no schedule {name:?}"));
    }
    let found = people.keys().find(|one| one.as_str() == text);
    found
        .map(|name| Target::Person(name.clone()))
        .ok_or_else(|| format!("{text:?} rings nobody: write a person's name, schedule:NAME or everybody"))
}

fn reasons(
    tables: &BTreeMap<Reason, ReasonTable>,
    policies: &[Policy],
) -> Result<BTreeMap<Reason, (Severity, Name)>, RotaError> {
    let Some(first) = policies.first() else {
        return Err(wrong("there is no [[policy]]: nobody would be rung"));
    };
    let mut reasons = BTreeMap::new();
    for reason in Reason::ALL {
        let table = tables.get(&reason);
        // What a case could not take has waited already; it shall not wake anybody where quiet hours are kept.
        let usual = match reason {
            Reason::Test | Reason::Inbox => Severity::Low,
            _ => Severity::Urgent,
        };
        let severity = table.and_then(|table| table.severity).unwrap_or(usual);
        let policy = table.and_then(|table| table.policy.as_ref()).unwrap_or(&first.name);
        if !policies.iter().any(|one| one.name == *policy) {
            return Err(wrong(format!(
                "reason {reason} names policy {policy}, and there is none of that name"
            )));
        }
        reasons.insert(reason, (severity, policy.clone()));
    }
    Ok(reasons)
}

fn quiet(table: QuietTable, usual: &TimeZone) -> Result<Quiet, RotaError> {
    let zone = table.time_zone.as_deref().map_or_else(|| Ok(usual.clone()), zone)?;
    let Span(hours) = table.hours;
    let days = table.days.into_iter().map(|Day(day)| day).collect();
    Ok(Quiet { severity: table.severity, hours: hours.on(days), zone })
}
