//! The lake to those who ask it.

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use datafusion::arrow::array::RecordBatch;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::prelude::{SQLOptions, SessionContext};
use flow::Millis;
use futures::StreamExt;
use serde::Serialize;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::catalogue::Catalogue;
use crate::disk::{Disk, Order};
use crate::engine;
use crate::error::{LakeError, file};
use crate::name::HOUR;
use crate::parquet_file;

/// How much one question may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Memory of all questions together, in MiB; what does not fit is put on disk where the engine can.
    pub memory_mib: u64,
    /// How long one may take.
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { memory_mib: 512, time: Duration::from_secs(30) }
    }
}

/// The stack of a thread that plans questions. A condition of thousands of parts is a tree as deep; what is not touched
/// of this takes no memory.
const STACK: usize = 128 * 1024 * 1024;

/// How much of the time asked about the lake has flows of. An hour without any is an hour nobody can say anything of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// Hours that were asked about.
    pub hours: u64,
    /// Those of them that the lake holds flows of.
    pub held: u64,
}

/// Flows on disk, to be asked. Cheap to clone. It only reads: a [`crate::Writer`] may write to the same folder, here or
/// in another program, and what it has flushed is seen by the next question. Whoever asks does so within a tokio runtime
/// that has timers.
#[derive(Clone)]
pub struct Lake {
    room: Arc<Room>,
}

struct Room {
    disk: Arc<Disk>,
    limits: Limits,
    context: SessionContext,
    /// Threads of the lake's own, so that a heavy question holds up no page.
    threads: Option<Runtime>,
}

impl Drop for Room {
    fn drop(&mut self) {
        // Whoever lets go of the lake may be a task, where waiting for threads is not allowed.
        if let Some(threads) = self.threads.take() {
            threads.shutdown_background();
        }
    }
}

impl std::fmt::Debug for Lake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lake").field("dir", &self.room.disk.dir()).finish_non_exhaustive()
    }
}

impl Lake {
    /// Opens the lake in a folder. One that does not exist yet holds nothing.
    ///
    /// # Errors
    /// [`LakeError`] when the engine or its threads cannot be started.
    pub async fn open(dir: impl Into<PathBuf>, limits: Limits) -> Result<Lake, LakeError> {
        let dir = dir.into();
        let dir = std::path::absolute(&dir).map_err(file("find", &dir))?;
        let disk = Arc::new(Disk::new(dir));
        let threads = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(engine::THREADS)
            .thread_name("lake")
            .thread_stack_size(STACK)
            .enable_all()
            .build()
            .map_err(|error| LakeError::Threads(error.to_string()))?;
        let context = engine::context(&disk, &limits).await?;
        Ok(Lake { room: Arc::new(Room { disk, limits, context, threads: Some(threads) }) })
    }

    /// How much of a time the lake holds.
    ///
    /// # Errors
    /// [`LakeError::File`] when the folder cannot be read.
    pub fn coverage(&self, since: Millis, until: Millis) -> Result<Coverage, LakeError> {
        let catalogue = Catalogue::read(&self.room.disk)?;
        let (from, to) = (since.0.div_euclid(HOUR), until.0.div_euclid(HOUR));
        let held = catalogue.hours().into_iter().filter(|hour| (from..=to).contains(hour)).count();
        let hours = u64::try_from(to.saturating_sub(from).saturating_add(1)).unwrap_or(0);
        Ok(Coverage { hours, held: u64::try_from(held).unwrap_or(u64::MAX) })
    }

    /// The first and last moment the lake has a flow of.
    ///
    /// # Errors
    /// [`LakeError::File`] when the folder cannot be read.
    pub fn reaches(&self) -> Result<Option<(Millis, Millis)>, LakeError> {
        let catalogue = Catalogue::read(&self.room.disk)?;
        let first = catalogue.live.iter().map(|held| held.name.first).min();
        let last = catalogue.live.iter().map(|held| held.name.last).max();
        Ok(first.zip(last).map(|(first, last)| (Millis(first), Millis(last))))
    }

    /// The folder, for what is read past the engine.
    pub(crate) fn disk(&self) -> Arc<Disk> {
        Arc::clone(&self.room.disk)
    }

    /// Runs a question on the lake's threads, within its time. Where a file proves damaged or has just been merged
    /// away, the question is asked once more without it.
    pub(crate) async fn answer<T, W>(&self, question: impl Fn(Asking) -> W) -> Result<T, LakeError>
    where
        T: Send + 'static,
        W: Future<Output = Result<T, LakeError>> + Send + 'static,
    {
        match self.once(question(Asking(self.room.context.clone()))).await {
            Err(LakeError::Engine(error)) if self.clear_away(&error).await => {
                self.once(question(Asking(self.room.context.clone()))).await
            }
            other => other,
        }
    }

    async fn once<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, LakeError>> + Send + 'static,
    ) -> Result<T, LakeError> {
        let Some(threads) = &self.room.threads else { return Err(LakeError::Threads("ended".to_owned())) };
        let limits = self.room.limits;
        // A question that nobody waits for any more ends with the set.
        let mut asked = JoinSet::new();
        asked.spawn_on(work, threads.handle());
        // The time runs on the asker's thread: those of the lake are all at work, and may look at no clock for minutes.
        match tokio::time::timeout(limits.time, asked.join_next()).await {
            Ok(Some(Ok(Err(LakeError::Engine(error))))) if is_memory(&error) => {
                Err(LakeError::TooMuch(limits.memory_mib))
            }
            Ok(Some(Ok(answer))) => answer,
            Ok(Some(Err(error))) => Err(LakeError::Threads(error.to_string())),
            Ok(None) => Err(LakeError::Threads("nothing was asked".to_owned())),
            Err(_) => Err(LakeError::TooLong(limits.time.as_secs())),
        }
    }

    /// After a failure: sets damaged files aside. True when asking again may do better.
    async fn clear_away(&self, error: &DataFusionError) -> bool {
        let text = error.to_string();
        let disk = Arc::clone(&self.room.disk);
        let looked = tokio::task::spawn_blocking(move || look_for_damage(&disk)).await.unwrap_or(0);
        looked > 0 || text.contains("No such file") || text.contains("not found")
    }
}

/// Sets aside every file that cannot be read to its end; how many.
fn look_for_damage(disk: &Disk) -> usize {
    let Ok(catalogue) = Catalogue::read(disk) else { return 0 };
    let mut found = 0;
    for (held, order) in catalogue.live.iter().flat_map(|held| Order::BOTH.map(|order| (held, order))) {
        let path = disk.path(order, &held.name);
        if held.bytes(order).is_some() && parquet_file::is_damaged(&path) {
            tracing::error!(file = %path.display(), "a file of the lake cannot be read and is set aside");
            match disk.set_aside(order, &held.name) {
                Ok(()) => found += 1,
                Err(error) => tracing::error!(%error, "it stays in the way of every question"),
            }
        }
    }
    found
}

fn is_memory(error: &DataFusionError) -> bool {
    matches!(error.find_root(), DataFusionError::ResourcesExhausted(_))
}

/// The engine, in the hands of one question.
pub(crate) struct Asking(SessionContext);

impl Asking {
    /// The answer of a statement of ours, batch by batch.
    pub(crate) async fn stream(&self, statement: &str) -> Result<SendableRecordBatchStream, LakeError> {
        Ok(self.0.sql_with_options(statement, reading_only()).await?.execute_stream().await?)
    }

    /// Hands every batch of the answer to `fold`.
    pub(crate) async fn each(
        &self,
        statement: &str,
        mut fold: impl FnMut(&RecordBatch) -> Result<(), LakeError>,
    ) -> Result<(), LakeError> {
        let mut batches = self.stream(statement).await?;
        while let Some(batch) = batches.next().await {
            fold(&batch?)?;
        }
        Ok(())
    }
}

/// No statement that changes, writes or sets anything passes.
pub(crate) fn reading_only() -> SQLOptions {
    SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false)
}
