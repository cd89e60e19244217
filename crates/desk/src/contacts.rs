//! Who answers for an address outside our home.

use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;

use case::Home;
use ipnet::IpNet;
use lettre::Address;
use lookup::Rdap;

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

/// Contacts from the configuration and, where that names nobody, from the registry by RDAP.
#[derive(Debug, Clone)]
pub struct RegistryContacts {
    table: ContactTable,
    rdap: Rdap,
    home: Home,
}

impl RegistryContacts {
    /// The table first, then the registry. About addresses of `home` nobody outside is asked.
    #[must_use]
    pub fn new(table: ContactTable, rdap: Rdap, home: Home) -> RegistryContacts {
        RegistryContacts { table, rdap, home }
    }

    async fn look(&self, address: IpAddr) -> Result<Option<Address>, String> {
        let address = address.to_canonical();
        if self.home.contains(address) {
            return Ok(None);
        }
        if let Some(known) = self.table.abuse_mailbox(address).await? {
            return Ok(Some(known));
        }
        if !is_registered(address) {
            return Ok(None);
        }
        let named =
            self.rdap.abuse_mailboxes(IpNet::from(address)).await.map_err(|error| error.to_string())?;
        Ok(named.iter().find_map(|text| text.parse().ok()))
    }
}

impl Contacts for RegistryContacts {
    fn abuse_mailbox(&self, address: IpAddr) -> Looking<'_> {
        Box::pin(self.look(address))
    }
}

/// Whether a registry gives such addresses to anybody; those of a network within are nobody's to complain about (RFC
/// 6890).
fn is_registered(address: IpAddr) -> bool {
    let within = match address {
        IpAddr::V4(address) => address.is_private() || address.is_link_local(),
        IpAddr::V6(address) => address.is_unique_local() || address.is_unicast_link_local(),
    };
    !(within || address.is_loopback() || address.is_multicast() || address.is_unspecified())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nobody_is_asked_about_home_or_about_what_no_registry_gives() {
        let home = Home::new(["203.0.113.0/24".parse().expect("a prefix")]).expect("a home");
        // Port 1 of this machine: nobody listens, so whoever is asked fails.
        let contacts = RegistryContacts::new(ContactTable::default(), Rdap::new("http://127.0.0.1:1"), home);
        let look = async |text: &str| contacts.abuse_mailbox(text.parse().expect("an address")).await;
        for address in ["203.0.113.7", "::ffff:203.0.113.7", "10.0.0.1", "fe80::1", "fd00::1", "127.0.0.1"] {
            assert_eq!(look(address).await, Ok(None), "{address}");
        }
        assert!(look("198.51.100.9").await.is_err());
    }

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
