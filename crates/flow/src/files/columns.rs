//! The columns of a table of text: which of them matter, and a line cut into them.

use super::row::{Row, Slot, slot};

/// As many columns as are looked at; the widest exports have some two hundred.
const MOST: usize = 1024;

/// What each column of a table is about.
#[derive(Debug, Clone, Default)]
pub(super) struct Columns(Vec<Option<Slot>>);

impl Columns {
    /// From the names at the head of the table.
    pub(super) fn named<'n>(names: impl Iterator<Item = &'n str>) -> Columns {
        Columns(names.take(MOST).map(|name| slot(&name.trim().to_ascii_lowercase())).collect())
    }

    /// Whether one of them is about `wanted`.
    pub(super) fn have(&self, wanted: Slot) -> bool {
        self.0.contains(&Some(wanted))
    }

    /// Whether all of them are there.
    pub(super) fn have_all(&self, wanted: &[Slot]) -> bool {
        wanted.iter().all(|wanted| self.have(*wanted))
    }

    /// The record that stands in `cells`.
    pub(super) fn row<'t>(&self, cells: impl Iterator<Item = &'t str>) -> Row<'t> {
        let mut row = Row::new();
        for (slot, cell) in self.0.iter().zip(cells) {
            if let Some(slot) = slot {
                row.put(*slot, cell);
            }
        }
        row
    }
}

/// Cuts lines at a separator that may stand within quotes (RFC 4180), without holding more than one line.
pub(super) struct Cutter {
    /// Made when the first quote is met: it is no small thing, and most tables have none.
    reader: Option<csv_core::Reader>,
    separator: u8,
    text: Vec<u8>,
    ends: Vec<usize>,
    fields: usize,
}

impl Cutter {
    pub(super) fn new(separator: u8) -> Cutter {
        Cutter { reader: None, separator, text: Vec::new(), ends: vec![0; MOST], fields: 0 }
    }

    /// The cells of `line`. Cells beyond those that are looked at are left out.
    pub(super) fn cut<'t>(&'t mut self, line: &'t str) -> Cells<'t> {
        if memchr::memchr(b'"', line.as_bytes()).is_none() {
            return Cells::Plain(line.split(char::from(self.separator)));
        }
        self.text.resize(line.len() + 1, 0);
        let separator = self.separator;
        let reader =
            self.reader.get_or_insert_with(|| csv_core::ReaderBuilder::new().delimiter(separator).build());
        reader.reset();
        let (result, _, written, fields) =
            reader.read_record(line.as_bytes(), &mut self.text, &mut self.ends);
        self.fields = fields;
        if matches!(result, csv_core::ReadRecordResult::InputEmpty) {
            let rest = reader.read_record(
                &[],
                self.text.get_mut(written..).unwrap_or_default(),
                self.ends.get_mut(fields..).unwrap_or_default(),
            );
            self.fields += rest.3;
        }
        Cells::Quoted { text: &self.text, ends: self.ends.get(..self.fields).unwrap_or_default(), from: 0 }
    }
}

/// The cells of one line.
pub(super) enum Cells<'t> {
    Plain(std::str::Split<'t, char>),
    Quoted { text: &'t [u8], ends: &'t [usize], from: usize },
}

impl<'t> Iterator for Cells<'t> {
    type Item = &'t str;

    fn next(&mut self) -> Option<&'t str> {
        match self {
            Cells::Plain(split) => split.next(),
            Cells::Quoted { text, ends, from } => {
                let (end, rest) = ends.split_first()?;
                let cell = text.get(*from..*end).and_then(|cell| std::str::from_utf8(cell).ok());
                (*from, *ends) = (*end, rest);
                Some(cell.unwrap_or_default())
            }
        }
    }
}
