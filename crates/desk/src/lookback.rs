//! Looking back at flows: verbs of the desk, answered by the lake.

use std::net::IpAddr;

use flow::Millis;
use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};
use lake::{Exposure, ExposureQuestion, Lake, LakeError, Timeline};

use crate::desk::Desk;

/// Why it cannot be said.
#[derive(Debug, thiserror::Error)]
pub enum LookBackError {
    /// Flows are not kept here.
    #[error("no flows are kept: nothing writes any, or the desk was started without them")]
    NoFlows,
    /// The address is not one of ours; flows are kept by our own.
    #[error("{0} is not in the home prefixes")]
    Foreign(IpAddr),
    /// The lake could not answer.
    #[error(transparent)]
    Lake(#[from] LakeError),
}

impl Desk {
    /// Which addresses of a neighbourhood a scanner touched around `at`, which answered, and what listens since.
    ///
    /// # Errors
    /// [`LookBackError`].
    pub async fn exposure(
        &self,
        scanner: IpAddr,
        net: IpNet,
        at: Timestamp,
        window: SignedDuration,
    ) -> Result<Exposure, LookBackError> {
        let usual = ExposureQuestion::around(scanner, net.addr(), Millis::from(at), Millis::from(self.now()));
        let window = i64::try_from(window.as_millis()).unwrap_or(usual.window);
        Ok(self.flows_on_disk()?.exposure(ExposureQuestion { net, window, ..usual }).await?)
    }

    /// What one of our addresses did between two moments.
    ///
    /// # Errors
    /// [`LookBackError`].
    pub async fn host_timeline(
        &self,
        address: IpAddr,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Timeline, LookBackError> {
        if !self.settings().territory.home.contains(address) {
            return Err(LookBackError::Foreign(address));
        }
        Ok(self.flows_on_disk()?.timeline(address, since.into(), until.into()).await?)
    }

    fn flows_on_disk(&self) -> Result<&Lake, LookBackError> {
        self.lake().ok_or(LookBackError::NoFlows)
    }
}
