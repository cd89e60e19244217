//! Tables of text whose first line names the columns.

use super::columns::{Columns, Cutter};
use super::doubt::DoubtKind;
use super::input::Input;
use super::lines::Lines;
use super::row::{Row, Slot};
use super::{Format, Reading, argus, plain, zeek};

/// What may stand between columns, the likeliest first.
const SEPARATORS: [u8; 4] = *b",\t;|";

/// Whether `line` names the columns of a table of flows.
pub(super) fn is_header(line: &str) -> bool {
    header(line).is_some()
}

fn header(line: &str) -> Option<(u8, Columns)> {
    SEPARATORS.into_iter().find_map(|separator| {
        let columns = Columns::named(Cutter::new(separator).cut(line));
        let timed = columns.have(Slot::Start) || columns.have(Slot::Logged);
        (timed && columns.have_all(&[Slot::Source, Slot::Destination])).then_some((separator, columns))
    })
}

/// A table whose header was read.
struct Table {
    header: String,
    cutter: Cutter,
    columns: Columns,
    format: Format,
}

impl Table {
    fn begin(line: &str) -> Option<Table> {
        let (separator, columns) = header(line)?;
        let format = dialect(&columns);
        Some(Table { header: line.to_owned(), cutter: Cutter::new(separator), columns, format })
    }
}

/// Reads a table; its header may come again, where several were put together.
pub(super) fn read(input: &mut Input<'_>, reading: &mut Reading<'_>) {
    let mut table: Option<Table> = None;
    let mut lines = Lines::new(input);
    while let Some((number, line)) = lines.next(reading) {
        let line = String::from_utf8_lossy(line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line));
        if line.trim_ascii().is_empty() {
            continue;
        }
        // nfdump closes its table with sums.
        if line.starts_with("Summary") {
            break;
        }
        let Some(table) = &mut table else {
            table = Table::begin(&line);
            reading.format = table.as_ref().map(|table| table.format);
            continue;
        };
        if *line != *table.header {
            let row = table.columns.row(table.cutter.cut(&line));
            record(table.format, &row, number, reading);
        }
    }
}

fn dialect(columns: &Columns) -> Format {
    if columns.have(Slot::ZeekState) || columns.have(Slot::History) || columns.have(Slot::ForwardPayload) {
        Format::ZeekCsv
    } else if columns.have(Slot::ArgusState) && columns.have_all(&[Slot::Arrow]) {
        Format::Argus
    } else {
        Format::Csv
    }
}

fn record(format: Format, row: &Row<'_>, number: u64, reading: &mut Reading<'_>) {
    if row.get(Slot::Source).is_none() && row.get(Slot::Start).is_none() {
        reading.doubts.note(DoubtKind::Unreadable, number);
        return;
    }
    match format {
        Format::ZeekCsv => zeek::connection(row, number, reading),
        Format::Argus => argus::record(row, number, reading),
        _ => plain::record(row, number, reading),
    }
}
