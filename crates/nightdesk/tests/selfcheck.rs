//! The self-check as its operator sees it: a relay that loses mail is told of once, also over a restart, and so is the end
//! of it.

#![expect(clippy::expect_used, reason = "a test that cannot go on says what it wanted")]

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

/// A mail relay that takes everything and delivers nothing.
fn black_hole() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        // A client that goes away ends its own session only.
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || swallow(stream).ok());
        }
    });
    port
}

fn swallow(stream: TcpStream) -> std::io::Result<()> {
    let mut say = stream.try_clone()?;
    say.write_all(b"220 hole\r\n")?;
    let mut in_message = false;
    for line in BufReader::new(stream).lines() {
        let line = line?;
        if in_message {
            in_message = line != ".";
            if in_message {
                continue;
            }
        }
        in_message = line == "DATA";
        say.write_all(if in_message { b"354 go on\r\n" } else { b"250 fine\r\n" })?;
    }
    Ok(())
}

struct Desk {
    dir: PathBuf,
    smtp: u16,
    web: u16,
}

impl Desk {
    fn configure(&self, relay: u16) -> PathBuf {
        let path = self.dir.join("nightdesk.toml");
        let (dir, smtp, web) = (self.dir.display(), self.smtp, self.web);
        let text = format!(
            "home = [\"203.0.113.0/24\"]\ndata_dir = \"{dir}/data\"\n\
             [intake]\nrecipients = [\"abuse@example.net\"]\nsmtp = \"127.0.0.1:{smtp}\"\n\
             [probe]\nlanding = [\"127.0.0.1:{}\"]\n[web]\nlisten = \"127.0.0.1:{web}\"\n\
             [mail]\nrelay = \"127.0.0.1\"\nport = {relay}\nfrom = \"abuse@example.net\"\n\
             [selfcheck]\naddresses = [\"abuse@example.net\"]\nevery = \"2s\"\nlimit = \"2s\"\n\
             alarm_command = [\"tee\", \"-a\", \"{dir}/alarms\"]\n",
            free_port()
        );
        std::fs::write(&path, text).expect("a configuration");
        path
    }

    fn alarms(&self) -> String {
        std::fs::read_to_string(self.dir.join("alarms")).unwrap_or_default()
    }
}

fn nightdesk(config: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nightdesk"));
    command.arg("--config").arg(config).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

/// A running desk, ended when dropped.
struct Serve(Child);

impl Serve {
    fn start(config: &Path) -> Serve {
        Serve(nightdesk(config).arg("serve").stdout(Stdio::null()).spawn().expect("a desk"))
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        self.0.kill().expect("a running desk");
        self.0.wait().expect("its end");
    }
}

/// The exit status and the only line of `selfcheck --json`.
fn ask(config: &Path) -> (Option<i32>, serde_json::Value) {
    let output = nightdesk(config).args(["selfcheck", "--json"]).output().expect("an answer");
    let line = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.code(), serde_json::from_str(&line).unwrap_or_default())
}

fn until(what: &str, holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "never came true: {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn lost_mail_is_told_once_and_so_is_the_end_of_it() {
    let dir = tempfile::tempdir().expect("a folder");
    let desk = Desk { dir: dir.path().to_owned(), smtp: free_port(), web: free_port() };
    let config = desk.configure(desk.smtp);
    assert_eq!(ask(&config).0, Some(1), "what was never checked is not known to work");
    let serve = Serve::start(&config);
    until("our own mail came back", || ask(&config).0 == Some(0));
    let (_, answer) = ask(&config);
    assert_eq!(
        (answer["subject"].as_str(), &answer["works"]),
        (Some("mail abuse@example.net"), &true.into())
    );
    assert!(answer["note"].as_str().expect("a note").contains("came back by smtp"), "{answer}");
    let cases = nightdesk(&config).args(["case", "list", "--json"]).output().expect("a list");
    assert!(cases.stdout.is_empty(), "our own mail is no report");
    drop(serve);

    let config = desk.configure(black_hole());
    let serve = Serve::start(&config);
    until("the outage is told", || desk.alarms().contains("does not work"));
    assert_eq!(ask(&config).0, Some(1));
    drop(serve);
    let serve = Serve::start(&config);
    let during = |what: &str| desk.alarms().matches(what).count();
    // A restart within the outage: two more mails get lost, and nobody is told again.
    until("the desk goes on checking", || sent(&desk) >= 3);
    assert_eq!((during("does not work"), during("works again since")), (1, 0), "{}", desk.alarms());
    drop(serve);

    let config = desk.configure(desk.smtp);
    let _serve = Serve::start(&config);
    until("its end is told", || desk.alarms().contains("works again since"));
    until("the command says so", || ask(&config).0 == Some(0));
    assert_eq!((during("does not work"), during("works again since")), (1, 1), "{}", desk.alarms());
}

/// How many self-checks have been lost so far.
fn sent(desk: &Desk) -> usize {
    let url = format!("sqlite://{}", desk.dir.join("data/nightdesk.db").display());
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let store = store::Store::open(&url).await.expect("the store");
        let checks = store.self_checks("abuse@example.net", 50).await.expect("the checks");
        checks.iter().take_while(|check| check.returned.is_none()).count()
    })
}
