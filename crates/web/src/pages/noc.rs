//! Tonight for a screen on the wall: only what is relevant now, readable from across a room.

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use case::Stage;
use desk::PageStanding;

use crate::App;
use crate::pages::rows::RowView;
use crate::pages::{Chrome, draw};
use crate::trouble::Trouble;
use crate::visitor::Visitor;
use crate::words;

/// How many cases are shown.
const CASES: usize = 6;

#[derive(Template)]
#[template(path = "noc.html")]
struct NocPage {
    chrome: Chrome,
    at: String,
    /// What is wrong, the worst first; empty on a quiet night.
    wrong: Vec<(String, String)>,
    on_duty: Vec<(String, String)>,
    pages: Vec<(String, String, String, bool)>,
    figures: Vec<(&'static str, usize, bool)>,
    rows: Vec<RowView>,
    more: usize,
}

/// `GET /noc`.
pub(crate) async fn show(State(app): State<App>, visitor: Visitor) -> Result<Response, Trouble> {
    let (front, duty) = (app.office.front().await?, app.office.duty().await?);
    let queue = app.office.queue("", 1, visitor.name()).await?;
    let now = app.office.now();
    let count =
        |stage: Stage| front.by_stage.iter().find(|(one, _)| *one == stage).map_or(0, |(_, count)| *count);
    let waiting = duty.open.iter().filter(|one| one.page.standing == PageStanding::Open).count();
    let orphans = usize::try_from(front.orphans).unwrap_or(usize::MAX);
    let mut wrong: Vec<(String, String)> = Vec::new();
    if let Some(why) = &front.edge.trouble {
        wrong.push(("The edge".to_owned(), words::plain(why)));
    }
    let failing = front.checks.iter().filter(|check| !check.works);
    wrong.extend(failing.map(|check| (check.subject.clone(), words::plain(&check.note))));
    wrong.extend(duty.wrong.iter().map(|why| ("On call".to_owned(), words::plain(why))));
    wrong.extend(super::duty::gaps(&duty).into_iter().take(2).map(|gap| ("On call".to_owned(), gap)));
    let page = NocPage {
        chrome: Chrome::of(&visitor, "noc"),
        at: words::stamp(now),
        wrong,
        on_duty: duty
            .on_duty
            .iter()
            .map(|one| (one.schedule.clone(), one.person.clone().unwrap_or_else(|| "NOBODY".to_owned())))
            .collect(),
        pages: duty
            .open
            .iter()
            .take(4)
            .map(|one| {
                let (state, is_waiting) = match &one.page.standing {
                    PageStanding::Acknowledged { by, .. } => (format!("{by} looks at it"), false),
                    _ => ("nobody has answered".to_owned(), true),
                };
                (one.page.id.to_string(), words::plain(&one.page.headline()), state, is_waiting)
            })
            .collect(),
        figures: vec![
            ("pages nobody answered", waiting, waiting > 0),
            ("confirmed, not contained", count(Stage::Confirmed), count(Stage::Confirmed) > 0),
            ("suspected", count(Stage::Suspected), false),
            ("contained", count(Stage::Contained), false),
            ("reports of nobody's line", orphans, false),
        ],
        more: queue.total.saturating_sub(CASES),
        rows: queue.rows.iter().take(CASES).map(|row| RowView::new(row, now)).collect(),
    };
    let mut response = draw(StatusCode::OK, &page)?;
    response.headers_mut().insert(header::REFRESH, HeaderValue::from_static("15"));
    Ok(response)
}
