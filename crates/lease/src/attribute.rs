//! The answer: who held it then.

use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Home, Lease, SubscriberId};

/// A question: who held `address` (and `port`) at `at`, give or take `uncertainty`?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whose {
    /// The address in question.
    pub address: IpAddr,
    /// The port on our side, where the asker knows it; needed where addresses are shared.
    pub port: Option<u16>,
    /// The moment.
    pub at: Timestamp,
    /// How far the two clocks may be apart, either way; never negative.
    pub uncertainty: SignedDuration,
}

/// Who held an address at a moment, with the reason in plain words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum Attribution {
    /// Exactly one subscriber, for the whole of the uncertain interval.
    One {
        /// Who.
        subscriber: SubscriberId,
        /// The lease that says so.
        lease: Lease,
        /// How far `at` is from the nearer end of the lease; `None` when it has no end on either side in reach.
        boundary: Option<SignedDuration>,
        /// Why, in words.
        reason: String,
    },
    /// More than one could have been it, or one and nobody: a person must look.
    Several {
        /// Every subscriber who could have been it, without repeats, in order.
        candidates: Vec<SubscriberId>,
        /// Why, in words.
        reason: String,
    },
    /// The address is ours, and no lease covers the moment.
    Nobody {
        /// Why, in words: never leased, or between two leases, and which.
        reason: String,
    },
    /// The address is not ours.
    Foreign,
}

/// Judges `leases` (any that may touch the address; others are ignored, order does not matter) for `whose`.
#[must_use]
pub fn attribute(home: &Home, leases: &[Lease], whose: &Whose) -> Attribution {
    if !home.contains(whose.address) {
        return Attribution::Foreign;
    }
    let _ = leases;
    Attribution::Nobody { reason: "not judged yet".to_owned() }
}
