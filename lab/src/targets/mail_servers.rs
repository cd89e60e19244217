//! Mail servers of the line: Postfix open in the ways it is found open, shut, and taking mail without relaying it; and
//! Postfix' own sink, which agrees to everything.

use std::fs;
use std::path::Path;

use anyhow::Result;

use super::{Kind, LINE, Target, Truth};
use crate::net::Namespace;
use crate::peers::Peer;
use crate::post::MASTER;

/// What they are called, and where.
pub(super) fn targets() -> Vec<Target> {
    let relay = |name, truth, port| {
        let exit = if truth == Truth::Open { LINE } else { "-" };
        Target { name, kind: Kind::Relay, truth, port, exit }
    };
    vec![
        relay("Postfix, relays for all", Truth::Open, 2525),
        relay("Postfix before a trusting one", Truth::Open, 2526),
        relay("Postfix, trusts local senders", Truth::Open, 2527),
        relay("Postfix, TLS from the start", Truth::Open, 465),
        relay("Postfix, STARTTLS only", Truth::Open, 587),
        relay("Postfix", Truth::Shut, 2625),
        relay("Postfix, STARTTLS only", Truth::Shut, 2687),
        relay("Postfix, discards", Truth::Harmless, 2626),
        relay("smtp-sink, no to DATA", Truth::Harmless, 2629),
        relay("smtp-sink, yes to all", Truth::Harmless, 2630),
    ]
}

/// One Postfix: its name, its services, and what its main.cf has beside that of the others.
struct Instance {
    name: &'static str,
    services: &'static [(u16, &'static str)],
    main: &'static str,
}

const INSTANCES: [Instance; 4] = [
    Instance {
        name: "plain",
        services: &[
            (2525, "-o mynetworks=0.0.0.0/0"),
            (2527, "-o smtpd_relay_restrictions=$senders_relay"),
            (465, "-o mynetworks=0.0.0.0/0 -o smtpd_tls_wrappermode=yes"),
            (587, "-o mynetworks=0.0.0.0/0 -o smtpd_tls_security_level=encrypt"),
            (2625, ""),
            (2687, "-o smtpd_tls_security_level=encrypt"),
        ],
        main: "senders_relay = check_sender_access inline:{line.example.net=OK, <>=OK}, reject_unauth_destination\n",
    },
    // Passes on what it is not to look into, to one behind it that does.
    Instance {
        name: "front",
        services: &[(2526, "")],
        main: "mydestination =\nrelay_domains = line.example.net\n\
               transport_maps = inline:{line.example.net=smtp:[203.0.113.66]:2540}\n\
               allow_untrusted_routing = yes\nallow_percent_hack = no\nswap_bangpath = no\n",
    },
    Instance {
        name: "inner",
        services: &[(2540, "-o mynetworks=203.0.113.0/24")],
        main: "allow_percent_hack = yes\nswap_bangpath = yes\n",
    },
    Instance {
        name: "discards",
        services: &[(2626, "-o mynetworks=0.0.0.0/0")],
        main: "default_transport = discard:\nrelay_transport = discard:\nlocal_transport = discard:\n",
    },
];

/// Starts them all.
pub(super) fn start(line: &Namespace, dir: &Path) -> Result<Vec<Peer>> {
    let mut peers = Vec::new();
    for instance in &INSTANCES {
        peers.push(postfix(line, instance, dir)?);
    }
    for (name, words) in [("sink-data", "-f DATA 203.0.113.66:2629"), ("sink", "203.0.113.66:2630")] {
        let words: Vec<&str> =
            ["smtp-sink", "-u", "postfix"].into_iter().chain(words.split(' ')).chain(["64"]).collect();
        peers.push(Peer::start(line, name, &words, dir)?);
    }
    Ok(peers)
}

fn postfix(line: &Namespace, instance: &Instance, dir: &Path) -> Result<Peer> {
    let config = dir.join(format!("postfix-{}", instance.name));
    for folder in ["", "queue", "data"] {
        fs::create_dir_all(config.join(folder))?;
    }
    let text = config.display().to_string();
    // Its parts run as their own user and must reach their folders.
    line.run(&["chmod", "755", &dir.display().to_string(), &text])?;
    line.run(&["chown", "postfix", &format!("{text}/data")])?;
    let services: String = instance
        .services
        .iter()
        .map(|(port, options)| format!("{LINE}:{port} inet n - n - - smtpd {options}\n"))
        .collect();
    let others = MASTER.lines().filter(|service| !service.contains(" inet ")).collect::<Vec<_>>().join("\n");
    fs::write(config.join("master.cf"), format!("{services}{others}\ntlsmgr unix - - n 1000? 1 tlsmgr\n"))?;
    fs::write(config.join("main.cf"), main(&text, &dir.display().to_string(), instance.main))?;
    let name = format!("postfix-{}", instance.name);
    Peer::start(line, &name, &["postfix", "-c", &text, "start-fg"], dir)
}

fn main(config: &str, dir: &str, more: &str) -> String {
    format!(
        "compatibility_level = 3.6\nqueue_directory = {config}/queue\ndata_directory = {config}/data\n\
         maillog_file = {config}/mail.log\nmaillog_file_prefixes = {config}\ncommand_directory = /usr/sbin\n\
         daemon_directory = /usr/lib/postfix/sbin\nmyhostname = line.example.net\n\
         mydestination = line.example.net, localhost\ninet_protocols = ipv4\ninet_interfaces = {LINE}\n\
         smtp_bind_address = {LINE}\nmynetworks = 127.0.0.0/8\n\
         smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination\nlocal_recipient_maps =\n\
         alias_maps =\nsmtpd_peername_lookup = no\nsmtp_tls_security_level = none\n\
         smtpd_tls_security_level = none\nsmtpd_tls_cert_file = {dir}/chain.pem\nsmtpd_tls_key_file = {dir}/key.pem\n\
         tls_random_source = dev:/dev/urandom\n{more}"
    )
}
