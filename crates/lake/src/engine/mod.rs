//! DataFusion, set up for flows: two threads of its own, a bound on memory, and a time after which a question ends.

mod bounds;
mod functions;
#[cfg(test)]
mod reading;
mod table;

use std::sync::Arc;

use datafusion::datasource::ViewTable;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};

pub(crate) use bounds::Bounds;

use crate::disk::{Disk, Order};
use crate::error::LakeError;
use crate::lake::Limits;
use table::Flows;

/// Threads that questions run on.
pub(crate) const THREADS: usize = 2;

/// Footers and page indexes kept in memory, so that the second question of a night opens files without reading them.
const FOOTERS: usize = 64 * 1024 * 1024;

/// What a question may put on disk when its memory is full.
const SPILL: u64 = 4 * 1024 * 1024 * 1024;

/// Functions that make much of little; no question about flows needs them, and their memory is not counted.
const LEFT_OUT: [&str; 3] = ["repeat", "lpad", "rpad"];

/// The column that `flows` has beside those on disk.
const LAST: &str = "SELECT *, arrow_cast(CAST(first AS BIGINT) + CAST(duration_ms AS BIGINT), \
    'Timestamp(Millisecond, Some(\"UTC\"))') AS last FROM ";

/// The tables: `flows` reads the order that suits the question, `by_home` and `by_peer` theirs.
pub(crate) async fn context(disk: &Arc<Disk>, limits: &Limits) -> Result<SessionContext, LakeError> {
    let mut config = SessionConfig::new().with_target_partitions(THREADS).with_information_schema(true);
    let options = config.options_mut();
    // The conditions are decided on the columns they need before the others are decoded. Reordering them doubled the
    // time of a question by peer; statistics have pruned already what a reordering could.
    options.execution.parquet.pushdown_filters = true;
    options.execution.parquet.reorder_filters = false;
    options.execution.parquet.bloom_filter_on_read = false;
    let memory = usize::try_from(limits.memory_mib.saturating_mul(1024 * 1024)).unwrap_or(usize::MAX);
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(FairSpillPool::new(memory)))
        .with_max_temp_directory_size(SPILL)
        .with_metadata_cache_limit(FOOTERS)
        .build_arc()?;
    let state = SessionStateBuilder::new()
        .with_config(config)
        .with_runtime_env(runtime)
        .with_default_features()
        .build();
    let context = SessionContext::new_with_state(state);
    for function in functions::all() {
        context.register_udf(function);
    }
    for name in LEFT_OUT {
        context.deregister_udf(name);
    }
    let tables = [("flows", None), ("by_home", Some(Order::Home)), ("by_peer", Some(Order::Peer))];
    for (name, order) in tables {
        let files = format!("{name}_on_disk");
        context.register_table(files.as_str(), Arc::new(Flows::new(Arc::clone(disk), order)))?;
        let plan = context.sql(&format!("{LAST}{files}")).await?.into_unoptimized_plan();
        context.register_table(name, Arc::new(ViewTable::new(plan, None)))?;
    }
    Ok(context)
}
