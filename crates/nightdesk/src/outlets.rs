//! The configured outlets, made; nothing is touched by making them.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail, ensure};

use case::Territory;
use edge::{
    Action, Api, BgpConfig, DryRun, HandsConfig, Neighbour, Nft, NftConfig, Outlet, RadiusConfig, RouteKind,
    Sessions, ZoneConfig, ZoneKind,
};

use crate::config::{AccessServer, Bgp, Config, EdgeOutlet, Routes, SessionChange, Zone, ZoneUse};

/// Every outlet the configuration has and the playbook lists, in its order.
pub(crate) fn outlets(config: &Config, territory: &Territory) -> Result<Vec<Outlet>> {
    let limits =
        edge::Config { territory: territory.clone(), max_new_per_hour: config.edge.max_new_per_hour };
    let mut all = Vec::new();
    for one in &config.zone {
        let made = zone(one).with_context(|| format!("[[zone]] {:?}", zone_name(one)))?;
        all.push(Outlet::zone(zone_name(one), limits.clone(), made));
    }
    for one in &config.bgp {
        let made = bgp(one).with_context(|| format!("[[bgp]] {:?}", bgp_name(one)))?;
        all.push(Outlet::bgp(bgp_name(one), limits.clone(), made));
    }
    for one in &config.access_server {
        let name = access_server_name(one);
        let made = access_server(one, config).with_context(|| format!("[[access_server]] {name:?}"))?;
        let sessions = Sessions::new(&made.garden);
        all.push(Outlet::radius(&name, limits.clone(), made, sessions));
    }
    for one in &config.router {
        let is_name =
            !one.name.is_empty() && one.name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
        ensure!(
            is_name,
            "[[router]] {:?}: name is missing or has other letters than A-Z a-z 0-9 - _ .",
            one.name
        );
        ensure!(!one.dir.as_os_str().is_empty(), "[[router]] {:?}: dir is missing", one.name);
        let (name, dir) = (one.name.clone(), one.dir.clone());
        let hands = HandsConfig { dialect: one.dialect, dir, name, live: one.live };
        all.push(Outlet::hands(limits.clone(), hands));
    }
    match config.edge.outlet {
        EdgeOutlet::Nftables => all.insert(0, Nft::new(limits, nft(config)?).into()),
        // Beside others a dry run would only say that what stands nowhere is in force.
        EdgeOutlet::DryRun if all.is_empty() => all.push(DryRun::new(limits).into()),
        EdgeOutlet::DryRun => {}
    }
    let chosen = chosen(all, &config.playbook.outlets)?;
    ensure!(
        !wants_a_garden(config) || chosen.iter().any(|outlet| outlet.scope().gardens),
        "playbook.restrict or firewall.garden_after wants lines led into the walled garden, and no outlet leads there; \
         set garden.lead_to with edge.outlet = \"nftables\", or configure an [[access_server]] or a [[zone]] of kind rpz"
    );
    Ok(chosen)
}

fn wants_a_garden(config: &Config) -> bool {
    let by_playbook = config.playbook.restrict.contains(&case::Restriction::WalledGarden);
    by_playbook || (config.firewall.insist && config.firewall.garden_after.is_some())
}

/// Those the playbook lists; all, when it lists none.
fn chosen(all: Vec<Outlet>, listed: &[String]) -> Result<Vec<Outlet>> {
    let mut names: Vec<&str> = all.iter().map(Outlet::name).collect();
    names.sort_unstable();
    if let Some([twice, _]) = names.array_windows().find(|[one, next]| one == next) {
        bail!("two outlets are called {twice:?}; give each a name of its own");
    }
    if let Some(unknown) = listed.iter().find(|name| !names.contains(&name.as_str())) {
        bail!("playbook.outlets: there is no outlet {unknown:?}; there are {}", names.join(", "));
    }
    let is_chosen = |outlet: &Outlet| listed.is_empty() || listed.iter().any(|name| name == outlet.name());
    Ok(all.into_iter().filter(is_chosen).collect())
}

fn nft(config: &Config) -> Result<NftConfig> {
    for (family, is_ipv4) in [("IPv4", true), ("IPv6", false)] {
        let of_family = config.garden.lead_to.iter().filter(|to| to.is_ipv4() == is_ipv4).count();
        ensure!(of_family <= 1, "garden.lead_to names {of_family} {family} addresses; one is led to");
    }
    Ok(NftConfig {
        command: config.edge.command.clone(),
        guards: config.edge.guards,
        // Probes leave from where they land.
        probers: config.probe.landing.iter().map(SocketAddr::ip).collect(),
        garden: edge::NftGarden {
            lead_to: config.garden.lead_to.clone(),
            allowed: config.garden.allowed.iter().map(|net| net.0).collect(),
            rest: config.garden.rest,
        },
        ..NftConfig::default()
    })
}

fn zone_name(set: &Zone) -> &str {
    set.name.as_deref().unwrap_or(&set.zone)
}

fn zone(set: &Zone) -> Result<ZoneConfig> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    ensure!(
        !set.zone.is_empty() && set.zone.chars().all(is_name),
        "zone is missing or is no domain name; write it like \"bl.example.net\""
    );
    ensure!(!set.file.as_os_str().is_empty(), "file is missing");
    let kind = match set.kind {
        ZoneUse::Dnsbl => ZoneKind::Dnsbl,
        ZoneUse::Rpz => ZoneKind::Rpz,
    };
    ensure!(
        kind != ZoneKind::Rpz || !set.garden.is_empty(),
        "garden is empty; name the addresses that a contained line is led to"
    );
    Ok(ZoneConfig {
        kind,
        zone: set.zone.trim_end_matches('.').to_owned(),
        file: set.file.clone(),
        reload: set.reload.clone(),
        server: set.server.context("server is missing; the name server must be asked what it serves")?,
        garden: set.garden.clone(),
        live: set.live,
    })
}

fn bgp_name(set: &Bgp) -> &str {
    set.name.as_deref().unwrap_or(match set.routes {
        Routes::Rtbh => "rtbh",
        Routes::Flowspec => "flowspec",
    })
}

fn bgp(set: &Bgp) -> Result<BgpConfig> {
    let api = match (&set.gobgp, &set.exabgp) {
        (Some(server), None) => Api::Gobgp(server.clone()),
        (None, Some(pipes)) => Api::Exabgp(pipes.clone()),
        _ => bail!("it needs one of gobgp and exabgp"),
    };
    let neighbour = match (set.birdc.as_slice(), set.vtysh.as_slice()) {
        ([], []) if set.live => {
            bail!(
                "birdc or vtysh is missing; unless a router's own table is read, no block of it would ever count as in force"
            )
        }
        ([], []) => None,
        (_, []) => Some(Neighbour::Bird(set.birdc.clone())),
        ([], _) => Some(Neighbour::Frr(set.vtysh.clone())),
        _ => bail!("birdc and vtysh are both set; one router is asked"),
    };
    let mark = pair(&set.mark).context("mark: write it like \"64500:6667\"")?;
    ensure!(mark.0 != 0 && mark.1 < u32::MAX, "mark: {:?} cannot be a mark", set.mark);
    let communities =
        set.communities.iter().map(|one| pair(one).with_context(|| format!("communities: {one:?}")));
    Ok(BgpConfig {
        routes: match set.routes {
            Routes::Rtbh => RouteKind::Rtbh,
            Routes::Flowspec => RouteKind::Flowspec,
        },
        api,
        mark,
        communities: communities.collect::<Result<_>>()?,
        next_hop: set.next_hop,
        next_hop6: set.next_hop6,
        neighbour,
        live: set.live,
    })
}

fn access_server_name(set: &AccessServer) -> String {
    let address = || set.server.map(|server| server.ip().to_string()).unwrap_or_default();
    set.name.clone().unwrap_or_else(address)
}

/// Values of RADIUS attributes are at most 253 octets (RFC 2865 section 5).
const LONGEST_FILTER: usize = 253;

fn access_server(set: &AccessServer, config: &Config) -> Result<RadiusConfig> {
    for (key, filter) in [("garden", &set.garden), ("usual", &set.usual)] {
        let fits = (1..=LONGEST_FILTER).contains(&filter.len());
        ensure!(
            fits || (key == "usual" && set.action == SessionChange::Disconnect),
            "{key} is missing or too long"
        );
    }
    ensure!(set.garden != set.usual, "garden and usual are the same filter");
    ensure!(
        !set.live || config.leases.radius.is_some(),
        "leases.radius is missing; only the accounting of its sessions proves that a line is in the garden"
    );
    Ok(RadiusConfig {
        server: set.server.context("server is missing; write it like 192.0.2.1:3799")?,
        secret: secret(set)?,
        only: set.lines.clone(),
        action: match set.action {
            SessionChange::Coa => Action::Coa,
            SessionChange::Disconnect => Action::Disconnect,
        },
        garden: set.garden.clone(),
        usual: set.usual.clone(),
        live: set.live,
    })
}

fn secret(set: &AccessServer) -> Result<Vec<u8>> {
    let text = std::fs::read_to_string(&set.secret_file)
        .with_context(|| format!("cannot read secret_file {}", set.secret_file.display()))?;
    let secret = text.lines().next().unwrap_or_default().trim();
    ensure!(!secret.is_empty(), "{} is empty", set.secret_file.display());
    Ok(secret.as_bytes().to_vec())
}

/// `A:B` as two numbers.
fn pair<N: std::str::FromStr>(text: &str) -> Result<(N, N)> {
    let (one, other) = text.split_once(':').with_context(|| format!("{text:?} has no colon"))?;
    let number = |text: &str| text.trim().parse().ok().with_context(|| format!("{text:?} is no such number"));
    Ok((number(one)?, number(other)?))
}
