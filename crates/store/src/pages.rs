//! Pages to the people on duty: each is the list of its entries, and nothing else is kept of it.

use jiff::Timestamp;
use oncall::{Entry, Logged, Page, PageId};

use crate::sql::args;
use crate::{Store, StoreError, codec};

const READING: &str = "reading the pages";
const WRITING: &str = "writing a page";
/// The most pages that are read at once.
const AT_MOST: u32 = 1000;

/// What is to be added to a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageEntries {
    /// Which page, and the number of its newest entry as the writer saw it; none for a new one.
    pub to: Option<(PageId, u32)>,
    /// What happened, in order; of a new page the first is [`Entry::Opened`].
    pub entries: Vec<Entry>,
    /// When.
    pub at: Timestamp,
    /// What makes it the same as told before; a key that was ever used is not taken again.
    pub key: Option<String>,
}

/// What came of writing to a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PageWritten {
    /// It is written; the page as it now is.
    Yes(Box<Page>),
    /// The key was used before, for that page.
    Before(PageId),
    /// The page is not as the writer saw it, or was never there: nothing is written.
    Changed,
}

type EntryRow = (i64, i64, i64, String);

impl Store {
    /// Every page that is not resolved, by number: the oldest thousand.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed or a row is damaged.
    pub async fn unresolved_pages(&self) -> Result<Vec<Page>, StoreError> {
        let sql = "SELECT page_id, version, at, entry FROM page_entries WHERE page_id IN (
                     SELECT page_id FROM pages WHERE standing <> 'resolved' ORDER BY page_id LIMIT $1)
                   ORDER BY page_id, version";
        let rows: Vec<EntryRow> = self.rows(READING, sql, args![i64::from(AT_MOST)]).await?;
        pages(rows)
    }

    /// The newest pages, the newest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed or a row is damaged.
    pub async fn newest_pages(&self, limit: u32) -> Result<Vec<Page>, StoreError> {
        let sql = "SELECT page_id, version, at, entry FROM page_entries WHERE page_id IN (
                     SELECT page_id FROM pages ORDER BY page_id DESC LIMIT $1)
                   ORDER BY page_id, version";
        let rows: Vec<EntryRow> = self.rows(READING, sql, args![i64::from(limit.min(AT_MOST))]).await?;
        let mut found = pages(rows)?;
        found.reverse();
        Ok(found)
    }

    /// What happened to a page, in order; empty when there is none.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed or a row is damaged.
    pub async fn page_entries(&self, id: PageId) -> Result<Vec<Logged>, StoreError> {
        let sql = "SELECT page_id, version, at, entry FROM page_entries WHERE page_id = $1 ORDER BY version";
        let values = args![codec::number(id.0, "a page number")?];
        let rows: Vec<EntryRow> = self.rows(READING, sql, values).await?;
        rows.into_iter().map(|row| logged(row).map(|(_, logged)| logged)).collect()
    }

    /// Adds entries to a page, or opens one, in one transaction.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed; nothing is written then.
    pub async fn write_page(&self, new: &PageEntries) -> Result<PageWritten, StoreError> {
        let mut tx = self.begin(WRITING).await?;
        if let Some(key) = &new.key {
            let sql = "SELECT page_id FROM page_keys WHERE page_key = $1";
            let row: Option<(i64,)> = tx.row(WRITING, sql, args![key.as_str()]).await?;
            if let Some((page,)) = row {
                return Ok(PageWritten::Before(PageId(codec::count(page, "a page number")?)));
            }
        }
        let (id, mut known) = match new.to {
            Some((id, version)) => {
                let sql = "SELECT page_id, version, at, entry FROM page_entries WHERE page_id = $1 ORDER BY version";
                let values = args![codec::number(id.0, "a page number")?];
                let rows: Vec<EntryRow> = tx.rows(WRITING, sql, values).await?;
                let known =
                    rows.into_iter().map(|row| Ok(logged(row)?.1)).collect::<Result<Vec<_>, StoreError>>()?;
                if known.last().map(|last| last.version) != Some(version) {
                    return Ok(PageWritten::Changed);
                }
                (id, known)
            }
            None => {
                let last: Option<(Option<i64>,)> =
                    tx.row(WRITING, "SELECT MAX(page_id) FROM pages", args![]).await?;
                let last = codec::count(last.and_then(|(id,)| id).unwrap_or(0), "a page number")?;
                (PageId(last.saturating_add(1)), Vec::new())
            }
        };
        let number = codec::number(id.0, "a page number")?;
        let before = known.len();
        for entry in &new.entries {
            let version = known.last().map_or(0, |last| last.version).saturating_add(1);
            known.push(Logged { version, at: new.at, entry: entry.clone() });
        }
        for logged in known.iter().skip(before) {
            let sql = "INSERT INTO page_entries (page_id, version, at, entry) VALUES ($1, $2, $3, $4)";
            let values = args![
                number,
                i64::from(logged.version),
                logged.at.as_microsecond(),
                codec::to_json(&logged.entry, "an entry of a page")?,
            ];
            match tx.execute(WRITING, sql, values).await {
                Ok(_) => {}
                Err(error) if error.is_unique_violation() => return Ok(PageWritten::Changed),
                Err(error) => return Err(error),
            }
        }
        // A page that does not begin with its opening is nobody's.
        let Some(page) = Page::replay(id, &known) else { return Ok(PageWritten::Changed) };
        let sql = "INSERT INTO pages (page_id, version, standing, bundle, opened, updated)
                   VALUES ($1, $2, $3, $4, $5, $6)
                   ON CONFLICT (page_id) DO UPDATE SET
                     version = excluded.version, standing = excluded.standing, updated = excluded.updated";
        let values = args![
            number,
            i64::from(page.version),
            page.standing.name(),
            page.bundle.as_str(),
            page.opened.as_microsecond(),
            new.at.as_microsecond(),
        ];
        tx.execute(WRITING, sql, values).await?;
        if let Some(key) = &new.key {
            let sql = "INSERT INTO page_keys (page_key, page_id) VALUES ($1, $2)";
            tx.execute(WRITING, sql, args![key.as_str(), number]).await?;
        }
        tx.commit(WRITING).await?;
        Ok(PageWritten::Yes(Box::new(page)))
    }
}

fn logged((page, version, at, entry): EntryRow) -> Result<(PageId, Logged), StoreError> {
    let what = format!("entry {version} of page P-{page}");
    let id = PageId(codec::count(page, &what)?);
    let version =
        u32::try_from(version).map_err(|_| codec::damaged(&what, "its number is none".to_owned()))?;
    let at = codec::moment(at, &what)?;
    Ok((id, Logged { version, at, entry: codec::from_json(&entry, &what)? }))
}

/// Pages of their entries, which are in order of page and version. One that cannot be read does not hide the others.
fn pages(rows: Vec<EntryRow>) -> Result<Vec<Page>, StoreError> {
    let mut of_pages: Vec<(PageId, Vec<Logged>)> = Vec::new();
    for row in rows {
        let (id, logged) = logged(row)?;
        match of_pages.last_mut() {
            Some((last, entries)) if *last == id => entries.push(logged),
            _ => of_pages.push((id, vec![logged])),
        }
    }
    Ok(of_pages.iter().filter_map(|(id, entries)| Page::replay(*id, entries)).collect())
}
