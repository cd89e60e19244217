//! `nightdesk sql`.

use anyhow::Result;

use super::Answer;
use super::table::Table;
use crate::cli::Sql;
use crate::config::Config;
use crate::{output, startup};

/// Answers one statement that only reads.
pub(crate) async fn run(config: &Config, options: &Sql) -> Result<Answer> {
    let answer = startup::open_lake(config).await?.sql(&options.query, options.most).await?;
    let mut table = Table::new(answer.columns);
    answer.rows.into_iter().for_each(|row| table.row(row));
    if !table.print_for_programs(options.shown)? {
        table.print();
        if answer.more {
            output::line(format!("There are more; these are the first {}. See --most.", options.most));
        }
    } else if answer.more {
        tracing::warn!(most = options.most, "there are more rows; see --most");
    }
    Ok(Answer::Yes)
}
