//! Through an address translator: from the holder of a port block to the subscriber behind it.

use std::net::IpAddr;

use crate::attribute::held_by;
use crate::{Attribution, Lease, Whose};

/// The question that is still open after `outer`: where one inside address held the port block, who held that address
/// at the same moment. `None` when `outer` needs no second look.
#[must_use]
pub fn behind(outer: &Attribution, whose: &Whose) -> Option<Whose> {
    let Attribution::One { lease, .. } = outer else { return None };
    let inside = lease.inside()?;
    Some(Whose { address: inside, port: None, at: whose.at, uncertainty: whose.uncertainty })
}

/// The whole answer: `outer` found one inside address, and `leases` are those that may touch it. The nearer of the two
/// boundaries counts, and the lease is the inside address's: that is where the subscriber is reached and contained.
///
/// A translator whose inside address is itself behind a translator is not followed further: the answer is then that
/// nobody is known.
#[must_use]
pub fn through(outer: Attribution, leases: &[Lease], whose: &Whose) -> Attribution {
    let Some(question) = behind(&outer, whose) else { return outer };
    let Attribution::One { boundary: outer_boundary, reason: outer_reason, .. } = outer else { return outer };
    let inside = question.address;
    match held_by(leases, &question) {
        Attribution::One { lease, .. } if lease.inside().is_some() => {
            Attribution::Nobody { reason: twice(&outer_reason, inside) }
        }
        Attribution::One { subscriber, lease, boundary, reason } => Attribution::One {
            subscriber,
            lease,
            boundary: outer_boundary.into_iter().chain(boundary).min(),
            reason: format!("{outer_reason}; and {reason}"),
        },
        Attribution::Several { candidates, reason } => {
            Attribution::Several { candidates, reason: format!("{outer_reason}; but {reason}") }
        }
        Attribution::Nobody { reason } => {
            Attribution::Nobody { reason: format!("{outer_reason}; but {reason}") }
        }
        Attribution::Foreign => Attribution::Foreign,
    }
}

fn twice(outer_reason: &str, inside: IpAddr) -> String {
    format!("{outer_reason}; but {inside} is shared by ports as well, and is not followed further")
}
