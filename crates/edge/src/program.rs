//! Running `nft`, and other programs that stand at the edge: in time, with its words quoted and its failures named.

use std::ffi::OsString;
use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::error::{EdgeError, quote};

/// The program with what stands before its arguments.
#[derive(Debug)]
pub(crate) struct Program {
    command: Vec<String>,
    deadline: Duration,
}

impl Program {
    pub(crate) fn new(command: Vec<String>, deadline: Duration) -> Self {
        let command = if command.is_empty() { vec!["nft".to_owned()] } else { command };
        Program { command, deadline }
    }

    /// Runs it to its end and returns what it printed; any failure is an error.
    pub(crate) async fn run(
        &self,
        doing: &'static str,
        arguments: &[&str],
        input: Option<String>,
    ) -> Result<Vec<u8>, EdgeError> {
        let output = self.output(doing, arguments, input).await?;
        if !output.status.success() {
            return Err(self.fault(doing, arguments, &output.stderr));
        }
        if !output.stderr.is_empty() {
            tracing::warn!(command = %self.shown(arguments), said = %quote(&output.stderr), "it was done, with a warning");
        }
        Ok(output.stdout)
    }

    /// As [`Program::run`], and `None` when what it was to list does not exist.
    pub(crate) async fn list(
        &self,
        doing: &'static str,
        arguments: &[&str],
    ) -> Result<Option<Vec<u8>>, EdgeError> {
        let output = self.output(doing, arguments, None).await?;
        if output.status.success() {
            return Ok(Some(output.stdout));
        }
        // Newer versions add "; did you mean …". `ip netns exec` says the same words after others of its own.
        let absent = String::from_utf8_lossy(&output.stderr)
            .lines()
            .any(|line| line.starts_with("Error: No such file or directory"));
        if absent { Ok(None) } else { Err(self.fault(doing, arguments, &output.stderr)) }
    }

    async fn output(
        &self,
        doing: &'static str,
        arguments: &[&str],
        input: Option<String>,
    ) -> Result<Output, EdgeError> {
        let (program, prefix) =
            self.command.split_first().map_or(("nft", &[][..]), |(first, rest)| (first, rest));
        let mut child = Command::new(program)
            .args(prefix)
            .args(as_arrives(program, arguments))
            .env("LC_ALL", "C")
            .env("PATH", search_path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|source| match source.kind() {
                std::io::ErrorKind::NotFound => EdgeError::NoTool { doing, program: program.to_owned() },
                _ => EdgeError::Io { doing, command: self.shown(arguments), source },
            })?;
        let stdin = child.stdin.take();
        let feed = async move {
            if let (Some(mut stdin), Some(input)) = (stdin, input) {
                // A program that stops reading has something to say: its exit status and words tell, not our pipe.
                drop(stdin.write_all(input.as_bytes()).await);
            }
        };
        let both = async { tokio::join!(feed, child.wait_with_output()).1 };
        match tokio::time::timeout(self.deadline, both).await {
            Ok(output) => {
                output.map_err(|source| EdgeError::Io { doing, command: self.shown(arguments), source })
            }
            Err(_) => Err(EdgeError::Slow { doing, command: self.shown(arguments), waited: self.deadline }),
        }
    }

    /// Whose fault a failed run is, by the words of `nft` and `ip`.
    fn fault(&self, doing: &'static str, arguments: &[&str], stderr: &[u8]) -> EdgeError {
        let words = String::from_utf8_lossy(stderr);
        let command = self.shown(arguments);
        let said = quote(stderr);
        let no_exec = words.contains("exec of ") && words.contains("No such file or directory");
        if no_exec || words.contains("command not found") {
            let program = self.command.last().cloned().unwrap_or_default();
            return EdgeError::NoTool { doing, program };
        }
        if words.contains("Cannot open network namespace") {
            return EdgeError::NoNamespace { doing, command, said };
        }
        if ["Operation not permitted", "Permission denied", "must be root"]
            .iter()
            .any(|no| words.contains(no))
        {
            return EdgeError::NotPermitted { doing, command, said };
        }
        EdgeError::Failed { doing, command, said }
    }

    fn shown(&self, arguments: &[&str]) -> String {
        let words = self.command.iter().map(String::as_str).chain(arguments.iter().copied());
        words.collect::<Vec<_>>().join(" ")
    }
}

/// Arguments as they must be given to arrive whole: ssh joins them with blanks for the shell at the other end.
fn as_arrives(program: &str, arguments: &[&str]) -> Vec<String> {
    let is_ssh = std::path::Path::new(program).file_name().is_some_and(|name| name == "ssh");
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    let quoted = |word: &&str| match is_ssh && (word.is_empty() || !word.chars().all(plain)) {
        true => format!("'{}'", word.replace('\'', r"'\''")),
        false => (*word).to_owned(),
    };
    arguments.iter().map(quoted).collect()
}

/// Our own search path and, at its end, where Debian and its kin keep `nft` and `ip`: a login without them on its path
/// is no reason to fail.
fn search_path() -> OsString {
    let mut path = std::env::var_os("PATH").unwrap_or_default();
    path.push(":/usr/sbin:/sbin");
    path
}

#[cfg(test)]
mod tests {
    use super::as_arrives;

    /// `show route where …` has brackets and a star, which a shell would read.
    #[test]
    fn words_arrive_whole_behind_ssh_and_unchanged_elsewhere() {
        let words = ["list", "a ~ [(1, *)]", "it's", ""];
        assert_eq!(as_arrives("/usr/bin/ssh", &words), ["list", "'a ~ [(1, *)]'", r"'it'\''s'", "''"]);
        assert_eq!(as_arrives("birdc", &words), words);
    }
}
