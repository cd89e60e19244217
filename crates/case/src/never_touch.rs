//! The never-touch list: what is ours and must not be probed or blocked, whatever is proved of it.

use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};

use ipnet::IpNet;

/// Addresses that are never touched: those of the configuration, and those of a list that may change while we run. Copies
/// share the list, so that every last door sees a change at once.
#[derive(Debug, Clone, Default)]
pub struct NeverTouch {
    fixed: Vec<IpNet>,
    list: Arc<RwLock<Listed>>,
}

/// What the list last said.
#[derive(Debug, Default)]
struct Listed {
    nets: Vec<IpNet>,
    fault: Option<String>,
}

/// A line of a list that is no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} is neither an address nor a prefix: {text:?}")]
pub struct NeverTouchError {
    /// Which line, from 1.
    pub line: usize,
    /// What stands there, shortened.
    pub text: String,
}

/// How much of a wrong line is told.
const QUOTED: usize = 60;

impl NeverTouch {
    /// Reads a list: an address or a prefix on each line, `#` begins a comment. Empty lines count for nothing.
    ///
    /// # Errors
    /// [`NeverTouchError`] at the first line that is neither: a list that is half understood guards half of what it should.
    pub fn parse(text: &str) -> Result<Vec<IpNet>, NeverTouchError> {
        let mut nets = Vec::new();
        for (place, line) in text.lines().enumerate() {
            let word = line.split('#').next().unwrap_or_default().trim();
            if word.is_empty() {
                continue;
            }
            let net = word.parse::<IpNet>().or_else(|_| word.parse::<IpAddr>().map(IpNet::from));
            let text = || word.chars().take(QUOTED).collect();
            nets.push(net.map_err(|_| NeverTouchError { line: place.saturating_add(1), text: text() })?);
        }
        Ok(nets)
    }

    /// The list says this now.
    pub fn replace(&self, nets: Vec<IpNet>) {
        *self.list.write().unwrap_or_else(PoisonError::into_inner) = Listed { nets, fault: None };
    }

    /// The list cannot be read, for this reason: what it last said holds on, and nothing new is begun.
    pub fn cannot_be_read(&self, fault: String) {
        self.list.write().unwrap_or_else(PoisonError::into_inner).fault = Some(fault);
    }

    /// Why the list cannot be read.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        self.list.read().unwrap_or_else(PoisonError::into_inner).fault.clone()
    }

    /// The entry that covers an address.
    #[must_use]
    pub fn entry(&self, address: IpAddr) -> Option<IpNet> {
        let listed = self.list.read().unwrap_or_else(PoisonError::into_inner);
        self.fixed.iter().chain(&listed.nets).find(|net| net.contains(&address)).copied()
    }

    /// One more that stands in the configuration.
    pub fn push(&mut self, net: IpNet) {
        self.fixed.push(net);
    }
}

impl From<Vec<IpNet>> for NeverTouch {
    fn from(fixed: Vec<IpNet>) -> NeverTouch {
        NeverTouch { fixed, list: Arc::default() }
    }
}

impl PartialEq for NeverTouch {
    fn eq(&self, other: &NeverTouch) -> bool {
        self.fixed == other.fixed && Arc::ptr_eq(&self.list, &other.list)
    }
}

impl Eq for NeverTouch {}

#[cfg(test)]
mod tests {
    use super::NeverTouch;

    #[test]
    fn a_list_that_cannot_be_read_keeps_what_it_last_said_and_every_copy_knows() {
        let list = NeverTouch::from(vec!["203.0.113.1/32".parse().unwrap()]);
        let copy = list.clone();
        let nets = NeverTouch::parse("# ours\n203.0.113.53 # the resolver\n\n2001:db8:53::/48\n").unwrap();
        list.replace(nets);
        let covered = |address: &str| copy.entry(address.parse().unwrap()).map(|net| net.to_string());
        assert_eq!(covered("203.0.113.53").as_deref(), Some("203.0.113.53/32"));
        assert_eq!(covered("2001:db8:53:1::1").as_deref(), Some("2001:db8:53::/48"));
        assert_eq!(covered("203.0.113.1").as_deref(), Some("203.0.113.1/32"));
        let wrong = NeverTouch::parse("203.0.113.53\n203.0.113.0/33").unwrap_err();
        assert_eq!(wrong.to_string(), "line 2 is neither an address nor a prefix: \"203.0.113.0/33\"");
        list.cannot_be_read(wrong.to_string());
        assert!(copy.fault().is_some() && covered("203.0.113.53").is_some());
        list.replace(Vec::new());
        assert!(copy.fault().is_none() && covered("203.0.113.53").is_none());
    }
}
