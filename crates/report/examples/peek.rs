fn main() {
    for f in std::env::args().skip(1) {
        let b = std::fs::read(&f).unwrap();
        let n = f.rsplit("__").next().unwrap().to_string();
        let r = report::read_as(&b, &report::Hint { name: Some(&n), content_type: None });
        let mut v: Vec<String> = r
            .claims
            .iter()
            .filter(|c| c.role.is_alleged())
            .map(|c| {
                format!(
                    "{}{} {} {} {:?}",
                    c.address,
                    c.port.map_or(String::new(), |p| format!(":{p}")),
                    c.kind.name(),
                    c.time.map_or("-".into(), |t| t.to_string()),
                    c.time_basis
                )
            })
            .collect();
        v.truncate(9);
        println!(
            "## {} {} {} n={} {:?}",
            f.rsplit('/').next().unwrap(),
            r.format.name(),
            r.is_report,
            r.claims.len(),
            r.doubts.iter().map(|d| d.text.chars().take(60).collect::<String>()).collect::<Vec<_>>()
        );
        for x in v {
            println!("     {x}");
        }
        if std::env::var("L").is_ok() {
            let t = String::from_utf8_lossy(&b);
            for l in t.lines().take(4) {
                println!("  | {}", l.chars().take(230).collect::<String>());
            }
        }
    }
}
