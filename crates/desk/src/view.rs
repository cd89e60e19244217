//! What pages and JSON show: plain values, made by the desk, holding nothing that can be acted on.

use std::net::IpAddr;

use jiff::Timestamp;
use serde::Serialize;

use case::{Actor, CaseId, EvidenceId, Kind, RuleKey, Stage, SubscriberId};

use crate::edge_status::EdgeStatus;
use crate::inbox::InboxView;
use crate::traffic::{SignView, TrafficView};
use crate::traps::TrapsView;
use crate::work::WorkCount;

/// One case as a line of the queue.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct QueueRow {
    /// Which case.
    pub id: CaseId,
    /// Whose line.
    pub subscriber: SubscriberId,
    /// Where it stands.
    pub stage: Stage,
    /// What matters most about it, in one line of plain words.
    pub headline: String,
    /// The addresses it speaks of.
    pub addresses: Vec<IpAddr>,
    /// What is alleged or proved, worst first.
    pub kinds: Vec<Kind>,
    /// When it was opened.
    pub opened: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
    /// When its stage's clock runs out.
    pub due: Option<Timestamp>,
    /// 1 (little) to 10.
    pub harm: u8,
    /// Whether it alleges or proves a proxy or relay and is not contained.
    pub proxy: bool,
    /// Who has taken it on, by login name.
    pub assignee: Option<String>,
    /// Who was spoken to in a note and has done nothing here since.
    pub mentions: Vec<String>,
    /// How many sightings it holds.
    pub sightings: usize,
    /// How many reports were heard of it, filed or counted; each once, by whatever ways it came.
    pub reports: u64,
    /// From how many different reporters, by the names they give.
    pub reporters: u64,
    /// How many of those were shown to be who they say.
    pub authenticated_reporters: u64,
    /// How many blocks are in the plan.
    pub blocks: usize,
}

/// One page of the queue, most pressing first.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct QueuePage {
    /// At most `per_page` rows.
    pub rows: Vec<QueueRow>,
    /// How many cases match in all, as far as they were counted.
    pub total: usize,
    /// Whether there are more than were counted.
    pub more: bool,
    /// This page, from 1.
    pub page: usize,
    /// How many pages there are; at least 1.
    pub pages: usize,
}

/// What the front page counts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Front {
    /// Open cases by stage, every stage named, in order.
    pub by_stage: Vec<(Stage, usize)>,
    /// How many cases have ended.
    pub ended: u64,
    /// Reports nobody's case could take, ours, but no subscriber found, or several, and that nobody has settled.
    pub orphans: u64,
    /// Messages nothing could be made of, and that nobody has settled.
    pub unreadable: u64,
    /// What waits of both.
    pub inbox: InboxView,
    /// Messages accepted in the last 24 hours.
    pub accepted_today: u64,
    /// What the edge last said.
    pub edge: EdgeStatus,
    /// What the desk checks of itself, by subject.
    pub checks: Vec<CheckView>,
    /// The mailboxes that mail is picked up from.
    pub mailboxes: Vec<MailboxView>,
    /// The sources of leases that are listened to.
    pub lease_sources: LeaseSourcesView,
    /// Per hour for the last 48 hours, oldest first: what was accepted and opened.
    pub hours: Vec<Hour>,
    /// What the desk has done since its start.
    pub work: Vec<WorkCount>,
    /// How much is going on in the traffic, where it is watched.
    pub traffic: Option<TrafficView>,
    /// What is being scanned right now, where there are traps.
    pub traps: Option<TrapsView>,
    /// Now, by the desk's clock: the moment every "left" on the page is measured from.
    pub now: Timestamp,
}

/// How the sources of leases are that are listened to; counts are since the start.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct LeaseSourcesView {
    /// RADIUS accounting, where it is listened for.
    pub accounting: Option<AccountingView>,
    /// Port blocks that address translators export, where they are listened for.
    pub translators: Option<TranslatorsView>,
}

/// What the listener for RADIUS accounting heard.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct AccountingView {
    /// Where it listens.
    pub listen: String,
    /// Requests that are on disk and were answered.
    pub answered: u64,
    /// Requests that could not be put on disk, and were not answered.
    pub unanswered: u64,
    /// Requests whose authenticator does not fit the secret.
    pub forged: u64,
    /// Datagrams that are no request of a kind that is taken.
    pub malformed: u64,
    /// Datagrams of nobody who may send.
    pub strangers: u64,
}

/// What address translators told of their port blocks.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct TranslatorsView {
    /// Blocks that are held at this moment.
    pub held: u64,
    /// Events of blocks that were taken.
    pub events: u64,
    /// Events that are not kept: of single ports, or of ports that do not lie side by side.
    pub passed_over: u64,
    /// Events of blocks that told of no lease.
    pub unusable: u64,
    /// How often something was lost, and all blocks of a translator with it.
    pub gaps: u64,
}

/// How a mailbox is that mail is picked up from; counts are since the start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MailboxView {
    /// Its configured name.
    pub name: String,
    /// The intake tags of its mail.
    pub tags: Vec<String>,
    /// When it was last looked at with success.
    pub last_look: Option<Timestamp>,
    /// Messages taken.
    pub messages: u64,
    /// Messages left there: too large, or not to be fetched.
    pub left: u64,
    /// Connections that failed or broke.
    pub errors: u64,
    /// Why it cannot be looked at, if it cannot; the server's words may be in it.
    pub trouble: Option<String>,
}

/// How one thing stands that the desk checks of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckView {
    /// What: `mail abuse@example.net`.
    pub subject: String,
    /// Whether it works.
    pub works: bool,
    /// Since when.
    pub since: Timestamp,
    /// When that was last seen.
    pub checked: Timestamp,
    /// What was seen.
    pub note: String,
}

/// One hour of activity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Hour {
    /// Its beginning.
    pub from: Timestamp,
    /// Messages accepted in it.
    pub accepted: u64,
    /// Cases opened in it.
    pub opened: u64,
}

/// Everything about one case.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CaseView {
    /// The line of the queue.
    pub row: QueueRow,
    /// How many events it has seen; sent back with a form so that nobody acts on what has changed meanwhile.
    pub version: u64,
    /// Why it is in this stage, in words.
    pub why: String,
    /// What happened, oldest first.
    pub timeline: Vec<TimelineRow>,
    /// The signs in our own flow records that count, with the flows that prove them; the newest, oldest first.
    pub signs: Vec<SignView>,
    /// Each piece of evidence with its claims marked, oldest first.
    pub evidence: Vec<EvidenceView>,
    /// Its blocks, standing and lifted, newest last.
    pub blocks: Vec<BlockView>,
    /// When the line is next probed, if it is.
    pub next_probe: Option<Timestamp>,
    /// Whether SpamCop would hear that its reports of a web host on this line are mistaken.
    pub may_claim_innocence: bool,
    /// What to do about the malware that was named, in plain words, a family an entry.
    pub runbook: Vec<String>,
    /// Now, by the desk's clock.
    pub now: Timestamp,
}

/// How a timeline row is to be drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tone {
    /// Somebody said something.
    Heard,
    /// We looked.
    Asked,
    /// Proof.
    Proved,
    /// The stage moved.
    Moved,
    /// The edge changed.
    Edge,
    /// Somebody was told.
    Told,
    /// An operator acted.
    Operator,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TimelineRow {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub actor: Actor,
    /// Its kind.
    pub tone: Tone,
    /// What, in a few words.
    pub title: String,
    /// More, in plain words; may be empty.
    pub text: String,
    /// The evidence it rests on.
    pub evidence: Option<EvidenceId>,
}

/// One piece of evidence as text with its claims marked.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EvidenceView {
    /// Which.
    pub id: EvidenceId,
    /// How it came: `smtp`, `lmtp`, `maildir`, `http`, `probe`, `flows`.
    pub source: String,
    /// When it was accepted.
    pub received: Timestamp,
    /// The format it was read as, where it is a report.
    pub format: Option<String>,
    /// What the reader was unsure of.
    pub doubts: Vec<String>,
    /// The text in pieces; control characters other than newline and tab already replaced.
    pub pieces: Vec<Piece>,
    /// How many bytes were left off at the end.
    pub left_off: u64,
}

/// A stretch of evidence text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Piece {
    /// The text.
    pub text: String,
    /// What claim it is, in words, when it is one: `open-proxy, offender`.
    pub claim: Option<String>,
}

/// One block of a case.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BlockView {
    /// Address and measure.
    pub key: RuleKey,
    /// Its end.
    pub until: Timestamp,
    /// `ordered`, `in force`, `refused: …`, `lifted: …`.
    pub state: String,
    /// Whether it is in the plan now.
    pub standing: bool,
    /// Whether it is out of the plan until a second person approves it.
    pub awaits_second: bool,
}

/// One message of the intake as the inbox shows it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IntakeView {
    /// Its evidence.
    pub id: EvidenceId,
    /// When it was accepted.
    pub received: Timestamp,
    /// How it came.
    pub source: String,
    /// `case`, `orphan`, `foreign`, `not-a-report`, `unreadable`.
    pub outcome: String,
    /// Why, in words.
    pub note: String,
    /// When somebody settled it, who and why.
    pub settled: Option<(Timestamp, String, String)>,
    /// Its subject, where it has one.
    pub subject: Option<String>,
    /// The cases it went to.
    pub cases: Vec<CaseId>,
}

/// One reporter as the league shows it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReporterView {
    /// Its organizational domain, or the name of its token.
    pub domain: String,
    /// Whether the configuration names it as a feed that is believed from the first report on.
    pub named: bool,
    /// How far it is trusted now, 0 to 1.
    pub trust: f64,
    /// Reports that were borne out, as far as they count.
    pub confirmed: u32,
    /// Reports that were refuted, as far as they count.
    pub refuted: u32,
    /// All its reports on our lines.
    pub reports: u64,
    /// On how many cases.
    pub cases: u64,
    /// When the last one came.
    pub last: Option<Timestamp>,
}

/// One step of an explanation, from the rule at the edge back to the quoted bytes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WhyStep {
    /// `rule`, `case`, `answer`, `claim`, `bytes`, ….
    pub step: &'static str,
    /// In plain words.
    pub text: String,
    /// The evidence it rests on.
    pub evidence: Option<EvidenceId>,
    /// The bytes it was read from, `start..end`.
    pub span: Option<(u64, u64)>,
    /// Those bytes as text, control characters replaced.
    pub quote: Option<String>,
}
