//! What the records of a set need of the datagram around them, and where the flows read from them go.

use super::element::Clock;
use super::limits::Limits;
use super::nat::NatEvent;
use crate::{ExporterId, Flow, Millis, Translated, Way};

/// Seconds from 1900, where NTP begins to count, to 1970 (RFC 5905 section 6).
const NTP_TO_UNIX: i64 = 2_208_988_800;
/// Seconds of one NTP era: the next begins in 2036.
const NTP_ERA: i64 = 1 << 32;
/// Seconds of NTP's first era below which its 64 bits are a plain number since 1970 written by mistake: they would be
/// before 1932, or after 2067.
const NTP_PLAIN: i64 = 1_000_000_000;

/// The datagram's head, as its records need it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scene {
    pub(super) exporter: ExporterId,
    /// When the datagram was sent, by the exporter's clock: milliseconds since 1970.
    pub(super) exported: i64,
    /// The exporter's uptime then, where that is known.
    pub(super) uptime: Option<u32>,
    /// What to add to the exporter's times; not 0 only where its clock is far off.
    shift: i64,
    /// Flows end no earlier, by our clock.
    earliest: i64,
    /// Flows end no later, by our clock.
    latest: i64,
    longest: i64,
    /// One packet in so many; 0 is unknown.
    pub(super) rate: u32,
    /// Whether outgoing counters that differ are those of the way back, as with NetFlow v9, and not those behind a
    /// middlebox, as IPFIX has it.
    pub(super) out_is_back: bool,
}

impl Scene {
    pub(super) fn new(
        exporter: ExporterId,
        received: Millis,
        exported: i64,
        uptime: Option<u32>,
        limits: &Limits,
    ) -> Scene {
        let off = received.0.saturating_sub(exported);
        Scene {
            exporter,
            exported,
            uptime,
            shift: if off.saturating_abs() > limits.skew_ms { off } else { 0 },
            earliest: received.0.saturating_sub(limits.late_ms),
            latest: received.0.saturating_add(limits.skew_ms),
            longest: limits.longest_ms,
            rate: 0,
            out_is_back: false,
        }
    }

    /// A moment in milliseconds since 1970 by the exporter's clock; `None` if none is told. `uptime` is the exporter's at
    /// the export.
    pub(super) fn moment(&self, clock: Clock, told: u64, uptime: u32) -> Option<i64> {
        if told == 0 {
            return None;
        }
        match clock {
            Clock::Millis => i64::try_from(told).ok(),
            Clock::Seconds => i64::try_from(told).ok()?.checked_mul(1000),
            // A difference of two numbers that wrap after 49.7 days: right while flows are shorter than half of that.
            Clock::Uptime => Some(self.exported - i64::from(uptime.wrapping_sub(low(told)).cast_signed())),
            Clock::MicrosBefore => Some(self.exported - i64::from(low(told)) / 1000),
            Clock::Ntp(per_milli) => ntp(told, per_milli),
        }
    }

    /// First and last by our clock, and whether they had to be moved.
    #[inline]
    pub(super) fn settle(
        &self,
        first: Option<i64>,
        last: Option<i64>,
        lasted: Option<i64>,
    ) -> (Millis, Millis, bool) {
        let lasted = lasted.unwrap_or(0);
        let (first, last) = match (first, last) {
            (Some(first), Some(last)) => (first, last),
            (Some(first), None) => (first, first.saturating_add(lasted)),
            (None, Some(last)) => (last.saturating_sub(lasted), last),
            (None, None) => (self.exported.saturating_sub(lasted), self.exported),
        };
        let took = last.saturating_sub(first);
        let believed = (0..=self.longest).contains(&took);
        let last = last.saturating_add(self.shift);
        let in_time = (self.earliest..=self.latest).contains(&last);
        let last = if in_time { last } else { self.exported.saturating_add(self.shift) };
        let first = if believed { last - took } else { last };
        (Millis(first), Millis(last), self.shift != 0 || !in_time || !believed)
    }
}

/// The low half.
#[expect(clippy::cast_possible_truncation, reason = "the low half is what is wanted")]
pub(super) fn low(number: u64) -> u32 {
    number as u32
}

/// NTP's 64 bits to milliseconds since 1970.
fn ntp(told: u64, per_milli: u64) -> Option<i64> {
    let seconds = i64::try_from(told >> 32).ok()?;
    if seconds < NTP_PLAIN {
        return i64::try_from(told / per_milli).ok();
    }
    let era = if seconds < NTP_TO_UNIX { NTP_ERA } else { 0 };
    let fraction = (u64::from(low(told)) * 1000) >> 32;
    Some((seconds + era - NTP_TO_UNIX) * 1000 + i64::try_from(fraction).ok()?)
}

/// A flow on its way out of a reader, its counts as they were told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told {
    pub(super) source: std::net::IpAddr,
    pub(super) destination: std::net::IpAddr,
    pub(super) source_port: u16,
    pub(super) destination_port: u16,
    pub(super) protocol: u8,
    pub(super) both_ways: bool,
    pub(super) forward: Way,
    pub(super) reverse: Way,
    pub(super) rate: u32,
    pub(super) translated: Option<Translated>,
    pub(super) times: (Millis, Millis, bool),
}

/// Where flows go, and how many of what kind went there.
#[derive(Debug)]
pub(super) struct Sink<'a> {
    pub(super) flows: &'a mut Vec<Flow>,
    /// Where events of address translators go, where somebody wants them.
    pub(super) nat: Option<&'a mut Vec<NatEvent>>,
    /// Records, whatever they tell.
    pub(super) records: u32,
    /// Records that are no flows.
    pub(super) others: u32,
    pub(super) bad_times: u32,
    pub(super) unknown_sampling: u32,
}

impl<'a> Sink<'a> {
    pub(super) fn new(flows: &'a mut Vec<Flow>) -> Sink<'a> {
        Sink { flows, nat: None, records: 0, others: 0, bad_times: 0, unknown_sampling: 0 }
    }

    /// The same, with events of address translators.
    pub(super) fn telling(self, nat: Option<&'a mut Vec<NatEvent>>) -> Sink<'a> {
        Sink { nat, ..self }
    }

    /// Takes back what `read` wrote where it says that it is unsound, or where times came out that cannot be true.
    pub(super) fn only_if_sound(&mut self, read: impl FnOnce(&mut Self) -> bool) -> bool {
        let before = (self.flows.len(), self.records, self.others, self.bad_times, self.unknown_sampling);
        let events = self.nat.as_ref().map_or(0, |nat| nat.len());
        let sound = read(self) && self.bad_times == before.3;
        if !sound {
            if let Some(nat) = &mut self.nat {
                nat.truncate(events);
            }
            self.flows.truncate(before.0);
            (_, self.records, self.others, self.bad_times, self.unknown_sampling) = before;
        }
        sound
    }

    /// Multiplies the counts and writes the flow down.
    #[inline]
    pub(super) fn push(&mut self, told: Told, exporter: ExporterId) {
        let (first, last, bad) = told.times;
        self.bad_times += u32::from(bad);
        self.unknown_sampling += u32::from(told.rate == 0);
        self.flows.push(Flow {
            first,
            last,
            source: told.source,
            destination: told.destination,
            source_port: told.source_port,
            destination_port: told.destination_port,
            protocol: told.protocol,
            both_ways: told.both_ways,
            forward: scaled(told.forward, told.rate),
            reverse: scaled(told.reverse, told.rate),
            sampling: told.rate,
            exporter,
            translated: told.translated,
        });
    }
}

#[inline]
fn scaled(way: Way, rate: u32) -> Way {
    if rate <= 1 {
        return way;
    }
    let times = u64::from(rate);
    Way {
        packets: way.packets.saturating_mul(times),
        bytes: way.bytes.saturating_mul(times),
        flags: way.flags,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_700_000_000_000;

    fn scene(exported: i64, uptime: u32) -> Scene {
        Scene::new(ExporterId(1), Millis(NOW), exported, Some(uptime), &Limits::default())
    }

    #[test]
    fn every_clock_tells_the_same_moment() {
        let at = scene(NOW, 5_000);
        let second_of_1900 = u64::try_from(NOW / 1000 + NTP_TO_UNIX).unwrap() << 32;
        let told = [
            (Clock::Millis, u64::try_from(NOW - 1500).unwrap()),
            (Clock::Uptime, 3_500),
            (Clock::MicrosBefore, 1_500_000),
            (Clock::Ntp(1000), second_of_1900 - (3 << 31)),
            (Clock::Ntp(1000), u64::try_from(NOW - 1500).unwrap() * 1000),
            (Clock::Ntp(1_000_000), u64::try_from(NOW - 1500).unwrap() * 1_000_000),
        ];
        for (clock, number) in told {
            assert_eq!(at.moment(clock, number, 5_000), Some(NOW - 1500), "{clock:?}");
        }
        assert_eq!(at.moment(Clock::Seconds, 1_699_999_998, 0), Some(NOW - 2000));
    }

    #[test]
    fn an_uptime_that_wrapped_between_is_followed() {
        assert_eq!(scene(NOW, 100).moment(Clock::Uptime, u64::from(u32::MAX - 99), 100), Some(NOW - 200));
    }

    #[test]
    fn ntp_goes_on_after_2036() {
        assert_eq!(ntp(1_500_000_000 << 32, 1000), Some((1_500_000_000 + NTP_ERA - NTP_TO_UNIX) * 1000));
    }

    #[test]
    fn times_that_cannot_be_true_are_moved_and_said_so() {
        let at = scene(NOW - 1000, 0);
        let year = 365 * 86_400_000;
        let kept = |first, last| at.settle(Some(first), Some(last), None);
        assert_eq!(kept(NOW - 9000, NOW - 4000), (Millis(NOW - 9000), Millis(NOW - 4000), false));
        assert_eq!(kept(NOW - year - 50, NOW - year), (Millis(NOW - 1050), Millis(NOW - 1000), true));
        assert_eq!(kept(NOW + year, NOW + year), (Millis(NOW - 1000), Millis(NOW - 1000), true));
        assert_eq!(kept(NOW - 3000, NOW - 4000), (Millis(NOW - 4000), Millis(NOW - 4000), true));
        assert_eq!(kept(NOW - year, NOW - 4000), (Millis(NOW - 4000), Millis(NOW - 4000), true));
    }

    #[test]
    fn a_clock_that_is_hours_off_is_moved_to_ours() {
        let at = scene(NOW - 7_200_000, 0);
        assert_eq!(
            at.settle(Some(NOW - 7_205_000), Some(NOW - 7_200_000), None),
            (Millis(NOW - 5000), Millis(NOW), true)
        );
    }
}
