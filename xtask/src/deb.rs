//! The Debian package: what is in it, and whether it installs, works and goes again in a fresh Debian.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::shell::{built, cargo, exists, is_root, output, program, root, run, target};

/// The exposure that `systemd-analyze security` may say of the unit at most; it says 10 of one without any protection.
const EXPOSED: f32 = 2.0;
/// The Debian that the package is tried in.
const SUITE: &str = "bookworm";

/// Builds the package; with `debug` of the everyday build. With `check` it is tried as well.
pub(crate) fn make(debug: bool, check: bool) -> Result<()> {
    let binary = if debug {
        built("nightdesk")?
    } else {
        run(cargo().args(["build", "--release", "--locked", "-p", "nightdesk"]))?;
        target()?.join("release/nightdesk")
    };
    let package = assemble(&binary)?;
    println!("{}", package.display());
    if check {
        exposure()?;
        install(&package)?;
    }
    Ok(())
}

fn version() -> Result<String> {
    let text = fs::read_to_string(root().join("Cargo.toml"))?;
    let manifest: toml::Value = toml::from_str(&text)?;
    let version =
        manifest.get("workspace").and_then(|one| one.get("package")).and_then(|one| one.get("version"));
    version.and_then(toml::Value::as_str).map(str::to_owned).context("the workspace has no version")
}

/// What goes where, and with which rights. All of it is made by `cargo xtask gen` or written by hand below `pkg/`.
fn assemble(binary: &Path) -> Result<PathBuf> {
    let (version, architecture) = (version()?, output(Command::new("dpkg").arg("--print-architecture"))?);
    let architecture = architecture.trim();
    let folder = target()?.join("deb");
    let tree = folder.join("tree");
    if tree.exists() {
        fs::remove_dir_all(&tree)?;
    }
    let put = |from: &Path, to: &str, mode: u32| place(from, &tree.join(to), mode);
    put(binary, "usr/bin/nightdesk", 0o755)?;
    run(Command::new("strip").arg("--strip-unneeded").arg(tree.join("usr/bin/nightdesk")))?;
    let pkg = root().join("pkg");
    put(&pkg.join("nightdesk.service"), "lib/systemd/system/nightdesk.service", 0o644)?;
    put(&pkg.join("packet-filter.conf"), "usr/share/doc/nightdesk/packet-filter.conf", 0o644)?;
    put(&pkg.join("nightdesk.toml"), "usr/share/doc/nightdesk/nightdesk.toml", 0o644)?;
    for file in ["prometheus.yml", "nightdesk.rules.yml", "nightdesk-dashboard.json"] {
        put(&pkg.join("prometheus").join(file), &format!("usr/share/nightdesk/prometheus/{file}"), 0o644)?;
    }
    put(&pkg.join("deb/copyright"), "usr/share/doc/nightdesk/copyright", 0o644)?;
    for (from, to) in [
        ("nightdesk.bash", "bash-completion/completions/nightdesk"),
        ("nightdesk.fish", "fish/vendor_completions.d/nightdesk.fish"),
        ("_nightdesk", "zsh/vendor-completions/_nightdesk"),
    ] {
        put(&pkg.join("completions").join(from), &format!("usr/share/{to}"), 0o644)?;
    }
    put(&root().join("doc/nightdesk.1"), "usr/share/man/man1/nightdesk.1", 0o644)?;
    run(Command::new("gzip").args(["-9", "-n"]).arg(tree.join("usr/share/man/man1/nightdesk.1")))?;
    for script in ["postinst", "prerm", "postrm"] {
        put(&pkg.join("deb").join(script), &format!("DEBIAN/{script}"), 0o755)?;
    }
    fs::write(tree.join("DEBIAN/control"), control(&version, architecture, size(&tree)?))?;
    let package = folder.join(format!("nightdesk_{version}_{architecture}.deb"));
    run(Command::new("dpkg-deb").args(["--root-owner-group", "-Zxz", "--build"]).arg(&tree).arg(&package))?;
    Ok(package)
}

fn place(from: &Path, to: &Path, mode: u32) -> Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
    }
    fs::copy(from, to).with_context(|| format!("cannot take {}", from.display()))?;
    Ok(fs::set_permissions(to, fs::Permissions::from_mode(mode))?)
}

/// In KiB, as the control file has it.
fn size(tree: &Path) -> Result<u64> {
    let text = output(Command::new("du").args(["-sk"]).arg(tree))?;
    text.split_whitespace().next().and_then(|size| size.parse().ok()).context("du says no size")
}

fn control(version: &str, architecture: &str, size: u64) -> String {
    format!(
        "Package: nightdesk\nVersion: {version}\nArchitecture: {architecture}\nMaintainer: the authors of nightdesk <abuse@example.net>\n\
         Installed-Size: {size}\nDepends: libc6 (>= 2.36), libgcc-s1, adduser\nRecommends: ca-certificates, nftables\n\
         Suggests: postgresql, default-mta\nSection: net\nPriority: optional\n\
         Description: abuse desk that never sleeps\n \
         Reads abuse reports, flow records and scanner traps, finds open proxies and relays among one's own\n \
         subscribers, proves them, contains them narrowly and for a time, and tells those who should know.\n"
    )
}

/// What systemd says of the unit's protection.
fn exposure() -> Result<()> {
    let unit = root().join("pkg/nightdesk.service");
    let text =
        output(Command::new("systemd-analyze").args(["security", "--offline=true", "--no-pager"]).arg(unit))?;
    let last = text.lines().rfind(|line| line.contains("Overall exposure level")).unwrap_or_default();
    println!("{}", last.trim());
    let level = last.split(':').nth(1).and_then(|rest| rest.split_whitespace().next());
    let level: f32 = level.and_then(|level| level.parse().ok()).context("systemd-analyze says no level")?;
    ensure!(level <= EXPOSED, "the unit's exposure is {level}; at most {EXPOSED} is allowed");
    Ok(())
}

/// A fresh Debian in a folder, gone again at the end.
struct Debian(PathBuf);

impl Debian {
    fn new() -> Result<Debian> {
        let folder = target()?.join("deb/root");
        let debian = Debian(folder);
        debian.clear();
        run(Command::new("debootstrap").args(["--variant=minbase", SUITE]).arg(&debian.0))?;
        Ok(debian)
    }

    fn clear(&self) {
        if self.0.exists()
            && let Err(error) = fs::remove_dir_all(&self.0)
        {
            eprintln!("{} stays: {error}", self.0.display());
        }
    }

    /// What a program in it says.
    fn says(&self, words: &[&str]) -> Result<String> {
        output(
            Command::new("chroot")
                .arg(&self.0)
                .args(words)
                .env("DEBIAN_FRONTEND", "noninteractive")
                .env("LC_ALL", "C"),
        )
    }

    fn as_nightdesk(&self, words: &str) -> Result<String> {
        self.says(&["su", "nightdesk", "-s", "/bin/sh", "-c", words])
    }

    fn has(&self, path: &str) -> bool {
        self.0.join(path).exists()
    }
}

impl Drop for Debian {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Installs the package in a fresh Debian, sets the desk up as its user, backs it up, upgrades, removes and purges.
fn install(package: &Path) -> Result<()> {
    if !is_root() || !exists("debootstrap") {
        bail!("trying the package takes root and debootstrap: apt-get install debootstrap");
    }
    let debian = Debian::new()?;
    fs::copy(package, debian.0.join("nightdesk.deb"))?;
    debian.says(&["dpkg", "-i", "/nightdesk.deb"])?;
    let owner = debian.says(&["stat", "-c", "%U:%G %a", "/etc/nightdesk", "/var/lib/nightdesk"])?;
    ensure!(owner == "nightdesk:nightdesk 750\nnightdesk:nightdesk 700\n", "folders are {owner:?}");
    let init = "NIGHTDESK_PASSWORD=only-for-this-trial nightdesk init --home 203.0.113.0/24 --recipient abuse@example.net \
                --smtp 0.0.0.0:25 --landing 127.0.0.1:8080 --outlet dry-run --from abuse@example.net";
    debian.as_nightdesk(init)?;
    debian.as_nightdesk("nightdesk config check")?;
    let people = debian.as_nightdesk("nightdesk operator list")?;
    ensure!(people.starts_with("admin"), "the operators are {people:?}");
    debian.as_nightdesk("nightdesk audit && nightdesk backup /var/lib/nightdesk/before.backup")?;
    // What holds secrets is for its user alone; a stranger on the machine reads nothing.
    let open = debian.says(&["find", "/etc/nightdesk", "/var/lib/nightdesk", "-perm", "/007"])?;
    ensure!(open.is_empty(), "others can read {open:?}");
    ensure!(debian.has("usr/share/man/man1/nightdesk.1.gz"), "there is no manual page");
    ensure!(debian.has("usr/share/bash-completion/completions/nightdesk"), "there is no completion");
    // The same again is an upgrade: what is there stays.
    debian.says(&["dpkg", "-i", "/nightdesk.deb"])?;
    let people = debian.as_nightdesk("nightdesk operator list")?;
    ensure!(people.starts_with("admin"), "an upgrade lost the operators: {people:?}");
    debian.says(&["dpkg", "--purge", "nightdesk"])?;
    ensure!(!debian.has("etc/nightdesk") && !debian.has("usr/bin/nightdesk"), "a purge left something");
    ensure!(debian.has("var/lib/nightdesk/nightdesk.db"), "a purge took the evidence");
    println!(
        "installed, set up, backed up, upgraded and purged in a fresh Debian {SUITE}; the evidence stays"
    );
    Ok(())
}

/// Whether the scripts of the package are sound shell.
pub(crate) fn lint() -> Result<()> {
    for script in ["postinst", "prerm", "postrm"] {
        run(program("sh").args(["-n", &format!("pkg/deb/{script}")]))?;
    }
    Ok(())
}
