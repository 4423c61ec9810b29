#!/usr/bin/env bash
# logfmt's values stand in quotes where they must, with escapes as in JSON, and one would guess that any writer and any reader
# agree. tracing-logfmt 0.3.7 for Rust escapes by Rust's own rules (str::escape_debug), and go-logfmt v0.6.1, which Loki's and
# most of Go's readers use, knows JSON's:
#   a sign of colours, \x1b, as `nu-ansi-term` and others put into texts    \u{1b}       a syntax error
#   a NUL, a zero-width joiner                                              \0  \u{200d} the same
#   a single quote                                                          \'           read as meant
# At the error the decoder ends: the fields behind it, and all lines after it of its stream, are not read. A reader that only
# takes backslashes away, and there are many, has `u{1b}[31mfailed` in its text.
# Take colours out of what is logged. LogIngestor reads Rust's escapes as well as JSON's.
set -euo pipefail
work=$(mktemp -d)
export GOMODCACHE="$work/mod" GOCACHE="$work/build" GOFLAGS=-modcacherw GOTOOLCHAIN=local
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/app" "$work/rust/src"
cd "$work/rust"
cat > Cargo.toml <<'TOML'
[package]
name = "app"
version = "0.1.0"
edition = "2021"
[dependencies]
tracing = "=0.1.44"
tracing-subscriber = "=0.3.23"
tracing-logfmt = "=0.3.7"
TOML
cat > src/main.rs <<'RUST'
use tracing_subscriber::prelude::*;

fn main() {
    tracing_subscriber::registry().with(tracing_logfmt::layer()).init();
    for text in ["it's done", "\u{1b}[31mfailed\u{1b}[0m now", "a\0 b", "\u{200d} joined"] {
        tracing::error!(order = 7, "{text}");
    }
}
RUST
CARGO_HOME="$work/cargo" cargo run -q > "$work/app/lines" 2>"$work/log" || { cat "$work/log"; exit 1; }
cd "$work/app"
go mod init example.com/finding >/dev/null 2>&1
go get github.com/go-logfmt/logfmt@v0.6.1 >/dev/null 2>&1
cat > main.go <<'GO'
package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/go-logfmt/logfmt"
)

func main() {
	all, _ := io.ReadAll(os.Stdin)
	lines := bufio.NewScanner(bytes.NewReader(all))
	var verdicts []string
	for lines.Scan() {
		decoder, order := logfmt.NewDecoder(strings.NewReader(lines.Text())), false
		for decoder.ScanRecord() {
			for decoder.ScanKeyval() {
				order = order || string(decoder.Key()) == "order"
			}
		}
		_, text, _ := strings.Cut(lines.Text(), "message=")
		fmt.Println(text, "->", decoder.Err())
		verdicts = append(verdicts, fmt.Sprint(decoder.Err() == nil, order))
	}
	whole, records := logfmt.NewDecoder(bytes.NewReader(all)), 0
	for whole.ScanRecord() {
		records++
		for whole.ScanKeyval() {
		}
	}
	fmt.Println(len(verdicts), "lines in one stream: ended in the record", records)
	if records != 2 || strings.Join(verdicts, ",") != "true true,false false,false false,false false" {
		fmt.Println(verdicts)
		os.Exit(1)
	}
}
GO
go mod tidy >/dev/null 2>&1
go run . < lines
echo "as described: three of four lines are no logfmt for go-logfmt"
