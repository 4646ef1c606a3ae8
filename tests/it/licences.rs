//! Every dependency may be given away with the till: its licence is one that `deny.toml` allows.

use std::path::Path;

use cargo_metadata::MetadataCommand;

#[test]
fn every_dependency_has_a_licence_that_is_allowed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests/ has a parent");
    let deny = std::fs::read_to_string(root.join("deny.toml")).expect("deny.toml lies at the top");
    let allowed = allowed(&deny);
    let metadata = MetadataCommand::new()
        .manifest_path(root.join("Cargo.toml"))
        .other_options(["--locked".to_owned()])
        .exec()
        .expect("cargo can describe the workspace and what it stands on");
    for package in &metadata.packages {
        let licence = package.license.as_deref().unwrap_or_default();
        assert!(
            may_be_used(licence, &allowed),
            "{} {} is under {licence:?}, which deny.toml does not allow",
            package.name,
            package.version
        );
    }
}

#[test]
fn an_expression_is_allowed_only_when_all_it_asks_for_is() {
    let allowed = ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"];
    for good in [
        "MIT",
        "GPL-3.0 OR MIT",
        "MIT/GPL-3.0",
        "MIT AND ISC",
        "(GPL-3.0 OR MIT) AND ISC",
        "Apache-2.0 WITH LLVM-exception",
    ] {
        assert!(
            may_be_used(good, &allowed),
            "{good} leaves a choice that is allowed"
        );
    }
    for bad in [
        "",
        "GPL-3.0",
        "MIT AND GPL-3.0",
        "(GPL-3.0 OR MIT) AND GPL-3.0",
        "Apache-2.0",
        "MIT AND (GPL-2.0 OR GPL-3.0)",
    ] {
        assert!(!may_be_used(bad, &allowed), "{bad} asks for what is not allowed");
    }
}

/// The texts in the list `allow` of deny.toml.
fn allowed(deny: &str) -> Vec<&str> {
    let (_, rest) = deny
        .split_once("\nallow = [")
        .expect("deny.toml lists the licences");
    let (list, _) = rest.split_once(']').expect("the list has an end");
    list.split('"').skip(1).step_by(2).collect()
}

/// Whether an SPDX expression can be met with `allowed` alone. `/` is the old way to write OR; AND binds closer than OR.
fn may_be_used(expression: &str, allowed: &[&str]) -> bool {
    let expression = expression.replace('/', " OR ");
    split(&expression, " OR ").iter().any(|choice| {
        split(choice, " AND ")
            .iter()
            .all(|part| is_allowed(part, allowed))
    })
}

fn is_allowed(part: &str, allowed: &[&str]) -> bool {
    let part = part.trim();
    match part.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')) {
        Some(inner) => may_be_used(inner, allowed),
        None => allowed.contains(&part),
    }
}

/// Splits at `word` wherever it stands outside brackets.
fn split<'a>(expression: &'a str, word: &str) -> Vec<&'a str> {
    let mut parts = Vec::new();
    let (mut depth, mut from) = (0, 0);
    for (at, character) in expression.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            ' ' if depth == 0 && expression[at..].starts_with(word) && at >= from => {
                parts.push(&expression[from..at]);
                from = at + word.len();
            }
            _ => {}
        }
    }
    parts.push(&expression[from..]);
    parts
}
