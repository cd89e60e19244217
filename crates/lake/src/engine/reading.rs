//! How much of the lake a question reads: what it is about, and no more because more is kept.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::path::Path;
use std::sync::Arc;

use datafusion::physical_plan::metrics::MetricValue;
use datafusion::physical_plan::{ExecutionPlan, collect};
use flow::{ExporterId, Flow, Millis, Way};

use crate::address::Home;
use crate::disk::Disk;
use crate::lake::Limits;
use crate::writer::Writer;

/// 2026-11-23 02:00 UTC.
const TWO: i64 = 1_795_399_200_000;
const HOUR: i64 = 3_600_000;

/// What the scan of a question did.
#[derive(Debug, Default, PartialEq, Eq)]
struct Read {
    row_groups: usize,
    pages: usize,
    bytes: usize,
    rows: usize,
}

impl Read {
    /// Adds what this part of a plan, and those below it, say of files.
    fn add(&mut self, plan: &dyn ExecutionPlan) {
        for metric in plan.metrics().iter().flat_map(|all| all.iter()) {
            match metric.value() {
                MetricValue::PruningMetrics { name, pruning_metrics } => match name.as_ref() {
                    "row_groups_pruned_statistics" => self.row_groups += pruning_metrics.matched(),
                    "page_index_pages_pruned" => self.pages += pruning_metrics.matched(),
                    _ => {}
                },
                MetricValue::Count { name, count } if name == "bytes_scanned" => self.bytes += count.value(),
                _ => {}
            }
        }
        plan.children().into_iter().for_each(|below| self.add(below.as_ref()));
    }
}

/// What a question reads when it is not the first: footers are in memory then.
async fn read(dir: &Path, statement: &str) -> Read {
    let disk = Arc::new(Disk::new(dir.to_owned()));
    let context = super::context(&disk, &Limits::default()).await.unwrap();
    context.sql(statement).await.unwrap().collect().await.unwrap();
    let plan = context.sql(statement).await.unwrap().create_physical_plan().await.unwrap();
    let answer = collect(Arc::clone(&plan), context.task_ctx()).await.unwrap();
    let mut read = Read { rows: answer.iter().map(|batch| batch.num_rows()).sum(), ..Read::default() };
    read.add(plan.as_ref());
    read
}

/// A lake of so many hours, in each of which every one of so many lines has so many flows.
fn lake_of(dir: &Path, hours: i64, lines: u16, flows: u16) {
    let mut writer = Writer::open(dir, Home::new(["10.0.0.0/8".parse().unwrap()]), None).unwrap();
    for hour in 0..hours {
        for line in 0..lines {
            let [high, low] = line.to_be_bytes();
            let each = (0..flows).map(|number| {
                let first = Millis(TWO + hour * HOUR + i64::from(number));
                Flow {
                    first,
                    last: first,
                    source: [10, 0, high, low].into(),
                    destination: [192, 0, 2, low].into(),
                    source_port: 50_000,
                    destination_port: 443,
                    protocol: 6,
                    both_ways: false,
                    forward: Way { packets: 1, bytes: 60, flags: 2 },
                    reverse: Way::default(),
                    sampling: 1,
                    exporter: ExporterId(0),
                    translated: None,
                }
            });
            writer.write(&each.collect::<Vec<_>>()).unwrap();
        }
    }
    writer.settle().unwrap();
}

#[tokio::test]
async fn a_question_about_one_hour_reads_as_much_whether_two_hours_are_kept_or_sixty() {
    let (few, many) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    lake_of(few.path(), 2, 20, 3);
    lake_of(many.path(), 60, 20, 3);
    for asked in ["home = ip('10.0.0.7')", "peer = ip('192.0.2.7')"] {
        let statement = format!(
            "SELECT * FROM flows WHERE {asked} AND first BETWEEN to_timestamp_millis({}) AND to_timestamp_millis({})",
            TWO + HOUR,
            TWO + HOUR + 100
        );
        let (of_few, of_many) = (read(few.path(), &statement).await, read(many.path(), &statement).await);
        assert_eq!((of_few.rows, of_few.row_groups), (3, 1), "{asked}: one file of one row group");
        assert_eq!(of_few, of_many, "{asked}");
    }
}

#[tokio::test]
async fn a_question_about_one_address_reads_its_pages_however_much_others_do() {
    let (few, many) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    lake_of(few.path(), 1, 40, 900);
    lake_of(many.path(), 1, 160, 900);
    let statement = "SELECT * FROM flows WHERE home = ip('10.0.0.7')";
    let (of_few, of_many) = (read(few.path(), statement).await, read(many.path(), statement).await);
    assert_eq!((of_few.rows, of_many.rows), (900, 900));
    assert_eq!(of_many.row_groups, 1, "the hour has two row groups, and one of them the address");
    assert_eq!((of_few.pages, of_many.pages), (1, 1), "one page, of 3 and of 9");
}
