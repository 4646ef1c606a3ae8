//! Reads `tauri.conf.json` and the permissions of the two windows.

use tauri_build::{AppManifest, Attributes};

const PERMISSIONS: &str = "src-tauri/permissions/*.toml";

fn main() {
    println!("cargo:rerun-if-changed=src-tauri/permissions");
    let manifest = AppManifest::new().permissions_path_pattern(PERMISSIONS);
    if let Err(error) = tauri_build::try_build(Attributes::new().app_manifest(manifest)) {
        // A build script has no caller to answer to; the text says which file is wrong.
        println!("cargo:warning=tauri-build: {error:#}");
        std::process::exit(1);
    }
}
