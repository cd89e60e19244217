//! Windows Firewall (pfirewall.log, W3C extended) and ZoneAlarm (ZALog.txt): rows in which the direction says whether the
//! packet came to the reporter's host or left it.

use super::{Packet, Patterns, compiled, first};

pub(super) const MARKS: &[&str] = &[" DROP ", " ALLOW ", " DROP-ICMP ", "FWIN,", "FWOUT,", "FWROUTE,", "PE,"];

static PATTERNS: Patterns = Patterns::new(|| {
    compiled(&[
        // 2005-04-11 08:05:57 DROP UDP A B sp dp size ... RECEIVE
        r"\s(?:DROP|ALLOW)(?:-ICMP)?\s(?P<p>TCP|UDP|ICMP|[0-9]+)\s(?P<s>IP)\s(?P<d>IP)\s(?P<sp>[0-9]+|-)\s(?P<dp>[0-9]+|-)\s",
        // FWIN,2003/10/23,18:13:36 -4:00 GMT,A:p,B:p,TCP (flags:S)
        r"^(?:FWIN|FWOUT|FWROUTE|PE),[^,]*,[^,]*,(?P<s>[0-9.]+):(?P<sp>[0-9]+),(?P<d>[0-9.]+):(?P<dp>[0-9]+),(?P<p>\w+)",
    ])
});

pub(super) fn read(line: &str) -> Option<Packet> {
    let mut packet = first(line, &PATTERNS)?;
    let leaving = line.trim_end().ends_with(" SEND") || line.contains("FWOUT,") || line.starts_with("PE,");
    packet.outgoing = leaving;
    packet.allowed |= leaving || line.contains(" ALLOW ");
    Some(packet)
}
