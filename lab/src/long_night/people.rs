//! Who is on duty in a long night, and what they hear.

use std::path::{Path, PathBuf};

/// What somebody was rung with goes into a file of theirs, whole texts one after the other.
pub(super) fn heard(folder: &Path, person: &str) -> PathBuf {
    folder.join(format!("heard-by-{person}"))
}

/// After so many minutes without an answer the second one is rung too.
pub(super) const SECOND_AFTER: i64 = 10;

/// Anna, then Ben as well.
pub(super) fn rota(folder: &Path) -> String {
    let person = |name: &str| {
        let file = heard(folder, name).display().to_string();
        format!(
            "[[person]]\nname = \"{name}\"\ncontacts = [{{ command = [\"/usr/bin/tee\", \"-a\", {file:?}] }}]\n"
        )
    };
    format!(
        "time_zone = \"UTC\"\n{}{}[[schedule]]\nname = \"night\"\n[[schedule.layer]]\npeople = [\"anna\"]\nrotate = \"weekly\"\n\
         hand_over = \"09:00\"\nfrom = \"2026-01-05\"\n[[policy]]\nname = \"night\"\nsteps = [{{ ring = [\"schedule:night\"] }}, \
         {{ after = \"{SECOND_AFTER}m\", ring = [\"everybody\"] }}]\nrepeat = 3\nrepeat_after = \"10m\"\ncomes_back = \"24h\"\n",
        person("anna"),
        person("ben"),
    )
}
