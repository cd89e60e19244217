//! Who is what in a run: everything that chance decides before it begins.

use std::net::Ipv4Addr;

use fastrand::Rng;

use super::roles::{Proxy, Role, Truth, Tunnel, Wish, Word};

/// A line of ours in one run.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    /// Counted from 0.
    pub(crate) number: usize,
    /// Its address, within home.
    pub(crate) address: Ipv4Addr,
    pub(crate) role: Role,
    /// Where it listens, or where its tunnel goes to.
    pub(crate) port: u16,
    /// Seconds after the beginning when its part begins.
    pub(crate) opens: f64,
    /// Seconds between one use and the next, on average.
    pub(crate) pace: f64,
    /// How many people or programs outside have to do with it.
    pub(crate) crowd: u16,
    seed: u64,
}

impl Line {
    /// Chance for one thread of the line: the same for the same seed of the run, line and `part`.
    pub(crate) fn rng(&self, part: u64) -> Rng {
        Rng::with_seed(self.seed ^ part.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    /// One of the strangers who have to do with this line and no other.
    pub(crate) fn stranger(&self, rng: &mut Rng) -> Ipv4Addr {
        let own = u16::try_from(self.number).unwrap_or(0).saturating_mul(40);
        super::addresses::stranger(own + rng.u16(0..self.crowd.clamp(1, 40)))
    }

    /// The host outside that its tunnel, its calls or its sessions go to.
    pub(crate) fn controller(&self) -> Ipv4Addr {
        super::addresses::controller(u16::try_from(self.number).unwrap_or(0).saturating_mul(3))
    }

    /// Whether it is on the allow-list, as `address:port`.
    pub(crate) fn allowed(&self) -> Option<String> {
        (self.role == Role::AllowedProxy).then(|| format!("{}:{}", self.address, self.port))
    }
}

/// Roles every run has, whatever its seed; which of the three wishes and words goes with which proxy is drawn.
const LEGITIMATE: [Role; 24] = [
    Role::Household,
    Role::Household,
    Role::Household,
    Role::Household,
    Role::NatHousehold,
    Role::NatHousehold,
    Role::Updates,
    Role::Push,
    Role::Retries,
    Role::LongSsh,
    Role::VpnSite,
    Role::PeerToPeer,
    Role::PeerToPeer,
    Role::Voip,
    Role::GameServer,
    Role::TcpGameServer,
    Role::MailServer,
    Role::WebServer,
    Role::WebServer,
    Role::ReverseProxy,
    Role::AllowedProxy,
    Role::RemoteAccess,
    Role::HomeVpn,
    Role::AttackedSsh,
];

/// Draws the lines of a run that lasts `seconds`.
pub(crate) fn draw(seed: u64, seconds: u64) -> Vec<Line> {
    let mut rng = Rng::with_seed(seed);
    let mut roles = bad(&mut rng);
    roles.extend(LEGITIMATE);
    rng.shuffle(&mut roles);
    let mut hosts: Vec<u8> = (10..=250).collect();
    rng.shuffle(&mut hosts);
    // A proxy that opens late is used for less than ten minutes of the usual run of twelve.
    #[expect(clippy::cast_precision_loss, reason = "a run lasts minutes")]
    let latest = (seconds as f64 * 0.15).min(100.0);
    let lines = roles.into_iter().zip(hosts).enumerate();
    // Even the quietest proxy is used a few times in a short run.
    let slowest = latest / 2.0;
    lines
        .map(|(number, (role, host))| line(number, role, host, latest, &mut rng))
        .map(|line| Line { pace: line.pace.min(slowest), ..line })
        .collect()
}

fn bad(rng: &mut Rng) -> Vec<Role> {
    let mut proxies = [
        Proxy::Tinyproxy,
        Proxy::Squid,
        Proxy::Privoxy,
        Proxy::Ncat,
        Proxy::Microsocks,
        Proxy::Dante,
        Proxy::SshDynamic,
        Proxy::Microsocks,
        Proxy::Tinyproxy,
    ];
    rng.shuffle(&mut proxies);
    let words = [Word::Call, Word::Call, Word::Mail, Word::Known, Word::Known];
    let mut roles: Vec<Role> = proxies
        .into_iter()
        .zip(words.into_iter().cycle())
        .map(|(proxy, word)| Role::OpenProxy(proxy, word, wish(proxy, rng)))
        .collect();
    for tunnel in [Tunnel::SshSocks, Tunnel::SshForward, Tunnel::VpnExit, Tunnel::Gateway] {
        let wish = if rng.bool() { Wish::Web } else { Wish::Both };
        roles.push(Role::BackConnect(tunnel, wish));
    }
    roles.extend([Role::Beacon, Role::Worm, Role::Trojan]);
    roles
}

/// Mail goes through those that let any port through.
fn wish(proxy: Proxy, rng: &mut Rng) -> Wish {
    match (proxy, rng.u8(0..4)) {
        (Proxy::Privoxy | Proxy::Squid, _) | (_, 0 | 1) => Wish::Web,
        (_, 2) => Wish::Both,
        _ => Wish::Mail,
    }
}

fn line(number: usize, role: Role, host: u8, latest: f64, rng: &mut Rng) -> Line {
    let from_the_start = rng.u8(0..3) == 0 && !matches!(role, Role::OpenProxy(_, Word::Call | Word::Mail, _));
    let relays = role.truth() == Truth::Relaying;
    Line {
        number,
        address: Ipv4Addr::new(198, 51, 100, host),
        role,
        port: port(role, rng),
        opens: if from_the_start { 0.0 } else { latest * (0.3 + 0.7 * rng.f64()) },
        // Evenly by order of magnitude: as many busy ones as quiet ones.
        pace: if relays { 2.0 * 10f64.powf(rng.f64()) } else { 4.0 * 4f64.powf(rng.f64()) },
        crowd: rng.u16(3..40),
        seed: rng.u64(..),
    }
}

fn port(role: Role, rng: &mut Rng) -> u16 {
    let odd = rng.u16(1025..64_000);
    match role {
        Role::MailServer => 25,
        Role::WebServer => 443,
        Role::ReverseProxy => *rng.choice(&[443, 8443]).unwrap_or(&443),
        Role::AllowedProxy => 3128,
        Role::Trojan => *rng.choice(&[27374, 12345, 1243, 31337]).unwrap_or(&27374),
        Role::AttackedSsh => 22,
        // Where tunnels go to looks like anything.
        Role::BackConnect(Tunnel::Gateway, _) => odd,
        Role::BackConnect(..) => *rng.choice(&[22, 8022, 4433, 1194, odd]).unwrap_or(&22),
        _ => odd,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_seed_draws_the_same_run_again_and_another_seed_another_one() {
        let told = |seed| format!("{:?}", draw(seed, 600));
        assert_eq!(told(7), told(7));
        assert_ne!(told(7), told(8));
    }

    #[test]
    fn every_run_has_every_kind_of_line_each_with_an_address_of_its_own() {
        for seed in 0..50 {
            let lines = draw(seed, 600);
            let addresses: BTreeSet<_> = lines.iter().map(|line| line.address).collect();
            assert_eq!(addresses.len(), lines.len());
            let relaying = lines.iter().filter(|line| line.role.truth() == Truth::Relaying);
            assert_eq!(relaying.count(), 13);
            for word in [Word::Call, Word::Mail, Word::Known] {
                assert!(lines.iter().any(|line| matches!(line.role, Role::OpenProxy(_, w, _) if w == word)));
            }
        }
    }

    #[test]
    fn a_proxy_is_open_for_most_of_a_run() {
        for line in draw(3, 90) {
            assert!(line.opens <= 13.5, "{line:?}");
        }
    }
}
