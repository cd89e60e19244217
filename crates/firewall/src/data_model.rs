//! For routers that are set from afar: parameters of the Device:2 data model (Broadband Forum TR-181 issue 2, `Device.Firewall.`
//! and `Device.NAT.PortMapping.`), as SetParameterValues of TR-069 and as Add of TR-369 take them.
//!
//! A rule of this model has no mask for the lower half of an address: what is opened over IPv6 is open to every machine
//! inside. Where that is too much, OpenWrt's and nftables' files say it better.

use case::Transport;
use serde_json::{Value, json};

use crate::{Line, Opening, PortRange};

/// One object with its parameters: name, value, type by XML Schema.
struct Object {
    path: &'static str,
    parameters: Vec<(&'static str, String, &'static str)>,
}

const TEXT: &str = "xsd:string";
const FLAG: &str = "xsd:boolean";
const WHOLE: &str = "xsd:unsignedInt";
const NUMBER: &str = "xsd:int";
const ANY: i32 = -1;
const IPV6: i32 = 6;

/// A list for SetParameterValues. Instances are numbered from 1 in an emptied table, as an auto-configuration server makes
/// them with AddObject; each object's Alias says which is which.
pub(crate) fn tr069(line: &Line, version: &str) -> String {
    let mut values = Vec::new();
    let mut instances = std::collections::BTreeMap::new();
    for object in objects(line, version) {
        let many = object.path.ends_with("{i}.");
        let instance: &mut u32 = instances.entry(object.path).or_insert(0);
        *instance += 1;
        let path =
            if many { object.path.replace("{i}", &instance.to_string()) } else { object.path.to_owned() };
        values.extend(object.parameters.into_iter().map(
            |(name, value, kind)| json!({ "name": format!("{path}{name}"), "value": value, "type": kind }),
        ));
    }
    shown(&json!({ "ParameterKey": version, "ParameterList": values }))
}

/// A message Add (of what may stand more than once) and a message Set (of what stands once), in the JSON mapping of USP's
/// messages (TR-369 section 13).
pub(crate) fn tr369(line: &Line, version: &str) -> String {
    let (mut created, mut updated) = (Vec::new(), Vec::new());
    for object in objects(line, version) {
        let settings: Vec<Value> = object
            .parameters
            .into_iter()
            .map(|(name, value, _)| json!({ "param": name, "value": searched(value), "required": true }))
            .collect();
        match object.path.strip_suffix("{i}.") {
            Some(path) => created.push(json!({ "obj_path": path, "param_settings": settings })),
            None => updated.push(json!({ "obj_path": object.path, "param_settings": settings })),
        }
    }
    shown(&json!({
        "version": version,
        "add": { "allow_partial": false, "create_objs": created },
        "set": { "allow_partial": false, "update_objs": updated },
    }))
}

/// An alias as USP searches for it (TR-369 section 7, search expressions); TR-069 writes it in brackets alone.
fn searched(value: String) -> String {
    match value.strip_prefix("Device.IP.Interface.[").and_then(|rest| rest.strip_suffix("].")) {
        Some(alias) => format!("Device.IP.Interface.[Alias==\"{alias}\"]."),
        None => value,
    }
}

fn shown(value: &Value) -> String {
    // A value made of text and lists alone can always be written.
    serde_json::to_string_pretty(value).map(|text| text + "\n").unwrap_or_default()
}

fn objects(line: &Line, version: &str) -> Vec<Object> {
    let mut all = vec![
        Object {
            path: "Device.Firewall.Chain.{i}.",
            parameters: vec![
                ("Alias", "nd-in".to_owned(), TEXT),
                ("Enable", "true".to_owned(), FLAG),
                ("Name", format!("nightdesk {} {version}", line.profile.name), TEXT),
            ],
        },
        Object {
            path: "Device.Firewall.Level.{i}.",
            parameters: vec![
                ("Alias", "nd-level".to_owned(), TEXT),
                ("Name", format!("nightdesk {}", line.profile.name), TEXT),
                ("Description", line.profile.about.clone(), TEXT),
                ("Order", "1".to_owned(), WHOLE),
                ("Chain", "Device.Firewall.Chain.1".to_owned(), TEXT),
                (
                    "PortMappingEnabled",
                    (line.profile.pinholes || line.server.ipv4.is_some()).to_string(),
                    FLAG,
                ),
                ("DefaultPolicy", "Drop".to_owned(), TEXT),
            ],
        },
    ];
    let mut rules: Vec<Object> = Vec::new();
    if !line.mail_out {
        let mail = opening(Transport::Tcp, 25, "mail-out");
        rules.push(rule(&mail, "Drop", ANY, ["lan", "wan"]));
    }
    // RFC 6092 section 3.2.4.
    rules.push(rule(&opening(Transport::Udp, 500, "ike"), "Accept", IPV6, ["wan", "lan"]));
    rules.extend(line.profile.open.iter().map(|one| rule(one, "Accept", IPV6, ["wan", "lan"])));
    for (order, mut rule) in (1..).zip(rules) {
        rule.parameters.push(("Order", format!("{order}"), WHOLE));
        all.push(rule);
    }
    all.extend(line.profile.open.iter().filter_map(|one| port_mapping(line, one)));
    all.push(Object {
        path: "Device.Firewall.",
        parameters: vec![
            ("Config", "Advanced".to_owned(), TEXT),
            ("AdvancedLevel", "Device.Firewall.Level.1".to_owned(), TEXT),
            ("Enable", "true".to_owned(), FLAG),
        ],
    });
    let upnp = line.profile.pinholes.to_string();
    all.push(Object { path: "Device.UPnP.Device.", parameters: vec![("UPnPIGD", upnp, FLAG)] });
    all
}

fn opening(protocol: Transport, port: u16, name: &str) -> Opening {
    Opening { protocol, ports: PortRange { first: port, last: port }, name: name.to_owned() }
}

/// One rule of the chain, from an interface to another. `-1` is "any" in this model.
fn rule(of: &Opening, target: &str, version: i32, [from, to]: [&str; 2]) -> Object {
    let interface = |alias: &str| format!("Device.IP.Interface.[{alias}].");
    let protocol = if of.protocol == Transport::Tcp { 6 } else { 17 };
    let last = if of.ports.first == of.ports.last { -1 } else { i32::from(of.ports.last) };
    Object {
        path: "Device.Firewall.Chain.1.Rule.{i}.",
        parameters: vec![
            ("Alias", format!("nd-{}", of.name), TEXT),
            ("Enable", "true".to_owned(), FLAG),
            ("Target", target.to_owned(), TEXT),
            ("SourceInterface", interface(from), TEXT),
            ("DestInterface", interface(to), TEXT),
            ("IPVersion", version.to_string(), NUMBER),
            ("Protocol", protocol.to_string(), NUMBER),
            ("DestPort", of.ports.first.to_string(), NUMBER),
            ("DestPortRangeMax", last.to_string(), NUMBER),
        ],
    }
}

/// What comes in over IPv4 goes to the server.
fn port_mapping(line: &Line, one: &Opening) -> Option<Object> {
    let server = line.server.ipv4?;
    let protocol = match one.protocol {
        Transport::Tcp => "TCP",
        Transport::Udp => "UDP",
    };
    let range = if one.ports.first == one.ports.last { 0 } else { one.ports.last };
    Some(Object {
        path: "Device.NAT.PortMapping.{i}.",
        parameters: vec![
            ("Alias", format!("nd-{}", one.name), TEXT),
            ("Enable", "true".to_owned(), FLAG),
            ("AllInterfaces", "true".to_owned(), FLAG),
            ("Protocol", protocol.to_owned(), TEXT),
            ("ExternalPort", one.ports.first.to_string(), WHOLE),
            ("ExternalPortEndRange", range.to_string(), WHOLE),
            ("InternalPort", one.ports.first.to_string(), WHOLE),
            ("InternalClient", server.to_string(), TEXT),
            ("Description", format!("nightdesk {}", one.name), TEXT),
        ],
    })
}
