//! Lines on which customers run servers, as they may.

use std::net::Ipv4Addr;

use anyhow::Result;
use fastrand::Rng;

use super::addresses::{DOMAINS, domain};
use super::households::favourite;
use super::plan::Line;
use super::proxies::{squid, ssh};
use super::scene::Scene;
use super::strangers::{self, letter_to};
use super::world::{self, SIZES};
use crate::peers::Peer;
use crate::post::MASTER;

/// nginx with pages of its own, or in front of one server elsewhere; strangers fetch.
pub(crate) fn web(scene: &Scene<'_>, line: &Line, in_front: bool) -> Result<()> {
    let mut rng = line.rng(1);
    let place = if in_front {
        format!("location / {{ proxy_pass http://{}; }}", favourite(&mut rng))
    } else {
        format!("root {};", scene.file("site")?)
    };
    let name = format!("nginx{}", line.number);
    let text = format!(
        "daemon off; user root; worker_processes 1; pid {dir}/{name}.pid; error_log {dir}/{name}.err;\n\
         events {{ worker_connections 512; }}\n\
         http {{ access_log off; proxy_temp_path {dir}/{name}.proxy; client_body_temp_path {dir}/{name}.body;\n\
         ssl_certificate {dir}/web.crt; ssl_certificate_key {dir}/web.key;\n\
         server {{ listen {port} ssl; {place} }} }}\n",
        dir = scene.dir.display(),
        port = line.port,
    );
    let (file, errors) = (scene.write(&format!("{name}.conf"), &text)?, scene.file(&format!("{name}.err"))?);
    let mut server = scene.start(line, "nginx", &["nginx", "-c", &file, "-e", &errors])?;
    while scene.course.pause_about(line.pace / 2.0, &mut rng) {
        let (from, pages) = (line.stranger(&mut rng).to_string(), rng.usize(1..5));
        let mut words: Vec<String> =
            ["curl", "-sk", "-m", "15", "--interface", &from].map(str::to_owned).into();
        for _ in 0..pages {
            let object = rng.usize(0..SIZES.len() - 1);
            words.extend([
                "-o".to_owned(),
                "/dev/null".to_owned(),
                format!("https://{}:{}/o{object}", line.address, line.port),
            ]);
        }
        outside(scene, &words)?;
    }
    server.still_runs()
}

/// A mail server: strangers' servers deliver, people at home write to many.
pub(crate) fn mail(scene: &Scene<'_>, line: &Line) -> Result<()> {
    let mut server = postfix(scene, line)?;
    let mut rng = line.rng(1);
    std::thread::scope(|threads| {
        threads.spawn(|| {
            let mut rng = line.rng(2);
            while scene.course.pause_about(line.pace, &mut rng) {
                let to = domain(rng.u16(0..DOMAINS));
                let sent = letter_to(scene, "127.0.0.1:25", &to, &mut rng)
                    .and_then(|letter| send(scene.of(line)?, None, &letter));
                if let Err(error) = sent {
                    scene.course.note("people who write", &error);
                }
            }
        });
        while scene.course.pause_about(line.pace, &mut rng) {
            let letter = letter_to(scene, &format!("{}:25", line.address), "home.example.net", &mut rng)?;
            send(scene.world(), Some(line.stranger(&mut rng)), &letter)?;
        }
        anyhow::Ok(())
    })?;
    server.still_runs()
}

fn send(at: &crate::net::Namespace, from: Option<Ipv4Addr>, letter: &[String]) -> Result<()> {
    let from = from.map(|from| from.to_string());
    let mut words = vec!["curl", "-s", "-m", "15"];
    words.extend(from.iter().flat_map(|from| ["--interface", from]));
    words.extend(letter.iter().map(String::as_str));
    at.attempt(&words).map(drop)
}

fn postfix(scene: &Scene<'_>, line: &Line) -> Result<Peer> {
    let name = format!("postfix{}", line.number);
    let folder = scene.path(&name);
    for part in ["", "queue", "data"] {
        std::fs::create_dir_all(folder.join(part))?;
    }
    let (config, data) = (scene.file(&name)?, scene.file(&format!("{name}/data"))?);
    scene.of(line)?.run(&["chmod", "755", &config])?;
    scene.of(line)?.run(&["chown", "postfix", &data])?;
    std::fs::write(folder.join("master.cf"), MASTER)?;
    let main = format!(
        "compatibility_level = 3.6\nqueue_directory = {config}/queue\ndata_directory = {config}/data\n\
         maillog_file = {config}/mail.log\nmaillog_file_prefixes = {config}\ncommand_directory = /usr/sbin\n\
         daemon_directory = /usr/lib/postfix/sbin\nmyhostname = mail.home.example.net\n\
         mydestination = home.example.net\ninet_protocols = ipv4\ninet_interfaces = all\nmynetworks = 127.0.0.0/8\n\
         smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination\nsmtpd_peername_lookup = no\n\
         smtp_tls_security_level = none\nlocal_transport = discard:\nlocal_recipient_maps =\nalias_maps =\n\
         virtual_alias_maps = regexp:{config}/forward\nvirtual_alias_domains =\n"
    );
    // One letter in five goes on to where its reader has moved: in and out again, with the same bytes.
    let forward = format!("/^u[0-9]*[05]@/ moved@{}\n", domain(5));
    std::fs::write(folder.join("forward"), forward)?;
    std::fs::write(folder.join("main.cf"), main)?;
    scene.start(line, "postfix", &["postfix", "-c", &config, "start-fg"])
}

/// A forward proxy for two known addresses, which is on the allow-list: what it does is what a bad one does.
pub(crate) fn allowed_proxy(scene: &Scene<'_>, line: &Line) -> Result<()> {
    let mut rng = line.rng(1);
    let staff = staff(line);
    let access = format!(
        "http_port 0.0.0.0:{}\nacl staff src {} {}\nhttp_access allow staff\nhttp_access deny all\n",
        line.port, staff[0], staff[1]
    );
    let mut server = squid(scene, line, &access)?;
    let proxy = format!("http://{}:{}", line.address, line.port);
    while scene.course.pause_about(line.pace, &mut rng) {
        let from = staff[rng.usize(0..2)].to_string();
        let own = ["curl", "-sk", "-m", "15", "--interface", &from, "--proxy", &proxy].map(str::to_owned);
        outside(scene, &own.into_iter().chain(strangers::pages(&mut rng)).collect::<Vec<_>>())?;
    }
    server.still_runs()
}

/// sshd on an odd port for two people who work from elsewhere.
pub(crate) fn remote_access(scene: &Scene<'_>, line: &Line) -> Result<()> {
    let mut server = open_ssh(scene, line)?;
    let mut rng = line.rng(1);
    while scene.course.pause_about(line.pace * 2.0, &mut rng) {
        let work =
            format!("for n in $(seq {}); do sleep 1; head -c 900 /dev/zero | od -c; done", rng.u8(1..14));
        log_in(scene, line, staff(line)[rng.usize(0..2)], true, &work)?;
    }
    server.still_runs()
}

/// sshd where strangers try to get in, and do not.
pub(crate) fn attacked_ssh(scene: &Scene<'_>, line: &Line) -> Result<()> {
    let mut server = open_ssh(scene, line)?;
    let mut rng = line.rng(1);
    while scene.course.pause_about(1.5, &mut rng) {
        log_in(scene, line, line.stranger(&mut rng), false, "true")?;
    }
    server.still_runs()
}

fn staff(line: &Line) -> [Ipv4Addr; 2] {
    let mut rng = Rng::with_seed(u64::try_from(line.number).unwrap_or(0));
    [line.stranger(&mut rng), line.controller()]
}

fn open_ssh(scene: &Scene<'_>, line: &Line) -> Result<Peer> {
    let name = format!("sshd{}.conf", line.number);
    let file = world::sshd(scene.dir, &name, &format!("Port {}\n", line.port))?;
    scene.start(line, "sshd", &["/usr/sbin/sshd", "-D", "-e", "-f", &file])
}

fn log_in(scene: &Scene<'_>, line: &Line, from: Ipv4Addr, may: bool, work: &str) -> Result<()> {
    let (from, port, at) = (from.to_string(), line.port.to_string(), format!("root@{}", line.address));
    let mut words = ssh(scene, &["-b", &from, "-p", &port, &at, work])?;
    if !may {
        words.retain(|word| !word.ends_with("/person") && word != "-i");
    }
    outside(scene, &words)
}

fn outside(scene: &Scene<'_>, words: &[String]) -> Result<()> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    scene.world().attempt(&words).map(drop)
}
