//! When a record's event was, out of up to four clocks' words for it.
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};

use crate::row::Quoted;

/// An access server's clock is believed where it is no further than this from the accounting server's, less the delay
/// it admits to.
const CLOCKS_AGREE: SignedDuration = SignedDuration::from_mins(2);
/// Where it does not say how long the record was on its way, it may have been this long (a proxy that buffers).
const UNDER_WAY_AT_MOST: SignedDuration = SignedDuration::from_hours(24);
/// A session longer than this is a fault of counting (RFC 2866 counts seconds in 32 bits: 136 years).
const SESSION_AT_MOST: i64 = 10 * 366 * 86_400;

/// When a record's event was.
#[derive(Debug, Clone, Copy)]
pub(crate) struct When {
    pub(super) at: Timestamp,
    /// How long the session had lasted by then.
    pub(super) session_time: Option<SignedDuration>,
}

/// What a record says of time.
#[derive(Debug, Default)]
pub(super) struct Clock {
    header: Option<DateTime>,
    receipt: Option<Timestamp>,
    event: Option<EventTime>,
    session_time: Option<SignedDuration>,
    delay: Option<SignedDuration>,
    wrong: Option<String>,
}

#[derive(Debug)]
enum EventTime {
    Epoch(Timestamp),
    Local(DateTime),
}

impl Clock {
    /// The line above the attributes: `Mon Mar  2 03:00:00 2026`, in the accounting server's local time.
    pub(super) fn header(&mut self, line: &str) {
        let mut words = line.split_ascii_whitespace();
        let (_, month, day, time, year) =
            (words.next(), words.next(), words.next(), words.next(), words.next());
        self.header = civil(month, day, year, time);
    }

    /// Received in a packet at that time by our own clock.
    pub(super) fn received(&mut self, at: Timestamp) {
        self.receipt = Some(at);
    }

    /// `Timestamp`: the accounting server's clock when it received the record, in seconds since 1970.
    pub(super) fn receipt(&mut self, value: &str) {
        self.receipt = value.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
        if self.receipt.is_none() {
            self.wrong = Some(format!("Timestamp {} is no time in seconds since 1970", Quoted(value)));
        }
    }

    /// `Event-Timestamp` (RFC 2869 section 5.3): the access server's clock, as seconds or as local time in words.
    pub(super) fn event(&mut self, value: &str) {
        let epoch = value.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
        let mut words = value.split_ascii_whitespace();
        let (month, day, year, time) = (words.next(), words.next(), words.next(), words.next());
        let zone = words.next();
        self.event = epoch.map(EventTime::Epoch).or_else(|| {
            let local = civil(month, day, year, time)?;
            Some(match zone {
                Some("UTC" | "GMT" | "Z") => EventTime::Epoch(Offset::UTC.to_timestamp(local).ok()?),
                _ => EventTime::Local(local),
            })
        });
    }

    /// `Acct-Session-Time`, in seconds.
    pub(super) fn session_time(&mut self, value: &str) {
        let seconds = value.parse().ok().filter(|seconds| (0..=SESSION_AT_MOST).contains(seconds));
        self.session_time = seconds.map(SignedDuration::from_secs);
        if self.session_time.is_none() {
            self.wrong = Some(format!("Acct-Session-Time {} is no length of a session", Quoted(value)));
        }
    }

    /// `Acct-Delay-Time` (RFC 2866 section 5.2), in seconds.
    pub(super) fn delay(&mut self, value: &str) {
        let seconds = value.parse().ok().filter(|seconds| (0..=86_400).contains(seconds));
        self.delay = seconds.map(SignedDuration::from_secs);
    }

    /// The moment of the event.
    ///
    /// The accounting server's clock less the admitted delay, unless the access server's own clock agrees with that,
    /// or no delay is given: its word is then the nearer one. An access server in another year is not believed.
    pub(super) fn read(self) -> Result<When, String> {
        if let Some(wrong) = self.wrong {
            return Err(wrong);
        }
        let event = self.event_in_utc();
        let at = match (self.receipt, event) {
            (Some(receipt), Some(event)) => {
                let sent = earlier(receipt, self.delay.unwrap_or_default());
                let slack = if self.delay.is_some() { CLOCKS_AGREE } else { UNDER_WAY_AT_MOST };
                let behind = sent.duration_since(event);
                if behind >= -CLOCKS_AGREE && behind <= slack { event } else { sent }
            }
            (Some(receipt), None) => earlier(receipt, self.delay.unwrap_or_default()),
            (None, Some(event)) => event,
            (None, None) => return Err("the record has no time that is known in UTC".to_owned()),
        };
        Ok(When { at, session_time: self.session_time })
    }

    /// The access server's word in UTC. Local time is put right by the difference between the header, which is in the
    /// same local time, and the receipt.
    fn event_in_utc(&self) -> Option<Timestamp> {
        match self.event.as_ref()? {
            EventTime::Epoch(at) => Some(*at),
            EventTime::Local(local) => {
                let header = Offset::UTC.to_timestamp(self.header?).ok()?;
                let seconds = header.duration_since(self.receipt?).as_secs();
                // Zones differ by quarters of an hour; the line is written within moments of the receipt.
                let offset = (seconds + 450).div_euclid(900) * 900;
                if (seconds - offset).abs() > 120 {
                    return None;
                }
                let offset = Offset::from_seconds(i32::try_from(offset).ok()?).ok()?;
                offset.to_timestamp(*local).ok()
            }
        }
    }
}

fn earlier(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_sub(by).unwrap_or(Timestamp::MIN)
}

/// `Mar`, `2`, `2026`, `03:00:00` as a date and time.
fn civil(month: Option<&str>, day: Option<&str>, year: Option<&str>, time: Option<&str>) -> Option<DateTime> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = i8::try_from(MONTHS.iter().position(|name| Some(*name) == month)?).ok()?.checked_add(1)?;
    let date = Date::new(year?.parse().ok()?, month, day?.parse().ok()?).ok()?;
    let mut parts = time?.split(':').map(|part| part.parse::<i8>().ok());
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    Some(date.to_datetime(Time::new(hour, minute, second, 0).ok()?))
}
