//! A printer on a cable, as Linux's `usblp` shows it: a file to write to. Elsewhere there is no such file, and we say so.

#[cfg(target_os = "linux")]
pub(super) use linux::open;

#[cfg(not(target_os = "linux"))]
pub(super) use elsewhere::open;

#[cfg(target_os = "linux")]
mod linux {
    use std::fs::{File, OpenOptions};
    use std::io::{self, ErrorKind, Read, Write};
    use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
    use std::path::Path;
    use std::time::Duration;

    use super::super::{Link, Obstacle, Timeouts};

    /// How often a busy device is tried again.
    const STEP: Duration = Duration::from_millis(5);

    pub(in super::super) struct Device {
        file: File,
        /// Whether it is a device that can answer, not a pipe or a file.
        answers: bool,
        timeouts: Timeouts,
    }

    pub(in super::super) fn open(path: &Path, timeouts: Timeouts) -> Result<Device, Obstacle> {
        let kind = std::fs::metadata(path)
            .map_err(Obstacle::Unreachable)?
            .file_type();
        let answers = kind.is_char_device();
        let mut options = OpenOptions::new();
        // Never waits inside the system: a printer without paper would keep a blocking write for ever.
        options
            .write(true)
            .read(answers)
            .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY);
        let file = options.open(path).map_err(Obstacle::Unreachable)?;
        Ok(Device {
            file,
            answers,
            timeouts,
        })
    }

    impl Link for Device {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let file = &mut self.file;
            patiently(self.timeouts.write, || file.write(bytes))
        }

        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let file = &mut self.file;
            let read = || match file.read(into) {
                // A printer without anything to say is read as empty, which on a cable is not an end.
                Ok(0) => Err(ErrorKind::WouldBlock.into()),
                // What `usblp` says of a printer that has no way back: it will never say anything.
                Err(error) if error.kind() == ErrorKind::InvalidInput => Err(ErrorKind::WouldBlock.into()),
                other => other,
            };
            patiently(self.timeouts.answer, read)
        }

        fn settle(&mut self) -> io::Result<()> {
            // `usblp` takes a block and sends it later, and throws it away when the file is closed before. A write of
            // nothing is taken as soon as the one before it is out.
            let file = &mut self.file;
            patiently(self.timeouts.write, || file.write(&[])).map(|_nothing| ())
        }

        fn answers(&self) -> bool {
            self.answers
        }
    }

    /// Tries again while it would block, until the patience is over.
    fn patiently(patience: Duration, mut operation: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
        let mut waited = Duration::ZERO;
        loop {
            match operation() {
                Err(error) if error.kind() == ErrorKind::WouldBlock && waited < patience => {
                    std::thread::sleep(STEP);
                    waited += STEP;
                }
                other => return other,
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod elsewhere {
    use std::io;
    use std::path::Path;

    use super::super::{Link, Obstacle, Timeouts};

    /// There is none.
    pub(in super::super) enum Device {}

    pub(in super::super) fn open(_path: &Path, _timeouts: Timeouts) -> Result<Device, Obstacle> {
        Err(Obstacle::Unsupported)
    }

    impl Link for Device {
        fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
            match *self {}
        }

        fn read(&mut self, _into: &mut [u8]) -> io::Result<usize> {
            match *self {}
        }

        fn settle(&mut self) -> io::Result<()> {
            match *self {}
        }

        fn answers(&self) -> bool {
            match *self {}
        }
    }
}
