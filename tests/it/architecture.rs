//! The tree keeps to its own map: who may import whom, and what every file owes its reader.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

/// What a member of the workspace may and may not import; the table of ARCHITECTURE.md.
struct Rule {
    member: &'static str,
    /// Our own crates it may import.
    ours: &'static [&'static str],
    /// Crates from outside it must never import.
    never: &'static [&'static str],
}

const WINDOW: &[&str] = &[
    "tauri",
    "tauri-plugin-single-instance",
    "tauri-specta",
    "specta",
    "specta-typescript",
    "gtk",
];

const RULES: &[Rule] = &[
    Rule {
        member: "till-core",
        ours: &[],
        never: &["tokio", "rusqlite", "reqwest", "axum", "lapin", "rand", "tracing"],
    },
    Rule {
        member: "wechat-pay",
        ours: &[],
        never: &["tokio", "rusqlite", "axum", "lapin"],
    },
    Rule {
        member: "till-store",
        ours: &["till-core"],
        never: &["tokio", "reqwest", "axum", "lapin"],
    },
    Rule {
        member: "notify-bus",
        ours: &[],
        never: &["rusqlite", "reqwest", "axum"],
    },
    Rule {
        member: "till-app",
        ours: &[
            "notify-bus",
            "till-core",
            "till-paper",
            "till-store",
            "wechat-pay",
        ],
        never: &["axum", "rusqlite", "reqwest"],
    },
    Rule {
        member: "notify-relay",
        ours: &["notify-bus", "wechat-pay"],
        never: &["rusqlite", "lapin", "reqwest"],
    },
    Rule {
        member: "till-paper",
        ours: &[],
        never: &["tokio", "rusqlite", "reqwest", "axum", "lapin"],
    },
    Rule {
        member: "wechat-pay-sim",
        ours: &["wechat-pay"],
        never: &["rusqlite", "lapin"],
    },
    Rule {
        member: "scantill",
        ours: &["till-app", "till-core", "wechat-pay-sim"],
        never: &["rusqlite", "reqwest", "lapin", "axum"],
    },
    Rule {
        member: "scantill-tests",
        ours: &[
            "notify-bus",
            "notify-relay",
            "till-app",
            "till-core",
            "till-paper",
            "till-store",
            "wechat-pay",
            "wechat-pay-sim",
        ],
        never: &[],
    },
];

#[test]
fn crates_import_only_what_the_table_allows() {
    let metadata = metadata();
    let members: BTreeSet<&str> = metadata
        .workspace_packages()
        .iter()
        .map(|package| package.name.as_str())
        .collect();
    let ruled: BTreeSet<&str> = RULES.iter().map(|rule| rule.member).collect();
    assert_eq!(
        members, ruled,
        "every member of the workspace has a row in the table, and no row is left over"
    );

    for rule in RULES {
        let package = member(&metadata, rule.member);
        for import in imports(package) {
            if members.contains(import) {
                assert!(
                    rule.ours.contains(&import),
                    "{} imports {import}: a new edge between our crates changes the table in ARCHITECTURE.md first",
                    rule.member
                );
            }
            assert!(
                !rule.never.contains(&import),
                "{} must never import {import}",
                rule.member
            );
            assert!(
                rule.member == "scantill" || !WINDOW.contains(&import),
                "{} imports {import}, but windows belong to the app package alone",
                rule.member
            );
        }
    }
}

#[test]
fn every_member_says_in_one_sentence_what_it_is() {
    let metadata = metadata();
    for package in metadata.workspace_packages() {
        let name = &package.name;
        let description = package.description.as_deref().unwrap_or_default();
        assert!(
            description.ends_with('.') && description.len() > 20,
            "{name} has no sentence about itself: {description:?}"
        );
        assert_eq!(
            package.license.as_deref(),
            Some("MIT OR Apache-2.0"),
            "{name} is under the project's licence"
        );
    }
}

#[test]
fn every_rust_file_begins_by_saying_what_it_is() {
    for file in files(&["rs"]) {
        let text = read(&file);
        assert!(
            text.starts_with("//!"),
            "{} does not begin with a //! sentence",
            file.display()
        );
    }
}

#[test]
fn no_source_file_is_longer_than_600_lines() {
    // Written by a program, read by nobody.
    let generated = "ui/src/lib/backend/bindings.ts";
    for file in files(&["rs", "ts", "svelte"]) {
        if file.ends_with(generated) {
            continue;
        }
        let lines = read(&file).lines().count();
        assert!(
            lines <= 600,
            "{} has {lines} lines: find the seam",
            file.display()
        );
    }
}

#[test]
fn no_file_names_a_package_registry_or_a_folder_of_one_machine() {
    // Put together here, so that this file does not name what it looks for.
    let needles = [
        ["registry.npm", "js.org"],
        ["registry.npm", "mirror.com"],
        ["static.cra", "tes.io"],
        ["index.cra", "tes.io"],
        ["py", "pi.org"],
        ["deb.deb", "ian.org"],
        ["/ro", "ot/"],
        ["/wo", "rk/"],
    ]
    .map(|halves| halves.concat());
    let kinds = [
        "rs", "ts", "js", "svelte", "html", "css", "json", "toml", "md", "sh", "lock", "Makefile", "run",
        "csv", "npmrc",
    ];
    for file in files(&kinds) {
        let text = read(&file);
        for needle in &needles {
            assert!(
                !text.contains(needle.as_str()),
                "{} names {needle}",
                file.display()
            );
        }
    }
}

#[test]
fn one_folder_writes_wire_types_and_one_file_talks_to_the_shell() {
    for file in files(&["rs"]) {
        let foreign = !file.starts_with("src-tauri") && !file.ends_with("architecture.rs");
        assert!(
            !(foreign && read(&file).contains("specta")),
            "{} uses specta, which is pinned and kept to src-tauri/",
            file.display()
        );
    }
    let seam = ["ui/src/lib/backend/tauri.ts", "ui/src/lib/backend/bindings.ts"].map(Path::new);
    for file in files(&["ts", "svelte"]) {
        let imports = read(&file)
            .lines()
            .any(|line| line.contains("from '@tauri-apps/") || line.contains("from \"@tauri-apps/"));
        assert!(
            !imports || seam.contains(&file.as_path()),
            "{} imports @tauri-apps beside the seam",
            file.display()
        );
    }
}

#[test]
fn the_protocol_crate_does_no_io_but_in_its_client() {
    for file in files(&["rs"]) {
        if file.starts_with("crates/wechat-pay/src") && !file.ends_with("client.rs") {
            let text = code(&read(&file));
            for needle in ["reqwest", "TcpStream", "UdpSocket", "std::fs"] {
                assert!(
                    !text.contains(needle),
                    "{} uses {needle}; I/O is client.rs's alone",
                    file.display()
                );
            }
        }
    }
}

#[test]
fn every_command_belongs_to_exactly_one_window() {
    let app = read(Path::new("src-tauri/lib.rs"));
    let (_, rest) = app
        .split_once("collect_commands![")
        .expect("lib.rs lists the commands");
    let (list, _) = rest.split_once(']').expect("the list has an end");
    let mut commands: Vec<&str> = list
        .split(',')
        .map(|name| name.trim().rsplit("::").next().unwrap_or_default())
        .filter(|name| !name.is_empty())
        .collect();
    let permissions = read(Path::new("src-tauri/permissions/windows.toml"));
    let mut allowed: Vec<&str> = permissions
        .lines()
        .filter(|line| {
            !line.contains("identifier") && !line.contains("description") && !line.starts_with('#')
        })
        .flat_map(|line| line.split('"').skip(1).step_by(2))
        .collect();
    allowed.sort_unstable();
    commands.sort_unstable();
    assert_eq!(
        allowed, commands,
        "windows.toml allows each command once: to the till or to the customer display"
    );
}

/// Direct imports of a crate's own code; what only its tests use is not part of its shape.
fn imports(package: &Package) -> BTreeSet<&str> {
    package
        .dependencies
        .iter()
        .filter(|dependency| dependency.kind == DependencyKind::Normal)
        .map(|dependency| dependency.name.as_str())
        .collect()
}

fn member<'a>(metadata: &'a Metadata, name: &str) -> &'a Package {
    let found = metadata
        .workspace_packages()
        .into_iter()
        .find(|package| package.name.as_str() == name);
    found.unwrap_or_else(|| panic!("{name} is a member of the workspace"))
}

fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .expect("cargo can describe its own workspace")
}

/// The top of the tree: this crate's folder lies in it.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().expect("tests/ has a parent").to_owned()
}

/// The text of a file named from the top of the tree; what is not text reads as nothing.
fn read(file: &Path) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_default()
}

/// The lines of a source file that are not comments.
fn code(text: &str) -> String {
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Every file of our own whose name ends in one of `endings`, named from the top of the tree.
fn files(endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(root().join(&folder)).expect("a folder of the tree can be read");
        for entry in entries.flatten() {
            let path = folder.join(entry.file_name());
            let name = entry.file_name().to_string_lossy().into_owned();
            let made =
                ["target", "node_modules", "dist", "test-results", "gen", ".git"].contains(&name.as_str());
            if entry.path().is_dir() && !made {
                folders.push(path);
            } else if !made
                && endings
                    .iter()
                    .any(|&ending| name == ending || name.ends_with(&format!(".{ending}")))
            {
                found.push(path);
            }
        }
    }
    assert!(!found.is_empty(), "a check over no files would hold for nothing");
    found.sort();
    found
}
