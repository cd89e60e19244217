//! The few messages of GoBGP's API that we speak, by the numbers of their fields (osrg/gobgp, `api/gobgp.proto` and
//! `api/attribute.proto` of version 3; `proto/api/gobgp.proto`, `attribute.proto`, `nlri.proto`, `extcom.proto` and
//! `common.proto` of version 4).
//!
//! Where a field may hold one of several messages, version 3 has a `google.protobuf.Any` and version 4 a message with a
//! `oneof`. Both are a length and bytes on the wire, so those fields are bytes here, and [`Dialect`] wraps and unwraps.

use prost::Message;
use prost::encoding::{WireType, decode_key, decode_varint, encode_key, encode_varint};
use tonic::codegen::http::uri::PathAndQuery;

use crate::bgp::RouteKind;

/// Which API is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// `apipb.GobgpApi`, of GoBGP 3.
    V3,
    /// `api.GoBgpService`, of GoBGP 4.
    V4,
}

/// A message that stands where one of several may: its name in version 3, and its number within the `oneof` of version 4.
pub(crate) type Choice = (&'static str, u32);

pub(crate) const IP_PREFIX: Choice = ("IPAddressPrefix", 1);
pub(crate) const FLOW_SPEC: Choice = ("FlowSpecNLRI", 13);
pub(crate) const FLOW_PREFIX: Choice = ("FlowSpecIPPrefix", 1);
pub(crate) const FLOW_COMPONENT: Choice = ("FlowSpecComponent", 3);
pub(crate) const ORIGIN: Choice = ("OriginAttribute", 2);
pub(crate) const NEXT_HOP: Choice = ("NextHopAttribute", 4);
pub(crate) const COMMUNITIES: Choice = ("CommunitiesAttribute", 9);
pub(crate) const EXTENDED_COMMUNITIES: Choice = ("ExtendedCommunitiesAttribute", 14);
pub(crate) const LARGE_COMMUNITIES: Choice = ("LargeCommunitiesAttribute", 21);
pub(crate) const TRAFFIC_RATE: Choice = ("TrafficRateExtended", 15);

impl Dialect {
    /// The path of a method.
    pub(crate) fn method(self, name: &str) -> PathAndQuery {
        let service = match self {
            Dialect::V3 => "apipb.GobgpApi",
            Dialect::V4 => "api.GoBgpService",
        };
        PathAndQuery::try_from(format!("/{service}/{name}"))
            .unwrap_or_else(|_| PathAndQuery::from_static("/"))
    }

    /// A message as it stands where one of several may.
    pub(crate) fn wrap(self, choice: Choice, message: &impl Message) -> Vec<u8> {
        let (name, number) = choice;
        let value = message.encode_to_vec();
        match self {
            Dialect::V3 => {
                let type_url = format!("type.googleapis.com/apipb.{name}");
                Any { type_url, value }.encode_to_vec()
            }
            Dialect::V4 => {
                let mut bytes = Vec::with_capacity(value.len().saturating_add(8));
                encode_key(number, WireType::LengthDelimited, &mut bytes);
                encode_varint(u64::try_from(value.len()).unwrap_or(0), &mut bytes);
                bytes.extend_from_slice(&value);
                bytes
            }
        }
    }

    /// The message within, when it is the one looked for.
    pub(crate) fn unwrap<M: Message + Default>(self, choice: Choice, mut bytes: &[u8]) -> Option<M> {
        let (name, number) = choice;
        match self {
            Dialect::V3 => {
                let any = Any::decode(bytes).ok()?;
                let is_it = any.type_url.rsplit(['/', '.']).next() == Some(name);
                is_it.then(|| M::decode(any.value.as_slice()).ok()).flatten()
            }
            Dialect::V4 => {
                let (found, kind) = decode_key(&mut bytes).ok()?;
                let length = usize::try_from(decode_varint(&mut bytes).ok()?).ok()?;
                let is_it = found == number && kind == WireType::LengthDelimited;
                is_it.then(|| M::decode(bytes.get(..length)?).ok()).flatten()
            }
        }
    }
}

/// `google.protobuf.Any`.
#[derive(Clone, PartialEq, Message)]
struct Any {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

/// A message without fields.
#[derive(Clone, Copy, PartialEq, Message)]
pub(crate) struct Nothing {}

/// What `GetBgp` answers; that it does is enough.
#[derive(Clone, Copy, PartialEq, Message)]
pub(crate) struct GetBgpResponse {}

/// An address family (RFC 4760).
#[derive(Clone, Copy, PartialEq, Message)]
pub(crate) struct Family {
    #[prost(int32, tag = "1")]
    afi: i32,
    #[prost(int32, tag = "2")]
    safi: i32,
}

impl Family {
    /// Unicast is SAFI 1 (RFC 4760), flow specification 133 (RFC 8955 section 4).
    fn new(is_ipv4: bool, kind: RouteKind) -> Family {
        let safi = match kind {
            RouteKind::Rtbh => 1,
            RouteKind::Flowspec => 133,
        };
        Family { afi: if is_ipv4 { 1 } else { 2 }, safi }
    }

    /// The families of a kind: IPv4 and IPv6.
    pub(crate) fn of(kind: RouteKind) -> [Family; 2] {
        [true, false].map(|is_ipv4| Family::new(is_ipv4, kind))
    }

    /// The family of a route.
    pub(crate) fn of_route(route: &crate::bgp::Route) -> Family {
        let kind = match route {
            crate::bgp::Route::Blackhole(_) => RouteKind::Rtbh,
            crate::bgp::Route::Discard(_) => RouteKind::Flowspec,
        };
        Family::new(route.is_ipv4(), kind)
    }
}

/// A path; of its fields those we read or write.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Path {
    /// One of several messages.
    #[prost(bytes = "vec", tag = "1")]
    pub(crate) nlri: Vec<u8>,
    /// Each one of several messages.
    #[prost(bytes = "vec", repeated, tag = "2")]
    pub(crate) attributes: Vec<Vec<u8>>,
    #[prost(bool, tag = "5")]
    pub(crate) is_withdraw: bool,
    #[prost(message, optional, tag = "9")]
    pub(crate) family: Option<Family>,
    /// The neighbour that announced it; empty or `<nil>` for what was put there by hand or API.
    #[prost(string, tag = "15")]
    pub(crate) neighbour: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct AddPathStreamRequest {
    /// 0: the global table.
    #[prost(int32, tag = "1")]
    pub(crate) table_type: i32,
    #[prost(string, tag = "2")]
    pub(crate) vrf_id: String,
    #[prost(message, repeated, tag = "3")]
    pub(crate) paths: Vec<Path>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct ListPathRequest {
    /// 0: the global table.
    #[prost(int32, tag = "1")]
    pub(crate) table_type: i32,
    #[prost(string, tag = "2")]
    pub(crate) name: String,
    #[prost(message, optional, tag = "3")]
    pub(crate) family: Option<Family>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct ListPathResponse {
    #[prost(message, optional, tag = "1")]
    pub(crate) destination: Option<Destination>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Destination {
    #[prost(string, tag = "1")]
    pub(crate) prefix: String,
    #[prost(message, repeated, tag = "2")]
    pub(crate) paths: Vec<Path>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct IpAddressPrefix {
    #[prost(uint32, tag = "1")]
    pub(crate) length: u32,
    #[prost(string, tag = "2")]
    pub(crate) prefix: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct FlowSpecNlri {
    /// Each one of several messages.
    #[prost(bytes = "vec", repeated, tag = "1")]
    pub(crate) rules: Vec<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct FlowSpecIpPrefix {
    #[prost(uint32, tag = "1")]
    pub(crate) kind: u32,
    #[prost(uint32, tag = "2")]
    pub(crate) length: u32,
    #[prost(string, tag = "3")]
    pub(crate) prefix: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct FlowSpecComponent {
    #[prost(uint32, tag = "1")]
    pub(crate) kind: u32,
    #[prost(message, repeated, tag = "2")]
    pub(crate) items: Vec<FlowSpecItem>,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub(crate) struct FlowSpecItem {
    #[prost(uint32, tag = "1")]
    pub(crate) operator: u32,
    #[prost(uint64, tag = "2")]
    pub(crate) value: u64,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub(crate) struct Origin {
    #[prost(uint32, tag = "1")]
    pub(crate) origin: u32,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct NextHop {
    #[prost(string, tag = "1")]
    pub(crate) next_hop: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Communities {
    #[prost(uint32, repeated, tag = "1")]
    pub(crate) communities: Vec<u32>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct LargeCommunities {
    #[prost(message, repeated, tag = "1")]
    pub(crate) communities: Vec<LargeCommunity>,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub(crate) struct LargeCommunity {
    #[prost(uint32, tag = "1")]
    pub(crate) asn: u32,
    #[prost(uint32, tag = "2")]
    pub(crate) number: u32,
    #[prost(uint32, tag = "3")]
    pub(crate) value: u32,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct ExtendedCommunities {
    /// Each one of several messages.
    #[prost(bytes = "vec", repeated, tag = "1")]
    pub(crate) communities: Vec<Vec<u8>>,
}

/// How much of the traffic passes, in bytes a second; 0 discards (RFC 8955 section 7.1).
#[derive(Clone, Copy, PartialEq, Message)]
pub(crate) struct TrafficRate {
    #[prost(uint32, tag = "1")]
    pub(crate) asn: u32,
    #[prost(float, tag = "2")]
    pub(crate) rate: f32,
}
