//! Why the till can't be opened: from the reader's errors to what the settings page shows.

use std::path::Path;

use till_app::{Config, ConfigProblem, OpenError};
use till_core::{GatewayKind, OtherAccount};

use crate::view::{Problem, ProblemCode};

impl From<ConfigProblem> for Problem {
    fn from(problem: ConfigProblem) -> Self {
        let code = if problem.missing {
            ProblemCode::ConfigMissing
        } else {
            ProblemCode::ConfigWrong
        };
        Self {
            code,
            subject: problem.key,
            detail: problem.what,
            example: problem.example,
        }
    }
}

/// Why the ledger can't be used.
pub(crate) fn ledger_problem(error: &OpenError, path: &Path, config: &Config) -> Problem {
    let code = match error {
        OpenError::OtherAccount(other) => return account_problem(other, path, config),
        OpenError::Damaged { .. } => ProblemCode::DatabaseDamaged,
        OpenError::Newer { .. } => ProblemCode::DatabaseNewer,
        OpenError::Unusable(_) => ProblemCode::DatabaseUnusable,
    };
    Problem {
        code,
        subject: path.display().to_string(),
        detail: error.to_string(),
        example: String::new(),
    }
}

/// Why this configuration can't go on with a ledger: as it stands there, and a line that would be right.
fn account_problem(other: &OtherAccount, path: &Path, config: &Config) -> Problem {
    let address = |url: &str| format!("base_url = \"{url}\"");
    let number = |mch_id: &str| format!("mch_id = \"{mch_id}\"");
    let (code, subject, detail, example) = match (other.ledger.gateway, other.asked.gateway) {
        (GatewayKind::Simulator, GatewayKind::Wechat) => (
            ProblemCode::LedgerPractised,
            path.display().to_string(),
            address(&config.gateway.base_url),
            String::new(),
        ),
        (GatewayKind::Wechat, GatewayKind::Simulator) => (
            ProblemCode::LedgerReal,
            path.display().to_string(),
            address(&config.gateway.base_url),
            String::new(),
        ),
        (GatewayKind::Wechat, GatewayKind::Wechat) | (GatewayKind::Simulator, GatewayKind::Simulator) => (
            ProblemCode::LedgerOtherMerchant,
            other.ledger.mch_id.clone(),
            number(&other.asked.mch_id),
            number(&other.ledger.mch_id),
        ),
    };
    Problem {
        code,
        subject,
        detail,
        example,
    }
}
