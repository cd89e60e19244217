//! What was shown of a mail's sender.

use serde::{Deserialize, Serialize};

/// What DNS and the mail's own signatures say of who sent it. Kept with the reading, so that it is asked once and can be
/// shown for ever.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Authentication {
    /// The domain that SPF passed for (RFC 7208): the envelope sender's, or the greeting's where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spf: Option<String>,
    /// The domains with a valid signature over From, Subject and the whole body (RFC 6376), at most
    /// [`crate::SIGNATURES_AT_MOST`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dkim: Vec<String>,
    /// The named sealer that saw a pass before the mail was forwarded (RFC 8617).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arc: Option<String>,
    /// `pass` or `fail` where From's domain publishes a policy (RFC 7489), else `none`.
    pub dmarc: String,
    /// From's domain, where one of the above speaks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aligned_domain: Option<String>,
    /// Whether DNS failed on the way, so that another time might have shown more.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dns_failed: bool,
    /// All that in words.
    pub why: String,
}

impl Authentication {
    /// Nothing was shown, because of this.
    #[must_use]
    pub fn none(why: &str) -> Authentication {
        Authentication { dmarc: "none".to_owned(), why: why.to_owned(), ..Authentication::default() }
    }

    /// The same where DNS is to blame.
    pub(crate) fn unasked(why: &str) -> Authentication {
        Authentication { dns_failed: true, ..Authentication::none(why) }
    }
}
