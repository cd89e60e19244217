//! The never-touch list as a file that is read again while we run.

use std::path::{Path, PathBuf};
use std::time::Duration;

use case::{CaseId, Errand, NeverTouch};
use store::{Batch, NewErrand};

use crate::desk::Desk;
use crate::night::chain;

/// How often it is looked at: somebody who adds the mail server after it was blocked waits no longer.
const LOOK: Duration = Duration::from_secs(2);
/// A longer file is none: a hundred thousand prefixes take 4 MB.
const LARGEST: u64 = 16 << 20;

/// Reads the list.
///
/// # Errors
/// In words: the file cannot be read, or a line of it is neither an address nor a prefix.
pub async fn read_never_touch(path: &Path) -> Result<Vec<ipnet::IpNet>, String> {
    let told = |error: std::io::Error| format!("{}: {error}", path.display());
    let length = tokio::fs::metadata(path).await.map_err(told)?.len();
    if length > LARGEST {
        return Err(format!("{} has {length} bytes, more than any list", path.display()));
    }
    let text = tokio::fs::read_to_string(path).await.map_err(told)?;
    NeverTouch::parse(&text).map_err(|error| format!("{}: {error}", path.display()))
}

impl Desk {
    /// Reads the list again and again. While it cannot be read what it last said holds, nothing new is begun, the front
    /// page is red, and the operators are paged once an hour.
    pub async fn keep_never_touch(self, path: PathBuf) {
        let list = self.settings().territory.never_touch.clone();
        let mut known = None;
        let mut paged = None;
        loop {
            let read = read_never_touch(&path).await;
            if known.as_ref() != Some(&read) {
                match &read {
                    Ok(nets) => {
                        list.replace(nets.clone());
                        tracing::info!(prefixes = nets.len(), "the never-touch list was read");
                    }
                    Err(why) => {
                        list.cannot_be_read(why.clone());
                        tracing::error!(%why, "the never-touch list cannot be read: nothing new is begun");
                    }
                }
                self.edge_status().send_modify(|status| status.stop_for(read.as_ref().err().cloned()));
                known = Some(read.clone());
                self.ring();
            }
            let hour = self.now().as_second().div_euclid(3600);
            if let Err(why) = &read
                && paged != Some(hour)
                && self.page_of_the_list(why, hour).await
            {
                paged = Some(hour);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn page_of_the_list(&self, why: &str, hour: i64) -> bool {
        let what = format!(
            "the never-touch list cannot be read: {why}\n\nNo new block goes to the edge and no line is probed until it \
             is mended. What stands goes on, and blocks can be released."
        );
        let page = NewErrand {
            case: CaseId::NONE,
            due: self.now(),
            key: format!("page/never-touch/{hour}"),
            errand: Errand::PageOperators { what },
        };
        match self.store().commit(&Batch { errands: vec![page], ..Batch::default() }).await {
            Ok(()) => true,
            Err(error) => {
                tracing::error!(error = %chain(&error), "the operators could not be paged");
                false
            }
        }
    }
}
