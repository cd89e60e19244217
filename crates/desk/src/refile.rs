//! Merge and split: what is known of one line goes to the case of another, or part of it does, by somebody's word.
//!
//! A case is of one line, and its log is never rewritten. So a case that is merged or split ends, and what was said of it is
//! filed anew, as hearsay like any other, with who moved it and why: on the case of the other line, and of a split what stays on
//! a new case of its own. What our own probe proved of a line stays that line's: a proved case is neither merged nor split.

use case::{Actor, CaseId, Command, EvidenceId, Filing, Refusal, Sighting, SubscriberId};

use crate::desk::Desk;
use crate::error::{ActError, Doing};
use crate::office::Draft;

/// Why nothing was moved.
#[derive(Debug, thiserror::Error)]
pub enum RefileError {
    /// One of the cases refuses.
    #[error(transparent)]
    Act(#[from] ActError),
    /// No lease ever named the line.
    #[error("no lease names a line {0:?}; look at its spelling")]
    NoSuchLine(String),
    /// None of the evidence named is the case's.
    #[error("none of the chosen evidence is this case's: choose what goes to the other line")]
    NothingChosen,
    /// It is that line's case already.
    #[error("it is that line's case already")]
    SameLine,
}

impl From<Refusal> for RefileError {
    fn from(refusal: Refusal) -> RefileError {
        RefileError::Act(ActError::Refused(refusal))
    }
}

impl Desk {
    /// Files all that was said of an open case on another open one, and ends it.
    ///
    /// # Errors
    /// [`RefileError`] says why not; nothing is recorded then.
    pub async fn merge(
        &self,
        from: CaseId,
        version: Option<u64>,
        into: CaseId,
        reason: &str,
        by: &str,
    ) -> Result<(), RefileError> {
        let mut office = self.office().write().await;
        let (batch, changed) = {
            let case = office.case(from).ok_or(ActError::NoSuchCase(from))?;
            if version.is_some_and(|version| version != case.version()) {
                return Err(ActError::Changed.into());
            }
            let line = office.case(into).ok_or(ActError::NoSuchCase(into))?.subscriber().clone();
            let sightings = case.sightings().to_vec();
            let playbook = self.playbook();
            let mut draft = office.draft(&playbook, self.now());
            let command = Command::Merge { into, reason: reason.to_owned() };
            draft.act(from, &command, &Actor::Operator(by.to_owned()))?;
            file_anew(
                &mut draft,
                &line,
                &sightings,
                &format!("merged from {from} by {by}: {}", reason.trim()),
            );
            draft.finish()
        };
        Ok(self.commit(&mut office, batch, changed).await.map_err(ActError::from)?)
    }

    /// Files what the chosen evidence says on the case of another line, and the rest on a new case of its own; the case ends.
    ///
    /// # Errors
    /// [`RefileError`] says why not; nothing is recorded then.
    pub async fn split(
        &self,
        from: CaseId,
        version: Option<u64>,
        chosen: &[EvidenceId],
        to: &str,
        reason: &str,
        by: &str,
    ) -> Result<(), RefileError> {
        let no_line = || RefileError::NoSuchLine(to.trim().to_owned());
        let line: SubscriberId = to.trim().parse().map_err(|_| no_line())?;
        if !self.store().has_held(&line).await.doing("look for a line").map_err(ActError::from)? {
            return Err(no_line());
        }
        let mut office = self.office().write().await;
        let (batch, changed) = {
            let case = office.case(from).ok_or(ActError::NoSuchCase(from))?;
            if version.is_some_and(|version| version != case.version()) {
                return Err(ActError::Changed.into());
            }
            let own = case.subscriber().clone();
            if own == line {
                return Err(RefileError::SameLine);
            }
            let (go, stay): (Vec<Sighting>, Vec<Sighting>) =
                case.sightings().iter().cloned().partition(|one| chosen.contains(&one.evidence));
            if go.is_empty() {
                return Err(RefileError::NothingChosen);
            }
            let playbook = self.playbook();
            let mut draft = office.draft(&playbook, self.now());
            let command = Command::Split { to: line.clone(), reason: reason.to_owned() };
            draft.act(from, &command, &Actor::Operator(by.to_owned()))?;
            let why = format!("split from {from} by {by}: {}", reason.trim());
            file_anew(&mut draft, &line, &go, &why);
            file_anew(&mut draft, &own, &stay, &why);
            draft.finish()
        };
        Ok(self.commit(&mut office, batch, changed).await.map_err(ActError::from)?)
    }
}

/// Files sightings on the line's open case, or on a new one, and counts each report there once.
fn file_anew(draft: &mut Draft<'_>, line: &SubscriberId, sightings: &[Sighting], why: &str) {
    let mut counted: Vec<EvidenceId> = Vec::new();
    for sighting in sightings {
        let (source, received) = (sighting.source.clone(), sighting.received);
        let attributed = format!("{why}; before: {}", sighting.attributed);
        let (id, filing) = draft.file(line, Sighting { attributed, ..sighting.clone() });
        if filing != Filing::Known && !counted.contains(&sighting.evidence) {
            counted.push(sighting.evidence);
            draft.heard(id, &source, filing, received);
        }
    }
}
