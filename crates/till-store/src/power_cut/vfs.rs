//! SQLite's own file system with a listener in it: whatever is done to the files of a watched folder is written down by a
//! [`Disk`] before it is done, and fails where the test wants it to.
//!
//! Everything is passed on to the operating system's file system, locks and shared memory included; files of other
//! folders are passed on unseen.
#![expect(unsafe_code, reason = "SQLite's file system is a table of C functions")]

use std::collections::HashMap;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::mem;
use std::path::{Path, PathBuf};
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use rusqlite::ffi;

use super::disk::{Disk, Inode};

/// Lends a folder's disk to the listener until it is dropped.
#[derive(Debug)]
pub(super) struct Watch {
    folder: PathBuf,
    /// What was done to the folder's files.
    pub(super) disk: Arc<Mutex<Disk>>,
}

static WATCHED: OnceLock<Mutex<HashMap<PathBuf, Arc<Mutex<Disk>>>>> = OnceLock::new();
static REAL: OnceLock<Real> = OnceLock::new();

/// The operating system's file system, as SQLite has it.
struct Real(*mut ffi::sqlite3_vfs);

// SAFETY: SQLite's own table of functions: it is never changed, and every one of them may be called by any thread.
unsafe impl Send for Real {}
// SAFETY: as above.
unsafe impl Sync for Real {}

/// A file as SQLite sees it; behind it, in the same memory, stands the real one.
#[repr(C)]
struct Listener {
    methods: *const ffi::sqlite3_io_methods,
    /// Null where nobody listens.
    watched: *mut Watched,
}

struct Watched {
    disk: Arc<Mutex<Disk>>,
    inode: Inode,
    /// The first flush of a new log flushes the folder too (`UNIXFILE_DIRSYNC` in SQLite's `os_unix.c`).
    flushes_folder: bool,
}

/// A panic in one test does not spoil the others' disks.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn watched() -> MutexGuard<'static, HashMap<PathBuf, Arc<Mutex<Disk>>>> {
    lock(WATCHED.get_or_init(Mutex::default))
}

impl Watch {
    /// Listens to a folder that nobody has open; what is in it counts as flushed.
    pub(super) fn over(folder: &Path) -> Self {
        REAL.get_or_init(register);
        let disk = Arc::new(Mutex::new(Disk::holding(folder)));
        watched().insert(folder.to_owned(), Arc::clone(&disk));
        Self {
            folder: folder.to_owned(),
            disk,
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        watched().remove(&self.folder);
    }
}

/// Puts the listener before the real file system, for every connection of this process that names none.
fn register() -> Real {
    // SAFETY: SQLite starts itself; the answer is a table that lives as long as the process.
    let real = unsafe {
        ffi::sqlite3_initialize();
        ffi::sqlite3_vfs_find(ptr::null())
    };
    assert!(!real.is_null(), "SQLite has a file system");
    // SAFETY: just found. Its functions get our table where they want theirs, but look into nothing that differs.
    let mut ours = unsafe { *real };
    ours.pNext = ptr::null_mut();
    ours.zName = c"listener".as_ptr();
    ours.szOsFile += c_int::try_from(size_of::<Listener>()).unwrap();
    ours.xOpen = Some(open);
    ours.xDelete = Some(delete);
    // SAFETY: the table is leaked, so that it lives as long as the process.
    let answer = unsafe { ffi::sqlite3_vfs_register(Box::leak(Box::new(ours)), 1) };
    assert_eq!(answer, ffi::SQLITE_OK, "SQLite takes the listener");
    Real(real)
}

fn real_vfs() -> *mut ffi::sqlite3_vfs {
    REAL.get().unwrap().0
}

/// The disk that listens to this path, and the file's name in its folder.
fn listening(path: *const c_char) -> Option<(Arc<Mutex<Disk>>, String)> {
    if path.is_null() {
        return None;
    }
    // SAFETY: SQLite's names end with a zero byte.
    let path = PathBuf::from(unsafe { CStr::from_ptr(path) }.to_str().ok()?);
    let disk = watched().get(path.parent()?).cloned()?;
    Some((disk, path.file_name()?.to_str()?.to_owned()))
}

unsafe extern "C" fn open(
    _: *mut ffi::sqlite3_vfs,
    path: *const c_char,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    flags_out: *mut c_int,
) -> c_int {
    // SAFETY: SQLite gives us `szOsFile` bytes, aligned for any type; ours come first, the real file's after them.
    unsafe {
        let listener = file.cast::<Listener>();
        listener.write(Listener {
            methods: ptr::null(),
            watched: ptr::null_mut(),
        });
        let real = real(file);
        (*real).pMethods = ptr::null();
        let answer = (*real_vfs()).xOpen.unwrap()(real_vfs(), path, real, flags, flags_out);
        // Methods that are set are closed, also after a failure.
        if !(*real).pMethods.is_null() {
            (*listener).methods = &raw const METHODS;
        }
        if answer == ffi::SQLITE_OK
            && let Some((disk, name)) = listening(path)
        {
            let inode = lock(&disk).open(&name);
            let log = flags & (ffi::SQLITE_OPEN_WAL | ffi::SQLITE_OPEN_MAIN_JOURNAL) != 0;
            (*listener).watched = Box::into_raw(Box::new(Watched {
                disk,
                inode,
                flushes_folder: log && flags & ffi::SQLITE_OPEN_CREATE != 0,
            }));
        }
        answer
    }
}

unsafe extern "C" fn delete(_: *mut ffi::sqlite3_vfs, path: *const c_char, flush_folder: c_int) -> c_int {
    if let Some((disk, name)) = listening(path) {
        lock(&disk).delete(&name, flush_folder != 0);
    }
    // SAFETY: passed on as it came.
    unsafe { (*real_vfs()).xDelete.unwrap()(real_vfs(), path, flush_folder) }
}

/// The real file behind ours.
unsafe fn real(file: *mut ffi::sqlite3_file) -> *mut ffi::sqlite3_file {
    // SAFETY: see `open`.
    unsafe { file.cast::<Listener>().add(1).cast() }
}

/// The real file and its functions.
unsafe fn passed_on(
    file: *mut ffi::sqlite3_file,
) -> (*mut ffi::sqlite3_file, &'static ffi::sqlite3_io_methods) {
    // SAFETY: SQLite calls methods on open files only, and their tables are static.
    unsafe {
        let real = real(file);
        (real, &*(*real).pMethods)
    }
}

unsafe fn watched_file<'a>(file: *mut ffi::sqlite3_file) -> Option<&'a mut Watched> {
    // SAFETY: one connection uses one file at a time; the box lives until `close`.
    unsafe { (*file.cast::<Listener>()).watched.as_mut() }
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: the box was made in `open` and is given back here, once.
    unsafe {
        let (real, methods) = passed_on(file);
        let listener = file.cast::<Listener>();
        if !(*listener).watched.is_null() {
            drop(Box::from_raw((*listener).watched));
            (*listener).watched = ptr::null_mut();
        }
        methods.xClose.unwrap()(real)
    }
}

unsafe extern "C" fn read(
    file: *mut ffi::sqlite3_file,
    into: *mut c_void,
    count: c_int,
    at: ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: passed on as it came.
    unsafe {
        if let Some(watched) = watched_file(file)
            && lock(&watched.disk).read_fails()
        {
            return ffi::SQLITE_IOERR_READ;
        }
        let (real, methods) = passed_on(file);
        methods.xRead.unwrap()(real, into, count, at)
    }
}

unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    from: *const c_void,
    count: c_int,
    at: ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: `from` has `count` bytes; the rest is passed on as it came.
    unsafe {
        if let Some(watched) = watched_file(file) {
            let bytes = std::slice::from_raw_parts(from.cast::<u8>(), usize::try_from(count).unwrap());
            lock(&watched.disk).write(watched.inode, u64::try_from(at).unwrap(), bytes);
        }
        let (real, methods) = passed_on(file);
        methods.xWrite.unwrap()(real, from, count, at)
    }
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, length: ffi::sqlite3_int64) -> c_int {
    // SAFETY: passed on as it came.
    unsafe {
        if let Some(watched) = watched_file(file) {
            lock(&watched.disk).set_length(watched.inode, u64::try_from(length).unwrap());
        }
        let (real, methods) = passed_on(file);
        methods.xTruncate.unwrap()(real, length)
    }
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, flags: c_int) -> c_int {
    // SAFETY: passed on as it came.
    unsafe {
        if let Some(watched) = watched_file(file) {
            let flushes_folder = mem::take(&mut watched.flushes_folder);
            if !lock(&watched.disk).flush(watched.inode, flushes_folder) {
                watched.flushes_folder = flushes_folder;
                return ffi::SQLITE_IOERR_FSYNC;
            }
        }
        let (real, methods) = passed_on(file);
        methods.xSync.unwrap()(real, flags)
    }
}

/// Functions that the listener has nothing to say to.
macro_rules! pass_on {
    ($($name:ident: $method:ident($($argument:ident: $type:ty),*) $(-> $answer:ty)?;)*) => {$(
        unsafe extern "C" fn $name(file: *mut ffi::sqlite3_file, $($argument: $type),*) $(-> $answer)? {
            // SAFETY: passed on as it came.
            unsafe {
                let (real, methods) = passed_on(file);
                methods.$method.unwrap()(real, $($argument),*)
            }
        }
    )*};
}

pass_on! {
    file_size: xFileSize(size: *mut ffi::sqlite3_int64) -> c_int;
    take_lock: xLock(level: c_int) -> c_int;
    unlock: xUnlock(level: c_int) -> c_int;
    check_reserved_lock: xCheckReservedLock(answer: *mut c_int) -> c_int;
    file_control: xFileControl(what: c_int, argument: *mut c_void) -> c_int;
    sector_size: xSectorSize() -> c_int;
    device_characteristics: xDeviceCharacteristics() -> c_int;
    shm_map: xShmMap(page: c_int, size: c_int, extend: c_int, map: *mut *mut c_void) -> c_int;
    shm_lock: xShmLock(offset: c_int, count: c_int, flags: c_int) -> c_int;
    shm_barrier: xShmBarrier();
    shm_unmap: xShmUnmap(delete: c_int) -> c_int;
    fetch: xFetch(at: ffi::sqlite3_int64, count: c_int, page: *mut *mut c_void) -> c_int;
    unfetch: xUnfetch(at: ffi::sqlite3_int64, page: *mut c_void) -> c_int;
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 3,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(take_lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: Some(fetch),
    xUnfetch: Some(unfetch),
};
