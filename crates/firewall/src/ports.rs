//! What it means that a port answers a stranger.

use std::sync::LazyLock;

use case::Transport;

use crate::PortRange;

const TABLE: &str = include_str!("../data/ports.tsv");

/// What a port is known for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortMeaning {
    /// A service of machines among themselves, by name: no program asks a router to open it.
    Inside(&'static str),
    /// A service that people and programs open on purpose, by name.
    Named(&'static str),
    /// Nothing: a program may have asked for it (UPnP IGD and PCP give out any port), or not.
    Odd,
}

/// What a port is known for.
#[must_use]
pub fn meaning(protocol: Transport, port: u16) -> PortMeaning {
    static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| TABLE.lines().filter_map(row).collect());
    let known = ROWS.iter().find(|row| row.protocol == protocol && row.ports.holds(port));
    known.map_or(PortMeaning::Odd, |row| row.meaning)
}

struct Row {
    protocol: Transport,
    ports: PortRange,
    meaning: PortMeaning,
}

fn row(line: &'static str) -> Option<Row> {
    let mut columns = line.split('\t');
    let (protocol, ports, kind, name) = (columns.next()?, columns.next()?, columns.next()?, columns.next()?);
    let protocol = match protocol {
        "tcp" => Transport::Tcp,
        "udp" => Transport::Udp,
        _ => return None,
    };
    let meaning = match kind {
        "inside" => PortMeaning::Inside(name),
        "named" => PortMeaning::Named(name),
        _ => return None,
    };
    Some(Row { protocol, ports: ports.parse().ok()?, meaning })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_read_and_has_a_source() {
        let lines: Vec<&str> = TABLE.lines().filter(|line| !line.starts_with('#')).collect();
        for line in &lines {
            assert!(
                row(line).is_some() && line.split('\t').nth(4).is_some_and(|source| !source.is_empty()),
                "{line}"
            );
        }
        assert!(lines.len() > 40);
        assert_eq!(meaning(Transport::Tcp, 445), PortMeaning::Inside("microsoft-ds"));
        assert_eq!(meaning(Transport::Udp, 27_020), PortMeaning::Named("steam"));
        assert_eq!(meaning(Transport::Tcp, 48_613), PortMeaning::Odd);
    }
}
