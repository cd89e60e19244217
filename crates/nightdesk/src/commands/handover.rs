//! `nightdesk handover`: what a shift leaves behind, as text that can be read out or mailed.

use anyhow::Result;
use desk::{Handover as View, PageStanding, ShiftDeed};
use jiff::Timestamp;

use super::Answer;
use crate::cli::Handover;
use crate::config::Config;
use crate::{output, startup};

pub(crate) async fn run(config: &Config, options: &Handover) -> Result<Answer> {
    let desk = startup::open_desk(config).await?;
    if let Some(note) = &options.note {
        if let Err(error) = desk.hand_over(note, &options.by).await {
            super::complain(&anyhow::anyhow!("nothing was handed over: {error}"));
            return Ok(Answer::No);
        }
        output::line("handed over; the next summary begins here");
        return Ok(Answer::Yes);
    }
    let view = desk.handover(options.since, &options.by).await?;
    if options.json.json {
        output::json(&view)?;
    } else {
        print(&view);
    }
    Ok(Answer::Yes)
}

fn stamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%MZ").to_string()
}

fn print(view: &View) {
    output::line(format!("Shift from {} to {}, since {}", stamp(view.from), stamp(view.to), view.since));
    if let Some(last) = view.last.as_ref().filter(|last| !last.why.is_empty()) {
        output::line(format!("{} said at {}: {}", last.who, stamp(last.at), last.why));
    }
    for why in &view.wrong {
        output::line(format!("BROKEN  {why}"));
    }
    heading("Needs somebody");
    for one in &view.pages {
        let state = match &one.page.standing {
            PageStanding::Acknowledged { by, .. } => format!("{by} looks at it"),
            _ => "nobody has answered".to_owned(),
        };
        output::line(format!("  {:<8} {} ({state})", one.page.id, one.page.headline()));
    }
    if view.inbox.waiting > 0 {
        let late = if view.inbox.late { ", some for more than an hour" } else { "" };
        output::line(format!(
            "  What no case could take ({}{late}: /intake?outcome=inbox)",
            view.inbox.waiting
        ));
    }
    for need in view.needs.iter().filter(|need| need.total > 0) {
        output::line(format!("  {} ({}: nightdesk case list '{}')", need.what, need.total, need.search));
        for row in &need.rows {
            output::line(format!(
                "    {:<8} {:<10} {:<24} {}",
                row.id,
                row.stage.name(),
                row.subscriber,
                row.headline
            ));
        }
    }
    if view.pages.is_empty() && view.inbox.waiting == 0 && view.needs.iter().all(|need| need.total == 0) {
        output::line("  nothing");
    }
    heading("What happened");
    let counts: Vec<String> =
        view.counts.iter().map(|count| format!("{} {}", count.cases, count.what)).collect();
    output::line(format!("  {}; {} pages opened and over", counts.join(", "), view.pages_over));
    if view.cut_short {
        output::line("  more happened than is summed up at once: ask for a shorter time");
    }
    view.moved.iter().for_each(deed);
    if view.more_moved > 0 {
        output::line(format!("  and {} more", view.more_moved));
    }
    view.notes.iter().for_each(deed);
    if view.more_notes > 0 {
        output::line(format!("  and {} more notes", view.more_notes));
    }
    heading("Who is next");
    for one in &view.on_duty {
        output::line(format!("  {}: {} now", one.schedule, one.person.as_deref().unwrap_or("nobody")));
    }
    for one in &view.next {
        let person = one.person.as_deref().unwrap_or("nobody");
        output::line(format!("  {}: {person} from {}", one.schedule, stamp(one.from)));
    }
}

fn heading(text: &str) {
    output::line("");
    output::line(text);
}

fn deed(deed: &ShiftDeed) {
    let why = if deed.why.is_empty() { String::new() } else { format!(": {}", deed.why) };
    output::line(format!("  {}  {:<8} {}{why} ({})", stamp(deed.at), deed.case, deed.what, deed.by));
}
