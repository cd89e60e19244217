//! Values of the desk as the templates want them: every figure already in words.

use case::{CaseId, EvidenceId, Stage};
use desk::{EvidenceView, Piece, QueueRow};
use jiff::Timestamp;

use crate::words;

/// A moment, for people and for machines.
pub(crate) struct When {
    pub(crate) machine: String,
    pub(crate) stamp: String,
    pub(crate) ago: String,
}

impl When {
    pub(crate) fn new(now: Timestamp, at: Timestamp) -> When {
        When { machine: words::machine(at), stamp: words::stamp(at), ago: words::ago(now, at) }
    }
}

/// A stage as a badge: a shape and a word, so that the colour says nothing alone.
pub(crate) struct Badge {
    pub(crate) name: &'static str,
    pub(crate) shape: &'static str,
}

impl Badge {
    pub(crate) fn of(stage: Stage) -> Badge {
        let shape = match stage {
            Stage::HeadsUp => "○",
            Stage::Watching => "◔",
            Stage::Suspected => "◑",
            Stage::Confirmed => "●",
            Stage::Contained => "■",
            Stage::Cleaned => "✓",
            Stage::Closed => "–",
            Stage::Dismissed => "×",
        };
        Badge { name: stage.name(), shape }
    }
}

/// A clock: how long is left, and how pressing that is.
pub(crate) struct Clock {
    pub(crate) text: String,
    pub(crate) class: &'static str,
    pub(crate) machine: Option<String>,
    pub(crate) stamp: Option<String>,
}

impl Clock {
    pub(crate) fn new(now: Timestamp, due: Option<Timestamp>) -> Clock {
        let (text, press) = words::left(now, due);
        Clock { text, class: press.class(), machine: due.map(words::machine), stamp: due.map(words::stamp) }
    }
}

/// A line of the queue.
pub(crate) struct RowView {
    pub(crate) case: CaseId,
    pub(crate) subscriber: String,
    pub(crate) badge: Badge,
    pub(crate) headline: String,
    pub(crate) addresses: Vec<String>,
    pub(crate) more_addresses: usize,
    pub(crate) kinds: Vec<&'static str>,
    pub(crate) clock: Clock,
    pub(crate) harm: u8,
    pub(crate) proxy: bool,
    pub(crate) sightings: String,
    pub(crate) reports: String,
    pub(crate) blocks: String,
    pub(crate) opened: When,
    pub(crate) assignee: Option<String>,
    /// Whom its notes speak to.
    pub(crate) mentions: Vec<String>,
}

/// How many addresses a line shows before it counts the rest.
const ADDRESSES_SHOWN: usize = 2;

impl RowView {
    pub(crate) fn new(row: &QueueRow, now: Timestamp) -> RowView {
        RowView {
            case: row.id,
            subscriber: words::plain(&row.subscriber.to_string()),
            badge: Badge::of(row.stage),
            headline: words::plain(&row.headline),
            addresses: row.addresses.iter().take(ADDRESSES_SHOWN).map(ToString::to_string).collect(),
            more_addresses: row.addresses.len().saturating_sub(ADDRESSES_SHOWN),
            kinds: row.kinds.iter().map(|kind| kind.name()).collect(),
            clock: Clock::new(now, row.due),
            harm: row.harm,
            proxy: row.proxy,
            sightings: words::count(row.sightings, "sighting", "sightings"),
            reports: reports(row),
            blocks: if row.blocks == 0 { String::new() } else { words::count(row.blocks, "block", "blocks") },
            opened: When::new(now, row.opened),
            assignee: row.assignee.as_deref().map(words::plain),
            mentions: row.mentions.iter().map(|name| words::plain(name)).collect(),
        }
    }
}

/// `1,203 reports from 40 reporters, 3 shown to be who they say`; nothing where none was counted.
fn reports(row: &QueueRow) -> String {
    let number = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    if row.reports == 0 {
        return String::new();
    }
    let reports = words::count(number(row.reports), "report", "reports");
    let from = words::count(number(row.reporters), "reporter", "reporters");
    format!("{reports} from {from}, {} shown to be who they say", row.authenticated_reporters)
}

/// A piece of evidence on a page.
pub(crate) struct EvidenceBlock {
    pub(crate) id: EvidenceId,
    pub(crate) short: String,
    pub(crate) source: String,
    pub(crate) format: Option<String>,
    pub(crate) received_machine: String,
    pub(crate) received: String,
    pub(crate) doubts: Vec<String>,
    pub(crate) pieces: Vec<Piece>,
    pub(crate) claims: Vec<String>,
    pub(crate) left_off: u64,
}

impl EvidenceBlock {
    pub(crate) fn new(view: &EvidenceView) -> EvidenceBlock {
        let plain = |piece: &Piece| Piece {
            text: words::plain(&piece.text),
            claim: piece.claim.as_deref().map(words::plain),
        };
        let pieces: Vec<Piece> = view.pieces.iter().map(plain).collect();
        EvidenceBlock {
            id: view.id,
            short: view.id.short(),
            source: words::plain(&view.source),
            format: view.format.as_deref().map(words::plain),
            received_machine: words::machine(view.received),
            received: words::stamp(view.received),
            doubts: view.doubts.iter().map(|doubt| words::plain(doubt)).collect(),
            claims: pieces.iter().filter_map(|piece| piece.claim.clone()).collect(),
            pieces,
            left_off: view.left_off,
        }
    }
}
