//! Whether what goes through a tunnel is what the line does elsewhere.
//!
//! An exporter tells of a tunnel in pieces: so many bytes each way within this minute or that. For each piece, what went up the
//! tunnel is compared with what came in from everywhere else meanwhile. On a line that relays, the first never is much more
//! than the second, and often about the same; people at home add to the second. How much of that chance gives is measured on the
//! line itself: the same comparison, out of step by some minutes. A steady tunnel beside a steady household agrees as well out
//! of step as in step, and shows nothing.

use flow::Millis;

use crate::slots::{Bytes, share};

/// What a tunnel carried between two moments.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Piece {
    pub(crate) from: Millis,
    pub(crate) to: Millis,
    pub(crate) bytes: Bytes,
}

impl Piece {
    /// What lies between two moments, were it evenly spread.
    pub(crate) fn between(&self, from: Millis, to: Millis) -> Bytes {
        let share = share(self.from, self.to, from, to);
        Bytes { sent: self.bytes.sent * share, received: self.bytes.received * share }
    }
}

/// Bytes below which a stretch says nothing.
const BUSY: f64 = 3_000.0;
/// Around a piece, what its neighbours carried may belong to it: a handshake, a clock that tells whole seconds.
const MARGIN: i64 = 1_500;
/// How far out of step the control comparisons are, in milliseconds.
const OUT_OF_STEP: [i64; 8] = [-480_000, -330_000, -210_000, -120_000, 120_000, 210_000, 330_000, 480_000];

/// Where the logarithm of the tunnel's bytes over those elsewhere lies: far below, below, three steps of about
/// equal, above, far above.
const EDGES: [f64; 6] = [-0.3, -0.12, -0.04, 0.04, 0.12, 0.3];
/// How often it lies there on a line that relays and has people at home besides (ssh, OpenVPN and programs like them, with
/// real proxies, in the lab).
const RELAYING: [f64; 7] = [0.33, 0.14, 0.13, 0.2, 0.1, 0.06, 0.04];
/// How often by chance, before the line itself has shown it; it counts as so many comparisons.
const BY_CHANCE: [f64; 7] = [0.44, 0.03, 0.015, 0.015, 0.015, 0.03, 0.455];
const BEFOREHAND: f64 = 12.0;
/// Of what went up the tunnel so much came in elsewhere, and of what came down it so much went out: with less, it has traffic of
/// its own. What comes down is little, and has the tunnel's own words beside it.
const UP: f64 = 0.8;
const DOWN: f64 = 0.3;
/// Evidence at which half of the score is reached, and stretches from which the score is whole.
const HALF: f64 = 2.5;
const STRETCHES: f64 = 4.0;

/// Stretches of time, counted by where the tunnel's bytes lay beside those elsewhere.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally([u32; 7]);

impl Tally {
    fn count(&mut self, tunnel: f64, elsewhere: f64) {
        if let Some(count) = place(tunnel, elsewhere).and_then(|at| self.0.get_mut(at)) {
            *count += 1;
        }
    }

    /// All of them.
    pub(crate) fn all(&self) -> u32 {
        self.0.iter().sum()
    }

    /// Those in which there was about as much, within an eighth.
    pub(crate) fn equal(&self) -> u32 {
        self.0[2] + self.0[3] + self.0[4]
    }

    /// Those in which there was more in the tunnel.
    pub(crate) fn more(&self) -> u32 {
        self.0[5] + self.0[6]
    }
}

fn place(tunnel: f64, elsewhere: f64) -> Option<usize> {
    let over = (tunnel.max(300.0) / elsewhere.max(300.0)).ln();
    (tunnel.max(elsewhere) >= BUSY).then(|| EDGES.iter().filter(|edge| over > **edge).count())
}

/// How a tunnel and the rest of its line agree.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Agreement {
    /// In step, and out of step.
    pub(crate) stretches: Tally,
    pub(crate) control: Tally,
    /// Shared bytes over the tunnel's, up and down.
    pub(crate) up: f64,
    down: f64,
    /// Bytes that went up the tunnel, and that came in elsewhere meanwhile.
    pub(crate) bytes: f64,
    elsewhere: f64,
}

/// Compares the pieces of a tunnel with what the rest of the line did: `elsewhere` gives it for two moments. One by one, by two
/// and by four: what one piece has too much another has too little, where a slow download is told of in one record.
pub(crate) fn best(
    pieces: &[Piece],
    since: Millis,
    elsewhere: &impl Fn(Millis, Millis) -> Bytes,
) -> Agreement {
    let known: Vec<Piece> = pieces.iter().filter(|piece| piece.from >= since).copied().collect();
    [1, 2, 4]
        .map(|step| compare(&joined(&known, step), since, elsewhere))
        .into_iter()
        .max_by(|a, b| a.evidence().total_cmp(&b.evidence()))
        .unwrap_or_default()
}

/// Pieces put together by so many, across gaps of less than a minute.
fn joined(pieces: &[Piece], step: usize) -> Vec<Piece> {
    let mut all: Vec<(usize, Piece)> = Vec::new();
    for piece in pieces {
        match all.last_mut() {
            Some((count, last)) if *count < step && piece.from.since(last.to) < 60_000 => {
                *count += 1;
                last.to = last.to.max(piece.to);
                last.bytes.sent += piece.bytes.sent;
                last.bytes.received += piece.bytes.received;
            }
            _ => all.push((1, *piece)),
        }
    }
    all.into_iter().map(|(_, piece)| piece).collect()
}

fn compare(pieces: &[Piece], since: Millis, elsewhere: &impl Fn(Millis, Millis) -> Bytes) -> Agreement {
    let mut agreement = Agreement::default();
    let until = pieces.iter().map(|piece| piece.to).max().unwrap_or(since);
    let (mut up, mut down, mut received) = (0.0, 0.0, 0.0);
    for piece in pieces {
        let rest = |by: i64| elsewhere(piece.from.plus(by - MARGIN), piece.to.plus(by + MARGIN));
        let there = rest(0);
        agreement.stretches.count(piece.bytes.sent, there.received);
        agreement.bytes += piece.bytes.sent;
        agreement.elsewhere += there.received;
        up += piece.bytes.sent.min(there.received);
        down += piece.bytes.received.min(there.sent);
        received += piece.bytes.received;
        let known = |by: &i64| piece.from.plus(*by) >= since && piece.to.plus(*by) <= until;
        for by in OUT_OF_STEP.into_iter().filter(known) {
            agreement.control.count(piece.bytes.sent, rest(by).received);
        }
    }
    agreement.up = up / agreement.bytes.max(1.0);
    agreement.down = down / received.max(1.0);
    agreement
}

impl Agreement {
    /// How much likelier what was seen is on a line that relays than by chance, as a natural logarithm: each stretch, against
    /// what the line shows out of step; and once the sum of them all, which is the same out of step, against any line.
    fn evidence(&self) -> f64 {
        let odds = RELAYING.iter().zip(&BY_CHANCE);
        let controls = f64::from(self.control.all()) + BEFOREHAND;
        let each = self.stretches.0.iter().zip(&self.control.0).zip(odds.clone());
        let each = each.map(|((stretches, control), (relaying, chance))| {
            let chance = (f64::from(*control) + chance * BEFOREHAND) / controls;
            f64::from(*stretches) * (relaying / chance).ln()
        });
        let sum = place(self.bytes, self.elsewhere).and_then(|at| odds.clone().nth(at));
        each.sum::<f64>() + sum.map_or(0.0, |(relaying, chance)| (relaying / chance).ln())
    }

    /// 0 to 1: nothing where the tunnel has traffic of its own.
    pub(crate) fn score(&self) -> f64 {
        if self.up < UP || self.down < DOWN {
            return 0.0;
        }
        let evidence = self.evidence().max(0.0);
        evidence / (evidence + HALF) * (f64::from(self.stretches.all()) / STRETCHES).min(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sketch::mark;

    /// Sizes as pages have them, over two orders of magnitude; the same for the same numbers.
    fn page(n: u32, seed: u32) -> f64 {
        let chance = f64::from(u32::try_from(mark((n, seed)) % 10_000).unwrap()) / 10_000.0;
        3_000.0 * (chance * 6.0).exp()
    }

    /// Half an hour of a tunnel told of each minute: `carried` and `rest` give the bytes of each minute, up and in.
    fn judged(carried: impl Fn(u32) -> f64, rest: impl Fn(u32) -> f64) -> f64 {
        let minute = |n: u32| Millis(i64::from(n) * 60_000);
        let pieces: Vec<Piece> = (0..30)
            .map(|n| Piece {
                from: minute(n),
                to: minute(n + 1).plus(-2_000),
                bytes: Bytes { sent: carried(n), received: 900.0 },
            })
            .collect();
        let elsewhere = |from: Millis, to: Millis| {
            let shares = (0..30).map(|n| share(minute(n), minute(n + 1), from, to) * rest(n));
            Bytes { sent: 2_000.0, received: shares.sum() }
        };
        best(&pieces, Millis(0), &elsewhere).score()
    }

    #[test]
    fn what_others_fetched_goes_up_whoever_is_at_home_besides() {
        let home = |n: u32| if n.is_multiple_of(3) { page(n, 99) } else { 0.0 };
        for seed in 0..50 {
            let score = judged(|n| page(n, seed), |n| page(n, seed) + home(n));
            assert!(score >= 0.6, "seed {seed}: {score}");
        }
    }

    #[test]
    fn a_busy_line_and_its_own_uploads_agree_by_chance_alone() {
        let suspected = (0..400).filter(|seed| judged(|n| page(n, *seed), |n| page(n, seed + 1_000)) >= 0.6);
        // Of lines that send as much as they get, each minute anew, one in two hundred at most.
        assert!(suspected.count() <= 2);
    }

    #[test]
    fn a_steady_tunnel_beside_a_steady_household_shows_nothing() {
        for part in [1.0, 0.95, 0.6, 0.1] {
            let score = judged(|n| part * (90_000.0 + page(n, 1) / 300.0), |n| 90_000.0 + page(n, 2) / 300.0);
            assert!(score < 0.6, "{part}: {score}");
        }
    }
}
