//! GoBGP, told and asked through its gRPC API.
//!
//! Versions 3 and 4 speak different APIs; which one is found out by asking. Both hold the same things under the same
//! numbers and only wrap them differently, which [`api`] hides.

mod api;
mod paths;

use std::time::Duration;

use tonic::client::Grpc;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, IntoStreamingRequest, Request, Status};
use tonic_prost::ProstCodec;

use super::speaker::Listed;
use super::{BgpConfig, Mark, Marker, Route, RouteKind};
use crate::error::{EdgeError, quote};
use api::{
    AddPathStreamRequest, Dialect, Family, GetBgpResponse, ListPathRequest, ListPathResponse, Nothing,
};
use paths::Writer;
pub(super) use paths::{BLACKHOLE, NO_EXPORT};

/// How long a connection, and one call, may take.
const CONNECT: Duration = Duration::from_secs(3);
const CALL: Duration = Duration::from_secs(15);

/// Paths in one message of a stream; measured to be past what makes it faster.
const AT_ONCE: usize = 100;

/// Paths that are read of one table at most.
const MOST: usize = 1_000_000;

/// One GoBGP.
#[derive(Debug)]
pub(super) struct GoBgp {
    server: String,
    writer: Writer,
    /// The connection, and which API it speaks; made anew after a failure.
    open: Option<(Channel, Dialect)>,
}

impl GoBgp {
    pub(super) fn new(server: &str, config: &BgpConfig, marker: Marker) -> GoBgp {
        GoBgp { server: server.to_owned(), writer: Writer::new(config, marker), open: None }
    }

    /// All paths of one kind that were put there through its API or configuration; what neighbours announced is not asked
    /// about.
    pub(super) async fn list(&mut self, kind: RouteKind) -> Result<Listed, EdgeError> {
        let mut listed = Listed::default();
        for family in Family::of(kind) {
            let (channel, dialect) = self.opened().await?;
            match ask_for_table(channel, dialect, family).await {
                Ok(paths) => self.writer.read(dialect, kind, &paths, &mut listed),
                // It keeps no table of a family that no neighbour takes: nothing of ours is in there.
                Err(status) if status.message().contains("not supported") => {}
                Err(status) => return Err(self.failed("list paths", &status)),
            }
        }
        Ok(listed)
    }

    /// Announces and withdraws in one stream.
    pub(super) async fn tell(
        &mut self,
        announce: Vec<(Route, Mark)>,
        withdraw: Vec<Route>,
    ) -> Result<(), EdgeError> {
        let (channel, dialect) = self.opened().await?;
        let gone = withdraw.into_iter().map(|route| self.writer.withdrawn(dialect, route));
        let fresh = announce.into_iter().map(|(route, mark)| self.writer.announced(dialect, route, mark));
        let paths: Vec<api::Path> = gone.chain(fresh).collect();
        let requests: Vec<AddPathStreamRequest> = paths
            .chunks(AT_ONCE)
            .map(|some| AddPathStreamRequest { table_type: 0, vrf_id: String::new(), paths: some.to_vec() })
            .collect();
        let stream = Request::new(futures::stream::iter(requests)).into_streaming_request();
        let told = call(channel, async |grpc: &mut Grpc<Channel>| {
            let codec = ProstCodec::<AddPathStreamRequest, Nothing>::default();
            grpc.client_streaming(stream, dialect.method("AddPathStream"), codec).await
        });
        told.await.map(drop).map_err(|status| self.failed("change paths", &status))
    }

    /// The connection and its API; the older one is tried first.
    async fn opened(&mut self) -> Result<(Channel, Dialect), EdgeError> {
        if let Some(open) = &self.open {
            return Ok(open.clone());
        }
        let endpoint =
            Endpoint::from_shared(self.server.clone()).map_err(|error| self.fault("reach", &error))?;
        let endpoint = endpoint.connect_timeout(CONNECT).timeout(CALL);
        let channel = endpoint.connect().await.map_err(|error| self.fault("reach", &error))?;
        for dialect in [Dialect::V3, Dialect::V4] {
            match ask_who(channel.clone(), dialect).await {
                Ok(_) => {
                    tracing::info!(server = %self.server, api = ?dialect, "GoBGP answers");
                    self.open = Some((channel.clone(), dialect));
                    return Ok((channel, dialect));
                }
                Err(status) if status.code() == Code::Unimplemented => {}
                Err(status) => return Err(self.failed("ask GoBGP for its version", &status)),
            }
        }
        let said = "it speaks neither the API of GoBGP 3 nor that of GoBGP 4".to_owned();
        Err(EdgeError::Peer { doing: "ask GoBGP for its version", peer: self.server.clone(), said })
    }

    fn failed(&mut self, doing: &'static str, status: &Status) -> EdgeError {
        self.open = None;
        let said = format!("{:?} {}", status.code(), quote(status.message().as_bytes()));
        EdgeError::Peer { doing, peer: self.server.clone(), said }
    }

    fn fault(&self, doing: &'static str, error: &tonic::transport::Error) -> EdgeError {
        let why = std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
        EdgeError::Peer { doing, peer: self.server.clone(), said: quote(why.as_bytes()) }
    }
}

async fn ask_who(channel: Channel, dialect: Dialect) -> Result<GetBgpResponse, Status> {
    let codec = ProstCodec::<Nothing, GetBgpResponse>::default();
    let asked = call(channel, async |grpc: &mut Grpc<Channel>| {
        grpc.unary(Request::new(Nothing {}), dialect.method("GetBgp"), codec).await
    });
    asked.await.map(tonic::Response::into_inner)
}

async fn ask_for_table(channel: Channel, dialect: Dialect, family: Family) -> Result<Vec<api::Path>, Status> {
    let request = ListPathRequest { table_type: 0, name: String::new(), family: Some(family) };
    let codec = ProstCodec::<ListPathRequest, ListPathResponse>::default();
    let answered = call(channel, async |grpc: &mut Grpc<Channel>| {
        grpc.server_streaming(Request::new(request), dialect.method("ListPath"), codec).await
    });
    let mut stream = answered.await?.into_inner();
    let mut paths = Vec::new();
    while let Some(answer) = stream.message().await? {
        paths.extend(answer.destination.into_iter().flat_map(|destination| destination.paths));
        if paths.len() > MOST {
            return Err(Status::resource_exhausted("the table is larger than any of ours"));
        }
    }
    Ok(paths)
}

/// One call over a connection that is ready for it.
async fn call<T>(
    channel: Channel,
    ask: impl AsyncFnOnce(&mut Grpc<Channel>) -> Result<T, Status>,
) -> Result<T, Status> {
    let mut grpc = Grpc::new(channel);
    grpc.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
    ask(&mut grpc).await
}
