//! Real proxies, open to everybody, on a line.

use anyhow::Result;

use super::plan::Line;
use super::roles::Proxy;
use super::scene::Scene;
use super::strangers::Way;
use super::world;
use crate::peers::Peer;

/// A proxy that runs; `port` is where.
pub(crate) struct Open {
    /// The programs it is made of.
    pub(crate) peers: Vec<Peer>,
    /// How strangers go through it.
    pub(crate) way: Way,
}

/// Starts this kind of proxy on a line, for everybody who reaches `listen:port`.
pub(crate) fn open(scene: &Scene<'_>, line: &Line, kind: Proxy, listen: &str, port: u16) -> Result<Open> {
    let number = line.number;
    let http = |peer| Open { peers: vec![peer], way: Way::Http(line.address, port) };
    let socks = |peer| Open { peers: vec![peer], way: Way::Socks(line.address, port) };
    let (config, bind) = (format!("proxy{number}.conf"), port.to_string());
    match kind {
        Proxy::Tinyproxy => {
            let text = format!("Port {port}\nListen {listen}\nTimeout 60\nMaxClients 100\nLogLevel Error\n");
            let file = scene.write(&config, &text)?;
            scene.start(line, "tinyproxy", &["tinyproxy", "-d", "-c", &file]).map(http)
        }
        Proxy::Squid => {
            let access = format!("http_port {listen}:{port}\nhttp_access allow all\n");
            squid(scene, line, &access).map(http)
        }
        Proxy::Privoxy => {
            let text = format!(
                "confdir /etc/privoxy\nlogdir {}\nlisten-address {listen}:{port}\ntoggle 0\nenable-edit-actions 0\n",
                scene.dir.display()
            );
            let file = scene.write(&config, &text)?;
            scene.start(line, "privoxy", &["privoxy", "--no-daemon", &file]).map(http)
        }
        Proxy::Ncat => {
            let words = ["ncat", "-l", "-k", "-m", "100", "--proxy-type", "http", listen, &bind];
            scene.start(line, "ncat", &words).map(http)
        }
        Proxy::Microsocks => {
            scene.start(line, "microsocks", &["microsocks", "-i", listen, "-p", &bind]).map(socks)
        }
        Proxy::Dante => {
            let text = format!(
                "logoutput: stderr\ninternal: {listen} port = {port}\nexternal: l0\nclientmethod: none\n\
                 socksmethod: none\nuser.privileged: root\nuser.unprivileged: nobody\n\
                 client pass {{ from: 0/0 to: 0/0 }}\nsocks pass {{ from: 0/0 to: 0/0 }}\n"
            );
            let file = scene.write(&config, &text)?;
            let pid = scene.file(&format!("dante{number}.pid"))?;
            scene.start(line, "dante", &["danted", "-f", &file, "-p", &pid]).map(socks)
        }
        Proxy::SshDynamic => ssh_dynamic(scene, line, listen, port),
    }
}

/// squid with this access list and these listening ports.
pub(crate) fn squid(scene: &Scene<'_>, line: &Line, access: &str) -> Result<Peer> {
    let name = format!("squid{}", line.number);
    let folder = scene.path(&name);
    std::fs::create_dir_all(&folder)?;
    scene.of(line)?.run(&["chown", "proxy", &scene.file(&name)?])?;
    let folder = folder.display();
    let text = format!(
        "pid_filename {folder}/pid\ncache_log {folder}/cache.log\naccess_log none\ncache deny all\n\
         visible_hostname {name}.example.net\nnetdb_filename none\nshutdown_lifetime 0 seconds\npinger_enable off\n\
         {access}"
    );
    let file = scene.write(&format!("{name}.conf"), &text)?;
    scene.start(line, "squid", &["squid", "-N", "-n", &name, "-f", &file])
}

/// `ssh -D` to an sshd on the line's own loopback: a SOCKS proxy that needs no program a virus scanner would know.
fn ssh_dynamic(scene: &Scene<'_>, line: &Line, listen: &str, port: u16) -> Result<Open> {
    let file =
        world::sshd(scene.dir, &format!("sshd{}.conf", line.number), "ListenAddress 127.0.0.1:2200\n")?;
    let server = scene.start(line, "sshd", &["/usr/sbin/sshd", "-D", "-e", "-f", &file])?;
    crate::patience::until("sshd listens", std::time::Duration::from_secs(10), || {
        Ok(server.said().contains("Server listening").then_some(()))
    })?;
    let bind = format!("{listen}:{port}");
    let words = ssh(scene, &["-N", "-g", "-D", &bind, "-p", "2200", "root@127.0.0.1"])?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let client = scene.start(line, "ssh", &words)?;
    Ok(Open { peers: vec![client, server], way: Way::Socks(line.address, port) })
}

/// An ssh command that asks nobody anything.
pub(crate) fn ssh(scene: &Scene<'_>, words: &[&str]) -> Result<Vec<String>> {
    let key = scene.file("person")?;
    let own = [
        "ssh",
        "-F",
        "none",
        "-i",
        &key,
        "-o",
        "BatchMode=yes",
        "-o",
        "StrictHostKeyChecking=no",
        "-o",
        "UserKnownHostsFile=/dev/null",
        "-o",
        "ServerAliveInterval=20",
        "-o",
        "ExitOnForwardFailure=yes",
    ];
    Ok(own.iter().chain(words).map(|word| (*word).to_owned()).collect())
}
