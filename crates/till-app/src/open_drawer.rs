//! Opening the drawer, which hangs on the receipt printer: for cash that comes or goes by itself, and without a sale for a
//! reason, which is in the journal before the printer is told.

use jiff::Timestamp;
use till_paper::escpos::OPEN_DRAWER;
use till_paper::printer::{self, PrintError, Target, Timeouts};

use crate::approval::{Act, Credential};
use crate::report::Printed;
use crate::shift::words;
use crate::till::{Refusal, Till};

/// What is needed to open the drawer; a printer that is off takes its time to be missed.
#[derive(Debug)]
pub struct DrawerJob {
    target: Target,
}

/// The drawer was to open for cash that had come or gone, and did not. The money is on the books all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DrawerShut {
    /// When that was known.
    pub at: Timestamp,
    /// Nothing reached the printer; else it may have opened.
    pub certain: bool,
}

impl DrawerJob {
    /// Tells the printer, once.
    pub fn run(&self) -> Printed {
        match printer::send(&self.target, &OPEN_DRAWER, Timeouts::default()) {
            Ok(()) => Printed::Yes,
            Err(error @ PrintError::NotSent(_)) => Printed::No(error.to_string()),
            Err(error @ PrintError::Unknown(_)) => Printed::Unknown(error.to_string()),
        }
    }
}

impl Till {
    /// What is needed to open the drawer without a sale, for a reason. By the rules of some houses a manager's PIN is looked at
    /// first. It is in the journal before anything is sent: whether the drawer came open is more than a till can know.
    pub fn open_drawer(
        &mut self,
        now: Timestamp,
        reason: &str,
        shown: Option<&Credential>,
    ) -> Result<DrawerJob, Refusal> {
        self.unlocked()?;
        let job = self.drawer_job().ok_or(Refusal::NoDrawer)?;
        let reason = words(reason)?;
        if reason.is_empty() {
            return Err(Refusal::ReasonMissing);
        }
        let approved = match self.house.drawer_needs_manager {
            false => String::new(),
            true => {
                let by = self.approve(now, Act::Drawer, shown)?.spend(Act::Drawer)?;
                format!(", approved by {by}")
            }
        };
        let detail = format!("{}, {reason}{approved}", self.staff.who());
        let written = self
            .db
            .write(|tx| tx.journal().add(now, "drawer_opened", None, None, &detail));
        self.saved(written)?;
        Ok(job)
    }

    /// What came of telling the printer to open the drawer for cash, or for a reason. Whoever stands there has to be told
    /// where it stays shut; a drawer that opens is no matter any more.
    pub fn drawer_told(&mut self, now: Timestamp, told: &Printed) {
        let shut = |certain| Some(DrawerShut { at: now, certain });
        self.drawer_shut = match told {
            Printed::Yes => None,
            Printed::No(why) | Printed::Unknown(why) => {
                tracing::warn!(why, "the drawer may be shut");
                shut(matches!(told, Printed::No(_)))
            }
        };
        self.changed();
    }

    /// What is needed to open the drawer for cash that has just come or gone. What was told of it before is no matter any more.
    pub fn drawer_for_cash(&mut self) -> Option<DrawerJob> {
        if self.drawer_shut.take().is_some() {
            self.changed();
        }
        self.drawer_job()
    }

    /// What is needed to open the drawer; `None`: none hangs on a printer.
    #[must_use]
    pub fn drawer_job(&self) -> Option<DrawerJob> {
        let printer = self.config.printer.as_ref().filter(|it| it.drawer)?;
        Some(DrawerJob {
            target: printer.target.clone(),
        })
    }
}
