//! Zeek's logs of connections (`conn`, `open_conn`), as it writes them and as others have passed them on.
//!
//! Sources: Zeek's documentation of `conn.log` (`base/protocols/conn/main.zeek`) and of its log writers.

mod conn;
mod history;
mod json;
mod tsv;

pub(super) use conn::connection;
pub(super) use json::json;
pub(super) use tsv::tsv;

use super::columns::Columns;
use super::row::{Row, Slot};

/// Whether a log with these columns is one of connections. Zeek's other logs have addresses and times too, but tell
/// neither how a connection went nor how much it carried.
fn tells_connections(have: impl Fn(Slot) -> bool) -> bool {
    [Slot::Source, Slot::Destination].iter().all(|slot| have(*slot))
        && [Slot::ZeekState, Slot::ForwardPayload, Slot::ForwardPackets, Slot::ForwardBytes]
            .iter()
            .any(|slot| have(*slot))
}

fn columns_tell_connections(columns: &Columns) -> bool {
    tells_connections(|slot| columns.have(slot))
}

fn row_tells_connection(row: &Row<'_>) -> bool {
    tells_connections(|slot| row.get(slot).is_some())
}
