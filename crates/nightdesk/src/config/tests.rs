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
