//! The packet filter of a router that is reached through a real sshd.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::{config, play_through, tell};
use crate::duty::Duty;
use crate::night::{Night, Proxy};
use crate::patience::until;
use crate::peers::Peer;
use crate::{net, step};

/// The router's sshd.
struct Router<'d> {
    dir: &'d Path,
    sshd: Peer,
}

/// Plays it.
pub(crate) fn play() -> Result<()> {
    net::ready_with(&[
        ("sshd", "openssh-server"),
        ("ssh", "openssh-client"),
        ("ssh-keygen", "openssh-client"),
    ])?;
    let dir = net::folder()?;
    let night = Night::fall(Proxy::Microsocks, dir.path())?;
    let mut router = Router::start(&night, dir.path())?;
    let words: Vec<String> =
        ssh(dir.path()).iter().chain(&["nft".to_owned()]).map(|word| format!("{word:?}")).collect();
    let edge = format!("[edge]\noutlet = \"nftables\"\ncommand = [{}]", words.join(", "));
    let duty = Duty::begin_with(&night, dir.path(), &config(dir.path(), &edge, ""))?;
    tell(duty, |duty| play_through(&night, duty, &mut router))
}

fn ssh(dir: &Path) -> Vec<String> {
    let key = dir.join("key").display().to_string();
    let hosts = format!("UserKnownHostsFile={}", dir.join("known_hosts").display());
    ["ssh", "-p", "2222", "-i", &key, "-o", "BatchMode=yes", "-o", &hosts, "root@203.0.113.1"]
        .map(str::to_owned)
        .to_vec()
}

impl<'d> Router<'d> {
    fn start(night: &Night, dir: &'d Path) -> Result<Router<'d>> {
        for name in ["key", "host_key"] {
            let file = dir.join(name).display().to_string();
            let made =
                Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f", &file]).status()?;
            ensure!(made.success(), "ssh-keygen made no key");
        }
        fs::copy(dir.join("key.pub"), dir.join("authorized_keys"))?;
        let host = fs::read_to_string(dir.join("host_key.pub"))?;
        fs::write(dir.join("known_hosts"), format!("[203.0.113.1]:2222 {host}"))?;
        fs::write(
            dir.join("sshd_config"),
            format!(
                "Port 2222\nListenAddress 203.0.113.1\nHostKey {0}/host_key\nAuthorizedKeysFile {0}/authorized_keys\n\
                 PidFile none\nPermitRootLogin prohibit-password\nStrictModes no\nUsePAM no\n",
                dir.display()
            ),
        )?;
        // sshd wants its folder for privilege separation.
        fs::create_dir_all("/run/sshd").context("/run/sshd")?;
        let router = Router { dir, sshd: sshd(night, dir)? };
        router.wait(night)?;
        step("the router's sshd lets nightdesk in");
        Ok(router)
    }

    fn wait(&self, night: &Night) -> Result<()> {
        until("sshd answers", Duration::from_secs(20), || {
            let words = ssh(self.dir);
            let words: Vec<&str> = words.iter().map(String::as_str).chain(["true"]).collect();
            Ok(night.router.attempt(&words)?.status.success().then_some(()))
        })
    }
}

fn sshd(night: &Night, dir: &Path) -> Result<Peer> {
    let file = dir.join("sshd_config").display().to_string();
    Peer::start(&night.router, "sshd", &["/usr/sbin/sshd", "-D", "-e", "-f", &file], dir)
}

impl super::Peer for Router<'_> {
    fn stops(&self, night: &Night, line: &str) -> Result<bool> {
        Ok(!night.stranger_through(line)?)
    }

    fn dies_and_comes_back(&mut self, night: &Night) -> Result<Option<&'static str>> {
        self.sshd.kill()?;
        self.sshd = sshd(night, self.dir)?;
        self.wait(night)?;
        Ok(Some("sshd"))
    }
}
