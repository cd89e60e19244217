//! The stories.

use jiff::SignedDuration;

use case::{Actor, Command, Stage};

use crate::house::{House, spamcop, until};
use crate::proxy;

const HOUR: SignedDuration = SignedDuration::from_hours(1);

#[tokio::test(flavor = "multi_thread")]
async fn a_complaint_becomes_a_proved_and_contained_case_that_explains_itself() {
    let house = House::new().await;
    house.leased("127.66.0.66", "line-66").await;
    let open = proxy::open("127.66.0.66").await;
    let night = house.open().await;
    night.mail("m1", &spamcop("127.66.0.66", open.port(), 7001, house.clock.now() - HOUR)).await;
    let case = house.reaches("line-66", Stage::Contained).await;
    let planned: Vec<String> =
        night.desk.plan().await.rules().iter().map(|rule| rule.key.to_string()).collect();
    assert_eq!(planned, ["127.66.0.66 tcp/25 out".to_owned(), format!("127.66.0.66 tcp/{} in", open.port())]);

    let why = night.desk.why_case(case.id()).await.expect("an explanation").expect("the case");
    let steps: Vec<&str> = why.iter().map(|step| step.step).collect();
    assert_eq!(steps, ["rule", "rule", "case", "answer", "claim", "sender", "bytes"]);
    let quote = why.iter().find_map(|step| step.quote.as_deref()).expect("a quote");
    assert!(quote.starts_with("127.66.0.66 is open proxy"), "{quote}");
    night.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_ends_by_itself_and_release_needs_a_new_proof() {
    let house = House::new().await;
    house.leased("127.66.0.67", "line-67").await;
    let open = proxy::open("127.66.0.67").await;
    let night = house.open().await;
    night.mail("m1", &spamcop("127.66.0.67", open.port(), 7002, house.clock.now() - HOUR)).await;
    let case = house.reaches("line-67", Stage::Contained).await;
    let act = |command| night.desk.act(case.id(), command, Actor::Operator("erika".to_owned()));
    act(Command::Release { reason: " ".to_owned() }).await.expect_err("a release without a reason");
    act(Command::Release { reason: "the owner unplugged it".to_owned() }).await.expect("a release");
    assert!(night.desk.plan().await.rules().is_empty(), "released blocks leave the plan at once");
    until("the edge to be empty", async || {
        let front = night.desk.front().await.expect("the front page");
        front.edge.in_force.is_empty().then_some(())
    })
    .await;
    night.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hearsay_from_many_never_blocks_a_closed_line() {
    let house = House::new().await;
    house.leased("127.66.0.68", "line-68").await;
    let night = house.open().await;
    for number in 0..40u16 {
        let text = spamcop("127.66.0.68", 9, u32::from(number) + 8000, house.clock.now() - HOUR)
            .replace("reports.spamcop.net", &format!("reports{number}.example.org"));
        night.mail(&format!("m{number}"), &text).await;
    }
    let case = until("all forty on the case and a negative probe", async || {
        let case = house.case_of("line-68").await?;
        let reports: std::collections::BTreeSet<_> =
            case.sightings().iter().map(|sighting| sighting.evidence).collect();
        (reports.len() == 40 && !case.answers().is_empty()).then_some(case)
    })
    .await;
    assert_eq!(case.stage(), Stage::HeadsUp, "strangers are no suspicion, however many");
    assert!(night.desk.plan().await.rules().is_empty());
    night.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_accepted_before_a_crash_is_judged_after_it_and_once() {
    let house = House::new().await;
    house.leased("127.66.0.69", "line-69").await;
    let text = spamcop("127.66.0.69", 9, 7003, house.clock.now() - HOUR);
    let night = house.open().await;
    night.mail("first", &text).await;
    // Nothing has to have happened between acceptance and the end.
    night.end().await;
    let night = house.open().await;
    // The sender was not told 250 before the crash and sends the same bytes again.
    night.mail("again", &text).await;
    night.mail("other", &spamcop("127.66.0.69", 9, 7004, house.clock.now() - HOUR)).await;
    let case = until("both reports on the case", async || {
        let case = house.case_of("line-69").await?;
        case.sightings()
            .iter()
            .any(|sighting| sighting.evidence != case.sightings()[0].evidence)
            .then_some(case)
    })
    .await;
    let reports: std::collections::BTreeSet<_> =
        case.sightings().iter().map(|sighting| sighting.evidence).collect();
    assert_eq!(reports.len(), 2, "equal bytes are one piece of evidence");
    assert!(house.store.verify_chain().await.expect("a check").broken.is_none());
    night.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_leaves_with_the_subscriber() {
    let house = House::new().await;
    house.lease("127.66.0.70", "line-70", -HOUR * 48, Some(HOUR)).await;
    house.lease("127.66.0.70", "line-71", HOUR, None).await;
    let open = proxy::open("127.66.0.70").await;
    let night = house.open().await;
    night.mail("m1", &spamcop("127.66.0.70", open.port(), 7005, house.clock.now() - HOUR)).await;
    house.reaches("line-70", Stage::Contained).await;
    house.clock.advance(HOUR * 2);
    until("the block to be lifted for the new holder", async || {
        night.desk.plan().await.rules().is_empty().then_some(())
    })
    .await;
    assert!(house.case_of("line-71").await.is_none(), "the new holder has done nothing");
    night.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_moved_before_it_was_asked_is_proved_and_blocked_where_it_is() {
    let house = House::new().await;
    house.lease("127.66.0.80", "line-80", -HOUR * 48, Some(-HOUR)).await;
    house.lease("127.66.0.80", "line-82", -HOUR, None).await;
    house.lease("127.66.0.81", "line-80", -HOUR, None).await;
    let open = proxy::open("127.66.0.81").await;
    let night = house.open().await;
    night.mail("m1", &spamcop("127.66.0.80", open.port(), 7010, house.clock.now() - HOUR * 3)).await;
    let case = house.reaches("line-80", Stage::Contained).await;
    let planned: Vec<String> =
        night.desk.plan().await.rules().iter().map(|rule| rule.key.to_string()).collect();
    assert_eq!(planned, ["127.66.0.81 tcp/25 out".to_owned(), format!("127.66.0.81 tcp/{} in", open.port())]);
    let proof = case.answers().iter().find(|answer| answer.verdict.is_proof()).expect("a proof");
    assert_eq!(proof.address.to_string(), "127.66.0.81");
    let judged = case.judgement(&house.playbook, night.desk.now());
    assert!(judged.why.contains("at 127.66.0.81 port"), "{}", judged.why);
    let view = night.desk.case(case.id()).await.expect("a page").expect("the case");
    assert!(view.blocks.iter().all(|block| block.key.address.to_string() == "127.66.0.81"));
    assert!(house.case_of("line-82").await.is_none(), "who holds the old address has done nothing");
    night.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_case_stays_visible() {
    let house = House::new().await;
    house.leased("127.66.0.72", "line-72").await;
    let night = house.open().await;
    night.mail("orphan", &spamcop("127.66.0.200", 9, 7006, house.clock.now() - HOUR)).await;
    night.mail("foreign", &spamcop("192.0.2.66", 9, 7007, house.clock.now() - HOUR)).await;
    night.mail("letter", "From: aunt@example.org\nSubject: dinner\n\nCome at eight.\n").await;
    night.mail("noise", "\u{0}\u{1}\u{2}").await;
    let seen = until("four messages in the inbox", async || {
        let rows = night.desk.intake(None, 1).await.expect("the inbox");
        (rows.len() == 4).then_some(rows)
    })
    .await;
    let outcome = |needle: &str| {
        let row = seen.iter().find(|row| row.note.contains(needle) || row.subject.as_deref() == Some(needle));
        row.map(|row| row.outcome.as_str())
    };
    assert_eq!(outcome("127.66.0.200"), Some("orphan"));
    assert_eq!(outcome("none of them in the home prefixes"), Some("foreign"));
    assert_eq!(outcome("dinner"), Some("not-a-report"));
    assert!(house.store.open_case_records().await.expect("records").is_empty());
    let front = night.desk.front().await.expect("the front page");
    assert_eq!(front.orphans, 1);
    night.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_came_before_its_lease_finds_its_case_when_the_lease_comes() {
    let house = House::new().await;
    let night = house.open().await;
    night.mail("early", &spamcop("127.66.0.73", 9, 7010, house.clock.now() - HOUR)).await;
    until("the orphan", async || {
        let front = night.desk.front().await.expect("the front page");
        (front.orphans == 1).then_some(())
    })
    .await;
    house.leased("127.66.0.73", "line-73").await;
    house.clock.advance(SignedDuration::from_mins(2));
    until("its case", async || house.case_of("line-73").await).await;
    assert_eq!(night.desk.front().await.expect("the front page").orphans, 0);
    night.end().await;
}

/// Everything hostile or harmless that was collected, against a house that owns every address in it: no case, nothing
/// lost, nothing stuck. The collection is not part of the tree; `NIGHTDESK_CORPUS` says where it is.
#[tokio::test(flavor = "multi_thread")]
async fn no_bomb_and_no_letter_opens_a_case() {
    let Some(root) = std::env::var_os("NIGHTDESK_CORPUS").map(std::path::PathBuf::from) else {
        eprintln!("skipped: NIGHTDESK_CORPUS does not say where the samples are");
        return;
    };
    let manifest = std::fs::read_to_string(root.join("reports/manifest.tsv")).expect("the manifest");
    let wanted = |format: &str| matches!(format, "mail-hostile" | "mail-nonreport" | "dmarc-tlsrpt-mail");
    let files = manifest.lines().filter_map(|line| line.split('\t').next().zip(line.split('\t').nth(1)));
    let mut mails: Vec<Vec<u8>> = files
        .filter(|(_, format)| wanted(format))
        .map(|(file, _)| std::fs::read(root.join("reports").join(file)).expect("a sample"))
        .collect();
    mails.sort();
    mails.dedup();

    let everything = ["0.0.0.0/2", "64.0.0.0/2", "128.0.0.0/2", "192.0.0.0/2"];
    let eighths: Vec<String> = (1..224u32).map(|first| format!("{first}.0.0.0/8")).collect();
    let eighths: Vec<&str> = eighths.iter().map(String::as_str).collect();
    let house = House::of(&eighths, &everything).await;
    for net in &eighths {
        house.lease(net, "anybody", -HOUR * 24 * 365 * 40, None).await;
    }
    let night = house.open().await;
    for (number, mail) in mails.iter().enumerate() {
        night.bytes(&format!("m{number}"), mail.clone()).await;
    }
    until("every sample read", async || {
        let read = house.store.count_intake(&store::IntakeFilter::default()).await.expect("a count");
        (usize::try_from(read).ok() == Some(mails.len())).then_some(())
    })
    .await;
    assert!(mails.len() > 200, "only {} samples", mails.len());
    let cases = house.store.open_case_records().await.expect("records");
    assert!(cases.is_empty(), "a case was opened: {:?}", cases.first());
    night.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_of_a_form_nobody_knows_is_read_by_the_operators_own_quirk() {
    let mut house = House::new().await;
    house.leased("127.66.0.74", "line-74").await;
    let quirks = "[[quirk]]\nname = \"sentinel\"\nfrom = [\"sentinel.example\"]\nkind = \"open-proxy\"\n\
                  read = ['^Node (?P<address>[0-9.]+)/(?P<port>[0-9]+) ']\n";
    house.quirks = std::sync::Arc::new(report::Quirks::parse(quirks).expect("quirks"));
    let notice = |from: &str| {
        let date = house.clock.now().strftime("%a, %d %b %Y %H:%M:%S +0000");
        format!(
            "From: {from}\nTo: abuse@example.net\nDate: {date}\nSubject: Sentinel 4711\n\
             Message-ID: <4711@{from}>\n\nNode 127.66.0.74/9 went green.\n\
             The neighbours are 127.66.0.75 and 127.66.0.76.\n"
        )
    };
    let night = house.open().await;
    night.mail("other", &notice("sensor@elsewhere.example")).await;
    night.mail("known", &notice("sensor@sentinel.example")).await;
    let case = until("a case by the quirk", async || house.case_of("line-74").await).await;
    let sighting = &case.sightings()[0];
    assert_eq!((sighting.kind, sighting.port), (case::Kind::OpenProxy, Some(9)));
    let reports: std::collections::BTreeSet<_> =
        case.sightings().iter().map(|sighting| sighting.evidence).collect();
    assert_eq!(reports.len(), 1, "the same words from elsewhere say nothing");
    night.end().await;
}
