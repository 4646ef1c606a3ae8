//! Asks a printer how it is: `DLE EOT`, which it answers at once, whatever else it is doing.

use std::io::ErrorKind;

use super::{Deadline, Link, Obstacle, is_silence};

/// What can be asked; the number is the one on the wire.
#[derive(Debug, Clone, Copy)]
enum Question {
    Printer = 1,
    WhyOffline = 2,
    Paper = 4,
}

/// Asks, and says whether it was answered; a printer of one direction stays silent, and that is no fault.
/// Waits for each answer as long as the link does, and until `patience` is over.
///
/// # Errors
/// What the printer says stands in the way, or [`Obstacle::Unreachable`] when it closes instead of answering.
pub(super) fn ask(link: &mut impl Link, patience: &Deadline) -> Result<bool, Obstacle> {
    // Paper first, cover next: a printer without paper is offline as well, and the reason helps more than the state.
    for question in [Question::Paper, Question::WhyOffline, Question::Printer] {
        let Some(answer) = answer(link, question, patience)? else {
            return Ok(false);
        };
        if let Some(obstacle) = complaint(question, answer) {
            return Err(obstacle);
        }
    }
    Ok(true)
}

fn answer(link: &mut impl Link, question: Question, patience: &Deadline) -> Result<Option<u8>, Obstacle> {
    let asked = [0x10, 0x04, question as u8];
    let mut said = 0;
    while said < asked.len() {
        match link.write(&asked[said..]) {
            Ok(bytes) if bytes > 0 => said += bytes,
            Ok(_) => return Err(Obstacle::Stalled),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    // Other bytes may be in the way: what the printer says of its own accord has another pattern.
    let mut strange = 0;
    while strange < 64 {
        let mut byte = [0];
        match link.read(&mut byte) {
            Ok(0) => return Err(Obstacle::Unreachable(ErrorKind::UnexpectedEof.into())),
            Ok(_) if byte[0] & 0b1001_0011 == 0b0001_0010 => return Ok(Some(byte[0])),
            Ok(_) => strange += 1,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if is_silence(&error) && patience.passed() => return Ok(None),
            Err(error) if is_silence(&error) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}

/// What an answer complains of. Paper that will end soon is no complaint yet.
fn complaint(question: Question, answer: u8) -> Option<Obstacle> {
    let says = |bits: u8| answer & bits != 0;
    match question {
        Question::Paper => says(0b0110_0000).then_some(Obstacle::PaperOut),
        Question::WhyOffline if says(0b0010_0000) => Some(Obstacle::PaperOut),
        Question::WhyOffline if says(0b0000_0100) => Some(Obstacle::CoverOpen),
        Question::WhyOffline => says(0b0100_0000).then_some(Obstacle::Offline),
        Question::Printer => says(0b0000_1000).then_some(Obstacle::Offline),
    }
}
