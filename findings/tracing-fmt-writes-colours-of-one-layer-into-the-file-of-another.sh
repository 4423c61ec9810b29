#!/usr/bin/env bash
# tracing-subscriber's layers are set each by itself: with_ansi(true) for the terminal, with_ansi(false) for a file. In 0.3.23 the
# fields of a span are formatted once, by the layer that stands first, and kept for all layers with the same formatter:
#   2026-... INFO pay{ESC[3morderESC[0mESC[2m=ESC[0m7}: paid amount=12      in the file; the event's own fields are right
# Searches for order=7 in the file find nothing. The other way round a terminal's spans are without colours. with_ansi's documentation
# doesn't mention it; layers in the other order, .fmt_fields() with a formatter of one's own, or JSON for the file help.
# LogIngestor takes codes of colours off before it reads a line: order is a field.
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
tracing = "=0.1.44"
tracing-subscriber = "=0.3.23"
TOML
cat > src/main.rs <<'RS'
use std::io::Write;
use std::sync::{Arc, Mutex};
use tracing_subscriber::{fmt, prelude::*};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, part: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(part)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn file_of(terminal_first: bool) -> String {
    let lines = Lines::default();
    let kept = lines.clone();
    let work = || {
        let _span = tracing::info_span!("pay", order = 7).entered();
        tracing::info!(amount = 12, "paid");
    };
    if terminal_first {
        let terminal = fmt::layer().with_ansi(true).with_writer(std::io::sink);
        let file = fmt::layer().with_ansi(false).with_writer(move || kept.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(terminal).with(file), work);
    } else {
        let terminal = fmt::layer().with_ansi(true).with_writer(std::io::sink);
        let file = fmt::layer().with_ansi(false).with_writer(move || kept.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(file).with(terminal), work);
    }
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    text
}

fn main() {
    for (terminal_first, coloured) in [(true, true), (false, false)] {
        let text = file_of(terminal_first);
        println!("terminal first: {terminal_first}: {:?}", text);
        assert_eq!(text.contains("\x1b[3morder\x1b[0m"), coloured);
        assert_eq!(text.contains("order=7"), !coloured);
        assert!(text.contains("paid amount=12"));
    }
}
RS
cargo run -q
echo "as described: a file without colours has them in its spans"
