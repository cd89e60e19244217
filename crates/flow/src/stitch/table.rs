//! The connections that are kept: found by their ends, and by number.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::{Entry, Key};

/// Which connection: its place, and how many have stood there before, so that an order for one that is gone finds none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Handle {
    place: u32,
    turn: u32,
}

#[derive(Debug)]
struct Place {
    turn: u32,
    /// Of the key, so that it is reckoned once.
    hash: u64,
    kept: Option<(Key, Entry)>,
}

/// Entries in places that are used again, and an index of four bytes for each: what is looked up is small, and what is kept
/// stays where it is.
#[derive(Debug, Default)]
pub(super) struct Table {
    places: Vec<Place>,
    free: Vec<u32>,
    index: HashTable<u32>,
    hasher: RandomState,
}

impl Table {
    pub(super) fn len(&self) -> usize {
        self.index.len()
    }

    /// What a key is found by.
    pub(super) fn hash(&self, key: &Key) -> u64 {
        self.hasher.hash_one(key)
    }

    /// The connection between these ends.
    pub(super) fn find(&mut self, hash: u64, key: &Key) -> Option<&mut Entry> {
        let place = *self.index.find(hash, |place| is_at(&self.places, *place, key))?;
        let place = self.places.get_mut(usize::try_from(place).ok()?)?;
        place.kept.as_mut().map(|(_, entry)| entry)
    }

    /// The connection of a handle, where it is still kept.
    pub(super) fn get(&mut self, handle: Handle) -> Option<(&Key, &mut Entry)> {
        let place = self.places.get_mut(usize::try_from(handle.place).ok()?)?;
        place.kept.as_mut().filter(|_| place.turn == handle.turn).map(|(key, entry)| (&*key, entry))
    }

    /// Keeps one, in the place of one between the same ends if there is any; none where there are more than can be counted.
    pub(super) fn put(&mut self, hash: u64, key: Key, entry: Entry) -> Option<(Handle, &mut Entry)> {
        let known = self.index.find(hash, |place| is_at(&self.places, *place, &key)).copied();
        let number = match known {
            Some(number) => number,
            None => self.new_place(hash)?,
        };
        let place = self.places.get_mut(usize::try_from(number).ok()?)?;
        place.turn = place.turn.wrapping_add(1);
        place.hash = hash;
        let (_, entry) = place.kept.insert((key, entry));
        Some((Handle { place: number, turn: place.turn }, entry))
    }

    fn new_place(&mut self, hash: u64) -> Option<u32> {
        let number = match self.free.pop() {
            Some(number) => number,
            None => {
                let number = u32::try_from(self.places.len()).ok()?;
                self.places.push(Place { turn: 0, hash, kept: None });
                number
            }
        };
        let Table { places, index, .. } = self;
        index.insert_unique(hash, number, |place| {
            usize::try_from(*place).ok().and_then(|at| places.get(at)).map_or(0, |place| place.hash)
        });
        Some(number)
    }

    /// Gives one up.
    pub(super) fn forget(&mut self, handle: Handle) {
        if let Some(place) = self.take_out(handle) {
            place.kept = None;
        }
    }

    /// Gives one up and hands it out.
    pub(super) fn remove(&mut self, handle: Handle) -> Option<(Key, Entry)> {
        self.take_out(handle)?.kept.take()
    }

    /// The place of one that is no longer found, and free for another.
    fn take_out(&mut self, handle: Handle) -> Option<&mut Place> {
        let place = self.places.get_mut(usize::try_from(handle.place).ok()?)?;
        if place.turn != handle.turn || place.kept.is_none() {
            return None;
        }
        let entry = self.index.find_entry(place.hash, |place| *place == handle.place).ok()?;
        entry.remove();
        self.free.push(handle.place);
        Some(place)
    }
}

fn is_at(places: &[Place], place: u32, key: &Key) -> bool {
    let kept = usize::try_from(place).ok().and_then(|at| places.get(at)?.kept.as_ref());
    kept.is_some_and(|(own, _)| own == key)
}
