use super::*;

const SIX: &str = r#"
home = ["203.0.113.0/24"]

[intake]
recipients = ["abuse@example.net"]
smtp = "0.0.0.0:25"

[probe]
landing = ["198.51.100.10:8080"]

[edge]
outlet = "nftables"

[mail]
from = "Abuse desk <abuse@example.net>"
"#;

fn refusal(text: &str) -> String {
    format!("{:#}", parse(text, "nightdesk.toml").expect_err("this configuration must be refused"))
}

#[test]
fn six_settings_are_enough() {
    let config = parse(SIX, "nightdesk.toml").expect("a working configuration");
    assert_eq!(config.edge.outlet, EdgeOutlet::Nftables);
    assert_eq!(config.playbook, Playbook::default());
}

#[test]
fn an_unknown_key_names_its_line_and_the_nearest_key() {
    let text = SIX.replace("landing", "landng");
    assert_eq!(
        refusal(&text),
        "nightdesk.toml:9: there is no setting probe.landng; did you mean probe.landing?"
    );
    assert!(refusal("hoem = []").contains("did you mean home?"));
    assert!(refusal("[edgee]\noutlet = \"nftables\"").contains("there is no setting edgee"));
}

#[test]
fn a_missing_home_or_a_default_route_is_refused() {
    assert!(refusal("").contains("no home prefix"));
    assert!(refusal(&SIX.replace("203.0.113.0/24", "0.0.0.0/0")).contains("too wide"));
}

#[test]
fn a_value_of_the_wrong_shape_names_its_key() {
    assert!(refusal(&SIX.replace("0.0.0.0:25", "port 25")).contains("intake.smtp"));
    assert!(refusal(&format!("{SIX}\n[playbook]\nblock_for = \"soon\"")).contains("playbook.block_for"));
    assert!(
        refusal(&format!("{SIX}\n[playbook]\nblock_for = \"30d\"")).contains("longer than the edge allows")
    );
}

#[test]
fn the_complete_default_is_what_the_defaults_are() {
    let uncommented: String = complete_default()
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(rest)
                if rest
                    .split_once(" = ")
                    .is_some_and(|(key, _)| key.chars().all(|c| c.is_ascii_lowercase() || c == '_')) =>
            {
                rest
            }
            _ => line,
        })
        .fold(String::new(), |text, line| text + line + "\n");
    let read: Config = toml::from_str(&uncommented).expect("the default file is TOML");
    assert_eq!(read, Config::default());
}

const MAILBOX: &str = r#"
[[mailbox]]
host = "mail.example.net"
user = "spamcop"
password_file = "/etc/nightdesk/spamcop.password"
role = "trusted"
done = "Archive"
"#;

#[test]
fn mailboxes_maildirs_and_folders_stand_as_often_as_needed() {
    let text = format!(
        "{SIX}{MAILBOX}[[maildir]]\ndir = \"/a\"\n[[maildir]]\ndir = \"/b\"\nrole = \"noc\"\n[[folder]]\ndir = \"/feeds\"\n"
    );
    let config = parse(&text, "nightdesk.toml").expect("a working configuration");
    let mailbox = config.mailbox.first().expect("a mailbox");
    assert_eq!((mailbox.role.tags(), mailbox.done.as_deref()), (vec!["trusted".to_owned()], Some("Archive")));
    let roles: Vec<Vec<String>> = config.maildir.iter().map(|one| one.role.tags()).collect();
    assert_eq!(roles, [vec![], vec!["noc".to_owned()]]);
    assert_eq!(config.folder.len(), 1);
}

#[test]
fn a_mailbox_that_cannot_work_says_what_it_lacks() {
    let refused = |from: &str, to: &str| refusal(&format!("{SIX}{}", MAILBOX.replace(from, to)));
    assert!(refused("host = ", "hots = ").contains("did you mean mailbox.host?"));
    assert!(refused("[[mailbox]]", "[mailbox]").contains("write [[mailbox]]"));
    assert!(refused("role = \"trusted\"", "role = \"friend\"").contains("mailbox"));
    assert!(refused("user = \"spamcop\"", "").contains("user is missing"));
    assert!(refused("password_file", "password_env = \"X\"\npassword_file").contains("exactly one of"));
    assert!(refused("Archive", "INBOX").contains("done is the folder"));
    assert!(refusal(&format!("{SIX}{MAILBOX}{MAILBOX}")).contains("two mailboxes"));
    let plain = format!(
        "{SIX}{}",
        MAILBOX.replace("password_file", "oauth_endpoint = \"http://x/\"\noauth_refresh_token_file")
    );
    assert!(refusal(&plain).contains("https"));
    assert!(
        refusal(&SIX.replace("abuse@example.net\"]", "abuse@example.net two words\"]"))
            .contains("intake.recipients")
    );
}

#[test]
fn what_the_world_is_told_of_us_can_only_be_checked_by_asking_somebody() {
    let with = |more: &str| format!("{SIX}\n{more}\n");
    assert!(refusal(&with("[selfcheck]\nrdap = true")).contains("selfcheck.rdap needs lookup.rdap"));
    assert!(refusal(&with("[selfcheck]\nmx = true")).contains("selfcheck.mx needs selfcheck.addresses"));
    let list = |zone: &str| with(&format!("[standing]\nlists = [{{ zone = \"{zone}\" }}]"));
    assert!(refusal(&list("bl example")).contains("is no domain"));
    assert!(refusal(&list("localhost")).contains("is no domain"));
    assert!(refusal(&with("[standing]\nper_second = 0")).contains("between 1 and 100"));
    let twice = "[standing]\nlists = [{ zone = \"a.example\" }, { zone = \"A.example\" }]";
    assert!(refusal(&with(twice)).contains("named twice"));
    for base in
        ["rdap.example.net", "ftp://rdap.example.net", "https://", "https:///ip", "https://a.example/?q"]
    {
        assert!(refusal(&with(&format!("[lookup]\nrdap = \"{base}\""))).contains("lookup.rdap"), "{base}");
    }
    let whole = with("[lookup]\nrdap = \"https://rdap.example.net/v1\"\n[selfcheck]\nrdap = true");
    parse(&whole, "nightdesk.toml").expect("a prefix can be checked without any mail");
}

#[test]
fn an_outlet_that_nothing_could_verify_is_refused() {
    let bgp = "[[bgp]]\ngobgp = \"http://127.0.0.1:50051\"\nmark = \"64500:6667\"\nbirdc = [\"birdc\"]\nlive = true\n";
    let zone = "[[zone]]\nzone = \"bl.example.net\"\nfile = \"/var/lib/bl\"\nserver = \"127.0.0.1:53\"\n";
    let with = |tables: &str| format!("{SIX}\n{tables}");
    parse(&with(&format!("{bgp}{zone}[playbook]\noutlets = [\"flowspec\"]\n")), "nightdesk.toml")
        .expect("a working configuration");
    for (wrong, says) in [
        (bgp.replace("birdc = [\"birdc\"]\n", ""), "birdc or vtysh is missing"),
        (bgp.replace("64500:6667", "6667"), "mark"),
        (bgp.replace("64500:6667", "0:6667"), "mark"),
        (bgp.replace("gobgp", "gobpg"), "did you mean bgp.gobgp?"),
        (bgp.replace("live = true", "exabgp = \"/run/exabgp/exabgp\""), "one of gobgp and exabgp"),
        (format!("{bgp}{bgp}"), "two outlets are called \"flowspec\""),
        (zone.replace("server = \"127.0.0.1:53\"\n", ""), "server is missing"),
        (zone.replace("bl.example.net", "bl example"), "no domain name"),
        (format!("{zone}kind = \"rpz\"\n"), "garden is empty"),
        (format!("{zone}[playbook]\noutlets = [\"core\"]\n"), "there is no outlet \"core\""),
        ("[[access_server]]\nserver = \"127.0.0.1:3799\"\nusual = \"x\"\n".to_owned(), "secret_file"),
        ("[[router]]\nname = \"a/b\"\ndir = \"/tmp\"\n".to_owned(), "other letters"),
    ] {
        let said = refusal(&with(&wrong));
        assert!(said.contains(says), "{wrong}: {said}");
    }
}

#[test]
fn flows_want_to_know_whose_datagrams_are_read() {
    let with = |flows: &str| format!("{SIX}\n[flows]\n{flows}\n");
    let config = parse(
        &with(
            "listen = [\"0.0.0.0:2055\"]\nexporters = [\"192.0.2.1\", \"198.51.100.0/28\"]\n\
             sampling = [{ exporter = \"192.0.2.1\", rate = 1000 }]\nallowed = [\"203.0.113.10:3128\"]",
        ),
        "nightdesk.toml",
    )
    .expect("a working configuration");
    assert_eq!(config.flows.exporters[0].to_string(), "192.0.2.1");
    assert!(config.allowed().expect("a list")[0].covers([203, 0, 113, 10].into(), Some(3128)));
    for (wrong, says) in [
        ("listen = [\"0.0.0.0:2055\"]", "flows.exporters is empty"),
        ("exporters = [\"192.0.2.1\"]", "flows.listen is empty"),
        ("listen = [\"0.0.0.0:2055\"]\nexporters = [\"0.0.0.0/0\"]", "is everybody"),
        ("listen = [\"0.0.0.0:2055\"]\nexporters = [\"router\"]", "neither an address nor a prefix"),
        ("allowed = [\"proxy.example.net:3128\"]", "flows.allowed"),
        (
            "listen = [\"0.0.0.0:2055\"]\nexporters = [\"192.0.2.1\"]\n\
             sampling = [{ exporter = \"192.0.2.2\", rate = 10 }]",
            "is not one of flows.exporters",
        ),
        ("listen = [\"203.0.113.5:2055\"]\nexporters = [\"192.0.2.1\"]", "add 203.0.113.5/32 to never_touch"),
    ] {
        let said = refusal(&with(wrong));
        assert!(said.contains(says), "{wrong}: {said}");
    }
}
