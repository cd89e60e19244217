//! Files in the tree that are made from declarations in the code.

use anyhow::{Context, Result, bail};

use crate::shell::{build, built, output, program, root};

/// Each generated file and the command of ours that prints it.
const FILES: [(&str, &[&str]); 6] = [
    ("pkg/nightdesk.toml", &["config", "default"]),
    ("doc/nightdesk.1", &["man"]),
    ("doc/openapi.json", &["openapi"]),
    ("pkg/completions/nightdesk.bash", &["completions", "bash"]),
    ("pkg/completions/nightdesk.fish", &["completions", "fish"]),
    ("pkg/completions/_nightdesk", &["completions", "zsh"]),
];

/// Writes every file, or with `check` says which differ.
pub(crate) fn run(check: bool) -> Result<()> {
    build()?;
    let nightdesk = built("nightdesk")?.display().to_string();
    let mut stale = Vec::new();
    for (file, arguments) in FILES {
        let text = output(program(&nightdesk).args(arguments))?;
        let path = root().join(file);
        if check {
            if std::fs::read_to_string(&path).unwrap_or_default() != text {
                stale.push(file);
            }
        } else {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            std::fs::write(&path, text).with_context(|| format!("cannot write {file}"))?;
            println!("wrote {file}");
        }
    }
    if !stale.is_empty() {
        bail!("out of date: {}; run cargo xtask gen", stale.join(", "));
    }
    Ok(())
}
