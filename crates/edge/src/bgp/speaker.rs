//! The speaker, whichever it is.

use crate::error::EdgeError;

use super::exabgp::ExaBgp;
use super::gobgp::GoBgp;
use super::{Api, BgpConfig, Mark, Marker, Route, RouteKind};

/// What a speaker holds of one kind.
#[derive(Debug, Default)]
pub(super) struct Listed {
    pub(super) ours: Vec<(Route, Mark)>,
    /// Routes of the same kind without our mark, in words.
    pub(super) strangers: Vec<String>,
}

#[derive(Debug)]
pub(super) enum Speaker {
    GoBgp(GoBgp),
    ExaBgp(ExaBgp),
}

impl Speaker {
    pub(super) fn new(config: &BgpConfig, marker: Marker) -> Speaker {
        match &config.api {
            Api::Gobgp(server) => Speaker::GoBgp(GoBgp::new(server, config, marker)),
            Api::Exabgp(pipes) => Speaker::ExaBgp(ExaBgp::new(pipes, config, marker)),
        }
    }

    pub(super) async fn list(&mut self, kind: RouteKind) -> Result<Listed, EdgeError> {
        match self {
            Speaker::GoBgp(speaker) => speaker.list(kind).await,
            Speaker::ExaBgp(speaker) => speaker.list(kind).await,
        }
    }

    pub(super) async fn tell(
        &mut self,
        announce: Vec<(Route, Mark)>,
        withdraw: Vec<Route>,
    ) -> Result<(), EdgeError> {
        match self {
            Speaker::GoBgp(speaker) => speaker.tell(announce, withdraw).await,
            Speaker::ExaBgp(speaker) => speaker.tell(&announce, &withdraw).await,
        }
    }
}
