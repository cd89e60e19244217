//! What a question's conditions say of addresses and times, so that the right files are read and no others.

use datafusion::common::ScalarValue;
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{Between, BinaryExpr, Expr, Operator};

use crate::address::number;
use crate::disk::Order;
use crate::schema::{address_number, column};

/// A range with both ends in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range<T> {
    pub(crate) from: T,
    pub(crate) to: T,
}

impl<T: Ord + Copy> Range<T> {
    fn narrow(&mut self, from: Option<T>, to: Option<T>) {
        self.from = from.map_or(self.from, |from| from.max(self.from));
        self.to = to.map_or(self.to, |to| to.min(self.to));
    }
}

/// What a question can be about at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub(crate) home: Range<u128>,
    pub(crate) peer: Range<u128>,
    /// The first packet, in milliseconds since 1970.
    pub(crate) first: Range<i64>,
}

/// With at most so many home addresses in question, their own files are read even when the other end is one address: the
/// flows of a /22 and an hour are fewer than what a busy scanner sends.
const FEW: u128 = 1024;

impl Bounds {
    pub(crate) const ALL: Bounds = Bounds {
        home: Range { from: 0, to: u128::MAX },
        peer: Range { from: 0, to: u128::MAX },
        first: Range { from: i64::MIN, to: i64::MAX },
    };

    /// From conditions that must all hold. What is not understood narrows nothing.
    pub(crate) fn of<'a>(conditions: impl IntoIterator<Item = &'a Expr>) -> Bounds {
        let mut bounds = Bounds::ALL;
        for condition in conditions.into_iter().flat_map(split_conjunction) {
            bounds.narrow(condition);
        }
        bounds
    }

    /// The order whose files answer with the least reading.
    pub(crate) fn order(&self) -> Order {
        let wide = |range: Range<u128>| range.to.saturating_sub(range.from);
        let (home, peer) = (wide(self.home), wide(self.peer));
        if peer < home && home >= FEW { Order::Peer } else { Order::Home }
    }

    fn narrow(&mut self, condition: &Expr) {
        match condition {
            Expr::BinaryExpr(BinaryExpr { left, op, right }) => match (left.as_ref(), right.as_ref()) {
                (Expr::Column(of), Expr::Literal(value, _)) => self.compare(of.name(), *op, value),
                (Expr::Literal(value, _), Expr::Column(of)) => {
                    if let Some(turned) = op.swap() {
                        self.compare(of.name(), turned, value);
                    }
                }
                _ => {}
            },
            Expr::Between(Between { expr, negated: false, low, high }) => {
                if let (Expr::Column(of), Expr::Literal(low, _), Expr::Literal(high, _)) =
                    (expr.as_ref(), low.as_ref(), high.as_ref())
                {
                    self.compare(of.name(), Operator::GtEq, low);
                    self.compare(of.name(), Operator::LtEq, high);
                }
            }
            Expr::InList(list) if !list.negated => self.one_of(&list.expr, &list.list),
            _ => {}
        }
    }

    /// A list reaches from its least to its greatest.
    fn one_of(&mut self, of: &Expr, list: &[Expr]) {
        let Expr::Column(of) = of else { return };
        let values: Option<Vec<u128>> = list
            .iter()
            .map(|one| match one {
                Expr::Literal(value, _) => address_of(value),
                _ => None,
            })
            .collect();
        let Some(values) = values else { return };
        match of.name() {
            column::HOME => self.home.narrow(values.iter().min().copied(), values.iter().max().copied()),
            column::PEER => self.peer.narrow(values.iter().min().copied(), values.iter().max().copied()),
            _ => {}
        }
    }

    fn compare(&mut self, name: &str, op: Operator, value: &ScalarValue) {
        match name {
            column::HOME | column::PEER => {
                let Some(value) = address_of(value) else { return };
                let range = if name == column::HOME { &mut self.home } else { &mut self.peer };
                let (from, to) = ends(op, value);
                range.narrow(from, to);
            }
            column::FIRST => {
                let Some(value) = time_of(value) else { return };
                let (from, to) = ends(op, value);
                self.first.narrow(from, to);
            }
            _ => {}
        }
    }
}

/// The ends a comparison sets; one that excludes its own value is taken to include it, which reads at most one more.
fn ends<T: Copy>(op: Operator, value: T) -> (Option<T>, Option<T>) {
    match op {
        Operator::Eq => (Some(value), Some(value)),
        Operator::Gt | Operator::GtEq => (Some(value), None),
        Operator::Lt | Operator::LtEq => (None, Some(value)),
        _ => (None, None),
    }
}

fn address_of(value: &ScalarValue) -> Option<u128> {
    match value {
        ScalarValue::FixedSizeBinary(16, Some(bytes)) => Some(address_number(bytes)),
        ScalarValue::Utf8(Some(text)) => text.parse().ok().map(number),
        _ => None,
    }
}

/// Milliseconds since 1970.
fn time_of(value: &ScalarValue) -> Option<i64> {
    match value {
        ScalarValue::TimestampSecond(Some(at), _) => at.checked_mul(1000),
        ScalarValue::TimestampMillisecond(Some(at), _) => Some(*at),
        ScalarValue::TimestampMicrosecond(Some(at), _) => Some(at.div_euclid(1000)),
        ScalarValue::TimestampNanosecond(Some(at), _) => Some(at.div_euclid(1_000_000)),
        _ => None,
    }
}
