//! Who answers for an address outside our home.

use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;

use ipnet::IpNet;
use lettre::Address;

/// A look-up under way; an error says in words why it could not be made now, and it is tried again later.
pub type Looking<'a> = Pin<Box<dyn Future<Output = Result<Option<Address>, String>> + Send + 'a>>;

/// Knows the abuse mailbox of an address.
pub trait Contacts: fmt::Debug + Send + Sync {
    /// The mailbox that takes complaints about `address`; none where none is known.
    fn abuse_mailbox(&self, address: IpAddr) -> Looking<'_>;
}

/// Contacts from the configuration. Of several prefixes that hold an address the longest counts.
#[derive(Debug, Clone, Default)]
pub struct ContactTable(Vec<(IpNet, Address)>);

impl ContactTable {
    /// A table of these prefixes.
    #[must_use]
    pub fn new(mut rows: Vec<(IpNet, Address)>) -> ContactTable {
        rows.sort_by_key(|(net, _)| std::cmp::Reverse(net.prefix_len()));
        ContactTable(rows)
    }
}

impl Contacts for ContactTable {
    fn abuse_mailbox(&self, address: IpAddr) -> Looking<'_> {
        let address = address.to_canonical();
        let found = self.0.iter().find(|(net, _)| net.contains(&address)).map(|(_, mailbox)| mailbox.clone());
        Box::pin(std::future::ready(Ok(found)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_longest_prefix_answers() {
        let row =
            |net: &str, mailbox: &str| (net.parse().expect("a prefix"), mailbox.parse().expect("an address"));
        let table = ContactTable::new(vec![
            row("198.51.100.0/24", "abuse@example.org"),
            row("198.51.100.64/26", "abuse@example.com"),
        ]);
        let mailbox = async |address: &str| {
            let found = table.abuse_mailbox(address.parse().expect("an address")).await.expect("looks");
            found.map(|mailbox| mailbox.to_string())
        };
        assert_eq!(mailbox("198.51.100.70").await.as_deref(), Some("abuse@example.com"));
        assert_eq!(mailbox("::ffff:198.51.100.1").await.as_deref(), Some("abuse@example.org"));
        assert_eq!(mailbox("192.0.2.1").await, None);
    }
}
