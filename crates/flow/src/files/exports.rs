//! Flow records that travel in datagrams, found within files: in captures of what routers send, and as the datagrams alone.

use std::net::{IpAddr, Ipv4Addr};

use super::Reading;
use super::bytes::Order;
use super::doubt::{DoubtKind, Doubts};
use super::input::Input;
use crate::wire::{Decoder, Losses};
use crate::{Flow, Millis};

/// The longest datagram.
const LONGEST: usize = 65_535;
/// A file of datagrams that do not say how long they are (NetFlow v9, sFlow) is read up to here.
const MOST: usize = 64 << 20;

/// What is known of exporters from one file to the next: a template may stand in another file than its data.
#[derive(Debug, Default)]
pub(super) struct Exports {
    decoder: Decoder,
    flows: Vec<Flow>,
}

impl Exports {
    /// Gives the flows of a datagram to `give`; false where it is none of an exporter.
    pub(super) fn take(
        &mut self,
        from: IpAddr,
        received: Millis,
        payload: &[u8],
        mut give: impl FnMut(Flow),
    ) -> bool {
        if head(payload).is_none() {
            return false;
        }
        let known = self.decoder.decode(from, received, payload, &mut self.flows).version.is_some();
        self.flows.drain(..).for_each(&mut give);
        known
    }

    /// What was lost until now.
    pub(super) fn losses(&self) -> Losses {
        let mut sum = Losses::default();
        for report in self.decoder.reports() {
            let losses = &report.losses;
            sum.malformed += losses.malformed;
            sum.waiting += losses.waiting;
            sum.no_template += losses.no_template;
            sum.sequence_lost += losses.sequence_lost;
            sum.unknown_sampling += losses.unknown_sampling;
            sum.bad_times += losses.bad_times;
        }
        sum
    }

    /// Notes what was lost since `before`, as doubts of the file between.
    pub(super) fn note(&self, before: &Losses, doubts: &mut Doubts) {
        let now = self.losses();
        for (kind, count) in [
            (DoubtKind::Unreadable, now.malformed - before.malformed),
            (
                DoubtKind::NoTemplate,
                (now.no_template + now.waiting).saturating_sub(before.no_template + before.waiting),
            ),
            (DoubtKind::TrafficMissed, now.sequence_lost.saturating_sub(before.sequence_lost)),
            (DoubtKind::SamplingUnknown, now.unknown_sampling - before.unknown_sampling),
            (DoubtKind::TimeReplaced, now.bad_times - before.bad_times),
        ] {
            doubts.note_many(kind, count, 1);
        }
    }
}

/// What the head of a datagram says.
#[derive(Debug, Clone, Copy)]
struct Head {
    /// When it was sent, where that is told.
    sent: Option<Millis>,
    /// How long it is, where that is told.
    length: Option<usize>,
}

/// The head of what is a datagram of NetFlow, IPFIX or sFlow by all that it says of itself. Bytes of another protocol do
/// not get through by chance: a version, a count and lengths have to agree.
fn head(payload: &[u8]) -> Option<Head> {
    let count = usize::from(Order::Big.u16(payload, 2)?);
    let sent = |at| Order::Big.u32(payload, at).map(|seconds| Millis(i64::from(seconds) * 1000));
    match Order::Big.u16(payload, 0)? {
        // NetFlow v1, v5 and v7: a head, then records of one length.
        1 => records(payload, 16, 52, count, 24, sent(8)),
        5 => records(payload, 24, 48, count, 30, sent(8)),
        7 => records(payload, 24, 52, count, 28, sent(8)),
        // v9: at least one set, whose id is that of templates or above all reserved ones.
        9 => set(payload, 20)
            .filter(|_| (1..=2000).contains(&count))
            .and(Some(Head { sent: Some(sent(8)?), length: None })),
        // IPFIX: the count is the length.
        10 => {
            let told = (16..=LONGEST).contains(&count) && (count == 16 || set(payload, 16).is_some());
            told.then_some(Head { sent: Some(sent(4)?), length: Some(count) })
        }
        // sFlow: a version of four bytes, a kind of address, and few samples.
        0 if count == 5 => {
            let address = match Order::Big.u32(payload, 4)? {
                1 => 4,
                2 => 16,
                _ => return None,
            };
            let samples = Order::Big.u32(payload, 8 + address + 12)?;
            (samples <= 1000).then_some(Head { sent: None, length: None })
        }
        _ => None,
    }
}

fn records(
    payload: &[u8],
    head: usize,
    record: usize,
    count: usize,
    most: usize,
    sent: Option<Millis>,
) -> Option<Head> {
    let length = head + record * count;
    // Some exporters pad, and v1 has been seen with fewer records than it says.
    let fits = (1..=most).contains(&count) && payload.len() >= head + record;
    fits.then_some(Head { sent: Some(sent?), length: Some(length) })
}

/// Whether a set begins at `at`: an id and a length that it keeps.
fn set(payload: &[u8], at: usize) -> Option<()> {
    let id = Order::Big.u16(payload, at)?;
    let length = Order::Big.u16(payload, at + 2)?;
    (length >= 4 && at + usize::from(length) <= payload.len() && (id <= 3 || id >= 256)).then_some(())
}

/// Whether a file that begins with `beginning` is datagrams one after the other.
pub(super) fn is_datagrams(beginning: &[u8]) -> bool {
    head(beginning).is_some()
}

/// Reads a file of datagrams, or of IPFIX messages (RFC 5655). They are taken for those of one exporter, whose address
/// is not told, and as received when they were sent.
pub(super) fn datagrams(input: &mut Input<'_>, reading: &mut Reading<'_>) {
    let mut number = 1;
    let mut bytes = Vec::new();
    loop {
        let there = top_up(input, &mut bytes, LONGEST, number);
        let Some(head) = head(&bytes) else {
            if there > 0 {
                reading.doubts.note(DoubtKind::Unreadable, number);
            }
            return;
        };
        if head.length.is_none() {
            top_up(input, &mut bytes, MOST, number);
        }
        let length = head.length.unwrap_or(bytes.len()).min(bytes.len());
        let rest = bytes.split_off(length);
        let received = head.sent.unwrap_or_default();
        if head.sent.is_none() {
            reading.doubts.note(DoubtKind::Undated, number);
        }
        reading.export(Ipv4Addr::UNSPECIFIED.into(), received, &bytes);
        bytes = rest;
        number += 1;
    }
}

/// Fills `bytes` from the file up to `most`; how many there are then.
fn top_up(input: &mut Input<'_>, bytes: &mut Vec<u8>, most: usize, number: u64) -> usize {
    while bytes.len() < most {
        let there = input.fill(number);
        let count = there.len().min(most - bytes.len());
        if count == 0 {
            break;
        }
        bytes.extend_from_slice(there.get(..count).unwrap_or_default());
        input.consume(count);
    }
    bytes.len()
}
