//! The only Parquet: flows of the last weeks on disk, and questions about them.

mod address;
mod catalogue;
mod disk;
mod engine;
mod error;
mod heavy;
mod key;
mod lake;
mod merge;
mod name;
mod parquet_file;
mod questions;
mod retention;
mod row;
mod schema;
mod writer;

pub use crate::lake::{Coverage, Lake, Limits};
pub use address::Home;
pub use error::LakeError;
pub use questions::conversation::Reply;
pub use questions::exposure::{Exposed, ExposedHost, Exposure, ExposureQuestion, TouchedPort};
pub use questions::heaviest::{Heaviest, HeavyConversation};
pub use questions::listeners::Listener;
pub use questions::sql::Answer;
pub use questions::timeline::{Partner, Step, Timeline, WentTo};
pub use questions::who_talks::{Talker, Talkers};
pub use retention::Retired;
pub use writer::{Taken, Ticked, Writer};

#[cfg(test)]
mod power_cuts;
