//! When each thing is due to be asked about. What is being asked about at the moment is not in it.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::Hash;

use jiff::Timestamp;

/// A timetable of things with this kind of number.
#[derive(Debug)]
pub(crate) struct Timetable<K> {
    times: BTreeSet<(Timestamp, K)>,
    due: HashMap<K, Timestamp>,
    asking: HashSet<K>,
}

impl<K> Default for Timetable<K> {
    fn default() -> Self {
        Self {
            times: BTreeSet::new(),
            due: HashMap::new(),
            asking: HashSet::new(),
        }
    }
}

impl<K: Clone + Eq + Hash + Ord> Timetable<K> {
    /// What is due first, and when.
    pub(crate) fn first(&self) -> Option<&(Timestamp, K)> {
        self.times.first()
    }

    /// When something is due first.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.first().map(|(at, _)| *at)
    }

    /// It is due at this time, and at no other.
    pub(crate) fn put(&mut self, key: &K, at: Timestamp) {
        self.take_out(key);
        self.times.insert((at, key.clone()));
        self.due.insert(key.clone(), at);
    }

    /// It is due when it says so itself; not while it is being asked about, nor when nothing is left to ask.
    pub(crate) fn set(&mut self, key: &K, at: Option<Timestamp>) {
        match at {
            Some(at) if !self.asking.contains(key) => self.put(key, at),
            Some(_) | None => self.take_out(key),
        }
    }

    /// It is not due any more.
    pub(crate) fn take_out(&mut self, key: &K) {
        if let Some(at) = self.due.remove(key) {
            self.times.remove(&(at, key.clone()));
        }
    }

    /// A question about it is under way from now on.
    pub(crate) fn begin(&mut self, key: K) {
        self.take_out(&key);
        self.asking.insert(key);
    }

    /// The question about it has ended.
    pub(crate) fn end(&mut self, key: &K) {
        self.asking.remove(key);
    }

    /// A question about it is under way.
    pub(crate) fn is_asking(&self, key: &K) -> bool {
        self.asking.contains(key)
    }

    /// So many questions are under way.
    pub(crate) fn asking(&self) -> usize {
        self.asking.len()
    }
}
