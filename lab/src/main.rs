//! Stories played in network namespaces against real peers.
//!
//! Nothing is proved until a foreign implementation agrees. Each story builds a small network of namespaces on this
//! machine, starts real daemons in it that we have not written (tinyproxy, microsocks, swaks, curl, Postfix,
//! Python's HTTP server), runs `nightdesk serve` as an operator would, and looks only at what an operator, a stranger and the
//! subscriber would see. Nothing leaves the machine.
//!
//! * [`net`] makes namespaces, cables and routes, and takes them away again however a story ends.
//! * [`peers`] starts and stops programs in them, by process id.
//! * [`patience`] waits for something to be seen, with a deadline.
//! * [`nightdesk`] is the product as its operator drives it: a configuration file, `serve`, the command line.
//! * [`night`] is the network the stories share, with everybody but nightdesk; [`duty`] is nightdesk at work in it.
//! * [`post`] is the mail around it: Postfix, and its sink for mail that is only looked at.
//! * [`pictures`] looks at the desk's pages in a real browser.
//! * [`contain`], [`garden`], [`restart`], [`imap`], [`spamcop`], [`two_desks`], [`flow_proxy`], [`netbus`], [`trapped`],
//!   [`traps`], [`targets`], [`sweep`], [`radius`], [`prometheus`], [`forged`] and those of [`outlets`] are the stories: what happens, in order.
//! * [`long_night`] is a story on a clock moved by hand: hours of a provider's night, with the desk killed over and over.
//! * [`traffic`] is no story: `lab traffic` records what real proxies and harmless lines look like in flow records.
//! * [`generate`] is no story either: `lab generate` makes a provider's flow records from a seed.
//!
//! `lab` plays all stories, `lab NAME…` those, `lab --list` names them. It needs root, for the namespaces. Exit status:
//! 0 all stories came true, 1 one did not, 2 it could not begin.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "telling the stories is what this program is for"
)]

mod contain;
mod duty;
mod flow_proxy;
mod forged;
mod garden;
mod generate;
mod imap;
mod long_night;
mod mail;
mod net;
mod netbus;
mod night;
mod nightdesk;
mod outlets;
mod patience;
mod peers;
mod pictures;
mod post;
mod prometheus;
mod radius;
mod restart;
mod spamcop;
mod sweep;
mod targets;
mod traffic;
mod trapped;
mod traps;
mod two_desks;

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, bail};

/// A story: its name, what it shows, and how it goes.
struct Story {
    name: &'static str,
    shows: &'static str,
    play: fn() -> Result<()>,
}

const STORIES: [Story; 23] = [
    Story {
        name: "contain-http",
        shows: "a SpamCop mail about an HTTP proxy (tinyproxy) leads to a narrow block that lapses by itself",
        play: || contain::play(night::Proxy::Tinyproxy),
    },
    Story {
        name: "contain-socks",
        shows: "the same for a SOCKS5 proxy (microsocks)",
        play: || contain::play(night::Proxy::Microsocks),
    },
    Story {
        name: "outlet-ssh",
        shows: "the packet filter of a router behind a real sshd: stopped, killed, restarted, lapsed, released",
        play: outlets::ssh::play,
    },
    Story {
        name: "outlet-rtbh",
        shows: "a host route with BLACKHOLE by GoBGP, discarded by BIRD: the same, and GoBGP forgets everything between",
        play: || outlets::bgp::play(outlets::bgp::Kind::Rtbh),
    },
    Story {
        name: "outlet-flowspec",
        shows: "FlowSpec filters by GoBGP, held by BIRD: the same",
        play: || outlets::bgp::play(outlets::bgp::Kind::Flowspec),
    },
    Story {
        name: "outlet-radius",
        shows: "a CoA to FreeRADIUS, proved by accounting alone: the same, and a server that lies is believed nothing",
        play: outlets::radius::play,
    },
    Story {
        name: "outlet-zones",
        shows: "rbldnsd lists a line and Unbound leads it to the garden: told, led, and not called contained",
        play: outlets::zones::play,
    },
    Story {
        name: "garden",
        shows: "a contained line is led into the walled garden, tested in a real browser when clean, and let out by itself",
        play: garden::play,
    },
    Story {
        name: "restart",
        shows: "a killed nightdesk takes up where it was, and a block ends on time without it",
        play: restart::play,
    },
    Story {
        name: "spamcop-answer",
        shows: "SpamCop hears resolved from a desk whose probes found the line clean, once and never before (smtp-sink)",
        play: spamcop::play,
    },
    Story {
        name: "two-desks",
        shows: "two nightdesks that write to each other through Postfix exchange one mail each way at most",
        play: two_desks::play,
    },
    Story {
        name: "imap",
        shows: "two mailboxes on a real Dovecot: nothing is lost or taken twice, whoever is killed or restarted",
        play: imap::play,
    },
    Story {
        name: "flow-proxy",
        shows: "nobody complains: softflowd's flow records show a SOCKS5 proxy at work, a probe proves it, it is contained",
        play: flow_proxy::play,
    },
    Story {
        name: "netbus",
        shows: "nmap's NetBus scan touches traps and a line that answers: a heads-up, and the proxy that follows is contained",
        play: netbus::play,
    },
    Story {
        name: "trapped",
        shows: "a scanner touches one trap and one line: the trap alone leads to the question whom it touched, and to a heads-up",
        play: trapped::play,
    },
    Story {
        name: "sweep",
        shows: "every port of one line, closed and filtered, with the seconds; nmap beside",
        play: sweep::play,
    },
    Story {
        name: "traps",
        shows: "a spare /16 swept by nmap, masscan and real clients: each visit is told, and nobody else hears a word",
        play: traps::play,
    },
    Story {
        name: "trap-modes",
        shows: "the traps on raw packets without a connection, and as a tarpit that holds few of each source",
        play: traps::modes::play,
    },
    Story {
        name: "targets",
        shows: "36 real proxies, relays and look-alikes: each open one is proved with its exit, no other is called open",
        play: targets::play,
    },
    Story {
        name: "radius",
        shows: "accounting that a real FreeRADIUS proxies and copies is on disk before it is answered, whoever is killed",
        play: radius::play,
    },
    Story {
        name: "prometheus",
        shows: "a real Prometheus scrapes a night, loads the package's rules and understands its dashboard",
        play: prometheus::play,
    },
    Story {
        name: "long-night",
        shows: "four hours of reports and flows in a minute, the desk killed each hour: no page missing, no mail lost, nobody innocent",
        play: long_night::play,
    },
    Story {
        name: "forged",
        shows: "a hundred thousand forged reports of foreign and never-touch addresses: not one packet goes to them",
        play: forged::play,
    },
];

/// Takes the words that follow its name.
type Record = fn(&[String]) -> Result<()>;

/// What is no story: traffic that is recorded or made, and a night of whatever length (without words it is the story).
const RECORDS: [(&str, Record); 4] = [
    ("traffic", traffic::run),
    ("generate", generate::run),
    ("long-night", long_night::run),
    ("long-night-desk", long_night::desk::run),
];

fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    if wanted.iter().any(|word| word == "--list") {
        STORIES.iter().for_each(|story| println!("{:14} {}", story.name, story.shows));
        return ExitCode::SUCCESS;
    }
    if let Some((first, words)) = wanted.split_first()
        && let Some((_, record)) = RECORDS.iter().find(|(name, _)| name == first)
        && (first != "long-night" || !words.is_empty())
    {
        return match record(words) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("lab {first}: {error:#}");
                ExitCode::FAILURE
            }
        };
    }
    match choose(&wanted).and_then(|stories| net::ready().map(|()| stories)) {
        Ok(stories) => play(&stories),
        Err(error) => {
            eprintln!("lab: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn choose(wanted: &[String]) -> Result<Vec<&'static Story>> {
    if let Some(unknown) = wanted.iter().find(|name| !STORIES.iter().any(|story| story.name == *name)) {
        bail!("there is no story {unknown:?}; `lab --list` names them");
    }
    Ok(STORIES
        .iter()
        .filter(|story| wanted.is_empty() || wanted.iter().any(|name| name == story.name))
        .collect())
}

fn play(stories: &[&Story]) -> ExitCode {
    let mut failed = 0u8;
    for story in stories {
        println!("== {}: {}", story.name, story.shows);
        let started = Instant::now();
        match (story.play)() {
            Ok(()) => println!("== {} came true in {:.1} s\n", story.name, started.elapsed().as_secs_f64()),
            Err(error) => {
                failed = failed.saturating_add(1);
                println!(
                    "== {} FAILED after {:.1} s: {error:#}\n",
                    story.name,
                    started.elapsed().as_secs_f64()
                );
            }
        }
    }
    println!("{} of {} stories came true", stories.len().saturating_sub(failed.into()), stories.len());
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// One thing that has come true.
fn step(what: &str) {
    println!("   {what}");
}
