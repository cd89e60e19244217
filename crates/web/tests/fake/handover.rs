//! What a shift leaves behind, in the in-memory night.

use case::{Actor, CaseId};
use desk::{DeedView, Handover, Need, NextView, ShiftCount, ShiftDeed};
use jiff::{SignedDuration, Timestamp};
use web::OfficeError;

use super::{State, duty, now};

impl State {
    pub fn handover(&self, since: Option<Timestamp>, by: &str) -> Result<Handover, OfficeError> {
        let to = now();
        let proxies = self.queue("is:proxy", 1, by)?;
        let view = duty::view(&self.foreign, &self.answered);
        let deed = |what: &str, why: &str| ShiftDeed {
            case: CaseId(41),
            at: to - SignedDuration::from_mins(31),
            by: Actor::Operator("anna".to_owned()),
            what: format!("{what}{}", self.foreign),
            why: why.to_owned(),
        };
        let last = self.handed.last().map(|(who, note)| DeedView {
            seq: 9,
            at: to - SignedDuration::from_mins(1),
            who: who.clone(),
            deed: "handed-over".to_owned(),
            about: "the shift".to_owned(),
            why: note.clone(),
            until: None,
            detail: serde_json::json!({}),
            sound: true,
        });
        Ok(Handover {
            from: since.unwrap_or(to - SignedDuration::from_hours(12)),
            to,
            since: "nobody has handed over in the last day".to_owned(),
            last,
            wrong: vec![format!("the edge: it does not answer {}", self.foreign)],
            needs: vec![Need {
                what: "Open proxies and relays that are not contained",
                search: "is:proxy",
                total: proxies.total,
                rows: proxies.rows,
            }],
            pages: view.open,
            inbox: desk::InboxView {
                waiting: 4,
                oldest: Some(to - SignedDuration::from_hours(3)),
                late: true,
            },
            pages_over: 2,
            counts: vec![
                ShiftCount { what: "opened", cases: 14 },
                ShiftCount { what: "dismissed", cases: 0 },
            ],
            moved: vec![deed("contained", "the edge shows the rule")],
            more_moved: 3,
            notes: vec![deed("owner calls back at nine", "")],
            more_notes: 0,
            cut_short: false,
            on_duty: view.on_duty,
            next: vec![NextView {
                schedule: "nights".to_owned(),
                person: Some("ben".to_owned()),
                from: to + SignedDuration::from_hours(4),
            }],
        })
    }
}
