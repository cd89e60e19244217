//! The flows as a table that DataFusion can scan: of the two orders it takes the one that suits the question, and of the
//! files those whose hour can matter.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result;
use datafusion::datasource::TableType;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::error::DataFusionError;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::object_store::path::Path;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;

use crate::catalogue::{Catalogue, Held};
use crate::disk::{Disk, Order};
use crate::engine::Bounds;
use crate::name::HOUR;
use crate::schema::SCHEMA;

/// The flows on disk at the moment of each scan.
#[derive(Debug)]
pub(crate) struct Flows {
    disk: Arc<Disk>,
    /// Read this order whatever the question: analysts may know better, and so may a measurement.
    fixed: Option<Order>,
}

impl Flows {
    pub(crate) fn new(disk: Arc<Disk>, fixed: Option<Order>) -> Flows {
        Flows { disk, fixed }
    }

    /// The files that a question within `bounds` must read, in the order that suits it.
    fn files(&self, bounds: &Bounds) -> Result<Vec<PartitionedFile>> {
        let order = self.fixed.unwrap_or_else(|| bounds.order());
        let catalogue =
            Catalogue::read(&self.disk).map_err(|error| DataFusionError::External(Box::new(error)))?;
        let matters = |held: &&Held| {
            let end = held.name.hour.saturating_add(1).saturating_mul(HOUR);
            held.name.first <= bounds.first.to && bounds.first.from < end
        };
        catalogue.live.iter().filter(matters).filter_map(|held| self.file(held, order)).collect()
    }

    fn file(&self, held: &Held, order: Order) -> Option<Result<PartitionedFile>> {
        let (order, bytes) = held.readable(order)?;
        let located = Path::from_absolute_path(self.disk.path(order, &held.name));
        Some(located.map_err(|error| DataFusionError::External(Box::new(error))).map(|at| {
            let mut file = PartitionedFile::new("", bytes);
            file.object_meta.location = at;
            file
        }))
    }
}

#[async_trait]
impl TableProvider for Flows {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&SCHEMA)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let files = self.files(&Bounds::of(filters))?;
        if files.is_empty() {
            let projected =
                projection.map_or_else(|| Ok(self.schema()), |at| SCHEMA.project(at).map(Arc::new))?;
            return Ok(Arc::new(EmptyExec::new(projected)));
        }
        let url = ObjectStoreUrl::local_filesystem();
        let runtime = state.runtime_env();
        let footers = CachedParquetFileReaderFactory::new(
            runtime.object_store(&url)?,
            runtime.cache_manager.get_file_metadata_cache(),
        );
        let source = ParquetSource::new(self.schema())
            .with_table_parquet_options(state.default_table_options().parquet)
            .with_parquet_file_reader_factory(Arc::new(footers));
        let config = FileScanConfigBuilder::new(url, Arc::new(source))
            .with_file_group(FileGroup::new(files))
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }
}
