//! Printers on a real socket, good ones and others: what is said about a document afterwards is true.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use till_paper::escpos::{self, Glyphs, Paper};
use till_paper::printer::{Obstacle, PrintError, Target, Timeouts, send};

use crate::interpreter::interpret;
use crate::{FONTS, samples};

/// How the printer at the other end behaves.
#[derive(Debug, Clone, Copy)]
enum Manner {
    /// Answers the questions for paper, cover and state with these.
    Answers { paper: u8, cover: u8, state: u8 },
    /// As so many cheap ones: prints, and never says a word.
    Silent,
    /// Says something nobody asked while the document is sent, and takes its time over reading it.
    Slow,
    /// Says it is well, and after so many bytes of the document...
    Then(usize, Mishap),
}

#[derive(Debug, Clone, Copy)]
enum Mishap {
    /// ...is switched off.
    Closes,
    /// ...takes nothing more.
    Hangs,
    /// ...has no paper any more.
    RunsOut,
    /// ...takes everything, but never answers again.
    FallsSilent,
}

const WELL: u8 = 0x12;
const GOOD: Manner = Manner::Answers {
    paper: WELL,
    cover: WELL,
    state: WELL,
};

struct Printer {
    target: Target,
    received: JoinHandle<Vec<u8>>,
}

impl Printer {
    /// Takes one connection, on a free port.
    fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let target = Target::Network(listener.local_addr().expect("it is bound").to_string());
        let received = std::thread::spawn(move || {
            let (stream, _) = listener.accept().expect("the till connects");
            serve(stream, manner)
        });
        Self { target, received }
    }

    fn received(self) -> Vec<u8> {
        self.received.join().expect("the printer's thread ends by itself")
    }
}

/// Everything received, questions included. Like a real printer it finds questions anywhere, even in a picture.
fn serve(mut stream: impl Read + Write, manner: Manner) -> Vec<u8> {
    let mut received = Vec::new();
    let (mut seen, mut questions) = (0, 0);
    let mut buffer = [0; 4096];
    if let Manner::Slow = manner {
        // Later than the till waits for an answer, earlier than it gives up writing.
        std::thread::sleep(SHORT.answer + Duration::from_millis(100));
        stream.write_all(&[0x10, 0x00]).expect("the till is still there");
        std::thread::sleep(Duration::from_millis(250));
    }
    loop {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return received,
            Ok(bytes) => received.extend(&buffer[..bytes]),
        }
        let mut mishap = None;
        let (paper, cover, state) = match manner {
            Manner::Answers { paper, cover, state } => (paper, cover, state),
            Manner::Silent | Manner::Slow => continue,
            Manner::Then(after, what) => {
                mishap = (received.len() >= after + 9).then_some(what);
                (WELL, WELL, WELL)
            }
        };
        match mishap {
            Some(Mishap::Closes) => return received,
            Some(Mishap::Hangs) => {
                // Until the till gives up: its buffers and ours are full long before.
                std::thread::sleep(Duration::from_secs(3));
                return received;
            }
            Some(Mishap::FallsSilent) => continue,
            Some(Mishap::RunsOut) | None => {}
        }
        while let Some(at) = received[seen..]
            .windows(3)
            .position(|three| three[..2] == [0x10, 0x04])
        {
            seen += at + 3;
            questions += 1;
            let answer = match received[seen - 1] {
                4 if mishap.is_some() => WELL | 0x60,
                4 => paper,
                2 => cover,
                1 => state,
                other => panic!("nobody asks {other}"),
            };
            // Something of its own accord before every answer, of the kind printers say when a cover moves.
            if questions == 1 {
                stream.write_all(&[0x10, 0x00]).expect("the till listens");
            }
            if stream.write_all(&[answer]).is_err() {
                return received;
            }
        }
    }
}

const SHORT: Timeouts = Timeouts {
    connect: Duration::from_secs(2),
    write: Duration::from_millis(900),
    answer: Duration::from_millis(200),
    finish: Duration::from_millis(400),
    whole: Duration::from_secs(5),
};

/// The outcome, which has to be there in good time.
fn outcome(target: &Target, bytes: &[u8]) -> Result<(), PrintError> {
    #[expect(
        clippy::disallowed_methods,
        reason = "how long it really took is what is tested"
    )]
    let begun = Instant::now();
    let outcome = send(target, bytes, SHORT);
    let waited = begun.elapsed();
    assert!(
        waited < Duration::from_secs(4),
        "every wait has an end, but this took {waited:?}"
    );
    outcome
}

/// Whether an obstacle is the one meant.
type Test = fn(&Obstacle) -> bool;

fn receipt() -> Vec<u8> {
    escpos::bytes(&samples::receipt(), Paper::Mm80, Glyphs::Raster(&FONTS))
}

#[test]
fn a_document_arrives_whole_and_the_printer_is_asked_before_and_after() {
    let printer = Printer::start(GOOD);
    let sent = receipt();
    outcome(&printer.target, &sent).expect("a good printer takes it");
    let received = printer.received();
    assert_eq!(
        received[9..received.len() - 9],
        sent,
        "byte for byte, between three questions and three"
    );
    let paper = interpret(&received);
    assert_eq!(paper.questions, 6, "paper, cover and state, before and after");
    assert_eq!(
        paper.printed,
        interpret(&sent).printed,
        "the questions change nothing on the paper"
    );
}

#[test]
fn no_picture_contains_what_a_printer_would_obey_at_once() {
    for (document, paper) in [
        (samples::z_in_chinese(40), Paper::Mm58),
        (samples::receipt(), Paper::Mm80),
    ] {
        let bytes = escpos::bytes(&document, paper, Glyphs::Raster(&FONTS));
        let obeyed = |pair: &[u8]| pair[0] == 0x10 && matches!(pair[1], 0x04 | 0x05 | 0x14);
        assert!(!bytes.windows(2).any(obeyed), "no dots open a drawer");
    }
}

#[test]
fn a_printer_that_never_answers_prints_all_the_same() {
    let printer = Printer::start(Manner::Silent);
    let sent = receipt();
    outcome(&printer.target, &sent).expect("silence is no fault");
    assert_eq!(
        printer.received()[3..],
        sent,
        "after the one question nothing but the document is sent"
    );
}

#[test]
fn what_is_still_under_way_at_the_end_is_not_thrown_away() {
    // More than a slow printer has taken when the till has sent it, and something unread in the other direction.
    let sent = [receipt(), vec![b'x'; 1 << 20]].concat();
    let printer = Printer::start(Manner::Slow);
    outcome(&printer.target, &sent).expect("it is slow, not broken");
    let received = printer.received();
    assert_eq!(received.len() - 3, sent.len(), "it still gets everything");
}

#[test]
fn a_printer_that_can_not_print_says_why_and_gets_nothing() {
    let cases = [
        (
            Manner::Answers {
                paper: WELL | 0x60,
                cover: WELL | 0x20,
                state: WELL | 0x08,
            },
            "out of paper",
        ),
        (
            Manner::Answers {
                paper: WELL,
                cover: WELL | 0x04,
                state: WELL | 0x08,
            },
            "cover is open",
        ),
        (
            Manner::Answers {
                paper: WELL,
                cover: WELL,
                state: WELL | 0x08,
            },
            "offline",
        ),
        (
            Manner::Answers {
                paper: WELL,
                cover: WELL | 0x40,
                state: WELL,
            },
            "has a fault",
        ),
    ];
    for (manner, words) in cases {
        let printer = Printer::start(manner);
        let error = outcome(&printer.target, &receipt()).expect_err("it can't print");
        assert!(
            matches!(error, PrintError::NotSent(_)),
            "{manner:?} was asked first, so nothing was sent: {error}"
        );
        assert!(error.to_string().contains(words), "{manner:?} is named: {error}");
        assert_eq!(
            interpret(&printer.received()).printed,
            [],
            "nothing but questions arrived"
        );
    }
    let almost = Printer::start(Manner::Answers {
        paper: WELL | 0x0c,
        cover: WELL,
        state: WELL,
    });
    outcome(&almost.target, &receipt()).expect("paper that ends soon is still paper");
}

#[test]
fn what_breaks_in_the_middle_is_unknown_whatever_broke_it() {
    // More than two machines' buffers hold, so that a printer that takes no more is felt.
    let long = [receipt(), vec![b'x'; 24 << 20]].concat();
    let cases: [(usize, Mishap, Test); 2] = [
        (5_000, Mishap::Closes, |obstacle| {
            matches!(obstacle, Obstacle::Unreachable(_))
        }),
        (5_000, Mishap::Hangs, |obstacle| {
            matches!(obstacle, Obstacle::Stalled)
        }),
    ];
    for (after, mishap, is_it) in cases {
        let printer = Printer::start(Manner::Then(after, mishap));
        let error = outcome(&printer.target, &long).expect_err("it broke");
        let PrintError::Unknown(obstacle) = error else {
            panic!("{mishap:?}: part of it was sent: {error}")
        };
        assert!(
            is_it(&obstacle),
            "{mishap:?} is told as what it was: {obstacle:?}"
        );
    }
}

#[test]
fn a_printer_that_took_everything_and_then_fails_is_unknown_too() {
    let cases: [(Mishap, Test); 3] = [
        (Mishap::RunsOut, |obstacle| matches!(obstacle, Obstacle::PaperOut)),
        (Mishap::FallsSilent, |obstacle| {
            matches!(obstacle, Obstacle::Stalled)
        }),
        (Mishap::Closes, |obstacle| {
            matches!(obstacle, Obstacle::Unreachable(_))
        }),
    ];
    let sent = receipt();
    for (mishap, is_it) in cases {
        let printer = Printer::start(Manner::Then(sent.len(), mishap));
        let error = outcome(&printer.target, &sent).expect_err("it has not said that all is well");
        let PrintError::Unknown(obstacle) = error else {
            panic!("{mishap:?}: all of it was sent: {error}")
        };
        assert!(
            is_it(&obstacle),
            "{mishap:?} is told as what it was: {obstacle:?}"
        );
    }
}

#[test]
fn where_there_is_no_printer_nothing_is_sent() {
    let gone = {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.local_addr().expect("it is bound").to_string()
    };
    for target in [
        Target::Network(gone),
        Target::Network("no such host".to_owned()),
        Target::Device("/dev/usb/none".into()),
    ] {
        let error = outcome(&target, b"x").expect_err("nobody is there");
        assert!(matches!(error, PrintError::NotSent(_)), "{target:?}: {error}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_device_file_gets_the_document_and_one_that_is_full_is_not_waited_for_for_ever() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("lp0");
    let made = std::process::Command::new("mkfifo")
        .arg(&path)
        .status()
        .expect("coreutils are there");
    assert!(made.success(), "a pipe stands in for the cable");

    let nobody = outcome(&Target::Device(path.clone()), b"x").expect_err("nobody reads");
    assert!(
        matches!(nobody, PrintError::NotSent(Obstacle::Unreachable(_))),
        "no printer at the other end: {nobody}"
    );

    let sent = receipt();
    let reader = {
        let path = path.clone();
        std::thread::spawn(move || std::fs::read(path).expect("the pipe is read to its end"))
    };
    // The reader opens when it opens; until then nobody is there.
    let handed_over = (0..200).any(|_| {
        std::thread::sleep(Duration::from_millis(5));
        match outcome(&Target::Device(path.clone()), &sent) {
            Ok(()) => true,
            Err(PrintError::NotSent(_)) => false,
            Err(PrintError::Unknown(obstacle)) => panic!("it never broke in the middle: {obstacle}"),
        }
    });
    assert!(handed_over, "a reader came");
    assert_eq!(
        reader.join().expect("it ends with the pipe"),
        sent,
        "byte for byte"
    );

    // Opened for both directions the pipe has a reader that never reads.
    let _open = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(&path)
        .expect("a pipe");
    let full = outcome(&Target::Device(path), &vec![b'x'; 1 << 20]).expect_err("nobody takes it away");
    assert!(
        matches!(full, PrintError::Unknown(Obstacle::Stalled)),
        "a part is in the pipe: {full}"
    );
}

/// A device that can answer, and what the printer behind it received: a terminal of our own, its printer's side a file.
#[cfg(target_os = "linux")]
fn cable(manner: Manner) -> (Target, JoinHandle<Vec<u8>>) {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

    let printer = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("Linux has terminals");
    grantpt(&printer).expect("it is ours");
    unlockpt(&printer).expect("it is ours");
    let mut settings = tcgetattr(&printer).expect("it is a terminal");
    settings.make_raw();
    tcsetattr(&printer, OptionalActions::Now, &settings).expect("it is a terminal");
    let name = ptsname(&printer, Vec::new())
        .expect("it has a name")
        .into_string()
        .expect("in ASCII");
    let received = std::thread::spawn(move || serve(std::fs::File::from(printer), manner));
    (Target::Device(name.into()), received)
}

#[test]
#[cfg(target_os = "linux")]
fn a_device_that_answers_is_asked_before_and_after() {
    let sent = receipt();
    let (target, received) = cable(GOOD);
    outcome(&target, &sent).expect("a good printer takes it");
    let received = received.join().expect("it ends when the file is closed");
    assert_eq!(
        received[9..received.len() - 9],
        sent,
        "byte for byte, between three questions and three"
    );

    let (target, received) = cable(Manner::Answers {
        paper: WELL,
        cover: WELL | 0x04,
        state: WELL | 0x08,
    });
    let error = outcome(&target, &sent).expect_err("it can't print");
    assert!(
        matches!(error, PrintError::NotSent(Obstacle::CoverOpen)),
        "it says why: {error}"
    );
    let received = received.join().expect("it ends when the file is closed");
    assert_eq!(interpret(&received).printed, [], "nothing but questions arrived");
}
