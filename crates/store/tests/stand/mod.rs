//! Fresh databases to test on: an SQLite file, or one database of a PostgreSQL server started for the purpose.

use std::io;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use sqlx::{Connection, Executor, PgConnection, SqliteConnection};
use store::Store;
use tempfile::TempDir;

/// One database, fresh and empty, and ways round the store to it.
pub(crate) struct Stand {
    pub(crate) url: String,
    /// A folder of this stand's own.
    pub(crate) dir: TempDir,
    server: Option<&'static str>,
}

impl Stand {
    /// On a new SQLite file.
    pub(crate) fn sqlite() -> Stand {
        let dir = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite://{}", dir.path().join("nightdesk.db").display());
        Stand { url, dir, server: None }
    }

    /// On a new database of the PostgreSQL server at `server` (an URL of its maintenance database).
    pub(crate) async fn postgres(server: &'static str) -> Stand {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("nightdesk_test_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::SeqCst));
        let mut admin = PgConnection::connect(server).await.expect("the server answers");
        admin.execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.expect("a new database");
        MADE.lock().expect("no poison").push(name.clone());
        let (place, options) = server.split_once('?').unwrap_or((server, ""));
        let (place, _) = place.rsplit_once('/').expect("an URL with a database");
        let dir = tempfile::tempdir().expect("a folder");
        Stand { url: format!("{place}/{name}?{options}"), dir, server: Some(server) }
    }

    /// A second stand of the same kind.
    pub(crate) async fn another(&self) -> Stand {
        match self.server {
            None => Stand::sqlite(),
            Some(server) => Stand::postgres(server).await,
        }
    }

    pub(crate) async fn open(&self) -> Store {
        Store::open(&self.url).await.expect("the store opens")
    }

    pub(crate) fn is_postgres(&self) -> bool {
        self.server.is_some()
    }

    /// Runs SQL past the store, with foreign keys out of force on SQLite.
    pub(crate) async fn raw(&self, sql: &str) -> Result<u64, sqlx::Error> {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        if self.is_postgres() {
            let mut connection = PgConnection::connect(&self.url).await?;
            let done = connection.execute(sql).await?.rows_affected();
            connection.close().await?;
            Ok(done)
        } else {
            let mut connection = SqliteConnection::connect(&self.url).await?;
            connection.execute("PRAGMA foreign_keys = OFF").await?;
            let done = connection.execute(sql).await?.rows_affected();
            connection.close().await?;
            Ok(done)
        }
    }

    /// Takes away what guards the log, as somebody with the database's password could.
    pub(crate) async fn disarm(&self) {
        let statements: &[&str] = if self.is_postgres() {
            &[
                "DROP TRIGGER log_only_grows ON log",
                "DROP TRIGGER blobs_only_grow ON blobs",
                "ALTER TABLE readings DROP CONSTRAINT readings_evidence_fkey",
                "ALTER TABLE log DROP CONSTRAINT log_id_fkey",
            ]
        } else {
            &[
                "DROP TRIGGER log_is_never_changed",
                "DROP TRIGGER log_is_never_cut",
                "DROP TRIGGER blobs_are_never_changed",
                "DROP TRIGGER blobs_are_never_cut",
            ]
        };
        for statement in statements {
            self.raw(statement).await.expect("the guard goes");
        }
    }
}

/// A PostgreSQL server for the time of a test; ended by its process id.
pub(crate) struct Server {
    pub(crate) url: &'static str,
    _data: Option<(TempDir, Child)>,
}

impl Server {
    /// The server named by `NIGHTDESK_TEST_POSTGRES`, or one started from Debian's package. `None` when there is none
    /// and none is required.
    pub(crate) fn start() -> Option<Server> {
        if let Ok(url) = std::env::var("NIGHTDESK_TEST_POSTGRES") {
            return Some(Server { url: url.leak(), _data: None });
        }
        let Some(programs) = programs() else {
            let required = ["CI", "NIGHTDESK_REQUIRE_POSTGRES"]
                .iter()
                .any(|name| std::env::var(name).is_ok_and(|value| value == "true" || value == "1"));
            assert!(!required, "PostgreSQL is required and not installed: apt-get install postgresql");
            eprintln!("SKIPPED on PostgreSQL: it is not installed (apt-get install postgresql)");
            return None;
        };
        Some(start(&programs).expect("PostgreSQL starts"))
    }
}

/// The databases made on a server.
static MADE: Mutex<Vec<String>> = Mutex::new(Vec::new());

impl Server {
    /// Drops what was made on it; a server of somebody else's is left as it was found.
    pub(crate) async fn tidy(&self) {
        let made = std::mem::take(&mut *MADE.lock().expect("no poison"));
        let mut admin = PgConnection::connect(self.url).await.expect("the server answers");
        for name in made {
            let sql = sqlx::AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"));
            admin.execute(sql).await.expect("drops the database");
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let Some((data, child)) = &mut self._data else { return };
        // The first line of postmaster.pid is the server's own process id; our child may only be its runuser.
        let pid = std::fs::read_to_string(data.path().join("data/postmaster.pid")).unwrap_or_default();
        if let Some(pid) = pid.lines().next() {
            // SIGINT is PostgreSQL's fast shutdown.
            if let Err(error) = Command::new("kill").args(["-INT", pid]).status() {
                eprintln!("PostgreSQL (process {pid}) was left running: {error}");
                return;
            }
        }
        if let Err(error) = child.wait() {
            eprintln!("PostgreSQL did not end: {error}");
        }
    }
}

/// The folder of the newest PostgreSQL's programs, where Debian puts them.
fn programs() -> Option<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(_, programs)| programs.join("initdb").is_file())
        .collect();
    versions.sort();
    versions.pop().map(|(_, programs)| programs)
}

fn start(programs: &Path) -> io::Result<Server> {
    let dir = tempfile::tempdir()?;
    std::fs::set_permissions(dir.path(), PermissionsExt::from_mode(0o755))?;
    if let Some((user, group)) = other_user()? {
        chown(dir.path(), Some(user), Some(group))?;
    }
    let data = dir.path().join("data");
    let made = as_server(&programs.join("initdb"))?
        .args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "--no-sync", "-D"])
        .arg(&data)
        .stdout(Stdio::null())
        .status()?;
    assert!(made.success(), "initdb failed");
    let child = as_server(&programs.join("postgres"))?
        .arg("-D")
        .arg(&data)
        .arg("-k")
        .arg(dir.path())
        .args(["-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=200"])
        .stderr(Stdio::null())
        .spawn()?;
    wait_for(programs, dir.path());
    let url = format!("postgres://postgres@localhost/postgres?host={}", dir.path().display());
    Ok(Server { url: url.leak(), _data: Some((dir, child)) })
}

/// PostgreSQL refuses to run as root; Debian's package brings a user for it.
fn as_server(program: &Path) -> io::Result<Command> {
    if other_user()?.is_none() {
        return Ok(Command::new(program));
    }
    let mut command = Command::new("runuser");
    command.args(["-u", "postgres", "--"]).arg(program).current_dir("/");
    Ok(command)
}

fn other_user() -> io::Result<Option<(u32, u32)>> {
    let number = |arguments: &[&str]| -> io::Result<u32> {
        let said = Command::new("id").args(arguments).output()?.stdout;
        String::from_utf8_lossy(&said).trim().parse().map_err(io::Error::other)
    };
    if number(&["-u"])? != 0 {
        return Ok(None);
    }
    Ok(Some((number(&["-u", "postgres"])?, number(&["-g", "postgres"])?)))
}

/// Until it takes connections; it makes its socket earlier than that.
fn wait_for(programs: &Path, folder: &Path) {
    let begun = Instant::now();
    let ready = || {
        let mut asked = Command::new(programs.join("pg_isready"));
        asked.arg("-q").arg("-h").arg(folder).status().is_ok_and(|status| status.success())
    };
    while !ready() {
        assert!(begun.elapsed() < Duration::from_secs(60), "PostgreSQL did not start within a minute");
        std::thread::sleep(Duration::from_millis(20));
    }
}
