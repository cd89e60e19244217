//! The commands as an operator and a script use them: set up from nothing, ask, back up, restore.
#![expect(clippy::expect_used, reason = "a test that cannot go on says what it wanted")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// A house made by `init` with its six answers as options.
struct House {
    dir: TempDir,
    config: PathBuf,
}

impl House {
    fn new() -> House {
        let dir = TempDir::new().expect("a folder");
        let config = dir.path().join("nightdesk.toml");
        let house = House { dir, config };
        let data = house.path("data");
        let made = house.run(&[
            "init",
            "--home",
            "127.66.2.0/24",
            "--recipient",
            "abuse@example.net",
            "--smtp",
            "127.0.0.1:0",
            "--landing",
            "127.0.0.1:0",
            "--outlet",
            "dry-run",
            "--from",
            "Abuse desk <abuse@example.net>",
            "--data-dir",
            &data,
        ]);
        assert!(made.status.success(), "{made:?}");
        assert!(text(&made).contains("it is shown once"), "the first password must be told: {made:?}");
        house
    }

    fn path(&self, name: &str) -> String {
        self.dir.path().join(name).display().to_string()
    }

    fn file(&self, name: &str, text: &str) -> String {
        std::fs::write(self.dir.path().join(name), text).expect("a file");
        self.path(name)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        run(&self.config, arguments)
    }

    /// Runs and reads one JSON object a line.
    fn json(&self, arguments: &[&str]) -> (i32, Vec<Value>) {
        let output = self.run(arguments);
        let objects = text(&output)
            .lines()
            .map(|line| serde_json::from_str(line).expect("one JSON object a line"))
            .collect();
        (output.status.code().expect("an exit code"), objects)
    }
}

fn run(config: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nightdesk"));
    command
        .env("NIGHTDESK_LOG", "error")
        .env_remove("NIGHTDESK_PASSWORD")
        .arg("--config")
        .arg(config)
        .args(arguments);
    command.output().expect("nightdesk runs")
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn complaint(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

#[test]
fn whose_an_address_was_is_answered_after_an_import_and_the_bad_row_is_named() {
    let house = House::new();
    let leases = house.file(
        "leases.csv",
        "subscriber,address,from,to\nline-7,127.66.2.7,2026-01-01T00:00:00Z,2026-02-01T00:00:00Z\n\
         line-8,127.66.2.7,2026-02-01T00:00:00Z,\nline-9,not-an-address,2026-01-01T00:00:00Z,\n",
    );
    let import = house.run(&["lease", "import", &leases]);
    assert_eq!(import.status.code(), Some(1), "a file with a bad row is not a clean import");
    assert!(complaint(&import).contains("line 4"), "{}", complaint(&import));
    let again = house.json(&["lease", "import", &leases, "--json"]);
    assert_eq!(
        (&again.1[0]["new"], &again.1[0]["same"]),
        (&Value::from(0), &Value::from(2)),
        "importing again changes nothing"
    );

    let who = |at: &str| house.json(&["who", "127.66.2.7", "--at", at, "--json"]);
    let (code, answer) = who("2026-01-15T12:00:00Z");
    assert_eq!((code, answer[0]["attribution"]["subscriber"].as_str()), (0, Some("line-7")));
    let (code, answer) = who("2026-02-01T00:00:05Z");
    assert_eq!(
        (code, answer[0]["attribution"]["answer"].as_str()),
        (1, Some("several")),
        "within the clocks' doubt"
    );
    let (code, answer) = who("2025-06-01T00:00:00Z");
    assert_eq!((code, answer[0]["attribution"]["answer"].as_str()), (1, Some("nobody")));
    let foreign = house.json(&["who", "192.0.2.1", "--json"]);
    assert_eq!(foreign.1[0]["attribution"]["answer"], "foreign");
}

#[test]
fn an_address_that_is_not_ours_is_never_asked() {
    let house = House::new();
    let (code, answer) = house.json(&["check", "192.0.2.66:1080", "--json"]);
    assert_eq!(code, 1);
    assert_eq!(answer[0]["verdict"], "refused-by-policy");
    for key in ["address", "port", "verdict", "protocol", "transcript", "seconds"] {
        assert!(answer[0].get(key).is_some(), "{key} is promised: {}", answer[0]);
    }
}

#[test]
fn a_closed_port_is_closed_and_the_transcript_says_so() {
    let house = House::new();
    let (code, answer) = house.json(&["check", "127.66.2.66:9", "--json"]);
    assert_eq!((code, answer[0]["verdict"].as_str()), (1, Some("closed")), "{}", answer[0]);
    assert!(!answer[0]["transcript"].as_array().expect("a transcript").is_empty());
}

#[test]
fn parse_says_what_a_complaint_claims_and_only_of_home_when_asked() {
    let house = House::new();
    let mail = house.file(
        "mail.eml",
        "From: 7@reports.spamcop.net\nSubject: [SpamCop (203.0.113.7) id:7]x\nDate: Mon, 23 Nov 2026 03:00:00 +0000\n\n\
         [ SpamCop V4.9.0 ]\n\nEmail from 203.0.113.7 / Mon, 23 Nov 2026 02:14:07 +0000\n\
         203.0.113.7 is open proxy, see: http://www.spamcop.net/mky-proxies.html\n\n[ Offending message ]\nSubject: x\n",
    );
    let (code, read) = house.json(&["parse", "--json", &mail]);
    let claim = &read[0]["claims"][0];
    assert_eq!(code, 0);
    assert_eq!(
        (claim["address"].as_str(), claim["kind"].as_str()),
        (Some("203.0.113.7"), Some("open-proxy"))
    );
    assert_eq!(
        (claim["time"].as_str(), claim["time_basis"].as_str()),
        (Some("2026-11-23T02:14:07Z"), Some("stated"))
    );
    let (_, elsewhere) = house.json(&["parse", "--json", "--home", "198.51.100.0/24", &mail]);
    assert_eq!(elsewhere[0]["claims"], Value::Array(Vec::new()));
    let (code, some) = house.json(&["parse", "--json", "no-such-file", &mail]);
    assert_eq!((code, some.len()), (1, 1), "a missing file is named and the others are read");
}

#[test]
fn a_backup_restores_into_an_empty_house_and_a_damaged_one_does_not() {
    let house = House::new();
    let leases =
        house.file("leases.csv", "subscriber,address,from,to\nline-7,127.66.2.7,2026-01-01T00:00:00Z,\n");
    assert!(house.run(&["lease", "import", &leases]).status.success());
    let archive = house.path("night.backup");
    assert!(house.run(&["backup", &archive]).status.success());
    assert!(!house.run(&["backup", &archive]).status.success(), "a backup never writes over another");

    let restore_into = |name: &str, archive: &str| {
        let dir = house.dir.path().join(name);
        std::fs::create_dir(&dir).expect("a folder");
        let text = std::fs::read_to_string(&house.config).expect("the configuration");
        let moved = text.replace(&house.path("data"), &dir.display().to_string());
        let config = dir.join("nightdesk.toml");
        std::fs::write(&config, moved).expect("a file");
        (run(&config, &["restore", "--verify", archive]), config)
    };
    let (restored, config) = restore_into("second", &archive);
    assert!(restored.status.success(), "{}", complaint(&restored));
    assert!(text(&run(&config, &["who", "127.66.2.7"])).starts_with("line-7"));

    let mut bytes = std::fs::read(&archive).expect("the archive");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(house.dir.path().join("damaged.backup"), bytes).expect("a file");
    let (refused, _) = restore_into("third", &house.path("damaged.backup"));
    assert_eq!(refused.status.code(), Some(1), "one flipped bit must be noticed");
}

#[test]
fn misuse_is_2_and_a_missing_or_wrong_configuration_says_what_to_do() {
    let house = House::new();
    assert_eq!(house.run(&["who", "not-an-address"]).status.code(), Some(2));
    assert_eq!(house.run(&["who", "192.0.2.1", "--no-such-option"]).status.code(), Some(2));
    let missing = run(Path::new("/nonexistent/nightdesk.toml"), &["case", "list"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(complaint(&missing).contains("nightdesk init"), "{}", complaint(&missing));
    assert!(
        !house.run(&["init", "--home", "127.66.2.0/24"]).status.success(),
        "init never writes over a configuration"
    );
    let why = house.run(&["why", "127.66.2.7"]);
    assert_eq!(why.status.code(), Some(1));
    assert!(text(&why).contains("no case ever spoke of it"));
}

#[test]
fn a_file_of_quirks_that_cannot_be_used_is_named_by_the_check_and_stops_the_start() {
    let house = House::new();
    let quirks = house.file("quirks.toml", "[[quirk]]\nname = \"sentinel\"\nfrom = [\"sentinel.example\"]\n");
    let config = std::fs::read_to_string(&house.config).expect("the configuration");
    let told = config.replacen("[intake]\n", &format!("[intake]\nquirks = {quirks:?}\n"), 1);
    assert_ne!(told, config, "there is a section to put it in");
    std::fs::write(&house.config, told).expect("a file");
    let check = house.run(&["config", "check"]);
    assert!(check.status.success(), "{}", complaint(&check));

    house.file(
        "quirks.toml",
        "[[quirk]]\nname = \"sentinel\"\nfrom = [\"sentinel.example\"]\nkind = \"opne-proxy\"\n",
    );
    for command in [&["config", "check"][..], &["serve"]] {
        let refused = house.run(command);
        let said = complaint(&refused);
        assert_eq!(refused.status.code(), Some(1), "{command:?}: {said}");
        for part in ["intake.quirks", &quirks, "`sentinel`", "line 4", "no kind `opne-proxy`"] {
            assert!(said.contains(part), "{command:?} must name {part}: {said}");
        }
    }

    std::fs::remove_file(&quirks).expect("the file goes");
    let missing = house.run(&["config", "check"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(complaint(&missing).contains(&quirks), "{}", complaint(&missing));
}

/// Records of a firewall's neighbourhood: a scanner that one host answered, and what called it later.
const ZEEK: &str = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n\
#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\torig_bytes\tresp_bytes\tconn_state\tlocal_orig\tlocal_resp\tmissed_bytes\thistory\torig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\ttunnel_parents\n\
#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tinterval\tcount\tcount\tstring\tbool\tbool\tcount\tstring\tcount\tcount\tcount\tcount\tset[string]\n\
1795400047.0\tC1\t198.51.100.66\t41000\t127.66.2.20\t3128\ttcp\t-\t-\t-\t-\tS0\tF\tT\t0\tS\t1\t44\t0\t0\t-\n\
1795400048.5\tC2\t198.51.100.66\t41001\t127.66.2.21\t3128\ttcp\t-\t1.5\t300\t900\tSF\tF\tT\t0\tShADadFf\t6\t620\t5\t1160\t-\n";

#[test]
fn flows_are_imported_and_looked_back_at_in_every_form() {
    let house = House::new();
    let log = house.file("conn.log", ZEEK);
    let (code, imported) = house.json(&["lake", "import", &log, "--json"]);
    assert_eq!((code, imported[0]["rows"].as_u64()), (0, Some(2)), "{imported:?}");
    let question =
        ["exposure", "--scanner", "198.51.100.66", "--victim", "127.66.2.20", "--at", "2026-11-23T02:14:07Z"];
    let (code, hosts) = house.json(&[&question[..], &["--json"]].concat());
    let told: Vec<_> =
        hosts.iter().map(|host| (host["address"].as_str(), host["exposed"].as_str())).collect();
    assert_eq!(code, 0);
    assert_eq!(told, [(Some("127.66.2.20"), Some("touched")), (Some("127.66.2.21"), Some("answered"))]);
    let words = text(&house.run(&question));
    assert!(words.contains("came to 2 of the addresses in 127.66.2.0/24"), "{words}");
    assert!(
        words.contains("Next: nightdesk timeline 127.66.2.21") && words.contains("1 of the 3 hours"),
        "{words}"
    );
    let csv = text(&house.run(&[&question[..], &["--csv"]].concat()));
    assert!(csv.starts_with("address,exposed,first,ports,new_listeners\n127.66.2.20,touched,"), "{csv}");
    let nobody = house.run(&[
        "who-talks-to",
        "192.0.2.1",
        "--since",
        "2026-11-23T00:00:00Z",
        "--until",
        "2026-11-24T00:00:00Z",
    ]);
    assert_eq!(nobody.status.code(), Some(1), "nobody is a no: {nobody:?}");
    let day = [
        "timeline",
        "127.66.2.21",
        "--since",
        "2026-11-23T00:00:00Z",
        "--until",
        "2026-11-24T00:00:00Z",
        "--json",
    ];
    let (code, day) = house.json(&day);
    assert_eq!((code, day[0]["listeners"][0]["port"].as_u64()), (0, Some(3128)));
    let (code, rows) = house.json(&[
        "sql",
        "SELECT home, bytes_out FROM flows WHERE home_port = 3128 ORDER BY home",
        "--json",
    ]);
    assert_eq!(
        (code, rows[1]["home"].as_str(), rows[1]["bytes_out"].as_u64()),
        (0, Some("127.66.2.21"), Some(1160))
    );
    let hostile = house.run(&["sql", "COPY flows TO '/tmp/x.csv'"]);
    assert!(
        hostile.status.code() == Some(1) && complaint(&hostile).contains("cannot be asked so"),
        "{hostile:?}"
    );
}

#[test]
fn the_figures_of_a_new_house_are_none_in_every_form_and_a_wrong_time_is_said() {
    let house = House::new();
    let (code, whole) = house.json(&["numbers", "--json"]);
    assert_eq!((code, whole.len()), (1, 1), "no case is no answer, and still one object");
    assert_eq!(whole[0]["figures"]["cases"], 0);
    let csv = house.run(&["numbers", "clocks", "--from", "2026-11-01", "--to", "2026-11-02", "--csv"]);
    assert!(text(&csv).starts_with("clock,measures,ended,waiting,p50_seconds"), "{csv:?}");
    assert_eq!(text(&csv).lines().count(), 7, "six clocks and a header: {csv:?}");
    let (_, rows) = house.json(&["numbers", "histograms", "--json"]);
    assert_eq!(rows.len(), 6 * 12);
    let backwards = house.run(&["numbers", "--from", "2026-11-02", "--to", "2026-11-01T00:00:00Z"]);
    assert!(complaint(&backwards).contains("--from must lie before --to"), "{backwards:?}");
    for wrong in [["numbers", "nothing"], ["numbers", "--from=soon"]] {
        assert_eq!(house.run(&wrong).status.code(), Some(2), "{wrong:?}");
    }
}

#[test]
fn a_shift_is_handed_over_in_lines_and_a_webhook_that_cannot_be_one_stops_the_start() {
    let house = House::new();
    let said = text(&house.run(&["handover"]));
    for heading in ["\nNeeds somebody\n  nothing\n", "\nWhat happened\n", "\nWho is next\n"] {
        assert!(said.contains(heading), "{heading:?}: {said}");
    }
    assert!(!said.contains('\u{fffd}'), "{said}");
    assert!(house.run(&["handover", "--note", "all quiet", "--by", "ann"]).status.success());
    let (code, view) = house.json(&["handover", "--json"]);
    assert_eq!((code, view[0]["last"]["why"].as_str()), (0, Some("all quiet")));
    let misread = house.run(&["case", "list", "stgae:confirmed"]);
    assert_eq!(misread.status.code(), Some(2));
    assert!(complaint(&misread).contains("did you mean \"stage\"?"), "{}", complaint(&misread));

    let secret = house.file("secret", "hunter2\n");
    let hook = format!(
        "\n[[webhook]]\nname = \"tickets\"\nurl = \"https://tickets.example.net/in\"\nsecret_file = \"{secret}\"\n"
    );
    let config = std::fs::read_to_string(&house.config).expect("the configuration");
    std::fs::write(&house.config, config + &hook).expect("the configuration");
    let refused = house.run(&["handover"]);
    assert!(!refused.status.success() && complaint(&refused).contains("whsec_"), "{}", complaint(&refused));
}
