// OpenTelemetry's SDK of Node, over HTTP with protobuf or JSON by what is behind the address.
const { logs, SeverityNumber } = require("@opentelemetry/api-logs");
const { LoggerProvider, BatchLogRecordProcessor } = require("@opentelemetry/sdk-logs");
const { trace, TraceFlags, context } = require("@opentelemetry/api");
const { boom, large, failed, serve, text } = require("./loop.js");

const [url, encoding] = process.argv[2].split("#");
const { OTLPLogExporter } = require(`@opentelemetry/exporter-logs-otlp-${encoding === "json" ? "http" : "proto"}`);
const exporter = new OTLPLogExporter({ url: `${url}/v1/logs` });
const processor = new BatchLogRecordProcessor({ exporter, scheduledDelayMillis: 100 });
const provider = new LoggerProvider({ processors: [processor] });
const log = provider.getLogger("shop.pay");
const span = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", traceFlags: TraceFlags.SAMPLED };

serve(
  async (numbers, spoilt) => {
    for (const number of numbers) {
      const attributes = { order: number, ...large(number, spoilt) };
      const record = {
        severityNumber: failed(number) ? SeverityNumber.ERROR : SeverityNumber.WARN,
        severityText: failed(number) ? "ERROR" : "WARN",
        body: text(number),
        attributes,
        context: trace.setSpanContext(context.active(), span),
      };
      if (failed(number)) {
        const error = boom();
        attributes["exception.type"] = "ValueError";
        attributes["exception.message"] = error.message;
        attributes["exception.stacktrace"] = error.stack;
      }
      log.emit(record);
    }
    await provider.forceFlush();
    return false;
  },
  () => provider.shutdown(),
);
