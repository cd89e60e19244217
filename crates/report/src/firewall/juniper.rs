//! Juniper: Junos SRX (RT_FLOW, RT_IDS, RT_SCREEN of the Junos "System Log Explorer") and ScreenOS attack alarms.

use super::{Packet, Patterns, compiled, first};

pub(super) const MARKS: &[&str] = &["session ", "source: ", "source:", "! From ", "source-address=", "From "];

static PATTERNS: Patterns = Patterns::new(|| {
    compiled(&[
        // structured: source-address="A" source-port="p" destination-address="B" destination-port="p" protocol-id="6"
        r#"\bsource-address="(?P<s>IP)"(?:\s+source-port="(?P<sp>[0-9]+)")?.*?\bdestination-address="(?P<d>IP)"(?:\s+destination-port="(?P<dp>[0-9]+)")?(?:.*?\bprotocol-id="(?P<p>[0-9]+)")?"#,
        // RT_FLOW: session denied A/p->B/p junos-ssh 6(0) policy; session created A/p->B/p
        r"\bsession\s+(?:denied|created|closed)[^0-9]*?(?P<s>IP)/(?P<sp>[0-9]+)->(?P<d>IP)/(?P<dp>[0-9]+)(?:,?(?:\s+0x\w+)?\s+\S+\s+(?P<p>[0-9]+)\()?",
        // RT_SCREEN: TCP port scan! source: A:p, destination: B:p, zone name
        r"(?i)\bsource:\s?(?P<s>[0-9.]+)(?::(?P<sp>[0-9]{1,5}))?,\s+destination:\s?(?P<d>[0-9.]+)(?::(?P<dp>[0-9]{1,5}))?",
        // ScreenOS: Port scan! From A:p to B:p, proto TCP (zone Untrust, int eth0)
        r"\bFrom\s+(?P<s>[0-9.]+)(?::(?P<sp>[0-9]{1,5}))?\s+to\s+(?P<d>[0-9.]+)(?::(?P<dp>[0-9]{1,5}))?(?:,\s+proto\s+(?P<p>\w+))?",
    ])
});

pub(super) fn read(line: &str) -> Option<Packet> {
    first(line, &PATTERNS)
}
