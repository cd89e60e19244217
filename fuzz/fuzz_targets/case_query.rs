//! What an operator types into the search: any text is a search or an error that names a place in it, and what narrows a
//! search in the database never loses a case that fits.
#![no_main]

use std::collections::BTreeSet;
use std::sync::OnceLock;

use case::{Asker, CaseId, Kind, Listed, More, Query, Stage};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;

fn usual() -> &'static Listed {
    static USUAL: OnceLock<Listed> = OnceLock::new();
    USUAL.get_or_init(|| Listed {
        case: CaseId(17),
        subscriber: "dsl-1042".parse().expect("a line's name"),
        stage: Stage::Suspected,
        opened: Timestamp::UNIX_EPOCH,
        updated: Timestamp::UNIX_EPOCH,
        version: 9,
        due: Some(Timestamp::UNIX_EPOCH),
        harm: 8,
        proxy: true,
        addresses: vec!["203.0.113.7".parse().expect("an address")],
        assignee: Some("ann".to_owned()),
        more: More {
            headline: "open-proxy alleged, 3 claims, not proved".to_owned(),
            kinds: BTreeSet::from([Kind::OpenProxy]),
            ..More::default()
        },
    })
}

fuzz_target!(|text: &str| {
    let now = Timestamp::UNIX_EPOCH;
    let query = match Query::read(text, now) {
        Ok(query) => query,
        Err(error) => {
            assert!(text.get(error.at.0..error.at.1).is_some(), "{error:?}");
            return;
        }
    };
    let narrow = query.narrowed();
    let line = usual();
    if query.fits(line, &Asker { name: Some("ann"), now }) {
        assert!(narrow.stages.as_ref().is_none_or(|stages| stages.contains(&line.stage)), "{narrow:?}");
        assert!(narrow.cases.as_ref().is_none_or(|cases| cases.contains(&line.case)), "{narrow:?}");
        assert!(narrow.texts.iter().all(|text| line.sought().contains(text.as_str())), "{narrow:?}");
    }
});
