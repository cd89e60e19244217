//! Flows onto the disk.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use flow::{Flow, Millis};
use jiff::SignedDuration;
use serde::Serialize;

use crate::address::Home;
use crate::catalogue::{Catalogue, Held};
use crate::disk::{Disk, Order};
use crate::error::{LakeError, file};
use crate::heavy::{self, Gathering};
use crate::key::{self, Key};
use crate::merge::merge;
use crate::name::{HOUR, Name};
use crate::parquet_file::{BATCH, Seen, Stay, Writing};
use crate::retention::{self, Retired};
use crate::row::Row;
use crate::schema;

mod lists;

/// Rows kept in memory before they are written, and what they take there: about 40 MB with their order.
const BUFFER: usize = 256 * 1024;

/// How long a flow stays in memory only. Flows are not accepted mail: a crash may cost those of this time.
const FLUSH_EVERY: i64 = 30_000;

/// Files of one hour that are merged once there are so many of about one size.
const FAN_IN: usize = 8;

/// Rows of an hour that is over that are merged into one file whatever came when: it costs a second.
const SMALL: u64 = 1024 * 1024;

/// How long after its end an hour counts as over: exporters tell of a flow up to half an hour after it began.
const LATE: i64 = 15 * 60_000;

/// How often hours that are over are looked at for late files.
const LOOK_EVERY: i64 = 5 * 60_000;

/// How long a file that another took the place of stays for questions that began before.
const GRACE: i64 = 5 * 60_000;

/// Times that flows can have: 1970, where captures of a laboratory may begin, to 2200. Any other was read wrongly.
const TIMES: std::ops::Range<i64> = 0..7_258_118_400_000;

/// What became of the flows that were handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Taken {
    /// Rows taken: one for each end of a flow that is home.
    pub rows: u64,
    /// Flows with neither end at home; they are not kept.
    pub foreign: u64,
    /// Flows of no possible time, or older than what is kept; they are not kept.
    pub untimely: u64,
}

impl std::ops::AddAssign for Taken {
    fn add_assign(&mut self, more: Taken) {
        self.rows = self.rows.saturating_add(more.rows);
        self.foreign = self.foreign.saturating_add(more.foreign);
        self.untimely = self.untimely.saturating_add(more.untimely);
    }
}

/// What a tick did.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Ticked {
    /// Rows that are on disk now and were not before.
    pub written: u64,
    /// How many files became one.
    pub merged: usize,
    /// What was deleted for its age.
    pub retired: Option<Retired>,
}

/// Writes flows. Blocks on the disk: keep it on a thread of its own. Several writers, in several programs, may write to
/// one lake.
#[derive(Debug)]
pub struct Writer {
    disk: Disk,
    home: Home,
    keep: Option<SignedDuration>,
    rows: Vec<Row>,
    /// Where this writer's half-written files are; nobody else's.
    scratch: PathBuf,
    /// Held for as long as this writer lives, so that others know its scratch folder is in use.
    _alive: File,
    begun: u64,
    flushed: Millis,
    looked: Millis,
    oldest: i64,
    /// Rows that the disk failed to take and that there was no more room for.
    given_up: u64,
    /// Since when files are superseded.
    doomed: HashMap<Name, Millis>,
    /// Files whose missing list was tried once: what fails is not tried each time.
    cannot_list: HashSet<Name>,
}

impl Writer {
    /// Opens the lake in a folder, makes it where it is not there, and clears up what a crash left behind. `keep` is how
    /// long flows are kept; without it, for ever.
    ///
    /// # Errors
    /// [`LakeError::File`] when the folder cannot be made or read.
    pub fn open(
        dir: impl Into<PathBuf>,
        home: Home,
        keep: Option<SignedDuration>,
    ) -> Result<Writer, LakeError> {
        Writer::on(Disk::new(dir.into()), home, keep)
    }

    pub(crate) fn on(disk: Disk, home: Home, keep: Option<SignedDuration>) -> Result<Writer, LakeError> {
        disk.make()?;
        let held = disk.lock()?;
        clear_scratch(&disk)?;
        let catalogue = Catalogue::read(&disk)?;
        for half in &catalogue.half {
            disk.remove_all(&half.name)?;
        }
        heavy::sweep(&disk, &catalogue)?;
        let scratch = fresh_scratch(&disk)?;
        let mark = scratch.join("alive");
        let alive = File::create(&mark).map_err(file("create", &mark))?;
        alive.lock().map_err(file("lock", &mark))?;
        drop(held);
        Ok(Writer {
            disk,
            home,
            keep,
            rows: Vec::new(),
            scratch,
            _alive: alive,
            begun: 0,
            flushed: Millis(i64::MIN),
            looked: Millis(i64::MIN),
            oldest: TIMES.start,
            given_up: 0,
            doomed: HashMap::new(),
            cannot_list: HashSet::new(),
        })
    }

    /// Takes flows. They are in memory until [`Writer::flush`] or a [`Writer::tick`] says that they are written, or
    /// until a quarter of a million rows are.
    ///
    /// # Errors
    /// [`LakeError`] when the disk fails; what was taken stays in memory, up to a million rows, and is written with the next.
    pub fn write(&mut self, flows: &[Flow]) -> Result<Taken, LakeError> {
        let mut taken = Taken::default();
        for flow in flows {
            if !TIMES.contains(&flow.first.0) || flow.first.0 < self.oldest {
                taken.untimely += 1;
                continue;
            }
            let rows = Row::of(flow, &self.home);
            if rows == [None, None] {
                taken.foreign += 1;
            }
            for row in rows.into_iter().flatten() {
                self.rows.push(row);
                taken.rows += 1;
            }
            if self.rows.len() >= BUFFER {
                self.flush()?;
            }
        }
        Ok(taken)
    }

    /// Writes what is in memory; when this returns, so many rows more survive a power cut.
    ///
    /// # Errors
    /// [`LakeError`] when the disk fails; hours that were written before it did are not written again.
    pub fn flush(&mut self) -> Result<u64, LakeError> {
        let mut hours: BTreeMap<i64, Vec<Row>> = BTreeMap::new();
        for row in self.rows.drain(..) {
            hours.entry(row.first.div_euclid(HOUR)).or_default().push(row);
        }
        let mut written = 0;
        while let Some((hour, rows)) = hours.pop_first() {
            match self.write_hour(hour, &rows) {
                Ok(count) => written += count,
                Err(error) => {
                    // A disk that stays full must not fill the memory too.
                    let waiting = self.failed_rows(&hours, &rows);
                    if waiting >= 4 * BUFFER {
                        self.given_up =
                            self.given_up.saturating_add(u64::try_from(waiting).unwrap_or(u64::MAX));
                        return Err(error);
                    }
                    self.rows.extend(rows);
                    self.rows.extend(hours.into_values().flatten());
                    return Err(error);
                }
            }
        }
        Ok(written)
    }

    fn failed_rows(&self, hours: &BTreeMap<i64, Vec<Row>>, rows: &[Row]) -> usize {
        hours.values().map(Vec::len).sum::<usize>().saturating_add(rows.len()).saturating_add(self.rows.len())
    }

    /// Rows given up since the last call, because the disk failed for longer than memory lasts.
    pub fn take_given_up(&mut self) -> u64 {
        std::mem::take(&mut self.given_up)
    }

    /// Does what is due: writes what has been in memory for half a minute, merges the files of one hour, deletes what
    /// is older than is kept. Call it every few seconds. One call merges once at most, so that it never takes long.
    ///
    /// # Errors
    /// [`LakeError`] when the disk fails; the next tick tries again.
    pub fn tick(&mut self, now: Millis) -> Result<Ticked, LakeError> {
        let mut ticked = Ticked::default();
        if now.since(self.flushed) >= FLUSH_EVERY {
            self.flushed = now;
            ticked.written = self.flush()?;
        }
        let mut catalogue = Catalogue::read(&self.disk)?;
        self.forget_superseded(&catalogue, now)?;
        if let Some(keep) = self.keep {
            self.oldest = now.plus(0_i64.saturating_sub(keep.as_millis().try_into().unwrap_or(i64::MAX))).0;
            let _held = self.disk.lock()?;
            ticked.retired = retention::retire(&self.disk, &mut catalogue, self.oldest)?;
        }
        if let Some(retired) = &ticked.retired {
            tracing::info!(rows = retired.rows, bytes = retired.bytes, from = %retired.from, to = %retired.to, "deleted flows older than are kept");
        }
        let look = now.since(self.looked) >= LOOK_EVERY;
        match catalogue.hours().into_iter().find_map(|hour| due(&catalogue, hour, now, look)) {
            Some(inputs) => ticked.merged = self.merge(&inputs)?,
            None if look && self.mend_one(&catalogue)? => {}
            None if look => self.looked = now,
            None => {}
        }
        Ok(ticked)
    }

    /// Merges everything that can be, whatever the time: after an import, and for measuring.
    ///
    /// # Errors
    /// As [`Writer::tick`].
    pub fn settle(&mut self) -> Result<Ticked, LakeError> {
        let mut ticked = Ticked { written: self.flush()?, ..Ticked::default() };
        loop {
            let catalogue = Catalogue::read(&self.disk)?;
            let all = |hour: &i64| whole_suffix(&catalogue, *hour);
            let Some(inputs) = catalogue.hours().iter().map(all).find(|inputs| inputs.len() > 1) else {
                break;
            };
            let merged = self.merge(&inputs)?;
            if merged == 0 {
                break;
            }
            ticked.merged += merged;
        }
        Ok(ticked)
    }

    fn write_hour(&mut self, hour: i64, rows: &[Row]) -> Result<u64, LakeError> {
        let mut files = Vec::with_capacity(2);
        let mut gathering = Gathering::new();
        for order in Order::BOTH {
            let sorted = sorted(rows, order);
            let mut writing = self.begin(order, Stay::Passing)?;
            for part in sorted.chunks(BATCH) {
                let batch = schema::batch(rows, part)?;
                if order == Order::Home {
                    gathering.add(&batch);
                }
                writing.write(&batch)?;
            }
            files.push((order, writing.finish(&self.disk)?));
        }
        let list = self.list(gathering);
        let _held = self.disk.lock()?;
        let number = Catalogue::read(&self.disk)?.highest.map_or(0, |highest| highest + 1);
        self.publish(hour, (number, number), files, list.as_deref())
    }

    fn begin(&mut self, order: Order, stay: Stay) -> Result<Writing, LakeError> {
        self.begun += 1;
        let path = self.scratch.join(format!("{}-{}", self.begun, order.folder()));
        Writing::begin(&self.disk, path, order, stay)
    }

    /// Gives both orders their name, then their list its own; the lock is held. Once both orders stand the rows count,
    /// with a list or without.
    fn publish(
        &self,
        hour: i64,
        (from, to): (u64, u64),
        files: Vec<(Order, (PathBuf, Seen))>,
        list: Option<&Path>,
    ) -> Result<u64, LakeError> {
        let mut rows = 0;
        let mut named = None;
        for (order, (path, seen)) in files {
            let name = Name { hour, from, to, first: seen.first, last: seen.last, rows: seen.rows };
            self.disk.publish(&path, order, &name)?;
            rows = seen.rows;
            named = Some(name);
        }
        if let (Some(list), Some(name)) = (list, named)
            && let Err(error) = self.disk.publish_heaviest(list, &name)
        {
            tracing::warn!(%error, "a list of the heaviest was not written; its flows are read instead");
        }
        Ok(rows)
    }

    /// Merges some files of an hour that follow one another. What was merged counts no more once the new file stands.
    fn merge(&mut self, inputs: &[Held]) -> Result<usize, LakeError> {
        let (Some(oldest), Some(newest)) = (inputs.first(), inputs.last()) else { return Ok(0) };
        let mut files = Vec::with_capacity(2);
        let mut gathering = Gathering::new();
        for order in Order::BOTH {
            let paths = inputs.iter().map(|held| self.disk.path(order, &held.name)).collect();
            let mut writing = self.begin(order, Stay::Lasting)?;
            let merged = merge(paths, order, |batch| {
                if order == Order::Home {
                    gathering.add(batch);
                }
                writing.write(batch)
            });
            if let Err(LakeError::Damaged { path, source }) = merged {
                return self.set_aside(inputs, order, path, source);
            }
            merged?;
            files.push((order, writing.finish(&self.disk)?));
        }
        let list = self.list(gathering);
        let _held = self.disk.lock()?;
        let catalogue = Catalogue::read(&self.disk)?;
        // Another program may have merged or deleted meanwhile; then this was for nothing.
        if inputs.iter().all(|held| catalogue.live.contains(held)) {
            self.publish(oldest.name.hour, (oldest.name.from, newest.name.to), files, list.as_deref())?;
            return Ok(inputs.len());
        }
        for path in files.into_iter().map(|(_, (path, _))| path).chain(list) {
            self.disk.remove(&path)?;
        }
        Ok(0)
    }

    fn set_aside(
        &self,
        inputs: &[Held],
        order: Order,
        path: PathBuf,
        source: parquet::errors::ParquetError,
    ) -> Result<usize, LakeError> {
        let damaged = inputs.iter().find(|held| self.disk.path(order, &held.name) == path);
        tracing::error!(file = %path.display(), error = %source, "a file of the lake cannot be read and was set aside");
        match damaged {
            Some(held) => self.disk.set_aside(order, &held.name).map(|()| 0),
            None => Err(LakeError::Damaged { path, source }),
        }
    }

    /// Removes what has been superseded for long enough.
    fn forget_superseded(&mut self, catalogue: &Catalogue, now: Millis) -> Result<(), LakeError> {
        self.doomed.retain(|name, _| catalogue.superseded.iter().any(|held| held.name == *name));
        for held in &catalogue.superseded {
            let since = *self.doomed.entry(held.name).or_insert(now);
            if now.since(since) >= GRACE {
                self.disk.remove_all(&held.name)?;
            }
        }
        Ok(())
    }
}

impl Drop for Writer {
    /// What is in memory only is lost here, as the documentation of [`Writer::write`] says.
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.scratch) {
            tracing::debug!(%error, "the writer's scratch folder stays for the next start");
        }
    }
}

/// The positions of rows in an order.
fn sorted(rows: &[Row], order: Order) -> Vec<u32> {
    let mut keyed: Vec<(Key, u32)> =
        rows.iter().zip(0_u32..).map(|(row, at)| (key::of(row, order), at)).collect();
    keyed.sort_unstable();
    keyed.into_iter().map(|(_, at)| at).collect()
}

/// The newest files of an hour that follow one another and are whole: one that is broken can be merged with nothing.
fn whole_suffix(catalogue: &Catalogue, hour: i64) -> Vec<Held> {
    let mut newest: Vec<Held> =
        catalogue.of_hour(hour).rev().take_while(|held| held.is_whole()).copied().collect();
    newest.reverse();
    newest
}

/// The files of an hour that should be merged now, if any: the newest ones for as long as the next older one is not
/// much larger than all of them together, so that a row is written again a few times only, however many files come.
fn due(catalogue: &Catalogue, hour: i64, now: Millis, look: bool) -> Option<Vec<Held>> {
    let over = look && now.0 >= hour.saturating_add(1).saturating_mul(HOUR).saturating_add(LATE);
    let all = whole_suffix(catalogue, hour);
    let total: u64 = all.iter().map(|held| held.name.rows).sum();
    if over && total <= SMALL {
        return (all.len() >= 2).then_some(all);
    }
    let mut rows = 0_u64;
    let mut from = all.len();
    for (at, held) in all.iter().enumerate().rev() {
        if rows > 0 && held.name.rows > rows.saturating_mul(4) {
            break;
        }
        rows = rows.saturating_add(held.name.rows);
        from = at;
    }
    let newest = all.get(from..)?;
    (newest.len() >= if over { 2 } else { FAN_IN }).then(|| newest.to_vec())
}

/// Removes the scratch folders of writers that are gone.
fn clear_scratch(disk: &Disk) -> Result<(), LakeError> {
    let tmp = disk.tmp();
    for entry in fs::read_dir(&tmp).map_err(file("list", &tmp))? {
        let path = entry.map_err(file("list", &tmp))?.path();
        let in_use = File::open(path.join("alive")).is_ok_and(|mark| mark.try_lock().is_err());
        if !in_use && path.is_dir() {
            fs::remove_dir_all(&path).map_err(file("remove", &path))?;
        }
    }
    Ok(())
}

/// A scratch folder that nobody else has.
fn fresh_scratch(disk: &Disk) -> Result<PathBuf, LakeError> {
    let mut number = 0_u32;
    loop {
        let path = disk.tmp().join(format!("{}-{number}", std::process::id()));
        match fs::create_dir(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                number = number.saturating_add(1);
            }
            Err(error) => return Err(file("make", &path)(error)),
        }
    }
}
