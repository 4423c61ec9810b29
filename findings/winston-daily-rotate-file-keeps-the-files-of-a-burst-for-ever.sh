#!/usr/bin/env bash
# winston-daily-rotate-file 5.0.0 keeps with maxFiles: 3 the latest three files: each new one enters a list in a file of its own, and the file that
# leaves the list is deleted. Files are opened later than they enter; where a burst without a pause fills several (a stack in a
# loop, a dump of a state), one that leaves the list isn't there yet, so is not deleted, and is then made by the stream that waited:
#   300 lines of 52 bytes, maxSize 1k, at once         15 files stay; the list has three
#   the same lines with a pause of 3 ms between        3 files
# The others are on no list, so they stay for ever, also after the next start, and fill the disk that maxFiles was set to protect.
# Let logrotate or the platform rotate, or look for such files (app-DATE.log.N) by their age. `logingestor ingest` reads these files as any.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --cache "$work/cache" --prefix "$work" winston@3.19.0 winston-daily-rotate-file@5.0.0 >/dev/null
cat > run.js <<'JS'
const assert = require('node:assert');
const fs = require('node:fs');
const wait = require('node:timers/promises').setTimeout;
const winston = require('winston');
require('winston-daily-rotate-file');
const files = (folder) => fs.readdirSync(folder).filter((name) => name.startsWith('app'));
async function run(folder, pause) {
  const transport = new winston.transports.DailyRotateFile({ filename: `${folder}/app-%DATE%.log`, maxSize: '1k', maxFiles: 3 });
  const logger = winston.createLogger({ transports: [transport], format: winston.format.printf((log) => log.message) });
  for (let number = 0; number < 300; number += 1) {
    logger.info(`line ${String(number).padStart(5, '0')} ${'x'.repeat(40)}`);
    if (pause) await wait(pause);
  }
  await wait(2000);
  const list = JSON.parse(fs.readFileSync(`${folder}/${fs.readdirSync(folder).find((name) => name.endsWith('-audit.json'))}`));
  console.log(folder, files(folder).length, 'files, on the list', list.files.length);
  return [files(folder).length, list.files.length];
}
(async () => {
  assert.deepEqual(await run('pauses', 3), [3, 3]);
  const [kept, listed] = await run('burst', 0);
  assert(kept > 10 && listed === 3);
  const again = new winston.transports.DailyRotateFile({ filename: 'burst/app-%DATE%.log', maxSize: '1k', maxFiles: 3 });
  again.log({ message: 'next start', [Symbol.for('message')]: 'next start' }, () => {});
  await wait(1000);
  assert(files('burst').length > 10);
  process.exit();
})();
JS
node run.js
echo "as described: files of a burst stay"
