// winston with its Http transport, one request for each log.
const winston = require("winston");
const { boom, large, failed, serve, text } = require("./loop.js");

const address = new URL(process.argv[2]);
const transport = new winston.transports.Http({ host: address.hostname, port: Number(address.port), path: "/logs/ingest/" });
// It warns of every status but 200.
transport.on("warn", () => {});
const log = winston.createLogger({
  format: winston.format.combine(winston.format.timestamp(), winston.format.errors({ stack: true }), winston.format.json()),
  transports: [transport],
});

serve(async (numbers, spoilt) => {
  for (const number of numbers) {
    const more = { order: number, traceId: `trace-${number}`, ...large(number, spoilt) };
    if (failed(number)) more.stack = boom().stack;
    const ended = new Promise((done) => {
      transport.once("logged", done);
      transport.once("warn", done);
    });
    log.log(failed(number) ? "error" : "warn", text(number), more);
    await Promise.race([ended, new Promise((done) => setTimeout(done, 500))]);
  }
  return false;
});
