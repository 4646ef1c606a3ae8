//! A Z on paper or as a PDF: the first one is the original, every later one is a copy and says so. What is handed out before a
//! blind count is not the whole Z: it says that, and is neither.
//!
//! That it leaves the till is noted before it does, and taken back only when it is certain that nothing came of it: what may
//! be in somebody's hands makes the next one a copy.

use jiff::Timestamp;
use till_core::ZNumber;

use crate::report::{Copy, ExportJob, PrintJob};
use crate::till::{Refusal, Till};

/// The journal's words: the original, a copy, a part of one, and that nothing came of the last original or copy.
const ORIGINAL: &str = "z_printed";
const COPY: &str = "z_copied";
const PART: &str = "z_part_printed";
const NOTHING: &str = "z_not_printed";

impl Till {
    /// Whether this Z is whole on paper or in a PDF, as far as anybody knows: what is made of it from now on is a copy.
    pub fn z_printed(&self, number: ZNumber) -> Result<bool, Refusal> {
        let read = self.db.read();
        let z = read.z_reports().get(number).map_err(Refusal::NotSaved)?;
        let told = read.z_reports().told_by(&z.ok_or(Refusal::NoSuchZ)?);
        let sealed_up_to = told.map_err(Refusal::NotSaved)?.to.journal.row;
        let count = |what| {
            let counted = read.journal().count_after(sealed_up_to, what, &begins(number));
            counted.map_err(Refusal::NotSaved)
        };
        Ok(count(ORIGINAL)?.saturating_add(count(COPY)?) > count(NOTHING)?)
    }

    /// What is needed to print a report. The work itself is [`PrintJob::run`]; printed it was not, and certainly not, that
    /// goes to [`Self::not_printed`].
    pub fn print(
        &mut self,
        now: Timestamp,
        number: Option<ZNumber>,
        training: bool,
    ) -> Result<PrintJob, Refusal> {
        let printer = self.config.printer.clone().ok_or(Refusal::NoPrinter)?;
        let export = self.hand_out(now, number, training, "paper")?;
        Ok(PrintJob { export, printer })
    }

    /// What is needed to write a report as a PDF. The work itself is [`ExportJob::run`]; where no file came of it, that goes
    /// to [`Self::not_printed`].
    pub fn pdf(
        &mut self,
        now: Timestamp,
        number: Option<ZNumber>,
        training: bool,
    ) -> Result<ExportJob, Refusal> {
        self.hand_out(now, number, training, "PDF")
    }

    /// Of the last print or PDF that [counts](Copy::counts) nothing is in anybody's hands.
    pub fn not_printed(&mut self, now: Timestamp, number: ZNumber) -> Result<(), Refusal> {
        self.note(now, NOTHING, &format!("{}nothing came of it", begins(number)))
    }

    fn hand_out(
        &mut self,
        now: Timestamp,
        number: Option<ZNumber>,
        training: bool,
        on: &str,
    ) -> Result<ExportJob, Refusal> {
        let job = self.export(now, number, training)?;
        let Some(number) = number else { return Ok(job) };
        let (what, copy) = if job.picture.blind {
            (PART, Copy::Part)
        } else if self.z_printed(number)? {
            (COPY, Copy::Again)
        } else {
            (ORIGINAL, Copy::First)
        };
        let detail = format!("{}{}, {on}", begins(number), self.staff.who());
        self.note(now, what, &detail)?;
        Ok(ExportJob { copy, ..job })
    }

    fn note(&mut self, now: Timestamp, what: &str, detail: &str) -> Result<(), Refusal> {
        let written = self
            .db
            .write(|tx| tx.journal().add(now, what, None, None, detail));
        self.saved(written)
    }
}

/// How the journal's detail about a Z begins.
fn begins(number: ZNumber) -> String {
    format!("{}: ", number.0)
}
