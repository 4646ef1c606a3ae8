//! A disk as it may stand after the power was cut: of everything that was not flushed, any part may have reached it.
//!
//! SQLite's assumption about disks is kept (`SQLITE_IOCAP_POWERSAFE_OVERWRITE`): a write that is cut short leaves the bytes
//! beside it as they were. Inside of what was written anything goes: each sector of each write may be there, be lost, or be
//! there in part, whatever became of those before it.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::path::Path;

use super::dice::Dice;

/// The smallest thing a disk writes.
const SECTOR: u64 = 512;

/// A file, whatever its name: a file that was deleted and made anew is another one.
pub(super) type Inode = usize;

/// What a folder's files hold after some cut: content by name.
pub(super) type Image = BTreeMap<String, Vec<u8>>;

/// Something that was done to the files, or that the test wants to remember between such things.
#[derive(Debug, Clone)]
pub(super) enum Event {
    Write {
        inode: Inode,
        at: u64,
        bytes: Vec<u8>,
    },
    Length {
        inode: Inode,
        length: u64,
    },
    Flush {
        inode: Inode,
        folder: bool,
        failed: bool,
    },
    Made {
        name: String,
        inode: Inode,
    },
    Deleted {
        name: String,
        flushed: bool,
    },
    /// So many transactions had been begun.
    Begun(usize),
    /// So many were said to be saved.
    Saved(usize),
}

/// Which operation fails, once, counted from 0.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Trouble {
    pub(super) flush: Option<usize>,
    pub(super) read: Option<usize>,
}

/// Writes down what is done to a folder's files.
#[derive(Debug)]
pub(super) struct Disk {
    at_first: Image,
    pub(super) events: Vec<Event>,
    names: BTreeMap<String, Inode>,
    inodes: usize,
    pub(super) trouble: Trouble,
    pub(super) flushes: usize,
    pub(super) reads: usize,
}

/// What a folder's files hold now.
pub(super) fn contents(folder: &Path) -> Image {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    files
        .map(|file| {
            (
                file.file_name().into_string().unwrap(),
                fs::read(file.path()).unwrap(),
            )
        })
        .collect()
}

impl Disk {
    pub(super) fn holding(folder: &Path) -> Self {
        let at_first = contents(folder);
        Self {
            names: at_first.keys().cloned().zip(0..).collect(),
            inodes: at_first.len(),
            at_first,
            events: Vec::new(),
            trouble: Trouble::default(),
            flushes: 0,
            reads: 0,
        }
    }

    pub(super) fn open(&mut self, name: &str) -> Inode {
        if let Some(inode) = self.names.get(name) {
            return *inode;
        }
        let inode = self.inodes;
        self.inodes += 1;
        self.names.insert(name.to_owned(), inode);
        self.events.push(Event::Made {
            name: name.to_owned(),
            inode,
        });
        inode
    }

    pub(super) fn delete(&mut self, name: &str, flushed: bool) {
        if self.names.remove(name).is_some() {
            self.events.push(Event::Deleted {
                name: name.to_owned(),
                flushed,
            });
        }
    }

    pub(super) fn write(&mut self, inode: Inode, at: u64, bytes: &[u8]) {
        self.events.push(Event::Write {
            inode,
            at,
            bytes: bytes.to_owned(),
        });
    }

    pub(super) fn set_length(&mut self, inode: Inode, length: u64) {
        self.events.push(Event::Length { inode, length });
    }

    /// Whether the flush goes well.
    pub(super) fn flush(&mut self, inode: Inode, folder: bool) -> bool {
        let failed = self.trouble.flush == Some(self.flushes);
        self.flushes += 1;
        self.events.push(Event::Flush {
            inode,
            folder,
            failed,
        });
        !failed
    }

    pub(super) fn read_fails(&mut self) -> bool {
        let failed = self.trouble.read == Some(self.reads);
        self.reads += 1;
        failed
    }

    /// The disk before the first event.
    pub(super) fn platter(&self) -> Platter {
        Platter {
            files: self.at_first.values().map(|bytes| File::flushed(bytes)).collect(),
            names: self
                .at_first
                .keys()
                .cloned()
                .zip((0..).map(|inode| vec![Some(inode)]))
                .collect(),
        }
    }
}

/// What is certainly on the disk, and what may be.
#[derive(Debug)]
pub(super) struct Platter {
    files: Vec<File>,
    /// What a name may stand for: the first is flushed, the last is what programs see.
    names: BTreeMap<String, Vec<Option<Inode>>>,
}

#[derive(Debug, Default)]
struct File {
    flushed: Vec<u8>,
    /// In the order in which they were written.
    unflushed: Vec<Piece>,
    /// Were being flushed when a flush failed. The operating system believes them to be on the disk and does not write them
    /// again unless somebody else does (<https://wiki.postgresql.org/wiki/Fsync_Errors>).
    given_up: Vec<Piece>,
}

/// A write's part in one sector, or a change of the file's length.
#[derive(Debug, Clone)]
enum Piece {
    Bytes { write: usize, at: u64, bytes: Vec<u8> },
    Length { write: usize, length: u64 },
}

/// What becomes of a piece.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fate {
    There,
    Lost,
    /// Only so many of 512 parts of it.
    Torn(usize),
}

impl Piece {
    fn write(&self) -> usize {
        match self {
            Self::Bytes { write, .. } | Self::Length { write, .. } => *write,
        }
    }

    fn sector(&self) -> Option<u64> {
        match self {
            Self::Bytes { at, .. } => Some(at / SECTOR),
            Self::Length { .. } => None,
        }
    }

    fn put_onto(&self, content: &mut Vec<u8>, fate: Fate) {
        match (self, fate) {
            (_, Fate::Lost) => {}
            (Self::Length { length, .. }, Fate::There | Fate::Torn(_)) => {
                content.resize(usize::try_from(*length).unwrap(), 0);
            }
            (Self::Bytes { at, bytes, .. }, Fate::There | Fate::Torn(_)) => {
                let at = usize::try_from(*at).unwrap();
                if content.len() < at + bytes.len() {
                    content.resize(at + bytes.len(), 0);
                }
                let count = match fate {
                    Fate::Torn(parts) => bytes.len() * parts / 512,
                    Fate::There | Fate::Lost => bytes.len(),
                };
                content[at..at + count].copy_from_slice(&bytes[..count]);
            }
        }
    }
}

impl File {
    fn flushed(bytes: &[u8]) -> Self {
        Self {
            flushed: bytes.to_owned(),
            ..Self::default()
        }
    }

    fn write(&mut self, write: usize, mut at: u64, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = usize::try_from(SECTOR - at % SECTOR).unwrap();
            let (piece, rest) = bytes.split_at(room.min(bytes.len()));
            self.unflushed.push(Piece::Bytes {
                write,
                at,
                bytes: piece.to_owned(),
            });
            at += u64::try_from(piece.len()).unwrap();
            bytes = rest;
        }
    }

    fn flush(&mut self) {
        // A sector that was written again is flushed with all that programs see in it.
        let again: BTreeSet<u64> = self.unflushed.iter().filter_map(Piece::sector).collect();
        let (rewritten, still_given_up) = self
            .given_up
            .drain(..)
            .partition(|piece| piece.sector().is_none_or(|sector| again.contains(&sector)));
        self.given_up = still_given_up;
        let rewritten: Vec<Piece> = rewritten;
        for piece in rewritten.iter().chain(&self.unflushed) {
            piece.put_onto(&mut self.flushed, Fate::There);
        }
        self.unflushed.clear();
    }

    fn give_up(&mut self) {
        self.given_up.append(&mut self.unflushed);
    }

    fn pieces(&self) -> impl Iterator<Item = &Piece> {
        self.given_up.iter().chain(&self.unflushed)
    }
}

impl Platter {
    /// Goes on by one event; `nth` tells writes apart.
    pub(super) fn follow(&mut self, nth: usize, event: &Event) {
        match event {
            Event::Write { inode, at, bytes } => self.files[*inode].write(nth, *at, bytes),
            Event::Length { inode, length } => self.files[*inode].unflushed.push(Piece::Length {
                write: nth,
                length: *length,
            }),
            Event::Flush {
                inode, failed: true, ..
            } => self.files[*inode].give_up(),
            Event::Flush {
                inode,
                folder,
                failed: false,
            } => {
                self.files[*inode].flush();
                if *folder {
                    self.flush_names();
                }
            }
            Event::Made { name, inode } => {
                assert_eq!(*inode, self.files.len(), "files are made in order");
                self.files.push(File::default());
                self.names
                    .entry(name.clone())
                    .or_insert_with(|| vec![None])
                    .push(Some(*inode));
            }
            Event::Deleted { name, flushed } => {
                self.names.entry(name.clone()).or_default().push(None);
                if *flushed {
                    self.flush_names();
                }
            }
            Event::Begun(_) | Event::Saved(_) => {}
        }
    }

    fn flush_names(&mut self) {
        for meanings in self.names.values_mut() {
            meanings.drain(..meanings.len() - 1);
        }
    }

    /// What the disk may hold if the power is cut now: everything that is possible where that is at most `most`, else a
    /// choice by the dice, `most` at most.
    pub(super) fn images(&self, most: usize, dice: &mut Dice) -> Vec<Image> {
        let pieces: Vec<&Piece> = self.files.iter().flat_map(File::pieces).collect();
        let names = self.names.values().map(Vec::len).product::<usize>();
        let small = u32::try_from(pieces.len())
            .ok()
            .and_then(|count| 2_usize.checked_pow(count));
        let all = small
            .and_then(|pieces| pieces.checked_mul(names))
            .filter(|all| *all <= most);
        let mut seen = HashSet::new();
        let mut images = Vec::new();
        let mut take = |image: Image| {
            if seen.insert(image.clone()) {
                images.push(image);
            }
        };
        match all {
            Some(all) => {
                for which in 0..all {
                    let there = |nth: usize| match which >> nth & 1 {
                        0 => Fate::Lost,
                        _ => Fate::There,
                    };
                    take(self.image(which >> pieces.len(), |nth, _| there(nth)));
                }
            }
            None => {
                let mut writes: Vec<usize> = pieces.iter().map(|piece| piece.write()).collect();
                writes.dedup();
                let at_random = |dice: &mut Dice| writes.get(dice.below(writes.len())).copied().unwrap_or(0);
                for nth in 0..most {
                    let (names, one) = (dice.below(names), at_random(dice));
                    let mut throw = Dice::new(dice.next());
                    let fate = |_: usize, piece: &Piece| match (nth % 8, piece.write()) {
                        (0, _) => Fate::Lost,
                        (1, _) => Fate::There,
                        // Everything to somewhere in the middle of a write.
                        (2, write) if write < one => Fate::There,
                        (2, write) if write == one => throw.tear(),
                        (2, _) => Fate::Lost,
                        // Everything but the beginning.
                        (3, write) if write <= one => Fate::Lost,
                        (3, _) => Fate::There,
                        (4, write) if write == one => Fate::Lost,
                        (4, _) => Fate::There,
                        (5, write) if write == one => Fate::There,
                        (5, _) => Fate::Lost,
                        (6, _) if throw.below(2) == 0 => Fate::Lost,
                        (6, _) => Fate::There,
                        (_, _) => throw.tear(),
                    };
                    take(self.image(names, fate));
                }
            }
        }
        images
    }

    /// One image: `names` chooses what each name stands for, `fate` what becomes of each piece.
    fn image(&self, mut names: usize, mut fate: impl FnMut(usize, &Piece) -> Fate) -> Image {
        let mut nth = 0;
        let mut contents: Vec<Vec<u8>> = Vec::new();
        for file in &self.files {
            let mut content = file.flushed.clone();
            for piece in file.pieces() {
                piece.put_onto(&mut content, fate(nth, piece));
                nth += 1;
            }
            contents.push(content);
        }
        let mut image = Image::new();
        for (name, meanings) in &self.names {
            if let Some(inode) = meanings[names % meanings.len()] {
                image.insert(name.clone(), contents[inode].clone());
            }
            names /= meanings.len();
        }
        image
    }
}
