//! The playbook as a file: what it says is what happens, and what is wrong with it is said where it stands.
use case::{Command, Event, Kind, Moment, Playbook, Restriction, Stage, Step, Verdict, plan};
use jiff::SignedDuration;

use crate::sample::{Night, evening, hours, sighting};

/// The built-in text with something in place of something else.
fn edited(from: &str, to: &str) -> String {
    let text = Playbook::built_in_text();
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1)
}

fn mistake(text: &str) -> String {
    let mistakes = Playbook::read(text).expect_err("a mistake");
    mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// The line of the text that this stands on, from 1.
fn line_of(text: &str, what: &str) -> usize {
    text.lines().position(|line| line.contains(what)).expect("a line") + 1
}

/// A case that our probe has proved.
fn proved(playbook: Playbook) -> Night {
    let mut night = Night::with(playbook, sighting(1, Kind::OpenProxy, "spamcop.net", evening()), evening());
    night.wait(SignedDuration::from_secs(20));
    night.answers(Verdict::OpenProxy, Some(8080));
    night
}

fn notices(events: &[Event]) -> usize {
    events.iter().filter(|event| matches!(event, Event::NoticeOrdered { .. })).count()
}

fn pages(events: &[Event]) -> Vec<String> {
    let what = |event: &Event| match event {
        Event::PageOrdered { what } => Some(what.clone()),
        _ => None,
    };
    events.iter().filter_map(what).collect()
}

#[test]
fn a_mistake_is_told_with_its_line_its_column_and_what_was_meant() {
    let text = edited("usual_ports", "usual_prots");
    let (line, told) = (line_of(&text, "usual_prots"), mistake(&text));
    assert_eq!(
        told,
        format!("line {line}, column 1: there is no setting \"usual_prots\"; did you mean \"usual_ports\"?")
    );
    let text = edited("when = \"probe\"", "when = \"prob\"");
    let line = line_of(&text, "\"prob\"");
    assert_eq!(
        mistake(&text),
        format!("line {line}, column 8: there is no \"prob\"; did you mean \"probe\"?")
    );
    let text = edited("again = \"6h\"", "again = \"six\"");
    let line = line_of(&text, "\"six\"");
    assert!(mistake(&text).starts_with(&format!("line {line}, column 9: \"six\" is no length of time")));
    let text = edited("runbook = \"suspected\"", "runbook = \"suspekted\"");
    assert!(mistake(&text).contains("did you mean \"suspected\"?"), "{}", mistake(&text));
    let text = edited("number = 1", "number = ");
    assert!(mistake(&text).starts_with("line "), "{}", mistake(&text));
}

#[test]
fn a_step_that_would_act_on_hearsay_is_refused_before_it_is_live() {
    for (from, to, why) in [
        (
            "when = \"report\"\n",
            "when = \"report\"\ncontain = [\"mail-out\"]\n",
            "a report alone never contains",
        ),
        ("when = \"report\"\n", "when = \"report\"\ntell = true\n", "a customer is told what is proved"),
        (
            "stages = [\"confirmed\", \"contained\"]",
            "stages = [\"suspected\"]",
            "a customer is told what is proved",
        ),
        ("block_for = \"24h\"", "block_for = \"8d\"", "a block lasts at most 7d"),
        (
            "when = \"report\"\n",
            "when = \"report\"\nafter = \"2h\"\n",
            "only a step of the moment \"stage\" can wait",
        ),
        ("name = \"proved by our probe\"", "name = \"confirmed by an operator\"", "there is another step"),
        ("stages = [\"confirmed\", \"contained\"]", "stages = []", "names its stages"),
    ] {
        let told = mistake(&edited(from, to));
        assert!(told.contains(why), "{told}");
    }
}

#[test]
fn a_step_that_waits_is_taken_once_in_a_stay_and_on_time() {
    let waits = Step {
        stages: vec![Stage::Confirmed],
        after: Some(hours(2)),
        page: true,
        ..Step::new("still not contained", Moment::Stage)
    };
    let mut playbook = Playbook::default();
    playbook.steps.push(waits);
    let mut night = proved(playbook);
    assert_eq!(night.stage(), Stage::Confirmed);
    let due = night.case.next_due(&night.playbook, night.now).expect("something waits");
    assert_eq!(due, night.case.stage_since() + hours(2));
    night.now = due - SignedDuration::from_secs(1);
    assert!(!night.case.is_due(&night.playbook, night.now));
    night.now = due;
    let events = night.must(&Command::Tick);
    assert_eq!(pages(&events), ["the case has been confirmed for 2h (still not contained)"]);
    assert!(matches!(&events[0], Event::StepTaken { step, .. } if step == "still not contained"));
    night.now += hours(3);
    assert_eq!(pages(&night.must(&Command::Tick)), Vec::<String>::new(), "once in a stay");
}

#[test]
fn what_is_contained_only_after_a_while_waits_and_a_release_stops_it() {
    let text = edited(
        "page = true\ncontain = [\"mail-out\", \"proved-port-in\"]\nblock_for = \"24h\"",
        "page = true\n\n[[step]]\nname = \"give them an hour\"\nwhen = \"stage\"\nstages = [\"confirmed\"]\n\
         after = \"1h\"\ncontain = [\"mail-out\"]\nblock_for = \"12h\"",
    );
    let playbook = Playbook::read(&text).expect("a playbook");
    let mut night = proved(playbook.clone());
    assert!(night.rules().is_empty(), "told first");
    night.wait(hours(1));
    night.must(&Command::Tick);
    let rules = night.case.standing_rules(night.now);
    assert_eq!(rules.len(), 1, "mail alone");
    assert_eq!(rules[0].until, night.case.stage_since() + hours(13));
    let mut released = proved(playbook);
    released.wait(hours(1));
    released.must(&Command::Tick);
    released.must(&Command::Release { reason: "a false alarm".to_owned() });
    released.wait(hours(2));
    released.must(&Command::Tick);
    assert!(plan([&released.case], released.now).rules().is_empty(), "a person has said otherwise since");
}

#[test]
fn the_first_step_that_fits_is_done_and_no_other() {
    let special = Step {
        kinds: vec![Kind::OpenRelay],
        contain: vec![Restriction::MailOut],
        ..Step::new("relays keep their port", Moment::Probe)
    };
    let mut playbook = Playbook::default();
    playbook.steps.insert(0, special);
    assert_eq!(proved(playbook.clone()).rules().len(), 2, "it is for relays alone");
    let mut night = Night::with(playbook, sighting(1, Kind::OpenRelay, "spamcop.net", evening()), evening());
    night.wait(SignedDuration::from_secs(20));
    night.answers(Verdict::OpenRelay, Some(25));
    assert_eq!(night.rules().len(), 1);
}

#[test]
fn every_case_names_the_playbook_it_was_decided_under() {
    let mut night = proved(Playbook::default());
    assert_eq!(night.case.playbook(), Some(&Playbook::default().version));
    let next = Playbook { name: "quieter".to_owned(), ..Playbook::default() }.with_its_own_version();
    night.playbook = next.clone();
    night.now += hours(7);
    let events = night.must(&Command::Confirm { reason: "seen".to_owned() });
    assert_eq!(events[0], Event::Playbook { version: next.version.clone() });
    let again = night.must(&Command::Confirm { reason: "seen again".to_owned() });
    assert!(!again.contains(&Event::Playbook { version: next.version.clone() }), "once");
    assert_eq!(night.case.playbook(), Some(&next.version));
}

#[test]
fn the_customer_is_told_once_however_many_steps_say_so() {
    let mut playbook = Playbook::default();
    playbook.steps.iter_mut().for_each(|step| step.tell = true);
    let night = proved(playbook);
    let events: Vec<Event> = night.records.iter().map(|record| record.event.clone()).collect();
    assert_eq!(notices(&events), 1);
}

#[test]
fn what_two_playbooks_say_differently_is_told_setting_by_setting() {
    let text = edited("clock = \"1h\"", "clock = \"30m\"").replace("number = 1", "number = 2").replace(
        "name = \"proved by our flow records\"\nwhen = \"flows\"\npage = true",
        "name = \"proved by our flow records\"\nwhen = \"flows\"\npage = true\ncontain = [\"mail-out\"]",
    );
    let other = Playbook::read(&text).expect("a playbook");
    let changes = Playbook::built_in().changes(&other);
    let told: Vec<String> = changes
        .iter()
        .map(|one| {
            format!("{}: {} -> {}", one.what, one.from.as_deref().unwrap(), one.to.as_deref().unwrap())
        })
        .collect();
    assert_eq!(
        told,
        [
            "stage.confirmed.clock: 1h -> 30m",
            "step \"proved by our flow records\": when our own flow records prove the line: page the operators -> \
             when our own flow records prove the line: page the operators, contain mail-out for 24h",
        ]
    );
    assert_ne!(other.version.hash, Playbook::built_in().version.hash);
}
