//! Where the cases are: a square for each /24 of ours.

use std::collections::BTreeMap;

use desk::NumbersView;
use ipnet::IpNet;

use crate::words;

/// Squares in a row: a /19 is one, a /16 eight of them.
const PER_ROW: usize = 32;
/// The side of a square with its gap, and of the line that names a prefix.
const SIDE: usize = 20;
const NAME: usize = 18;
/// The most squares that are drawn where nothing happened; beyond, only those with cases are.
const SQUARES: usize = 4096;

/// The map.
pub(crate) struct HeatMap {
    pub(crate) height: usize,
    pub(crate) prefixes: Vec<Prefix>,
    /// Those with cases, most first.
    pub(crate) rows: Vec<Row>,
    pub(crate) quiet: usize,
}

/// One of our prefixes.
pub(crate) struct Prefix {
    pub(crate) name: String,
    pub(crate) y: usize,
    pub(crate) squares: Vec<Square>,
}

/// One neighbourhood.
pub(crate) struct Square {
    pub(crate) x: usize,
    pub(crate) y: usize,
    /// 0 to 5.
    pub(crate) heat: u32,
    pub(crate) title: String,
    /// Where its cases are listed; none where there are none.
    pub(crate) href: Option<String>,
}

/// One neighbourhood in the table.
pub(crate) struct Row {
    pub(crate) network: String,
    pub(crate) href: String,
    pub(crate) cases: usize,
    pub(crate) incidents: usize,
    pub(crate) open: usize,
    pub(crate) complaints: u64,
}

impl HeatMap {
    pub(crate) fn of(view: &NumbersView) -> HeatMap {
        let cases: BTreeMap<IpNet, usize> =
            view.figures.networks.iter().map(|one| (one.network, one.cases)).collect();
        let in_all: u64 = view.home.iter().map(|prefix| parts(*prefix)).sum();
        let all = usize::try_from(in_all).is_ok_and(|squares| squares <= SQUARES);
        let mut y = 0;
        let mut prefixes = Vec::new();
        for prefix in &view.home {
            let networks = networks(*prefix, &cases, all);
            if networks.is_empty() {
                continue;
            }
            let (drawn, squares) = squares(&networks, &cases, y + NAME);
            prefixes.push(Prefix { name: prefix.to_string(), y: y + NAME - 5, squares });
            y += NAME + drawn;
        }
        let mut rows: Vec<Row> = view.figures.networks.iter().map(row).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.cases));
        let quiet = in_all.saturating_sub(u64::try_from(rows.len()).unwrap_or(u64::MAX));
        HeatMap { height: y.max(NAME), prefixes, rows, quiet: usize::try_from(quiet).unwrap_or(usize::MAX) }
    }
}

/// How long the neighbourhoods of a prefix's family are.
fn length(prefix: IpNet) -> u8 {
    if matches!(prefix, IpNet::V4(_)) { 24 } else { 48 }
}

/// How many neighbourhoods a prefix has.
fn parts(prefix: IpNet) -> u64 {
    1u64.checked_shl(u32::from(length(prefix).saturating_sub(prefix.prefix_len()))).unwrap_or(u64::MAX)
}

/// Those of a prefix that are drawn.
fn networks(prefix: IpNet, cases: &BTreeMap<IpNet, usize>, all: bool) -> Vec<IpNet> {
    let whole = case::network_of(prefix.addr());
    if prefix.prefix_len() >= length(prefix) {
        return vec![whole];
    }
    if all && let Ok(parts) = prefix.subnets(length(prefix)) {
        return parts.collect();
    }
    cases.keys().filter(|network| prefix.contains(*network)).copied().collect()
}

/// The squares from `top` on, and how high they are together.
fn squares(networks: &[IpNet], cases: &BTreeMap<IpNet, usize>, top: usize) -> (usize, Vec<Square>) {
    let square = |(place, network): (usize, &IpNet)| {
        let count = cases.get(network).copied().unwrap_or(0);
        Square {
            x: place % PER_ROW * SIDE,
            y: top + place / PER_ROW * SIDE,
            heat: heat(count),
            title: format!("{network}: {}", words::count(count, "case", "cases")),
            href: (count > 0).then(|| href(network)),
        }
    };
    (networks.len().div_ceil(PER_ROW) * SIDE, networks.iter().enumerate().map(square).collect())
}

/// How dark a square is: each step twice as many cases as the one before.
fn heat(cases: usize) -> u32 {
    cases.checked_ilog2().map_or(0, |log| (log + 1).min(5))
}

/// The queue's search for what all addresses of a neighbourhood begin with.
fn href(network: &IpNet) -> String {
    let text = network.addr().to_string();
    let begins = match network {
        IpNet::V4(_) => text.trim_end_matches('0'),
        IpNet::V6(_) => text.strip_suffix(':').unwrap_or(&text),
    };
    format!("/?q={}", words::for_query(begins))
}

fn row(one: &case::NetworkFigures) -> Row {
    Row {
        network: one.network.to_string(),
        href: href(&one.network),
        cases: one.cases,
        incidents: one.incidents,
        open: one.open,
        complaints: one.complaints,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_square_darkens_with_each_doubling() {
        assert_eq!([0, 1, 2, 3, 4, 8, 15, 16, 4000].map(heat), [0, 1, 2, 2, 3, 4, 4, 5, 5]);
    }

    #[test]
    fn a_link_finds_its_own_neighbourhood_and_no_other() {
        let of = |network: &str| href(&network.parse().unwrap());
        assert_eq!(of("198.51.100.0/24"), "/?q=198.51.100.");
        assert_eq!(of("198.51.0.0/24"), "/?q=198.51.0.");
        assert_eq!(of("2001:db8:1::/48"), "/?q=2001%3Adb8%3A1%3A");
    }

    #[test]
    fn a_large_home_is_drawn_where_something_happened() {
        let cases: BTreeMap<IpNet, usize> = [("198.51.100.0/24".parse().unwrap(), 2)].into();
        let home: IpNet = "198.0.0.0/8".parse().unwrap();
        assert_eq!(parts(home), 65_536);
        assert_eq!(networks(home, &cases, false).len(), 1);
        assert_eq!(networks("198.51.100.0/22".parse().unwrap(), &cases, true).len(), 4);
        assert_eq!(
            networks("198.51.100.128/25".parse().unwrap(), &cases, true),
            ["198.51.100.0/24".parse().unwrap()]
        );
        assert_eq!(parts("2001:db8::/32".parse().unwrap()), 65_536);
    }
}
