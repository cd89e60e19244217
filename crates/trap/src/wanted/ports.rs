//! What ports stand for: `data/ports.tsv`, read once.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::{Family, signature};
use crate::Transport;

const DATA: &str = include_str!("../../data/ports.tsv");

/// What a port stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Port {
    /// Its short name.
    pub what: &'static str,
    /// What sort of thing that is.
    pub family: Family,
}

static ALL: LazyLock<HashMap<(Transport, u16), Port>> = LazyLock::new(|| lines().filter_map(line).collect());

/// What `port` stands for, where it stands for something.
#[must_use]
pub fn on_port(transport: Transport, port: u16) -> Option<Port> {
    ALL.get(&(transport, port)).copied()
}

fn lines() -> impl Iterator<Item = &'static str> {
    DATA.lines().filter(|line| !line.starts_with('#') && !line.is_empty())
}

fn line(line: &'static str) -> Option<((Transport, u16), Port)> {
    let mut fields = line.split('\t');
    let port = fields.next()?.parse().ok()?;
    let transport = signature::transport(fields.next()?)?;
    let what = fields.next()?;
    let family = Family::from_name(fields.next()?)?;
    fields.next().filter(|source| !source.is_empty())?;
    Some(((transport, port), Port { what, family }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_names_a_port_of_its_own_and_a_source() {
        for text in lines() {
            assert!(line(text).is_some(), "{text}");
        }
        assert_eq!(ALL.len(), lines().count(), "a port stands twice");
    }
}
