//! What the router itself shows, asked through its own program: BIRD's `birdc`, or FRR's `vtysh`.

mod bird;
mod frr;

use std::collections::BTreeSet;

use super::{Marker, Neighbour, Route, RouteKind};
use crate::error::EdgeError;
use crate::program::Program;

/// What is read of an answer at most: a hundred thousand routes, twice over, by lines or by entries.
const LONGEST: usize = 400_000;

/// A router that is asked.
#[derive(Debug)]
pub(super) enum Asked {
    Bird(Program),
    Frr(Program),
}

impl Asked {
    pub(super) fn new(neighbour: &Neighbour) -> Asked {
        let program = |command: &Vec<String>| Program::new(command.clone(), super::LOOK);
        match neighbour {
            Neighbour::Bird(command) => Asked::Bird(program(command)),
            Neighbour::Frr(command) => Asked::Frr(program(command)),
        }
    }

    /// The routes that the router has chosen and that discard.
    pub(super) async fn discarded(
        &self,
        kind: RouteKind,
        marker: Marker,
    ) -> Result<BTreeSet<Route>, EdgeError> {
        match self {
            Asked::Bird(birdc) => bird::discarded(birdc, marker).await,
            Asked::Frr(vtysh) => frr::discarded(vtysh, kind).await,
        }
    }
}
