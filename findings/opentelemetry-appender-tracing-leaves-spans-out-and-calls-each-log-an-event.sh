#!/usr/bin/env bash
# tracing's own formatters write with each log the fields of the spans it is in. opentelemetry-appender-tracing 0.33.1, the bridge of
# OpenTelemetry for Rust, sends of a log its own fields alone, and gives it an event name made of its place in the source:
#   info_span!("pay", order = 7), in it info!(amount = 12, "paid")  ->  body "paid", attributes amount, event name "event src/main.rs:11"
# OpenTelemetry calls a log with an event name an event of that kind; here each line of source is a kind, and any edit above it makes another.
# Nothing counts the order as dropped. Name events (info!(name: "paid", ...)), and log again in the event what its spans have, or ask for
# the crate's feature experimental_span_attributes. LogIngestor keeps the name as metadata.eventName.
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
opentelemetry_sdk = { version = "=0.33.0", features = ["logs", "testing"] }
opentelemetry-appender-tracing = "=0.33.1"
tracing = "=0.1.44"
tracing-subscriber = "=0.3.23"
TOML
cat > src/main.rs <<'RS'
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_sdk::logs::{InMemoryLogExporter, SdkLoggerProvider};
use tracing_subscriber::prelude::*;

fn main() {
    let exporter = InMemoryLogExporter::default();
    let provider = SdkLoggerProvider::builder().with_simple_exporter(exporter.clone()).build();
    let layers = tracing_subscriber::registry().with(OpenTelemetryTracingBridge::new(&provider));
    tracing::subscriber::with_default(layers, || {
        let _span = tracing::info_span!("pay", order = 7).entered();
        tracing::info!(amount = 12, "paid");
        tracing::info!(name: "sent", amount = 12, "sent");
    });
    let logs = exporter.get_emitted_logs().unwrap();
    let seen: Vec<(String, Vec<String>)> = logs
        .iter()
        .map(|log| {
            let keys = log.record.attributes_iter().map(|(key, _)| key.to_string()).collect();
            (log.record.event_name().unwrap_or("").to_string(), keys)
        })
        .collect();
    println!("{seen:?}");
    assert_eq!(seen[0], ("event src/main.rs:11".to_string(), vec!["amount".to_string()]));
    assert_eq!(seen[1], ("sent".to_string(), vec!["amount".to_string()]));
}
RS
cargo run -q
echo "as described: no order, and a name for each line of source"
