//! A server of `api.GoBgpService`: the four calls that matter, over real HTTP/2, and "unimplemented" to every other.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use futures::stream::{self, BoxStream};
use futures::{FutureExt, StreamExt};
use prost::Message;
use tokio::net::TcpListener;
use tonic::body::Body;
use tonic::codegen::http::{Request as HttpRequest, Response as HttpResponse};
use tonic::server::{ClientStreamingService, Grpc, NamedService, ServerStreamingService, UnaryService};
use tonic::{Request, Response, Status, Streaming};
use tonic_prost::ProstCodec;

use crate::api::{
    AddPathStreamRequest, Attr, Attribute, CommunitiesAttribute, Destination, Family, IpAddressPrefix,
    ListPathRequest, ListPathResponse, Nlri, NlriChoice, Path,
};

#[derive(Clone, Copy, PartialEq, Message)]
pub(crate) struct Empty {}

#[derive(Debug, Default)]
struct Table {
    paths: HashMap<Nlri, Path>,
    old_calls: usize,
}

/// The server; it ends with its test.
pub(crate) struct Server {
    table: Arc<Mutex<Table>>,
    port: u16,
}

impl Server {
    pub(crate) async fn start() -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let table = Arc::new(Mutex::new(Table::default()));
        let service = Service(table.clone());
        let incoming = tonic::transport::server::TcpIncoming::from(listener);
        tokio::spawn(tonic::transport::Server::builder().serve_with_incoming(service, incoming));
        Server { table, port }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A blackhole without our mark.
    pub(crate) fn announced_by_hand(&self, address: IpAddr) {
        let prefix = IpAddressPrefix { prefix_len: 32, prefix: address.to_string() };
        let nlri = Nlri { nlri: Some(NlriChoice::Prefix(prefix)) };
        let communities = CommunitiesAttribute { communities: vec![0xffff_029a] };
        let pattrs = vec![Attribute { attr: Some(Attr::Communities(communities)) }];
        let family = Some(Family { afi: 1, safi: 1 });
        let path = Path { nlri: Some(nlri.clone()), pattrs, family, ..Path::default() };
        self.table.lock().unwrap().paths.insert(nlri, path);
    }

    /// Every path with a mark.
    pub(crate) fn ours(&self) -> Vec<Path> {
        let is_marked =
            |path: &&Path| path.pattrs.iter().any(|one| matches!(one.attr, Some(Attr::LargeCommunities(_))));
        self.table.lock().unwrap().paths.values().filter(is_marked).cloned().collect()
    }

    pub(crate) fn paths(&self) -> usize {
        self.table.lock().unwrap().paths.len()
    }

    pub(crate) fn refused_of_version_3(&self) -> usize {
        self.table.lock().unwrap().old_calls
    }
}

#[derive(Clone)]
struct Service(Arc<Mutex<Table>>);

impl NamedService for Service {
    const NAME: &'static str = "api.GoBgpService";
}

impl tower::Service<HttpRequest<Body>> for Service {
    type Response = HttpResponse<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<HttpResponse<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: HttpRequest<Body>) -> Self::Future {
        let table = self.0.clone();
        let path = request.uri().path().to_owned();
        async move {
            Ok(match path.as_str() {
                "/api.GoBgpService/GetBgp" => {
                    Grpc::new(ProstCodec::<Empty, Empty>::default()).unary(GetBgp, request).await
                }
                "/api.GoBgpService/ListPath" => {
                    let codec = ProstCodec::<ListPathResponse, ListPathRequest>::default();
                    Grpc::new(codec).server_streaming(ListPath(table), request).await
                }
                "/api.GoBgpService/AddPathStream" => {
                    let codec = ProstCodec::<Empty, AddPathStreamRequest>::default();
                    Grpc::new(codec).client_streaming(AddPathStream(table), request).await
                }
                other => {
                    table.lock().unwrap().old_calls += usize::from(other.starts_with("/apipb."));
                    Status::unimplemented("").into_http()
                }
            })
        }
        .boxed()
    }
}

struct GetBgp;

impl UnaryService<Empty> for GetBgp {
    type Response = Empty;
    type Future = BoxFuture<'static, Result<Response<Empty>, Status>>;

    fn call(&mut self, _: Request<Empty>) -> Self::Future {
        async { Ok(Response::new(Empty {})) }.boxed()
    }
}

struct ListPath(Arc<Mutex<Table>>);

impl ServerStreamingService<ListPathRequest> for ListPath {
    type Response = ListPathResponse;
    type ResponseStream = BoxStream<'static, Result<ListPathResponse, Status>>;
    type Future = BoxFuture<'static, Result<Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, request: Request<ListPathRequest>) -> Self::Future {
        let family = request.into_inner().family;
        let table = self.0.lock().unwrap();
        let destination = |path: &Path| Destination { prefix: String::new(), paths: vec![path.clone()] };
        let of_family = table.paths.values().filter(|path| path.family == family);
        let answers: Vec<_> =
            of_family.map(|path| Ok(ListPathResponse { destination: Some(destination(path)) })).collect();
        async { Ok(Response::new(stream::iter(answers).boxed())) }.boxed()
    }
}

struct AddPathStream(Arc<Mutex<Table>>);

impl ClientStreamingService<AddPathStreamRequest> for AddPathStream {
    type Response = Empty;
    type Future = BoxFuture<'static, Result<Response<Empty>, Status>>;

    fn call(&mut self, request: Request<Streaming<AddPathStreamRequest>>) -> Self::Future {
        let table = self.0.clone();
        async move {
            let mut requests = request.into_inner();
            while let Some(some) = requests.message().await? {
                for path in some.paths {
                    let nlri = path.nlri.clone().filter(|nlri| nlri.nlri.is_some());
                    let nlri = nlri.ok_or_else(|| Status::invalid_argument("nil nlri"))?;
                    let mut table = table.lock().unwrap();
                    if path.is_withdraw {
                        table.paths.remove(&nlri);
                    } else {
                        table.paths.insert(nlri, path);
                    }
                }
            }
            Ok(Response::new(Empty {}))
        }
        .boxed()
    }
}
