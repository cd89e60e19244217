//! Logs whose first lines name their columns (W3C Extended Log File Format, as IIS and others write it). Times of such a
//! log are UTC. In a row the server's own address stands before the client's.

use std::ops::Range;

use super::addresses::{self, Spot};

/// Columns in which the client stands, the surest first.
const CLIENTS: [&str; 4] = ["c-ip", "cs(x-forwarded-for)", "x-forwarded-for", "c-ip-address"];
/// Methods of HTTP by which a row without a header is known.
const METHODS: [&str; 8] = ["GET", "POST", "HEAD", "PUT", "OPTIONS", "DELETE", "PROPFIND", "DEBUG"];

/// What the header said.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Columns {
    client: Option<usize>,
}

impl Columns {
    /// Looks at a line that begins with `#`.
    pub(crate) fn header(&mut self, line: &str) {
        let Some(fields) = line.strip_prefix("#Fields:") else { return };
        let names: Vec<&str> = fields.split_ascii_whitespace().collect();
        self.client =
            CLIENTS.iter().find_map(|client| names.iter().position(|name| name.eq_ignore_ascii_case(client)));
    }

    /// Whether a header was seen that names the client's column.
    pub(crate) fn is_known(self) -> bool {
        self.client.is_some()
    }

    /// The client of a row: by its column, else the first address behind the method of a row that begins with a date, the
    /// server's address and a method.
    pub(crate) fn client(self, row: &str) -> Option<Spot> {
        let fields: Vec<Range<usize>> = fields(row).collect();
        if let Some(at) = self.client {
            return spot(row, fields.get(at)?.clone());
        }
        let method = fields
            .iter()
            .take(6)
            .position(|field| METHODS.contains(&row.get(field.clone()).unwrap_or_default()))?;
        let dated =
            row.as_bytes().get(4) == Some(&b'-') && row.as_bytes().first().is_some_and(u8::is_ascii_digit);
        let server = spot(row, fields.get(method.checked_sub(1)?)?.clone());
        let rest = fields.get(method + 1..)?;
        (dated && server.is_some()).then(|| rest.iter().find_map(|field| spot(row, field.clone())))?
    }
}

fn fields(row: &str) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    row.split([' ', '\t']).filter_map(move |field| {
        let range = at..at + field.len();
        at = range.end + 1;
        (!field.is_empty()).then_some(range)
    })
}

/// A field that is an address and nothing else.
fn spot(row: &str, field: Range<usize>) -> Option<Spot> {
    let words = row.get(field.clone())?;
    let found = addresses::all(words).into_iter().next()?;
    (found.range == (0..words.len())).then_some(Spot { address: found.address, range: field, port: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_is_in_its_column_and_not_the_server() {
        let row = "2024-05-02 10:00:00 203.0.113.9 GET /login - 443 - 192.0.2.1 Mozilla/5.0 - 401 0 0 15";
        let client = |columns: Columns| columns.client(row).map(|spot| spot.address.to_string());
        assert_eq!(client(Columns::default()).as_deref(), Some("192.0.2.1"));
        let mut columns = Columns::default();
        columns.header("#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent)");
        assert_eq!(client(columns).as_deref(), Some("192.0.2.1"));
        assert!(Columns::default().client("192.0.2.1 - - \"GET / HTTP/1.1\" 200 5").is_none());
    }
}
