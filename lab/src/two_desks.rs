//! The story of two nightdesks that write to each other: a complaint makes one mail and one answer, and then there is
//! silence; what one desk sends of its own accord is not answered at all.
//!
//! ```text
//!   desk A 198.51.100.1 ── 198.51.100.2  world, Postfix  198.51.100.66 ── 198.51.100.65 desk B
//!   home 203.0.113.0/24                                                    home 192.0.2.0/24
//! ```

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;

use crate::net::{self, Namespace, cable};
use crate::nightdesk::Nightdesk;
use crate::patience::until;
use crate::peers::Peer;
use crate::post::Postfix;
use crate::step;

/// How long it may take until nothing is under way any more.
const UNTIL_QUIET: Duration = Duration::from_secs(60);

/// Plays it.
pub(crate) fn play() -> Result<()> {
    let dir = net::folder()?;
    let (world, a, b) = (Namespace::new("world")?, Namespace::new("desk-a")?, Namespace::new("desk-b")?);
    cable((&world, "wa", "198.51.100.2/26"), (&a, "a0", "198.51.100.1/26"))?;
    cable((&world, "wb", "198.51.100.66/26"), (&b, "b0", "198.51.100.65/26"))?;
    let transports = "a.example smtp:[198.51.100.1]:25\nb.example smtp:[198.51.100.65]:25\n";
    let postfix = Postfix::start(&world, "198.51.100.2,198.51.100.66", transports, CHECKS, dir.path())?;
    let one = DeskAt::begin(&a, &A, dir.path())?;
    let other = DeskAt::begin(&b, &B, dir.path())?;
    step("two desks are up, with Postfix between them that vouches for each to the other");
    let ending = goes_on(&world, &postfix, &one, &other, dir.path());
    if ending.is_err() {
        println!("   Postfix's last words:\n{}", postfix.last_words());
        println!("   desk A's last words:\n{}", one.serving.last_words());
        println!("   desk B's last words:\n{}", other.serving.last_words());
    }
    ending
}

fn goes_on(
    world: &Namespace,
    postfix: &Postfix<'_>,
    a: &DeskAt<'_>,
    b: &DeskAt<'_>,
    dir: &Path,
) -> Result<()> {
    let counts = || -> Result<(usize, usize)> {
        Ok((postfix.delivered("abuse@b.example")?, postfix.delivered("abuse@a.example")?))
    };
    send(world, "198.51.100.2", "abuse@a.example", "abuse@b.example", &complaint(), dir)?;
    step("somebody at desk A writes to desk B by hand, with A's own address");
    until("desk B answers", UNTIL_QUIET, || Ok((counts()? == (1, 1)).then_some(())))?;
    until_quiet(postfix, a, b)?;
    ensure!(counts()? == (1, 1), "the desks went on: {:?} mails to B and to A", counts()?);
    step("B has thanked A with one mail; all queues and outboxes are empty, and nobody says more");

    send(world, "198.51.100.1", "paul@customers.a.example", "abuse@a.example", &scan(), dir)?;
    step("a customer of A reports a scanner in B's network to A");
    until("desk A reports it to desk B", UNTIL_QUIET, || Ok((counts()?.0 == 2).then_some(())))?;
    until_quiet(postfix, a, b)?;
    ensure!(counts()? == (2, 1), "a machine's mail was answered: {:?} mails to B and to A", counts()?);
    let cases = b.desk.ask_json(&["case", "list"])?.len();
    ensure!(cases == 2, "B has {cases} cases: the report of the second line was not read");
    step("A has reported it to B in one mail; B has a case of it, and does not answer a machine");
    Ok(())
}

/// Waits until nothing is under way anywhere. Mail is at every moment in Postfix's queue, in a spool, in a log before its
/// cursor, or in an outbox; looked at in a ring, so that none slips from one to the next between two looks.
fn until_quiet(postfix: &Postfix<'_>, a: &DeskAt<'_>, b: &DeskAt<'_>) -> Result<()> {
    until("all queues are empty", UNTIL_QUIET, || {
        let ring = postfix.is_empty()? && a.is_quiet()? && b.is_quiet()?;
        Ok((ring && postfix.is_empty()? && a.is_quiet()? && b.is_quiet()?).then_some(()))
    })
}

/// Hands a mail over by SMTP.
fn send(world: &Namespace, to: &str, from: &str, rcpt: &str, text: &str, dir: &Path) -> Result<()> {
    let file = dir.join("mail.eml");
    fs::write(&file, text)?;
    let data = format!("@{}", file.display());
    let words = ["swaks", "--server", to, "--from", from, "--to", rcpt, "--data", &data];
    world.run(&words).map(drop)
}

/// What sets one desk apart from the other.
struct Which {
    name: &'static str,
    domain: &'static str,
    home: &'static str,
    lines: &'static [&'static str],
    own: &'static str,
    relay: &'static str,
    answers: &'static str,
}

const A: Which = Which {
    name: "a",
    domain: "a.example",
    home: "203.0.113.0/24",
    lines: &["203.0.113.7"],
    own: "198.51.100.1",
    relay: "198.51.100.2",
    answers: "xarf_out = true\ncontacts = [{ net = \"192.0.2.0/24\", mailbox = \"abuse@b.example\" }]\n",
};

const B: Which = Which {
    name: "b",
    domain: "b.example",
    home: "192.0.2.0/24",
    lines: &["192.0.2.9", "192.0.2.10"],
    own: "198.51.100.65",
    relay: "198.51.100.66",
    answers: "",
};

/// A desk at work.
struct DeskAt<'n> {
    on: &'n Namespace,
    desk: Nightdesk<'n>,
    data: PathBuf,
    serving: Peer,
}

impl<'n> DeskAt<'n> {
    fn begin(on: &'n Namespace, which: &Which, dir: &Path) -> Result<DeskAt<'n>> {
        let dir = dir.join(which.name);
        fs::create_dir(&dir)?;
        let desk = Nightdesk::configure(on, &dir, &config(which, &dir))?;
        let leases = dir.join("leases.csv");
        let row = |line: &&str| format!("{line},2024-01-01T00:00:00Z,,line-{line}\n");
        let rows: String = which.lines.iter().map(row).collect();
        fs::write(&leases, format!("address,from,to,subscriber\n{rows}"))?;
        desk.ask(&["lease", "import", leases.to_str().context("the lab's folder has no plain name")?])?;
        let mut serving = desk.serve(&dir)?;
        until("a desk answers on its SMTP port", Duration::from_secs(20), || {
            serving.still_runs()?;
            let banner = ["swaks", "--server", which.own, "--quit-after", "BANNER"];
            Ok(on.attempt(&banner)?.status.success().then_some(()))
        })?;
        Ok(DeskAt { on, desk, data: dir.join("data"), serving })
    }

    /// Whether all it has accepted is read, and no letter waits in its outbox.
    fn is_quiet(&self) -> Result<bool> {
        let data = self.data.to_str().context("the lab's folder has no plain name")?;
        let said = self.on.run(&["python3", "-c", QUIET, data])?;
        Ok(said.trim() == "quiet")
    }
}

/// Looks into a desk's spool and database.
const QUIET: &str = r#"
import os, sqlite3, sys
data = sys.argv[1]
spooled = os.listdir(os.path.join(data, "spool", "new"))
db = sqlite3.connect("file:%s/nightdesk.db?mode=ro" % data, uri=True)
one = lambda sql: db.execute(sql).fetchone()[0] or 0
unread = one("SELECT MAX(seq) FROM log") - one("SELECT MAX(position) FROM cursors WHERE name = 'intake'")
# A probe to come, and whom a scanner touched, which waits for the flows to be on disk, are no letters.
letters = one(
    "SELECT COUNT(*) FROM errands WHERE NOT done AND errand NOT LIKE '%\"ask\"%' AND errand_key NOT LIKE 'exposure/%'"
)
print("busy" if spooled or unread or letters else "quiet")
"#;

/// What Postfix found of each sender, as a border server writes it.
const CHECKS: &str = "\
/^From:.*@a\\.example/ PREPEND Authentication-Results: mx.b.example; dkim=pass header.d=a.example
/^From:.*@b\\.example/ PREPEND Authentication-Results: mx.a.example; dkim=pass header.d=b.example
";

/// What a person at A writes.
fn complaint() -> String {
    let now = Timestamp::now().strftime("%a, %d %b %Y %H:%M:%S +0000");
    format!(
        "From: Desk A <abuse@a.example>\r\nTo: abuse@b.example\r\nSubject: Spam from 192.0.2.9\r\n\
         Date: {now}\r\nMessage-ID: <by-hand@a.example>\r\n\r\nWe got spam from 192.0.2.9 at {now}.\r\n"
    )
}

/// What a customer of A writes, with A's own border server's word for it.
fn scan() -> String {
    let now = Timestamp::now();
    let (date, at) = (now.strftime("%a, %d %b %Y %H:%M:%S +0000"), now.strftime("%b %e %H:%M:%S"));
    format!(
        "Authentication-Results: mx.a.example; dkim=pass header.d=customers.a.example\r\n\
         From: Paul <paul@customers.a.example>\r\nTo: abuse@a.example\r\nSubject: Port scan from 192.0.2.10\r\n\
         Date: {date}\r\nMessage-ID: <scan@customers.a.example>\r\n\r\n\
         Somebody scans me for SubSeven. All times are UTC.\r\n\r\n\
         {at} fw kernel: DROP IN=eth0 OUT= MAC=00 SRC=192.0.2.10 DST=203.0.113.7 LEN=48 TTL=113 ID=1 PROTO=TCP \
         SPT=1812 DPT=27374 WINDOW=8192 SYN\r\n"
    )
}

fn config(which: &Which, dir: &Path) -> String {
    let Which { domain, home, own, relay, answers, .. } = which;
    format!(
        r#"
home = ["{home}"]
data_dir = "{}/data"

[intake]
smtp = "{own}:25"
recipients = ["abuse@{domain}"]
hostname = "mx.{domain}"
authserv_id = "mx.{domain}"
trusted_relays = ["{relay}/32"]

[probe]
landing = ["{own}:8080"]

[mail]
relay = "{relay}"
from = "Desk of {domain} <abuse@{domain}>"

[answers]
{answers}"#,
        dir.display()
    )
}
