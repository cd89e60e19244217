//! The mail around nightdesk: Postfix between two desks, and smtp-sink for letters that are only looked at.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::net::Namespace;
use crate::patience::until;
use crate::peers::Peer;

/// Takes every letter and keeps it, one file each.
pub(crate) struct Sink {
    peer: Peer,
    letters: PathBuf,
}

impl Sink {
    /// Starts it in a namespace, on `address:port`.
    pub(crate) fn open(namespace: &Namespace, listen: &str, dir: &Path) -> Result<Sink> {
        let letters = dir.join("letters");
        fs::create_dir(&letters)?;
        // It gives up root's rights, and must reach its folder all the same.
        namespace.run(&["chmod", "755", path(dir)?])?;
        namespace.run(&["chown", "postfix", path(&letters)?])?;
        let template = format!("{}/%H%M%S.", letters.display());
        let words = ["smtp-sink", "-u", "postfix", "-d", &template, listen, "64"];
        let peer = Peer::start(namespace, "sink", &words, dir)?;
        Ok(Sink { peer, letters })
    }

    /// Fails when it has ended.
    pub(crate) fn still_takes(&mut self) -> Result<()> {
        self.peer.still_runs()
    }

    /// The letters to addresses that begin with `to`. smtp-sink writes the envelope above the headers.
    pub(crate) fn to(&self, to: &str) -> Result<Vec<String>> {
        let mut letters = Vec::new();
        for entry in fs::read_dir(&self.letters)? {
            let text = String::from_utf8_lossy(&fs::read(entry?.path())?).into_owned();
            if text.lines().any(|line| line.starts_with(&format!("X-Rcpt-Args: <{to}"))) {
                letters.push(text);
            }
        }
        Ok(letters)
    }
}

/// A Postfix of its own: its configuration, its queue, its log.
pub(crate) struct Postfix<'n> {
    namespace: &'n Namespace,
    config: PathBuf,
    log: PathBuf,
    peer: Peer,
}

impl<'n> Postfix<'n> {
    /// Starts one that passes mail on by domain (`transports`, as in a transport map) and writes into each what it found
    /// of the sender (`checks`, as in header_checks).
    pub(crate) fn start(
        namespace: &'n Namespace,
        listen: &str,
        transports: &str,
        checks: &str,
        dir: &Path,
    ) -> Result<Postfix<'n>> {
        let config = dir.join("postfix");
        let log = config.join("mail.log");
        for folder in ["", "queue", "data"] {
            fs::create_dir_all(config.join(folder))?;
        }
        // Its parts run as their own user and must reach their folders.
        namespace.run(&["chmod", "755", path(dir)?, path(&config)?])?;
        namespace.run(&["chown", "postfix", path(&config.join("data"))?])?;
        fs::write(config.join("master.cf"), MASTER)?;
        fs::write(config.join("transport"), transports)?;
        fs::write(config.join("checks"), checks)?;
        fs::write(config.join("main.cf"), main(&config, listen))?;
        let peer = Peer::start(namespace, "postfix", &["postfix", "-c", path(&config)?, "start-fg"], dir)?;
        let mut postfix = Postfix { namespace, config, log, peer };
        until("Postfix answers", Duration::from_secs(20), || {
            postfix.peer.still_runs()?;
            let first = listen.split(',').next().unwrap_or(listen);
            let banner = ["swaks", "--server", first, "--quit-after", "BANNER"];
            Ok(postfix.namespace.attempt(&banner)?.status.success().then_some(()))
        })?;
        Ok(postfix)
    }

    /// How many letters to `to` were handed over.
    pub(crate) fn delivered(&self, to: &str) -> Result<usize> {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let sent = |line: &&str| line.contains(&format!("to=<{to}>")) && line.contains("status=sent");
        ensure!(!log.contains("status=bounced"), "a letter bounced: {log}");
        Ok(log.lines().filter(sent).count())
    }

    /// Whether nothing waits in its queue.
    pub(crate) fn is_empty(&self) -> Result<bool> {
        let said = self.namespace.run(&["postqueue", "-c", path(&self.config)?, "-p"])?;
        Ok(said.contains("queue is empty"))
    }

    /// The last it has logged.
    pub(crate) fn last_words(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_else(|_| self.peer.last_words())
    }
}

fn path(path: &Path) -> Result<&str> {
    path.to_str().context("the lab's folder has no plain name")
}

/// The parts of Postfix that pass mail on, none of them in a chroot.
pub(crate) const MASTER: &str = "\
smtp      inet  n - n - - smtpd
pickup    unix  n - n 60 1 pickup
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 300 1 qmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
verify    unix  - - n - 1 verify
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n - - proxymap
smtp      unix  - - n - - smtp
relay     unix  - - n - - smtp
showq     unix  n - n - - showq
error     unix  - - n - - error
retry     unix  - - n - - error
discard   unix  - - n - - discard
anvil     unix  - - n - 1 anvil
scache    unix  - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
";

fn main(config: &Path, listen: &str) -> String {
    let config = config.display();
    format!(
        "compatibility_level = 3.6\n\
         queue_directory = {config}/queue\n\
         data_directory = {config}/data\n\
         maillog_file = {config}/mail.log\n\
         maillog_file_prefixes = {config}\n\
         command_directory = /usr/sbin\n\
         daemon_directory = /usr/lib/postfix/sbin\n\
         myhostname = mx.lab.example\n\
         mydestination =\n\
         inet_protocols = ipv4\n\
         inet_interfaces = {listen}\n\
         mynetworks = 198.51.100.0/24\n\
         smtpd_relay_restrictions = permit_mynetworks, reject\n\
         smtpd_peername_lookup = no\n\
         disable_dns_lookups = yes\n\
         smtp_host_lookup = native\n\
         smtp_tls_security_level = none\n\
         transport_maps = texthash:{config}/transport\n\
         header_checks = regexp:{config}/checks\n\
         alias_maps =\n\
         local_recipient_maps =\n\
         minimal_backoff_time = 1s\n\
         queue_run_delay = 1s\n"
    )
}
