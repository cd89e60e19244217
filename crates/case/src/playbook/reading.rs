//! From the text of a playbook to the playbook.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::mistake::nearest;
use super::{Clocks, LEAST_GAP, Length, Mistake, Moment, Playbook, PlaybookVersion, Restriction, Step};
use crate::{Kind, Stage, runbook, runbooks};

/// No playbook is longer; whatever is has not been written by hand.
const TEXT_AT_MOST: usize = 256 * 1024;
/// How many steps a playbook may have.
const STEPS_AT_MOST: usize = 200;
/// How long a name may be, in characters.
const NAME_AT_MOST: usize = 80;
/// How many ports one question can name.
const PORTS_AT_MOST: usize = crate::ask::PORTS_AT_MOST;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    number: Spanned<u32>,
    name: Spanned<String>,
    #[serde(default)]
    second_person: bool,
    watch: Watch,
    ask: Ask,
    clean: Clean,
    reporters: Reporters,
    stage: Stages,
    #[serde(default)]
    step: Vec<Spanned<StepText>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Watch {
    r#for: Length,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ask {
    usual_ports: Spanned<Vec<u16>>,
    again: Length,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Clean {
    negatives: Spanned<u32>,
    over: Length,
    close_after: Length,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reporters {
    acknowledge: bool,
    outcome: bool,
    spamcop: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Stages {
    heads_up: Clocked,
    watching: Clocked,
    suspected: Clocked,
    confirmed: Clocked,
    contained: Clocked,
    #[serde(default)]
    cleaned: Unclocked,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Clocked {
    clock: Length,
    ask_again: Option<Length>,
    runbook: Option<Spanned<String>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Unclocked {
    ask_again: Option<Length>,
    runbook: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StepText {
    name: Spanned<String>,
    when: Moment,
    stages: Option<Spanned<Vec<Stage>>>,
    #[serde(default)]
    kinds: Vec<Kind>,
    after: Option<Spanned<Length>>,
    #[serde(default)]
    page: bool,
    tell: Option<Spanned<bool>>,
    contain: Option<Spanned<Vec<Restriction>>>,
    block_for: Option<Spanned<Length>>,
    runbook: Option<Spanned<String>>,
}

/// Reads a playbook; all mistakes that can be found at once are.
pub(super) fn read(text: &str) -> Result<Playbook, Vec<Mistake>> {
    if text.len() > TEXT_AT_MOST {
        let what = format!("it is longer than {TEXT_AT_MOST} bytes; no playbook is");
        return Err(vec![Mistake::at(text, 0, what)]);
    }
    let file: File = toml::from_str(text).map_err(|error| vec![Mistake::of_toml(text, &error)])?;
    let mut reader = Reader { text, mistakes: Vec::new() };
    let playbook = reader.playbook(file);
    if reader.mistakes.is_empty() { Ok(playbook) } else { Err(reader.mistakes) }
}

struct Reader<'a> {
    text: &'a str,
    mistakes: Vec<Mistake>,
}

impl Reader<'_> {
    fn wrong<T>(&mut self, place: &Spanned<T>, what: impl Into<String>) {
        self.mistakes.push(Mistake::at(self.text, place.span().start, what));
    }

    fn playbook(&mut self, file: File) -> Playbook {
        if *file.number.get_ref() == 0 {
            self.wrong(&file.number, "a playbook's number begins at 1");
        }
        self.named(&file.name);
        let ports = file.ask.usual_ports.get_ref();
        if ports.is_empty() || ports.len() > PORTS_AT_MOST || ports.contains(&0) {
            let what = format!(
                "name 1 to {PORTS_AT_MOST} ports from 1 to 65535; a report that names no port could never be checked"
            );
            self.wrong(&file.ask.usual_ports, what);
        }
        if !(1..=100).contains(file.clean.negatives.get_ref()) {
            self.wrong(&file.clean.negatives, "a line is clean after 1 to 100 probes that prove nothing");
        }
        let clocks = Clocks {
            heads_up: file.stage.heads_up.clock.0,
            watching: file.stage.watching.clock.0,
            suspected: file.stage.suspected.clock.0,
            confirmed: file.stage.confirmed.clock.0,
            contained: file.stage.contained.clock.0,
        };
        let (ask_again, runbooks) = self.stages(file.stage);
        Playbook {
            version: PlaybookVersion::of(file.number.into_inner(), self.text),
            text: self.text.into(),
            name: file.name.into_inner(),
            watch_for: file.watch.r#for.0,
            usual_ports: file.ask.usual_ports.into_inner(),
            recheck_every: file.ask.again.0,
            least_gap: LEAST_GAP,
            clean_after_negatives: file.clean.negatives.into_inner(),
            clean_over: file.clean.over.0,
            close_after: file.clean.close_after.0,
            second_person: file.second_person,
            acknowledge_reporter: file.reporters.acknowledge,
            tell_reporter_outcome: file.reporters.outcome,
            spamcop_resolved: file.reporters.spamcop,
            clocks,
            ask_again,
            runbooks,
            steps: self.steps(file.step),
        }
    }

    fn stages(&mut self, stages: Stages) -> (BTreeMap<Stage, jiff::SignedDuration>, BTreeMap<Stage, String>) {
        let Stages { heads_up, watching, suspected, confirmed, contained, cleaned } = stages;
        let of = |one: Clocked| (one.ask_again, one.runbook);
        let all = [
            (Stage::HeadsUp, of(heads_up)),
            (Stage::Watching, of(watching)),
            (Stage::Suspected, of(suspected)),
            (Stage::Confirmed, of(confirmed)),
            (Stage::Contained, of(contained)),
            (Stage::Cleaned, (cleaned.ask_again, cleaned.runbook)),
        ];
        let (mut ask_again, mut shown) = (BTreeMap::new(), BTreeMap::new());
        for (stage, (again, runbook)) in all {
            ask_again.extend(again.map(|again| (stage, again.0)));
            if let Some(name) = runbook {
                self.known_runbook(&name);
                shown.insert(stage, name.into_inner());
            }
        }
        (ask_again, shown)
    }

    fn named(&mut self, name: &Spanned<String>) {
        let text = name.get_ref();
        if text.trim().is_empty() || text.chars().count() > NAME_AT_MOST || text.chars().any(char::is_control)
        {
            self.wrong(name, format!("a name has 1 to {NAME_AT_MOST} characters on one line"));
        }
    }

    fn known_runbook(&mut self, name: &Spanned<String>) {
        let wrong = name.get_ref();
        if runbook(wrong).is_some() {
            return;
        }
        let names = || runbooks().iter().map(|one| one.name);
        let what = match nearest(wrong, names()) {
            Some(near) => format!("there is no runbook {wrong:?}; did you mean {near:?}?"),
            None => format!("there is no runbook {wrong:?}; nightdesk runbook lists them"),
        };
        self.wrong(name, what);
    }

    fn steps(&mut self, texts: Vec<Spanned<StepText>>) -> Vec<Step> {
        if let Some(one) = texts.get(STEPS_AT_MOST) {
            self.wrong(one, format!("a playbook has at most {STEPS_AT_MOST} steps"));
            return Vec::new();
        }
        let mut steps: Vec<Step> = Vec::with_capacity(texts.len());
        for text in texts {
            let text = text.into_inner();
            self.named(&text.name);
            if steps.iter().any(|step| step.name == *text.name.get_ref()) {
                self.wrong(&text.name, format!("there is another step {:?}", text.name.get_ref()));
            }
            self.check(&text);
            steps.push(step(text));
        }
        steps
    }

    /// What a step may not say, whatever its moment would make of it.
    fn check(&mut self, step: &StepText) {
        let stages = step.stages.as_ref().map_or(&[][..], |stages| stages.get_ref());
        let proved = |stage: &Stage| matches!(stage, Stage::Confirmed | Stage::Contained);
        let on_proof = match step.when {
            Moment::Report => false,
            Moment::Probe | Moment::Flows | Moment::Hand => true,
            Moment::Stage => stages.iter().all(proved),
        };
        if step.when == Moment::Stage && stages.is_empty() {
            self.wrong(&step.name, "a step of the moment \"stage\" names its stages");
        }
        if let Some(stage) = stages.iter().find(|stage| !stage.is_open())
            && let Some(place) = &step.stages
        {
            self.wrong(place, format!("a case that is {stage} has ended: nothing is done there"));
        }
        let contain = step.contain.as_ref().filter(|contain| !contain.get_ref().is_empty());
        if let Some(contain) = contain.filter(|_| !on_proof) {
            let what = "a report alone never contains, and nothing is contained before it is confirmed: \
                        use a step of \"probe\", \"flows\", \"hand\", or of the stages confirmed and contained";
            self.wrong(contain, what);
        }
        if let Some(contain) = contain.filter(|_| {
            step.when == Moment::Stage && step.after.is_none() && stages.contains(&Stage::Contained)
        }) {
            self.wrong(
                contain,
                "what is contained is contained already: leave contained out of stages, or say after",
            );
        }
        if let Some(tell) = step.tell.as_ref().filter(|tell| *tell.get_ref() && !on_proof) {
            let what = "a customer is told what is proved: use a step of \"probe\", \"flows\", \"hand\", or of the \
                        stages confirmed and contained";
            self.wrong(tell, what);
        }
        if let Some(after) = step.after.as_ref().filter(|_| step.when != Moment::Stage) {
            self.wrong(
                after,
                "only a step of the moment \"stage\" can wait; leave after out, or name stages",
            );
        }
        if let Some(block_for) = &step.block_for {
            if block_for.get_ref().0 > Playbook::LONGEST_BLOCK {
                let longest = Length(Playbook::LONGEST_BLOCK);
                self.wrong(block_for, format!("a block lasts at most {longest}; it can be ordered anew"));
            }
            if contain.is_none() {
                self.wrong(block_for, "block_for goes with contain, and this step contains nothing");
            }
        }
        if let Some(name) = &step.runbook {
            self.known_runbook(name);
        }
    }
}

fn step(text: StepText) -> Step {
    Step {
        name: text.name.into_inner(),
        when: text.when,
        stages: text.stages.map(Spanned::into_inner).unwrap_or_default(),
        kinds: text.kinds,
        after: text.after.map(|after| after.into_inner().0),
        page: text.page,
        tell: text.tell.is_some_and(Spanned::into_inner),
        contain: text.contain.map(Spanned::into_inner).unwrap_or_default(),
        block_for: text.block_for.map_or(Step::BLOCK_FOR, |length| length.into_inner().0),
        runbook: text.runbook.map(Spanned::into_inner),
    }
}
