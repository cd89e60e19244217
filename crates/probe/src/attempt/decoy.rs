//! Telling a proxy that fetched a page from a port that hands everything on to our landing.
//!
//! A web server in front of our landing rewrites our absolute-form request as a proxy does. So the same is asked for a host
//! that cannot exist (RFC 6761 section 6.4), the decoy: a proxy looks for that host and fails, a fixed forward brings the
//! request to us all the same. Where the first request came in as we had sent it, as out of a forwarded port, that failure
//! must be seen: said in so many words, or shown by our landing's own page being fetched again while the decoys stay out.

use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use super::fetch::whole_reply;
use super::{Attempt, Ending};
use crate::landing::{Arrival, NoNonce, Ticket, Way};
use crate::replies::{self, Head};
use crate::wire::{Broken, Wire};

/// The least time that a decoy is waited for; three times as long as the proof took, when that is more.
pub(super) const WAITS: Duration = Duration::from_millis(500);

/// How long an answer is waited for where nothing else has told: haproxy gives a name up after 5 s.
const ANSWERS: Duration = Duration::from_secs(10);

/// How often it is looked whether a decoy has arrived.
const LOOK: Duration = Duration::from_millis(20);

/// Why a decoy was not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unanswered {
    /// It arrived at our landing, or nothing that could be read was said.
    Unheard,
    /// It could not be asked.
    Unasked,
}

impl Attempt {
    /// The proof, unless the port forwards everything to our landing; `took` is how long the proof took.
    pub(super) async fn unless_forward(&self, proof: Ending, took: Duration, is_unread: bool) -> Ending {
        let (Ok(one), Ok(other)) = (self.decoy(), self.decoy()) else { return Ending::Open };
        self.voice
            .say("asking the same for a host that does not exist, to tell a proxy from a fixed forward");
        let (decoys, begun) = ([&one, &other], Instant::now());
        let patience = WAITS.max(took * 3);
        let until = |longest: Duration| self.deadline.max(begun + WAITS).min(begun + longest);
        let heard = match is_unread {
            false => self.send_out(&one, until(patience)).await,
            // Two of them, so that a lost packet is not taken for a host that was looked for.
            true => {
                let deadline = until(ANSWERS);
                let both = async {
                    tokio::try_join!(self.send_out(&one, deadline), self.send_out(&other, deadline))
                };
                tokio::select! {
                    heard = both => heard.map(drop),
                    () = self.comes_again(begun + patience, deadline) => Ok(()),
                    () = arrival(&decoys) => Err(Unanswered::Unheard),
                }
            }
        };
        if decoys.iter().any(|decoy| decoy.arrival() != Arrival::NotYet) {
            self.voice.say(
                "that landed at our listener too: the port forwards everything to it, which is no proxy",
            );
            return Ending::Answered { fits: true };
        }
        match heard {
            Err(Unanswered::Unasked) => Ending::Open,
            Err(Unanswered::Unheard) if is_unread => {
                self.voice.say("nothing was said of the host that does not exist: no telling");
                Ending::Open
            }
            Err(Unanswered::Unheard) | Ok(()) => proof,
        }
    }

    fn decoy(&self) -> Result<Ticket, NoNonce> {
        self.means.landing.expect(Way::Request, self.means.deadline)
    }

    /// Asks for the host that does not exist until it answers, or the decoy arrives.
    async fn send_out(&self, decoy: &Ticket, deadline: Instant) -> Result<(), Unanswered> {
        let authority = format!("{}.invalid:{}", decoy.secret(), self.told.port());
        let mut wire = self.ask_for(&authority, decoy, deadline).await.ok_or(Unanswered::Unasked)?;
        let mut going: Result<(), Broken> = Ok(());
        while going.is_ok() && decoy.arrival() == Arrival::NotYet && !whole_reply(&wire.got) {
            going = wire.more().await;
        }
        match replies::final_head(&wire.got) {
            Head::Complete { .. } if decoy.arrival() == Arrival::NotYet => Ok(()),
            _ => Err(Unanswered::Unheard),
        }
    }

    /// Ends when the landing's own page was fetched twice more, `after` whatever is forwarded would have arrived; never,
    /// when it was not.
    async fn comes_again(&self, after: Instant, deadline: Instant) {
        sleep_until(after).await;
        for _ in 0..2 {
            if !self.is_fetched(deadline).await {
                return std::future::pending().await;
            }
        }
        self.voice.say("our landing's own page is fetched again, and that host's request went nowhere");
    }

    async fn is_fetched(&self, deadline: Instant) -> bool {
        let Ok(ticket) = self.decoy() else { return false };
        let Some(mut wire) = self.ask_for(&self.authority(), &ticket, deadline).await else { return false };
        while super::proof(&wire, &ticket).is_none() {
            if wire.more().await.is_err() {
                return false;
            }
        }
        true
    }

    /// A connection of its own on which a page of this host has been asked for.
    async fn ask_for(&self, authority: &str, ticket: &Ticket, deadline: Instant) -> Option<Wire> {
        let mut wire = Wire::new(self.converse(deadline).await?, self.voice.clone(), deadline);
        wire.send(&self.page(authority, &ticket.nonce())).await.ok()?;
        Some(wire)
    }
}

/// Ends when one of them has arrived.
async fn arrival(decoys: &[&Ticket]) {
    while decoys.iter().all(|decoy| decoy.arrival() == Arrival::NotYet) {
        sleep(LOOK).await;
    }
}
