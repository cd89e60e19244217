//! GoBGP 4's messages as its published definitions have them (osrg/gobgp, `proto/api`): those that announce, withdraw and
//! list routes. Written for a server, with every choice as the `oneof` it is there, and not from what the product writes.

use prost::{Message, Oneof};

#[derive(Clone, Copy, PartialEq, Eq, Hash, Message)]
pub(crate) struct Family {
    #[prost(int32, tag = "1")]
    pub(crate) afi: i32,
    #[prost(int32, tag = "2")]
    pub(crate) safi: i32,
}

#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub(crate) struct IpAddressPrefix {
    #[prost(uint32, tag = "1")]
    pub(crate) prefix_len: u32,
    #[prost(string, tag = "2")]
    pub(crate) prefix: String,
}

#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub(crate) struct FlowSpecIpPrefix {
    #[prost(uint32, tag = "1")]
    pub(crate) r#type: u32,
    #[prost(uint32, tag = "2")]
    pub(crate) prefix_len: u32,
    #[prost(string, tag = "3")]
    pub(crate) prefix: String,
    #[prost(uint32, tag = "4")]
    pub(crate) offset: u32,
}

#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub(crate) struct FlowSpecMac {
    #[prost(uint32, tag = "1")]
    pub(crate) r#type: u32,
    #[prost(string, tag = "2")]
    pub(crate) address: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Message)]
pub(crate) struct FlowSpecComponentItem {
    #[prost(uint32, tag = "1")]
    pub(crate) op: u32,
    #[prost(uint64, tag = "2")]
    pub(crate) value: u64,
}

#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub(crate) struct FlowSpecComponent {
    #[prost(uint32, tag = "1")]
    pub(crate) r#type: u32,
    #[prost(message, repeated, tag = "2")]
    pub(crate) items: Vec<FlowSpecComponentItem>,
}

#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub(crate) struct FlowSpecRule {
    #[prost(oneof = "Rule", tags = "1, 2, 3")]
    pub(crate) rule: Option<Rule>,
}

#[derive(Clone, PartialEq, Eq, Hash, Oneof)]
pub(crate) enum Rule {
    #[prost(message, tag = "1")]
    IpPrefix(FlowSpecIpPrefix),
    #[prost(message, tag = "2")]
    Mac(FlowSpecMac),
    #[prost(message, tag = "3")]
    Component(FlowSpecComponent),
}

#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub(crate) struct FlowSpecNlri {
    #[prost(message, repeated, tag = "1")]
    pub(crate) rules: Vec<FlowSpecRule>,
}

#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub(crate) struct Nlri {
    #[prost(oneof = "NlriChoice", tags = "1, 13")]
    pub(crate) nlri: Option<NlriChoice>,
}

#[derive(Clone, PartialEq, Eq, Hash, Oneof)]
pub(crate) enum NlriChoice {
    #[prost(message, tag = "1")]
    Prefix(IpAddressPrefix),
    #[prost(message, tag = "13")]
    FlowSpec(FlowSpecNlri),
}

#[derive(Clone, Copy, PartialEq, Message)]
pub(crate) struct OriginAttribute {
    #[prost(uint32, tag = "1")]
    pub(crate) origin: u32,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct NextHopAttribute {
    #[prost(string, tag = "1")]
    pub(crate) next_hop: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct CommunitiesAttribute {
    #[prost(uint32, repeated, tag = "1")]
    pub(crate) communities: Vec<u32>,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub(crate) struct TrafficRateExtended {
    #[prost(uint32, tag = "1")]
    pub(crate) asn: u32,
    #[prost(float, tag = "2")]
    pub(crate) rate: f32,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub(crate) struct ExtendedCommunity {
    #[prost(oneof = "Extcom", tags = "15")]
    pub(crate) extcom: Option<Extcom>,
}

#[derive(Clone, Copy, PartialEq, Oneof)]
pub(crate) enum Extcom {
    #[prost(message, tag = "15")]
    TrafficRate(TrafficRateExtended),
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct ExtendedCommunitiesAttribute {
    #[prost(message, repeated, tag = "1")]
    pub(crate) communities: Vec<ExtendedCommunity>,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub(crate) struct LargeCommunity {
    #[prost(uint32, tag = "1")]
    pub(crate) global_admin: u32,
    #[prost(uint32, tag = "2")]
    pub(crate) local_data1: u32,
    #[prost(uint32, tag = "3")]
    pub(crate) local_data2: u32,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct LargeCommunitiesAttribute {
    #[prost(message, repeated, tag = "1")]
    pub(crate) communities: Vec<LargeCommunity>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Attribute {
    #[prost(oneof = "Attr", tags = "2, 4, 9, 14, 21")]
    pub(crate) attr: Option<Attr>,
}

#[derive(Clone, PartialEq, Oneof)]
pub(crate) enum Attr {
    #[prost(message, tag = "2")]
    Origin(OriginAttribute),
    #[prost(message, tag = "4")]
    NextHop(NextHopAttribute),
    #[prost(message, tag = "9")]
    Communities(CommunitiesAttribute),
    #[prost(message, tag = "14")]
    ExtendedCommunities(ExtendedCommunitiesAttribute),
    #[prost(message, tag = "21")]
    LargeCommunities(LargeCommunitiesAttribute),
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Path {
    #[prost(message, optional, tag = "1")]
    pub(crate) nlri: Option<Nlri>,
    #[prost(message, repeated, tag = "2")]
    pub(crate) pattrs: Vec<Attribute>,
    #[prost(bool, tag = "4")]
    pub(crate) best: bool,
    #[prost(bool, tag = "5")]
    pub(crate) is_withdraw: bool,
    #[prost(message, optional, tag = "9")]
    pub(crate) family: Option<Family>,
    #[prost(string, tag = "15")]
    pub(crate) neighbor_ip: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct AddPathStreamRequest {
    #[prost(int32, tag = "1")]
    pub(crate) table_type: i32,
    #[prost(string, tag = "2")]
    pub(crate) vrf_id: String,
    #[prost(message, repeated, tag = "3")]
    pub(crate) paths: Vec<Path>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct ListPathRequest {
    #[prost(int32, tag = "1")]
    pub(crate) table_type: i32,
    #[prost(message, optional, tag = "3")]
    pub(crate) family: Option<Family>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Destination {
    #[prost(string, tag = "1")]
    pub(crate) prefix: String,
    #[prost(message, repeated, tag = "2")]
    pub(crate) paths: Vec<Path>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct ListPathResponse {
    #[prost(message, optional, tag = "1")]
    pub(crate) destination: Option<Destination>,
}
