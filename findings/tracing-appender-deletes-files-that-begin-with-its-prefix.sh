#!/usr/bin/env bash
# A log that is rotated keeps so many files of its own. tracing-appender 0.2.5 with filename_prefix("app") and max_log_files(2)
# counts all files of the folder whose names begin with "app", whether a date follows or not, and deletes the oldest,
# when it is built and at each rotation:
#   app-audit.2026-01-01  app-audit.2026-01-02  app.toml  apple-orders.csv   ->   apple-orders.csv and the new app.2026-...
# So the rotation of one log deletes another program's, or its configuration; and files whose dates are no dates count too. With a suffix
# both ends must fit, without either the name must be a date. The documentation speaks of "log files" alone.
# Give each appender a folder of its own, where `logingestor ingest` follows it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export CARGO_HOME="$work/cargo" CARGO_TARGET_DIR="$work/target"
mkdir -p "$work/app/src"
cd "$work/app"
cat > Cargo.toml <<'TOML'
[package]
name = "finding"
version = "0.1.0"
edition = "2021"

[dependencies]
tracing-appender = "=0.2.5"
TOML
cat > src/main.rs <<'RS'
use std::{fs, path::Path, thread, time::Duration};
use tracing_appender::rolling::{RollingFileAppender, Rotation};

fn names(folder: &Path) -> Vec<String> {
    let mut all: Vec<String> = fs::read_dir(folder).unwrap().map(|one| one.unwrap().file_name().into_string().unwrap()).collect();
    all.sort();
    all
}

fn main() {
    let folder = Path::new("logs");
    fs::create_dir(folder).unwrap();
    for name in ["app-audit.2026-01-01", "app-audit.2026-01-02", "app.toml", "apple-orders.csv", "other"] {
        fs::write(folder.join(name), "kept").unwrap();
        thread::sleep(Duration::from_millis(50));
    }
    println!("before: {:?}", names(folder));
    let _appender = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("app")
        .max_log_files(2)
        .build(folder)
        .unwrap();
    let left = names(folder);
    println!("after:  {:?}", left);
    assert_eq!(left.len(), 3);
    assert!(left[0].starts_with("app.20"));
    assert_eq!(left[1..], ["apple-orders.csv", "other"]);
}
RS
cargo run -q
echo "as described: files of others are deleted"
