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
//! * [`contain`], [`restart`], [`imap`], [`spamcop`], [`two_desks`] and [`flow_proxy`] are the stories: what happens, in order.
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
mod generate;
mod imap;
mod mail;
mod net;
mod night;
mod nightdesk;
mod patience;
mod peers;
mod pictures;
mod post;
mod restart;
mod spamcop;
mod traffic;
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

const STORIES: [Story; 7] = [
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
];

/// Takes the words that follow its name.
type Record = fn(&[String]) -> Result<()>;

/// What is no story: traffic that is recorded or made.
const RECORDS: [(&str, Record); 2] = [("traffic", traffic::run), ("generate", generate::run)];

fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    if wanted.iter().any(|word| word == "--list") {
        STORIES.iter().for_each(|story| println!("{:14} {}", story.name, story.shows));
        return ExitCode::SUCCESS;
    }
    if let Some((first, words)) = wanted.split_first()
        && let Some((_, record)) = RECORDS.iter().find(|(name, _)| name == first)
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
