//! What pages and commands show of who is on duty and who was rung.

use ::oncall::{Coverage, Logged, Next, Page, PageId, Rota, Shift};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::desk::Desk;
use crate::error::{DeskError, Doing};

/// How far ahead is looked whether somebody is on duty.
const AHEAD: SignedDuration = SignedDuration::from_hours(14 * 24);
/// How many pages are listed.
const LISTED: u32 = 50;

/// Who is on duty, who will be, and what they were rung for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DutyView {
    /// Whether anybody is on duty at all; otherwise pages go by mail to `mail.operators`.
    pub configured: bool,
    /// Why the file as it is now cannot be used; what it last said holds.
    pub wrong: Option<String>,
    /// Who is on duty now, by schedule.
    pub on_duty: Vec<OnDutyView>,
    /// What is wrong with the next fourteen days.
    pub coverage: Option<Coverage>,
    /// Whose turn it is in the next fourteen days, by schedule.
    pub turns: Vec<TurnView>,
    /// Pages that are not resolved, the oldest first.
    pub open: Vec<PageView>,
    /// The newest that are, the newest first.
    pub resolved: Vec<PageView>,
    /// Ways that did not reach somebody when they were last tried: who, how, why.
    pub broken: Vec<(String, String, String)>,
    /// When the last sign of life went out, and why it did not arrive if it did not.
    pub heartbeat: Option<(Timestamp, Option<String>)>,
    /// Now, by the desk's clock.
    pub now: Timestamp,
}

/// Who is on duty in one schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OnDutyView {
    /// The schedule.
    pub schedule: String,
    /// Who; none when nobody is.
    pub person: Option<String>,
    /// Until when, as far as can be seen.
    pub until: Option<Timestamp>,
    /// That moment by the schedule's own wall clock.
    pub until_there: Option<String>,
}

/// The turns of one schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TurnView {
    /// The schedule.
    pub schedule: String,
    /// Its time zone.
    pub time_zone: String,
    /// Who from when to when, without gaps; nobody where none is named.
    pub shifts: Vec<(Timestamp, Timestamp, Option<String>)>,
}

/// A page, and what is due on it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PageView {
    /// The page.
    #[serde(flatten)]
    pub page: Page,
    /// When something is next due on it.
    pub next: Option<Timestamp>,
}

impl Desk {
    /// Who is on duty, who will be, and what they were rung for.
    ///
    /// # Errors
    /// [`DeskError`] when the store failed.
    pub async fn duty_view(&self) -> Result<DutyView, DeskError> {
        let now = self.now();
        let rota = self.duty().rota();
        let open = self.store().unresolved_pages().await.doing("read the pages")?;
        let newest = self.store().newest_pages(LISTED).await.doing("read the pages")?;
        let resolved =
            newest.into_iter().filter(|page| matches!(page.standing, ::oncall::Standing::Resolved { .. }));
        let (broken, beat) = self.duty().going(|going| (going.broken.clone(), going.beat.clone()));
        let is_broken = |name: &::oncall::Name, contact: &::oncall::Contact| {
            broken.contains_key(&(name.clone(), contact.way.to_string()))
        };
        let to = now.saturating_add(AHEAD).unwrap_or(Timestamp::MAX);
        let rota = rota.as_deref();
        Ok(DutyView {
            configured: rota.is_some(),
            wrong: self.duty().wrong(),
            on_duty: rota.map(|rota| on_duty(rota, now, to)).unwrap_or_default(),
            coverage: rota.map(|rota| rota.coverage(now, to, is_broken)),
            turns: rota.map(|rota| turns(rota, now, to)).unwrap_or_default(),
            open: open.into_iter().map(|page| PageView::of(page, rota, now)).collect(),
            resolved: resolved.map(|page| PageView::of(page, rota, now)).collect(),
            broken: broken.into_iter().map(|((name, way), why)| (name.to_string(), way, why)).collect(),
            heartbeat: beat.map(|(at, beat)| (at, beat.err())),
            now,
        })
    }

    /// One page with everything that happened to it; none when there is no such page.
    ///
    /// # Errors
    /// [`DeskError`] when the store failed.
    pub async fn page_view(&self, id: PageId) -> Result<Option<(PageView, Vec<Logged>)>, DeskError> {
        let entries = self.store().page_entries(id).await.doing("read a page")?;
        let rota = self.duty().rota();
        let page = Page::replay(id, &entries);
        Ok(page.map(|page| (PageView::of(page, rota.as_deref(), self.now()), entries)))
    }

    /// Rings whoever is on duty, to see whether that works.
    ///
    /// # Errors
    /// [`DeskError`] when the store failed.
    pub async fn ring_a_test(&self, by: &str) -> Result<PageId, DeskError> {
        let now = self.now();
        let told = super::Told {
            reason: ::oncall::Reason::Test,
            case: None,
            what: format!("a test that {by} asked for: nothing is wrong"),
            key: format!("page/test/{by}/{}", now.as_microsecond()),
        };
        self.tell_duty(told).await
    }
}

impl PageView {
    fn of(page: Page, rota: Option<&Rota>, now: Timestamp) -> PageView {
        let next = rota.and_then(|rota| match page.next(rota, now, None) {
            Next::At(at) | Next::Now(at, _) => Some(at),
            Next::Nothing => None,
        });
        PageView { page, next }
    }
}

fn on_duty(rota: &Rota, now: Timestamp, to: Timestamp) -> Vec<OnDutyView> {
    let of = |schedule: &::oncall::Schedule| {
        let shifts = schedule.shifts(now, to);
        let first = shifts.first();
        let until = first.filter(|shift| shift.to < to).map(|shift| shift.to);
        OnDutyView {
            schedule: schedule.name.to_string(),
            person: first.and_then(person),
            until,
            until_there: until.map(|until| schedule.civil(until).strftime("%a %d %b %H:%M").to_string()),
        }
    };
    rota.schedules().iter().map(of).collect()
}

fn turns(rota: &Rota, now: Timestamp, to: Timestamp) -> Vec<TurnView> {
    let of = |schedule: &::oncall::Schedule| TurnView {
        schedule: schedule.name.to_string(),
        time_zone: schedule.time_zone().to_owned(),
        shifts: schedule.shifts(now, to).iter().map(|shift| (shift.from, shift.to, person(shift))).collect(),
    };
    rota.schedules().iter().map(of).collect()
}

fn person(shift: &Shift) -> Option<String> {
    shift.on_duty.as_ref().map(|on_duty| on_duty.person.to_string())
}
