#!/usr/bin/env bash
# tracing takes an error with its chain of causes, `error = &failed as &dyn std::error::Error`, and tracing-subscriber 0.3.23 writes the chain in its
# text: `error=save failed error.sources=[disk full, code 28]`. With .json() of the same subscriber the causes are nowhere:
#   {"level":"ERROR","fields":{"message":"order lost","error":"save failed"},…}
# tracing-bunyan-formatter 0.3.11 and tracing-ecs 0.5.0 leave them out likewise. So what an incident is about is seen by who develops with text and is missing in
# production. Log `error = format!("{failed:#}")` with anyhow, or join the sources. LogIngestor gets what is left.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/src"
cd "$work"
cat > Cargo.toml <<'TOML'
[package]
name = "app"
version = "0.1.0"
edition = "2021"
[dependencies]
tracing = "=0.1.44"
tracing-subscriber = { version = "=0.3.23", features = ["json"] }
tracing-bunyan-formatter = "=0.3.11"
TOML
cat > src/main.rs <<'RUST'
use std::error::Error;
use std::fmt;
use tracing_subscriber::prelude::*;

#[derive(Debug)]
struct Failed(std::io::Error);

impl fmt::Display for Failed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "save failed")
    }
}

impl Error for Failed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

fn main() {
    let failed = Failed(std::io::Error::other("disk full"));
    let report = || tracing::error!(error = &failed as &dyn Error, "order lost");
    tracing::subscriber::with_default(tracing_subscriber::fmt().with_ansi(false).finish(), report);
    tracing::subscriber::with_default(tracing_subscriber::fmt().json().finish(), report);
    let bunyan = tracing_bunyan_formatter::BunyanFormattingLayer::new("app".into(), std::io::stdout);
    tracing::subscriber::with_default(tracing_subscriber::registry().with(tracing_bunyan_formatter::JsonStorageLayer).with(bunyan), report);
}
RUST
CARGO_HOME="$work/cargo" cargo run -q > lines 2> log || { cat log; exit 1; }
cat lines
python3 - <<'PY'
import json

text, as_json, bunyan = open("lines", encoding="utf-8").read().splitlines()
assert "error=save failed error.sources=[disk full]" in text, text
assert json.loads(as_json)["fields"] == {"message": "order lost", "error": "save failed"}, as_json
assert json.loads(bunyan)["error"] == "save failed", bunyan
assert "disk full" not in as_json + bunyan
PY
echo "as described: the cause is in the text only"
