#!/usr/bin/env bash
# ISO 8601 allows a fraction in the last part of a duration, and Python's isodate, Java's Duration and others read or write it: PT0.5H is half
# an hour, PT1.5S a second and a half. Rust's iso8601 0.6.6 knows a fraction in the seconds alone; an hour or a minute with one it leaves
# out, whole number and all, without an error:
#   PT1.5H -> nothing at all     P1DT1.5H -> 1 day     PT2H1.5M -> 2 hours     PT1.5S -> 1.5 seconds
# A timeout, a retention or a measured time becomes shorter, or 0. P1.5D it refuses. Write the smaller unit (PT90M).
# LogIngestor keeps such a value as the text that was sent.
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
iso8601 = "=0.6.6"
TOML
cat > src/main.rs <<'RS'
fn main() {
    let expected = [("PT0.5H", 0), ("PT1.5H", 0), ("P1DT1.5H", 86_400_000), ("PT2H1.5M", 7_200_000), ("PT1.5S", 1_500), ("PT90M", 5_400_000)];
    for (text, expected) in expected {
        let read = std::time::Duration::from(iso8601::duration(text).unwrap()).as_millis();
        println!("{text} -> {read} ms");
        assert_eq!(read, expected);
    }
}
RS
cargo run -q
echo "as described: hours and minutes with a fraction are left out"
