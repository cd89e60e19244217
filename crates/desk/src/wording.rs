//! What we write to people, in plain words.

use case::{CaseId, EvidenceId};
use report::Reading;

use crate::view::WhyStep;

/// Subject and text of the notice to a subscriber whose line was proved open.
pub(crate) fn notice(id: CaseId, why: &[WhyStep], evidence: Option<EvidenceId>) -> (String, String) {
    let found: Vec<String> = why
        .iter()
        // The reporters' own words name other people; the subscriber gets what we saw ourselves and what we did.
        .filter(|step| matches!(step.step, "rule" | "case" | "answer"))
        .map(|step| format!("  - {}", step.text))
        .collect();
    let reference =
        evidence.map(|id| format!("Our record of the test: {}\n", id.short())).unwrap_or_default();
    let body = format!(
        "Dear customer,\n\n\
         a machine on your line lets strangers from the whole Internet send their traffic through it\n\
         (an open proxy or relay). We have tested this ourselves:\n\n{}\n\n\
         To stop the abuse without cutting you off, only what is listed above is blocked.\n\
         Everything else on your line goes on working.\n\n\
         What to do:\n\
         \x20 1. Disconnect the machine from the network and run a full virus scan with up-to-date software.\n\
         \x20 2. Remove any proxy, VPN-sharing or \"bandwidth sharing\" program you did not set up on purpose.\n\
         \x20 3. If you run a proxy on purpose, limit it to your own network and require a password.\n\
         \x20 4. Switch on the firewall of your router, and change its password.\n\n\
         We test again by ourselves and lift the block when the machine is clean.\n\
         If you need help, answer this mail and keep {id} in the subject.\n\n{reference}",
        found.join("\n"),
    );
    (format!("[{id}] A machine on your line is an open proxy"), body)
}

/// Subject and text of the acknowledgement to a reporter.
pub(crate) fn acknowledgement(id: CaseId, reading: &Reading) -> (String, String) {
    let subject = reading.subject.as_deref().unwrap_or("your report");
    let number =
        reading.report_id.as_deref().map(|number| format!(" (your number {number})")).unwrap_or_default();
    let body = format!(
        "Thank you. Your report{number} was read and has the number {id}.\n\n\
         The line is being checked now. We act on our own proof, so you need not send the same report again;\n\
         new evidence is always welcome under the same number.\n\n\
         This is an automatic answer, and the only one to this report.\n",
    );
    (format!("[{id}] Re: {subject}"), body)
}

/// Subject and text of a page to the desk's own people.
pub(crate) fn page(id: CaseId, what: &str) -> (String, String) {
    let body = format!(
        "nightdesk needs a person.\n\n{what}\n\n\
         Look at {id} on the page or with: nightdesk case show {id}\n\
         The plan is kept and tried again by itself; this page comes at most once an hour.\n",
    );
    (format!("[{id}] nightdesk: a block is held back"), body)
}
