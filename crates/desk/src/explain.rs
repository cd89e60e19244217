//! Why: from the rule at the edge back to the quoted bytes.

use std::net::IpAddr;

use jiff::Timestamp;

use case::{Case, CaseId, Event, EvidenceId, Record};
use store::Store;

use crate::desk::Desk;
use crate::error::{DeskError, Doing};
use crate::marked::harmless;
use crate::timeline::{blocks, heard, short};
use crate::traffic::{FlowView, proof};
use crate::view::WhyStep;

impl Desk {
    /// The chain of reasons of one case; `None` when there is no such case.
    ///
    /// # Errors
    /// [`DeskError`] when the store cannot be read.
    pub async fn why_case(&self, id: CaseId) -> Result<Option<Vec<WhyStep>>, DeskError> {
        why_case(self.store(), id, self.now()).await
    }

    /// The chain of reasons of every case that ever spoke of an address, newest case first.
    ///
    /// # Errors
    /// [`DeskError`] when the store cannot be read.
    pub async fn why_address(&self, address: IpAddr) -> Result<Vec<WhyStep>, DeskError> {
        why_address(self.store(), address, self.now()).await
    }
}

/// The chain of reasons of every case that ever spoke of an address, newest case first; needs no running desk.
///
/// # Errors
/// [`DeskError`] when the store cannot be read.
pub async fn why_address(store: &Store, address: IpAddr, now: Timestamp) -> Result<Vec<WhyStep>, DeskError> {
    let mut steps = Vec::new();
    for id in store.find_cases(address).await.doing("find the cases of an address")? {
        steps.extend(why_case(store, id, now).await?.unwrap_or_default());
    }
    Ok(steps)
}

/// The chain of reasons of one case; needs no running desk.
///
/// # Errors
/// [`DeskError`] when the store cannot be read.
pub async fn why_case(store: &Store, id: CaseId, now: Timestamp) -> Result<Option<Vec<WhyStep>>, DeskError> {
    let records = store.records(id).await.doing("read a case")?;
    let Some(case) = Case::replay(&records) else { return Ok(None) };
    let mut steps = Vec::new();
    for block in blocks(&case, now).into_iter().filter(|block| block.standing) {
        let text = format!("{} is blocked until {} ({})", block.key, short(block.until), block.state);
        steps.push(step("rule", text));
    }
    steps.push(step("case", whole_case(&case, &records)));
    let mut claims = Vec::new();
    for record in &records {
        match &record.event {
            Event::Answered {
                address,
                verdict,
                port: Some(port),
                protocol: Some(protocol),
                exit,
                evidence,
                ..
            } if verdict.is_proof() => {
                let exit = exit.map(|exit| format!(" and came out at {exit}")).unwrap_or_default();
                let text = format!(
                    "{verdict}: at {} our own request went through {address}:{port} by {protocol}{exit}",
                    short(record.at)
                );
                steps.push(WhyStep { evidence: Some(*evidence), ..step("answer", text) });
            }
            Event::ConfirmedByHand { reason } => {
                steps.push(step("answer", format!("{} confirmed it by hand: {reason}", record.actor)));
            }
            Event::Filed { sighting, .. } => {
                let text = format!("{}; {}", heard(sighting), sighting.attributed);
                let name = if sighting.source.is_hearsay() { "claim" } else { "sign" };
                claims.push(WhyStep { evidence: Some(sighting.evidence), ..step(name, text) });
                if !sighting.source.is_hearsay() {
                    claims.extend(flows(store, sighting.evidence).await?);
                    continue;
                }
                if let Some(shown) = shown(store, sighting.evidence).await? {
                    claims.push(WhyStep { evidence: Some(sighting.evidence), ..step("sender", shown) });
                }
                if let Some(span) = sighting.span {
                    claims.push(quote(store, sighting.evidence, (span.start, span.end)).await?);
                }
            }
            _ => {}
        }
    }
    steps.extend(claims);
    Ok(Some(steps))
}

/// What was shown of who sent a report, in the words it was kept in.
async fn shown(store: &Store, evidence: EvidenceId) -> Result<Option<String>, DeskError> {
    let stored = store.reading(&evidence).await.doing("find what was shown of a sender")?;
    let why = stored.as_ref().and_then(|stored| stored.pointer("/authentication/why")?.as_str());
    Ok(why.map(|why| harmless(why.as_bytes())))
}

/// The flows that prove a sign, each with the bytes it stands in.
async fn flows(store: &Store, evidence: EvidenceId) -> Result<Vec<WhyStep>, DeskError> {
    let bytes = store.bytes(&evidence).await.doing("fetch evidence")?.unwrap_or_default();
    let one = |(flow, (start, end)): (FlowView, (u64, u64))| WhyStep {
        evidence: Some(evidence),
        span: Some((start, end)),
        ..step("flow", flow.in_words())
    };
    Ok(proof(&bytes).into_iter().map(one).collect())
}

fn step(name: &'static str, text: String) -> WhyStep {
    WhyStep { step: name, text, evidence: None, span: None, quote: None }
}

fn whole_case(case: &Case, records: &[Record]) -> String {
    let why = records
        .iter()
        .rev()
        .find_map(|record| match &record.event {
            Event::StageMoved { why, .. } => Some(format!(": {why}")),
            _ => None,
        })
        .unwrap_or_default();
    format!("{} of {} is {}{why}", case.id(), case.subscriber(), case.stage())
}

/// The line of the evidence that holds the span, with the span's place.
async fn quote(store: &Store, evidence: EvidenceId, span: (u64, u64)) -> Result<WhyStep, DeskError> {
    let bytes = store.bytes(&evidence).await.doing("fetch evidence")?.unwrap_or_default();
    let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
    let (start, end) = (place(span.0), place(span.1));
    let line_start = bytes
        .get(..start)
        .and_then(|before| before.iter().rposition(|byte| *byte == b'\n'))
        .map_or(0, |at| at + 1);
    let line_end = bytes
        .get(end..)
        .and_then(|after| after.iter().position(|byte| *byte == b'\n'))
        .map_or(bytes.len(), |at| end + at);
    let line = bytes.get(line_start..line_end).unwrap_or_default();
    // A message without line ends is quoted by its claim alone.
    let line = if line.len() > 400 { bytes.get(start..end).unwrap_or_default() } else { line };
    let text = format!("bytes {}..{} of evidence {}", span.0, span.1, evidence.short());
    Ok(WhyStep {
        evidence: Some(evidence),
        span: Some(span),
        quote: Some(harmless(line.trim_ascii_end())),
        ..step("bytes", text)
    })
}
