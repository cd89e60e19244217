use super::*;

/// Source, its port, destination, its port.
fn ends(line: &str) -> Option<(String, u16, String, u16)> {
    let packet = packet(line)?;
    let to = packet.destination?;
    Some((packet.source.address.to_string(), packet.source.port?, to.address.to_string(), to.port?))
}

#[test]
fn every_maker_says_who_came_from_where() {
    for line in [
        "kernel: DROP IN=eth0 OUT= MAC=00:11 SRC=192.0.2.1 DST=198.51.100.2 LEN=48 TTL=113 PROTO=TCP SPT=1025 DPT=445 SYN",
        "%ASA-4-106023: Deny tcp src outside:192.0.2.1/1025 dst inside:198.51.100.2/445 by access-group \"x\"",
        "%PIX-2-106001: Inbound TCP connection denied from 192.0.2.1/1025 to 198.51.100.2/445 flags SYN on interface outside",
        "%ASA-6-106015: Deny TCP (no connection) from 192.0.2.1/1025 to 198.51.100.2/445 flags RST",
        "%ASA-3-710003: TCP access denied by ACL from 192.0.2.1/1025 to outside:198.51.100.2/445",
        "%ASA-6-302013: Built inbound TCP connection 9 for outside:192.0.2.1/1025 (192.0.2.1/1025) to inside:198.51.100.2/445 (x)",
        "%ASA-4-106100: access-list out denied tcp outside/192.0.2.1(1025) -> inside/198.51.100.2(445) hit-cnt 1",
        "%SEC-6-IPACCESSLOGP: list 102 denied tcp 192.0.2.1(1025) -> 198.51.100.2(445), 1 packet",
        "%SEC-6-IPACCESSLOGP: list 102 denied tcp 192.0.2.1(1025) (Ethernet0 0011.2233.4455) -> 198.51.100.2(445), 1 packet",
        "ipfw: 600 Deny TCP 192.0.2.1:1025 198.51.100.2:445 in via fxp0",
        "[**] [1:2:3] SCAN [**] [Priority: 2] {TCP} 192.0.2.1:1025 -> 198.51.100.2:445",
        "rule 5/0(match): block in on em0: 192.0.2.1.1025 > 198.51.100.2.445: S TCP",
        "IP 192.0.2.1.1025 > 198.51.100.2.445: Flags [S], TCP seq 1",
        "filterlog: 53,,,1000102631,em0,match,block,in,4,0x0,,64,892,0,none,6,tcp,44,192.0.2.1,198.51.100.2,1025,445,0,S",
        "filterlog[1]: 7,,,02f4,em0,match,block,in,4,0x0,,64,0,0,DF,6,tcp,64,192.0.2.1,198.51.100.2,1025,445,0,S,1",
        "RT_FLOW: RT_FLOW_SESSION_DENY: session denied 192.0.2.1/1025->198.51.100.2/445 junos-smb 6(0) deny-all untrust trust",
        "RT_FLOW_SESSION_DENY [junos@2636 source-address=\"192.0.2.1\" source-port=\"1025\" destination-address=\"198.51.100.2\" destination-port=\"445\" protocol-id=\"6\"]",
        "RT_IDS: RT_SCREEN_TCP: TCP port scan! source: 192.0.2.1:1025, destination: 198.51.100.2:445, zone name: untrust",
        "NetScreen: Port scan! From 192.0.2.1:1025 to 198.51.100.2:445, proto TCP (zone Untrust, int ethernet3)",
        "ns5: NetScreen device_id=ns5 proto=6 action=Deny src=192.0.2.1 dst=198.51.100.2 src_port=1025 dst_port=445",
        "type=traffic action=deny srcip=192.0.2.1 srcport=1025 dstip=198.51.100.2 dstport=445 proto=6",
        "drop 198.51.100.9 >eth0 src: 192.0.2.1; dst: 198.51.100.2; proto: tcp; service: 445; s_port: 1025;",
        "1,2024/05/02 10:00:00,0011,TRAFFIC,drop,2305,2024/05/02 10:00:00,192.0.2.1,198.51.100.2,0.0.0.0,0.0.0.0,rule,,,app,vsys1,un,tr,e1,e2,log,2024/05/02 10:00:00,0,1,1025,445,0,0,0x0,tcp,deny,60",
        "firewall,info input: in:ether1 out:(unknown 0), src-mac 00:11:22:33:44:55, proto TCP (SYN), 192.0.2.1:1025->198.51.100.2:445, len 40",
        "2005-04-11 08:05:57 DROP TCP 192.0.2.1 198.51.100.2 1025 445 48 S 1 0 1 - - - RECEIVE",
        "FWIN,2003/10/23,18:13:36 -4:00 GMT,192.0.2.1:1025,198.51.100.2:445,TCP (flags:S)",
        "CEF:0|Maker|Device|1|201|Blocked|7|proto=TCP src=192.0.2.1 spt=1025 dst=198.51.100.2 dpt=445",
        "{\"event_type\":\"alert\",\"src_ip\":\"192.0.2.1\",\"src_port\":1025,\"dest_ip\":\"198.51.100.2\",\"dest_port\":445,\"proto\":\"TCP\"}",
    ] {
        assert_eq!(ends(line), Some(("192.0.2.1".into(), 1025, "198.51.100.2".into(), 445)), "{line}");
        assert_eq!(packet(line).and_then(|packet| packet.protocol), Some(Protocol::Tcp), "{line}");
    }
}

#[test]
fn what_was_let_through_or_left_the_house_is_told_apart() {
    for line in [
        "%ASA-6-302013: Built inbound TCP connection 9 for outside:192.0.2.1/1025 (192.0.2.1/1025) to inside:198.51.100.2/445 (x)",
        "kernel: LOG IN= OUT=eth0 SRC=192.0.2.1 DST=198.51.100.2 PROTO=TCP SPT=1 DPT=2",
        "2005-04-11 08:05:57 DROP TCP 192.0.2.1 198.51.100.2 1025 445 48 S 1 0 1 - - - SEND",
        "type=traffic action=accept srcip=192.0.2.1 srcport=1025 dstip=198.51.100.2 dstport=445 proto=6",
        "filterlog: 53,,,1000102631,em0,match,pass,in,4,0x0,,64,892,0,none,6,tcp,44,192.0.2.1,198.51.100.2,1025,445,0,S",
    ] {
        assert!(packet(line).is_some_and(|packet| packet.allowed), "{line}");
    }
    for line in [
        "kernel: DROP IN=eth0 OUT= SRC=192.0.2.1 DST=198.51.100.2 PROTO=TCP SPT=1 DPT=2",
        "{\"event_type\":\"alert\",\"src_ip\":\"192.0.2.1\",\"dest_ip\":\"198.51.100.2\",\"alert\":{\"action\":\"allowed\"}}",
    ] {
        assert!(packet(line).is_some_and(|packet| !packet.allowed), "{line}");
    }
}

#[test]
fn translated_addresses_accuse_nobody() {
    let line = "input: in:ether1 out:(none), proto TCP (SYN), (192.0.2.1:1025->203.0.113.1:1025)->198.51.100.2:445, len 40";
    assert_eq!(packet(line).map(|packet| packet.source.address.to_string()), Some("192.0.2.1".to_owned()));
}
