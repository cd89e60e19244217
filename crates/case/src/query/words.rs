//! The words of a search, for people: help on the page, in the manual and in errors.

/// Every field: its name, what follows it, what it finds.
pub const SEARCH_WORDS: [(&str, &str, &str); 20] = [
    ("stage", ":suspected,confirmed", "where the case stands"),
    ("kind", ":open-proxy", "what is alleged or proved"),
    (
        "is",
        ":overdue",
        "open, ended, any, proxy, overdue, assigned, blocked, waiting (for a second person), paged or mentioned (somebody was \
         asked in a note and has not answered)",
    ),
    ("line", ":dsl-10*", "whose line; * takes any ending"),
    ("address", ":203.0.113.0/24", "an address or prefix; it needs no field's name"),
    ("port", ":1080", "a port of ours that was named or proved"),
    ("case", ":ND-17", "its number; it needs no field's name"),
    ("family", ":sobig", "the malware that was named"),
    ("reporter", ":spamcop.net", "who reported: a domain, or one below it"),
    ("assigned", ":me", "who has it: a name, me or nobody"),
    ("mentions", ":me", "who was spoken to (@name) in a note and has not acted since"),
    ("harm", ">=7", "1 to 10"),
    ("sightings", ">100", "how many it holds"),
    ("blocks", ">0", "how many of its blocks are in the plan"),
    ("age", ">2d", "since it was opened"),
    ("quiet", ">6h", "since something was last recorded"),
    ("left", "<1h", "until its clock runs out"),
    ("opened", ":today", "a day (2026-11-27, today, yesterday), or before < or after > one, or a time"),
    ("updated", ">2026-11-27T03:00Z", "the same, of its newest record"),
    ("due", "<2026-11-28", "the same, of its clock"),
];

/// What a list is sorted by: `sort:harm`, or the other way round `sort:-harm`.
pub(super) const SORTS: [&str; 5] = ["clock", "opened", "updated", "harm", "sightings"];
