//! The story of two mailboxes on a real Dovecot: mail is picked up as it comes, marked once it is on disk, and neither
//! lost nor taken twice, whoever is killed, restarted or renumbered meanwhile.

use std::cell::Cell;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::net::Namespace;
use crate::nightdesk::Nightdesk;
use crate::patience::until;
use crate::peers::Peer;
use crate::{net, step};

/// How soon an idle connection must have brought a new mail.
const SOON: Duration = Duration::from_secs(5);
/// How long a reconnect, or a whole pile of mail, may take. A refused login is tried again after at most a minute.
const LATER: Duration = Duration::from_secs(90);
/// How many mails are under way when nightdesk is killed.
const PILE: usize = 60;

/// The machine with everybody on it.
struct Machine<'d> {
    on: Namespace,
    dir: &'d Path,
    written: Cell<usize>,
}

/// Plays it.
pub(crate) fn play() -> Result<()> {
    let dir = net::folder()?;
    // Dovecot drops its rights, and must still reach its own folders in here.
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o711))?;
    let machine = Machine { on: Namespace::new("imap")?, dir: dir.path(), written: Cell::new(0) };
    machine.furnish()?;
    let desk = Nightdesk::configure(&machine.on, dir.path(), &machine.config()?)?;
    let mut serving = desk.serve(dir.path())?;
    let ending = machine.goes_on(&desk, &mut serving);
    if ending.is_err() {
        println!("   nightdesk's last words:\n{}", serving.last_words());
        let said = fs::read_to_string(dir.path().join("dovecot.log")).unwrap_or_default();
        println!("   Dovecot's log:\n{said}");
    }
    ending?;
    ensure!(serving.stop()?.success(), "nightdesk did not end well when asked to");
    Ok(())
}

impl Machine<'_> {
    fn goes_on(&self, desk: &Nightdesk<'_>, serving: &mut Peer) -> Result<()> {
        let mut dovecot = self.dovecot()?;
        self.put("abuse", b"")?;
        let huge = vec![b'x'; 60 * 1024 * 1024];
        self.put("abuse", &huge)?;
        self.put("abuse", b"")?;
        until("both ordinary mails are in the log", LATER, || Ok((self.logged()? == 2).then_some(())))?;
        let flagged = || self.count("abuse", "flagged unseen");
        until("the mail of 60 MB is flagged and left", LATER, || Ok((flagged()? == 1).then_some(())))?;
        step("mail that waited is in the log; one of 60 MB is left there, flagged, and holds nobody up");

        until("the connection idles", LATER, || Ok((self.count("abuse", "seen")? == 2).then_some(())))?;
        let (before, started) = (self.logged()?, Instant::now());
        self.put("abuse", b"")?;
        until("a new mail wakes it", SOON, || Ok((self.logged()? == before + 1).then_some(())))?;
        step(&format!("{:5.1} s after a new mail came it is in the log", started.elapsed().as_secs_f64()));

        self.put("spamcop", b"")?;
        let trusted = || self.sql("SELECT count(*) FROM log WHERE envelope LIKE '%\"tags\":[\"trusted\"]%'");
        until("the trusted mail is in the log", LATER, || Ok((trusted()? == 1).then_some(())))?;
        let archived = || self.count("spamcop", "mailbox Archive all");
        until("it is moved to the archive", SOON, || Ok((archived()? == 1).then_some(())))?;
        step("mail to the unpublished box is marked as trusted and moved to its archive");

        self.killed_midway(desk, serving)?;
        self.restarted(&mut dovecot)?;
        self.refused(&mut dovecot, serving)?;
        self.renumbered(&mut dovecot, serving)
    }

    fn killed_midway(&self, desk: &Nightdesk<'_>, serving: &mut Peer) -> Result<()> {
        let before = self.logged()?;
        let mut kills = 0;
        for _ in 0..PILE {
            self.put("abuse", b"")?;
            // Wherever it is by now: fetching, writing, marking.
            if self.written.get().is_multiple_of(PILE / 3) {
                serving.kill()?;
                *serving = desk.serve(self.dir)?;
                kills += 1;
            }
        }
        self.all_seen("every mail of the pile is marked")?;
        let came = self.logged()? - before;
        ensure!(came == PILE, "{PILE} mails were put in and {came} are in the log");
        step(&format!("killed {kills} times amid {PILE} mails: each is in the log exactly once"));
        Ok(())
    }

    fn restarted(&self, dovecot: &mut Peer) -> Result<()> {
        let before = self.logged()?;
        dovecot.stop()?;
        *dovecot = self.dovecot()?;
        self.put("abuse", b"")?;
        until("mail comes again", LATER, || Ok((self.logged()? == before + 1).then_some(())))?;
        step("Dovecot is restarted, and mail comes again");
        Ok(())
    }

    fn refused(&self, dovecot: &mut Peer, serving: &Peer) -> Result<()> {
        let before = self.logged()?;
        let refusals = || serving.said().matches("does not let us in").count();
        let already = refusals();
        fs::write(self.dir.join("password"), "wrong\n")?;
        dovecot.stop()?;
        *dovecot = self.dovecot()?;
        until("the refused login is told", LATER, || Ok((refusals() > already).then_some(())))?;
        ensure!(!serving.said().contains("hunter2"), "a password is in the log");
        self.put("abuse", b"")?;
        fs::write(self.dir.join("password"), "hunter2\n")?;
        until("mail comes again", LATER, || Ok((self.logged()? == before + 1).then_some(())))?;
        step("a wrong password is told, and the right one works without a restart");
        Ok(())
    }

    fn renumbered(&self, dovecot: &mut Peer, serving: &Peer) -> Result<()> {
        let before = self.logged()?;
        dovecot.stop()?;
        let mail = self.dir.join("mail/abuse");
        for file in fs::read_dir(&mail)?.flatten().filter(|file| file.path().is_file()) {
            fs::remove_file(file.path())?;
        }
        *dovecot = self.dovecot()?;
        self.put("abuse", b"")?;
        until("mail comes from the renumbered box", LATER, || {
            Ok((self.logged()? == before + 1).then_some(()))
        })?;
        ensure!(serving.said().contains("numbered the mailbox anew"), "Dovecot has kept its UIDVALIDITY");
        self.all_seen("the new mail is marked")?;
        step("renumbered (another UIDVALIDITY), the box brings what is new and nothing twice");
        Ok(())
    }

    fn all_seen(&self, what: &str) -> Result<()> {
        until(what, LATER, || Ok((self.count("abuse", "unseen smaller 1M")? == 0).then_some(())))
    }

    /// Certificate, passwords, folders.
    fn furnish(&self) -> Result<()> {
        let path = |name: &str| self.dir.join(name).display().to_string();
        fs::write(self.dir.join("password"), "hunter2\n")?;
        for folder in ["mail", "run"] {
            fs::create_dir(self.dir.join(folder))?;
        }
        self.on.run(&["chown", "mail:mail", &path("mail")])?;
        let (key, certificate) = (path("key.pem"), path("cert.pem"));
        let words = [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=mail.example.net",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
            "-addext",
            "basicConstraints=critical,CA:FALSE",
            "-keyout",
            &key,
            "-out",
            &certificate,
        ];
        self.on.run(&words)?;
        let dir = self.dir.display();
        fs::write(self.dir.join("dovecot.conf"), DOVECOT.replace("DIR", &dir.to_string()))?;
        Ok(())
    }

    fn dovecot(&self) -> Result<Peer> {
        let config = self.dovecot_config();
        let peer = Peer::start(&self.on, "dovecot", &["dovecot", "-F", "-c", &config], self.dir)?;
        let listens = || {
            let seen = self.on.run(&["ss", "-Hltn", "sport = :993"])?;
            Ok((!seen.trim().is_empty()).then_some(()))
        };
        until("Dovecot listens", LATER, listens)?;
        Ok(peer)
    }

    fn dovecot_config(&self) -> String {
        self.dir.join("dovecot.conf").display().to_string()
    }

    fn config(&self) -> Result<String> {
        let dir = self.dir.to_str().context("the lab's folder has no plain name")?;
        Ok(NIGHTDESK.replace("DIR", dir))
    }

    /// Puts a mail that no other equals into a user's inbox, as a local delivery would.
    fn put(&self, user: &str, ballast: &[u8]) -> Result<()> {
        let number = self.written.get() + 1;
        self.written.set(number);
        let mut mail = format!(
            "From: someone@example.org\r\nTo: {user}@example.net\r\nSubject: mail {number}\r\n\r\nNumber {number}.\r\n"
        )
        .into_bytes();
        for line in ballast.chunks(70) {
            mail.extend_from_slice(line);
            mail.extend_from_slice(b"\r\n");
        }
        let file: PathBuf = self.dir.join("mail.eml");
        fs::write(&file, mail)?;
        let file = file.display().to_string();
        self.on.run(&["doveadm", "-c", &self.dovecot_config(), "save", "-u", user, &file]).map(drop)
    }

    /// How many messages of a user Dovecot finds.
    fn count(&self, user: &str, query: &str) -> Result<usize> {
        let config = self.dovecot_config();
        let inbox = if query.starts_with("mailbox ") { "" } else { "mailbox INBOX " };
        let query = format!("{inbox}{query}");
        let words = ["doveadm", "-c", &config, "search", "-u", user].into_iter().chain(query.split(' '));
        Ok(self.on.run(&words.collect::<Vec<_>>())?.lines().count())
    }

    /// How many mails are in nightdesk's log.
    fn logged(&self) -> Result<usize> {
        self.sql("SELECT count(*) FROM log WHERE source = 'imap'")
    }

    fn sql(&self, statement: &str) -> Result<usize> {
        let database = self.dir.join("data/nightdesk.db").display().to_string();
        let printed = self.on.run(&["python3", "-c", ASK, &database, statement])?;
        printed.trim().parse().with_context(|| format!("no number: {printed}"))
    }
}

/// Asks a SQLite file for one number.
const ASK: &str =
    "import sqlite3, sys; print(sqlite3.connect(sys.argv[1], timeout=10).execute(sys.argv[2]).fetchone()[0])";

/// Dovecot 2.3: one password for everybody, TLS only, Maildirs.
const DOVECOT: &str = "\
protocols = imap
listen = 127.0.0.1
base_dir = DIR/run
log_path = DIR/dovecot.log
ssl = required
ssl_cert = <DIR/cert.pem
ssl_key = <DIR/key.pem
mail_location = maildir:DIR/mail/%u
mail_uid = mail
mail_gid = mail
first_valid_uid = 1
first_valid_gid = 1
passdb {
  driver = static
  args = password=hunter2
}
userdb {
  driver = static
  args = uid=mail gid=mail home=DIR/mail/home-%u
}
namespace inbox {
  inbox = yes
}
";

const NIGHTDESK: &str = r#"
home = ["203.0.113.0/24"]
data_dir = "DIR/data"

[probe]
landing = ["127.0.0.1:8090"]

[[mailbox]]
name = "abuse"
host = "127.0.0.1"
ca = "DIR/cert.pem"
user = "abuse"
password_file = "DIR/password"

[[mailbox]]
name = "spamcop"
host = "127.0.0.1"
ca = "DIR/cert.pem"
user = "spamcop"
password_file = "DIR/password"
role = "trusted"
done = "Archive"
"#;
