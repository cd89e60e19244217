//! What a line is in a run, and what is true of it.

/// What a judge of the traffic should have said of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Truth {
    /// Strangers' traffic goes out from it.
    Relaying,
    /// Something bad runs on it that relays nothing (yet).
    Infected,
    /// It does what customers do.
    Legitimate,
}

impl Truth {
    /// As it stands in the truth file.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Truth::Relaying => "relaying",
            Truth::Infected => "infected",
            Truth::Legitimate => "legitimate",
        }
    }
}

/// A program that lets strangers through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proxy {
    Tinyproxy,
    Squid,
    Privoxy,
    Ncat,
    Microsocks,
    Dante,
    SshDynamic,
}

/// How strangers get to hear of a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    /// It has been known since before the run.
    Known,
    /// The line calls a controller now and then; soon after one of these calls strangers arrive.
    Call,
    /// One small mail is sent when the proxy has opened.
    Mail,
}

/// A tunnel out of a line by which strangers get in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tunnel {
    /// `ssh -R` that makes a SOCKS proxy of the far end.
    SshSocks,
    /// `ssh -R` to a proxy that listens on the line's loopback only.
    SshForward,
    /// A VPN of which the line is the exit.
    VpnExit,
    /// One connection out for each stranger, to a gateway that a quiet one keeps in touch with.
    Gateway,
}

/// What strangers want.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    Web,
    Mail,
    Both,
}

/// What runs on a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    OpenProxy(Proxy, Word, Wish),
    BackConnect(Tunnel, Wish),
    Beacon,
    Worm,
    Trojan,
    Household,
    NatHousehold,
    Updates,
    Push,
    Retries,
    LongSsh,
    VpnSite,
    PeerToPeer,
    Voip,
    GameServer,
    TcpGameServer,
    MailServer,
    WebServer,
    ReverseProxy,
    AllowedProxy,
    RemoteAccess,
    HomeVpn,
    AttackedSsh,
}

impl Role {
    /// What is true of a line in this role.
    pub(crate) fn truth(self) -> Truth {
        match self {
            Role::OpenProxy(..) | Role::BackConnect(..) => Truth::Relaying,
            Role::Beacon | Role::Worm | Role::Trojan => Truth::Infected,
            _ => Truth::Legitimate,
        }
    }

    /// Its name in the truth file.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Role::OpenProxy(Proxy::Tinyproxy, ..) => "tinyproxy",
            Role::OpenProxy(Proxy::Squid, ..) => "squid",
            Role::OpenProxy(Proxy::Privoxy, ..) => "privoxy",
            Role::OpenProxy(Proxy::Ncat, ..) => "ncat",
            Role::OpenProxy(Proxy::Microsocks, ..) => "microsocks",
            Role::OpenProxy(Proxy::Dante, ..) => "dante",
            Role::OpenProxy(Proxy::SshDynamic, ..) => "ssh-dynamic",
            Role::BackConnect(Tunnel::SshSocks, _) => "back-connect-ssh-socks",
            Role::BackConnect(Tunnel::SshForward, _) => "back-connect-ssh-forward",
            Role::BackConnect(Tunnel::VpnExit, _) => "back-connect-vpn-exit",
            Role::BackConnect(Tunnel::Gateway, _) => "back-connect-gateway",
            Role::Beacon => "beacon",
            Role::Worm => "worm",
            Role::Trojan => "trojan",
            Role::Household => "household",
            Role::NatHousehold => "nat-household",
            Role::Updates => "updates",
            Role::Push => "push",
            Role::Retries => "retries",
            Role::LongSsh => "long-ssh",
            Role::VpnSite => "vpn-site",
            Role::PeerToPeer => "peer-to-peer",
            Role::Voip => "voip",
            Role::GameServer => "game-server",
            Role::TcpGameServer => "tcp-game-server",
            Role::MailServer => "mail-server",
            Role::WebServer => "web-server",
            Role::ReverseProxy => "reverse-proxy",
            Role::AllowedProxy => "allowed-proxy",
            Role::RemoteAccess => "remote-access",
            Role::HomeVpn => "home-vpn",
            Role::AttackedSsh => "attacked-ssh",
        }
    }

    /// What happens on it, in a few words for the truth file.
    pub(crate) fn what(self) -> &'static str {
        match self {
            Role::OpenProxy(_, Word::Known, Wish::Web) => "listening proxy on an odd port, for web pages",
            Role::OpenProxy(_, Word::Known, Wish::Mail) => {
                "listening proxy on an odd port, for mail to many servers"
            }
            Role::OpenProxy(_, Word::Known, Wish::Both) => {
                "listening proxy on an odd port, for web pages and mail"
            }
            Role::OpenProxy(_, Word::Call, _) => "opens a proxy, calls a controller, and then strangers come",
            Role::OpenProxy(_, Word::Mail, _) => {
                "opens a proxy, tells of it by one small mail, and then strangers come"
            }
            Role::BackConnect(Tunnel::SshSocks, _) => "ssh out; strangers come back through its SOCKS proxy",
            Role::BackConnect(Tunnel::SshForward, _) => {
                "ssh out; strangers come back to a proxy on the loopback"
            }
            Role::BackConnect(Tunnel::VpnExit, _) => "OpenVPN out; strangers' traffic leaves here",
            Role::BackConnect(Tunnel::Gateway, _) => {
                "calls a gateway once for each stranger there (our own programs)"
            }
            Role::Beacon => "calls a controller regularly, with jitter",
            Role::Worm => "tries many addresses outside (nmap)",
            Role::Trojan => "answers those who look for a trojan, now and then a stranger talks to it",
            Role::Household => "web, DNS, time",
            Role::NatHousehold => "web, DNS, time from a host behind the household's router",
            Role::Updates => "fetches an update from one server at regular times",
            Role::Push => "long connections with a few bytes at regular times",
            Role::Retries => "tries a dead server again and again",
            Role::LongSsh => "a long ssh session out",
            Role::VpnSite => "an OpenVPN tunnel to a site, with traffic inside",
            Role::PeerToPeer => "BitTorrent (aria2), in and out, on an odd port",
            Role::Voip => "calls: RTP both ways",
            Role::GameServer => "a game server on UDP with strangers as players",
            Role::TcpGameServer => "a game server on TCP with strangers as players",
            Role::MailServer => "Postfix, mail in and out to many domains, some of it forwarded",
            Role::WebServer => "nginx, public",
            Role::ReverseProxy => "nginx, public, in front of one server elsewhere",
            Role::AllowedProxy => "squid for two known addresses outside; on the allow-list",
            Role::RemoteAccess => "sshd on an odd port, used by two known addresses",
            Role::HomeVpn => "OpenVPN at home for its owner, who browses through it from one address outside",
            Role::AttackedSsh => "sshd whose password strangers try to guess",
        }
    }
}
