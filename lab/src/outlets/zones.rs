//! A DNSBL served by rbldnsd and a response policy zone loaded by Unbound. They tell and lead; they stop no traffic, so a
//! line that stands nowhere else is not contained.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::{config, tell};
use crate::duty::Duty;
use crate::night::{LINE, NEIGHBOUR, Night, Proxy};
use crate::patience::until;
use crate::peers::Peer;
use crate::{net, step};

/// Plays it.
pub(crate) fn play() -> Result<()> {
    net::ready_with(&[("rbldnsd", "rbldnsd"), ("unbound", "unbound"), ("dig", "bind9-dnsutils")])?;
    let dir = net::folder()?;
    let night = Night::fall(Proxy::Tinyproxy, dir.path())?;
    let at = dir.path().display().to_string();
    // rbldnsd runs as its own user, who must be able to look in.
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755))?;
    fs::write(
        dir.path().join("bl"),
        "$SOA 60 ns.bl.example.net hostmaster.bl.example.net 1 600 300 86400 60\n$DATASET ip4set @\n",
    )?;
    fs::write(dir.path().join("rpz"), "@ SOA localhost. a.invalid. 1 600 300 86400 60\n@ NS localhost.\n")?;
    fs::write(
        dir.path().join("example.org"),
        "@ SOA localhost. a.invalid. 1 600 300 86400 60\n@ NS localhost.\nwww A 198.51.100.80\n",
    )?;
    fs::write(dir.path().join("unbound.conf"), unbound(&at))?;
    let set = format!("bl.example.net:combined:{at}/bl");
    let words = ["rbldnsd", "-n", "-c", "1", "-b", "198.51.100.1/5300", "-u", "nobody", "-r", "/", &set];
    let _rbldnsd = Peer::start(&night.router, "rbldnsd", &words, dir.path())?;
    let file = format!("{at}/unbound.conf");
    let mut resolver = Peer::start(&night.router, "unbound", &["unbound", "-d", "-c", &file], dir.path())?;
    until("the name servers answer", Duration::from_secs(20), || {
        resolver.still_runs()?;
        Ok((asked(&night, LINE)? == "198.51.100.80").then_some(()))
    })?;
    let tables = format!(
        "[[zone]]\nkind = \"dnsbl\"\nzone = \"bl.example.net\"\nfile = \"{at}/bl\"\nserver = \"198.51.100.1:5300\"\nlive = true\n\
         [[zone]]\nkind = \"rpz\"\nzone = \"rpz.nightdesk\"\nfile = \"{at}/rpz\"\nserver = \"203.0.113.1:53\"\n\
         reload = [\"unbound-control\", \"-c\", \"{at}/unbound.conf\", \"auth_zone_reload\", \"rpz.nightdesk\"]\n\
         garden = [\"198.51.100.90\"]\nlive = true\n"
    );
    let config = config(dir.path(), "[edge]\noutlet = \"dry-run\"", &tables);
    let duty = Duty::begin_with(&night, dir.path(), &config)?;
    tell(duty, |duty| goes_on(&night, duty))
}

fn goes_on(night: &Night, duty: &mut Duty<'_>) -> Result<()> {
    let delivered = duty.complain()?;
    until("the line is listed and led to the garden", Duration::from_secs(30), || {
        Ok((is_listed(night, LINE)? && asked(night, LINE)? == "198.51.100.90").then_some(()))
    })?;
    step(&format!(
        "{:5.1} s after the mail: rbldnsd lists the line, and Unbound leads its names to the garden",
        delivered.elapsed().as_secs_f64()
    ));
    ensure!(
        !is_listed(night, NEIGHBOUR)? && asked(night, NEIGHBOUR)? == "198.51.100.80",
        "the neighbour as well"
    );
    let stage = duty.stage()?;
    ensure!(stage.as_deref() == Some("confirmed"), "a listing alone made the case {stage:?}");
    step("the case is confirmed, and not contained: neither zone stops the proxy");

    duty.kill()?;
    ensure!(is_listed(night, LINE)?, "the listing has gone with nightdesk");
    let text = fs::read_to_string(duty.file("bl"))?;
    fs::write(duty.file("bl"), text.replace(&format!("\n{LINE}\n"), "\n"))?;
    until("a hand takes the line off the list", Duration::from_secs(10), || {
        Ok((!is_listed(night, LINE)?).then_some(()))
    })?;
    let began = Instant::now();
    duty.begin_again()?;
    until("the line is listed again", Duration::from_secs(60), || Ok(is_listed(night, LINE)?.then_some(())))?;
    step(&format!(
        "nightdesk is killed and a hand edits the file; {:.1} s after the start the line is listed again",
        began.elapsed().as_secs_f64()
    ));
    let began = Instant::now();
    duty.ask(&["block", "release", "--all", "--because", "the story ends"])?;
    until("the line is released", Duration::from_secs(20), || {
        Ok((!is_listed(night, LINE)? && asked(night, LINE)? == "198.51.100.80").then_some(()))
    })?;
    step(&format!("{:5.1} s after `block release --all` it is free in both", began.elapsed().as_secs_f64()));
    Ok(())
}

fn is_listed(night: &Night, line: &str) -> Result<bool> {
    let mut parts: Vec<&str> = line.split('.').collect();
    parts.reverse();
    let name = format!("{}.bl.example.net", parts.join("."));
    let said = night.world.attempt(&[
        "dig",
        "@198.51.100.1",
        "-p",
        "5300",
        "+short",
        "+time=1",
        "+tries=1",
        &name,
    ])?;
    Ok(said.stdout == b"127.0.0.2\n")
}

/// What the resolver answers the line for a name in the world.
fn asked(night: &Night, line: &str) -> Result<String> {
    let words = ["dig", "@203.0.113.1", "-b", line, "+short", "+time=1", "+tries=1", "www.example.org"];
    let said = night.run_on_the_lines(&words)?;
    Ok(String::from_utf8_lossy(&said.stdout).trim().to_owned())
}

fn unbound(at: &str) -> String {
    format!(
        "server:\n interface: 203.0.113.1\n username: \"\"\n chroot: \"\"\n directory: \"{at}\"\n pidfile: \"\"\n use-syslog: no\n \
         module-config: \"respip iterator\"\n access-control: 203.0.113.0/24 allow\n do-daemonize: no\n \
         local-zone: \"example.org.\" nodefault\n\
         auth-zone:\n name: example.org\n zonefile: \"{at}/example.org\"\n for-downstream: no\n for-upstream: yes\n\
         remote-control:\n control-enable: yes\n control-interface: {at}/ctl\n control-use-cert: no\n\
         rpz:\n name: rpz.nightdesk\n zonefile: \"{at}/rpz\"\n"
    )
}
