#!/usr/bin/env bash
# A file transport that begins a new file at a size should lose nothing between the two. winston 3.19.0's own,
# {maxsize: 1000000}, does when the program logs faster than the file opens, as a start-up or a loop does. 60,000
# logs in one loop, then the ordinary end of the program with status 0:
#   59,178 lines in three files; 822 lines in the middle are in none, and no error is emitted
# The holes begin where a file is full, and have the size of the stream's buffer (16 KiB each). Shippers that read these
# files send on what is there, so the logs are complete for all to see. rotating-file-stream 3.2.10 writes all 60,000.
# Let logrotate or the platform rotate, or use a transport for it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --cache "$work/cache" --prefix "$work" winston@3.19.0 rotating-file-stream@3.2.10 >/dev/null
cat > file.cjs <<'JS'
const winston = require('winston');
const transport = new winston.transports.File({dirname: 'by-winston', filename: 'app.log', maxsize: 1000000});
const logger = winston.createLogger({transports: [transport]});
logger.on('error', (error) => console.log('logger error', error));
transport.on('error', (error) => console.log('transport error', error));
for (let i = 0; i < 60000; i++) logger.info(`line ${i}`);
JS
cat > stream.cjs <<'JS'
const stream = require('rotating-file-stream').createStream('app.log', {size: '1M', path: 'by-stream'});
for (let i = 0; i < 60000; i++) stream.write(`{"level":"info","message":"line ${i}"}\n`);
JS
node file.cjs > said
node stream.cjs
by_winston=$(cat by-winston/* | sort -u | wc -l)
by_stream=$(cat by-stream/* | sort -u | wc -l)
echo "winston: $by_winston of 60000 in $(find by-winston -type f | wc -l) files, said: '$(cat said)'; rotating-file-stream: $by_stream"
test "$by_winston" -lt 60000
test "$by_stream" = 60000
test ! -s said
echo "as described: lines are missing in the middle"
