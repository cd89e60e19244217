//! What the traffic shows of a line's firewall.

use std::collections::BTreeMap;

use case::{SubscriberId, Transport};
use firewall::{Came, Record, Sight, State};
use flow::protocol;
use jiff::SignedDuration;
use lease::{Attribution, Whose};
use signs::{Back, Knock};
use store::FirewallRow;

use super::Firewalls;
use super::lines::{neighbourhood, unwritable};
use crate::desk::Desk;
use crate::error::{DeskError, Doing};
use crate::night::chain;

/// What is older than this by our clock belongs to flows that came late, and to a line that may be another's.
const FRESH: SignedDuration = SignedDuration::from_hours(2);

impl Desk {
    /// Takes in who came to lines unasked. What cannot be said of one line alone is nobody's.
    pub(crate) async fn take_knocks(&self, knocks: &[Knock]) {
        let Some(firewalls) = self.firewalls().filter(|firewalls| firewalls.settings.insist) else { return };
        let mut seen: BTreeMap<SubscriberId, Vec<Sight>> = BTreeMap::new();
        for sight in knocks.iter().filter_map(|knock| self.sight(knock)) {
            match self.line_of(&sight).await {
                Ok(Some(subscriber)) => seen.entry(subscriber).or_default().push(sight),
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(error = %chain(&error), "what was seen of a firewall is nobody's");
                }
            }
        }
        for (subscriber, sights) in seen {
            if let Err(error) = self.see_firewall(firewalls, &subscriber, &sights).await {
                tracing::error!(error = %chain(&error), "what was seen of a firewall could not be recorded");
            }
        }
    }

    fn sight(&self, knock: &Knock) -> Option<Sight> {
        let at = knock.at.timestamp()?;
        let came = match knock.back {
            Back::Answer => Came::Answer,
            Back::Reset => Came::Refusal { behind: None },
            Back::Nothing => Came::Nothing { alive: true },
        };
        let protocol = match knock.protocol {
            protocol::TCP => Transport::Tcp,
            protocol::UDP => Transport::Udp,
            _ => return None,
        };
        let fresh = self.now().duration_since(at).abs() <= FRESH;
        fresh.then_some(Sight {
            at,
            address: knock.address,
            protocol,
            port: knock.port,
            peer: knock.peer,
            came,
        })
    }

    /// Whose line it is: one subscriber's alone, whatever the port. Behind a translator of ours, nobody's.
    async fn line_of(&self, sight: &Sight) -> Result<Option<SubscriberId>, DeskError> {
        if self.settings().territory.admit(sight.address).is_err() {
            return Ok(None);
        }
        let uncertainty = self.settings().clock_skew;
        let whose = Whose { address: sight.address, port: None, at: sight.at, uncertainty };
        Ok(match self.whose(&whose).await? {
            Attribution::One { subscriber, .. } => Some(subscriber),
            _ => None,
        })
    }

    async fn see_firewall(
        &self,
        firewalls: &Firewalls,
        subscriber: &SubscriberId,
        sights: &[Sight],
    ) -> Result<(), DeskError> {
        let _writing = firewalls.write().await;
        let row = self.known_firewall(firewalls, subscriber).await?;
        let profile = firewalls.profile(&row.profile);
        let mut record: Record = serde_json::from_str(&row.record).unwrap_or_default();
        for sight in sights {
            record.see(sight, profile, &firewalls.settings.filtered);
        }
        let address = sights.last().map(|sight| sight.address);
        let net = address.and_then(neighbourhood).map(|net| net.to_string());
        let row = FirewallRow { address: address.or(row.address), net: net.or(row.net.clone()), ..row };
        self.put_record(firewalls, row, &record).await
    }

    /// Writes what is known of a line, and what there is to say of it now.
    pub(super) async fn put_record(
        &self,
        firewalls: &Firewalls,
        row: FirewallRow,
        record: &Record,
    ) -> Result<(), DeskError> {
        let now = self.now();
        let verdict = record.judge(firewalls.profile(&row.profile), now);
        let (state, taken) = (verdict.state.name(), record.taken());
        if verdict.state == State::NotInForce && row.state != state {
            tracing::info!(subscriber = %row.subscriber, why = verdict.why, "a firewall is not in force");
        }
        let since =
            if row.state == state { row.since.or(verdict.since) } else { verdict.since.or(Some(now)) };
        let row = FirewallRow {
            record: serde_json::to_string(record).map_err(|error| unwritable(&error))?,
            state: state.to_owned(),
            since,
            step: taken.map(|(step, _)| step.name().to_owned()),
            stepped: taken.map(|(_, at)| at),
            updated: now,
            ..row
        };
        self.store().put_firewall(&row).await.doing("record a line's firewall")
    }
}
