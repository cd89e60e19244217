//! `oncall.toml` as a file that is read again while we run.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use ::oncall::{Rota, RotaError};

use crate::desk::Desk;

/// How often it is looked at.
const LOOK: Duration = Duration::from_secs(2);
/// A longer file is none.
const LARGEST: u64 = 1 << 20;

/// Why the file of people on duty cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RotaFileError {
    /// It cannot be read.
    #[error("{path}: {source}")]
    Unreadable {
        /// Which.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// It is far longer than any such file.
    #[error("{0} is longer than 1 MiB")]
    TooLong(String),
    /// What it says cannot be meant.
    #[error("{path}: {source}")]
    Wrong {
        /// Which.
        path: String,
        /// What is wrong with it, and where.
        source: RotaError,
    },
}

/// Reads the file.
///
/// # Errors
/// [`RotaFileError`] says what is wrong with it.
pub fn read_rota(path: &Path) -> Result<Rota, RotaFileError> {
    let shown = || path.display().to_string();
    let told = |source| RotaFileError::Unreadable { path: shown(), source };
    if std::fs::metadata(path).map_err(told)?.len() > LARGEST {
        return Err(RotaFileError::TooLong(shown()));
    }
    let text = std::fs::read_to_string(path).map_err(told)?;
    Rota::parse(&text).map_err(|source| RotaFileError::Wrong { path: shown(), source })
}

impl Desk {
    /// Reads the file again and again. While it cannot be used, what it last said holds, and the pages say so.
    pub async fn keep_rota(self, path: PathBuf) {
        let mut known = None;
        loop {
            let of = path.clone();
            let read = tokio::task::spawn_blocking(move || read_rota(&of)).await;
            let read = match read {
                Ok(Ok(rota)) => Ok(rota),
                Ok(Err(error)) => Err(error.to_string()),
                Err(error) => Err(format!("reading it broke off: {error}")),
            };
            if known.as_ref() != Some(&read) {
                self.take_up_rota(&read);
                known = Some(read);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    fn take_up_rota(&self, read: &Result<Rota, String>) {
        let wrong = read.as_ref().err().cloned();
        match read {
            Ok(rota) => {
                *self.duty().rota.write().unwrap_or_else(PoisonError::into_inner) =
                    Some(Arc::new(rota.clone()));
                tracing::info!(people = rota.people().count(), "who is on duty was read");
            }
            Err(why) => tracing::error!(%why, "who is on duty cannot be read: what it last said holds"),
        }
        *self.duty().wrong.lock().unwrap_or_else(PoisonError::into_inner) = wrong;
        self.ring();
    }
}
