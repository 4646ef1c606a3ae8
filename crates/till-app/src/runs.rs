//! Evidence as it grows: a run of the same answers is one row, counted in memory and written when another answer ends it.

use jiff::Timestamp;
use till_core::Evidence;
use till_store::{EvidenceId, StoreError, Tx};

/// The last row of evidence; while the answers stay the same, only this is updated.
#[derive(Debug)]
pub(crate) struct Run {
    /// Row in the store.
    row: EvidenceId,
    /// The row as it should be, its texts left out.
    evidence: Evidence,
    /// The count that the store holds.
    saved_count: u32,
}

/// What is to be written about new evidence.
pub(crate) enum Plan {
    /// Nothing came, or it goes on with a run that is in memory.
    InMemory(Option<Evidence>),
    /// The run ends here; a new row begins.
    NewRow {
        ended: Option<(EvidenceId, Timestamp, u32)>,
        row: Evidence,
    },
}

impl Run {
    /// A row that the store has, as the run that the next answer may go on with.
    pub(crate) fn of(row: EvidenceId, evidence: Evidence) -> Self {
        // The texts are in the store; what waits in memory stays small.
        let evidence = Evidence {
            request: None,
            answer: None,
            ..evidence
        };
        Self {
            row,
            saved_count: evidence.count,
            evidence,
        }
    }

    /// The row as it should be, with what the store has of it.
    pub(crate) fn brought_up_to_date(&self, id: EvidenceId, mut stored: Evidence) -> Evidence {
        if self.row == id {
            stored.last_at = self.evidence.last_at;
            stored.count = self.evidence.count;
        }
        stored
    }

    /// What the store does not know yet; known from now on.
    pub(crate) fn take_unsaved(&mut self) -> Option<(EvidenceId, Timestamp, u32)> {
        let unsaved = self.unsaved();
        self.saved_count = self.evidence.count;
        unsaved
    }

    fn unsaved(&self) -> Option<(EvidenceId, Timestamp, u32)> {
        let unsaved = self.evidence.count > self.saved_count;
        unsaved.then_some((self.row, self.evidence.last_at, self.evidence.count))
    }
}

impl Plan {
    /// What new evidence makes of the run.
    pub(crate) fn of(run: Option<&Run>, evidence: Option<Evidence>) -> Self {
        let Some(row) = evidence else {
            return Self::InMemory(None);
        };
        let Some(run) = run else {
            return Self::NewRow { ended: None, row };
        };
        let mut going_on = run.evidence.clone();
        match going_on.absorb(row) {
            None => Self::InMemory(Some(going_on)),
            Some(row) => Self::NewRow {
                ended: run.unsaved(),
                row,
            },
        }
    }

    /// A row is to be written.
    pub(crate) fn is_news(&self) -> bool {
        matches!(self, Self::NewRow { .. })
    }

    /// Writes what is to be written; the new row's number, if there is one.
    pub(crate) fn write(
        &self,
        tx: &Tx<'_>,
        insert: impl FnOnce(&Evidence) -> Result<EvidenceId, StoreError>,
    ) -> Result<Option<EvidenceId>, StoreError> {
        match self {
            Self::InMemory(_) => Ok(None),
            Self::NewRow { ended, row } => {
                if let Some((id, last_at, count)) = ended {
                    tx.evidence().set_run(*id, *last_at, *count)?;
                }
                insert(row).map(Some)
            }
        }
    }

    /// Takes over what was written; the newest evidence without its texts, if any came.
    pub(crate) fn take_over(self, new_row: Option<EvidenceId>, run: &mut Option<Run>) -> Option<Evidence> {
        match (self, new_row) {
            (Self::InMemory(None), _) | (Self::NewRow { .. }, None) => None,
            (Self::InMemory(Some(going_on)), _) => {
                if let Some(run) = run {
                    run.evidence = going_on.clone();
                }
                Some(going_on)
            }
            (Self::NewRow { row, .. }, Some(id)) => {
                let begun = Run::of(id, row);
                let newest = begun.evidence.clone();
                *run = Some(begun);
                Some(newest)
            }
        }
    }
}
