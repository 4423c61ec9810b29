#!/usr/bin/env bash
# A logger of Python's that writes to standard output should write wherever that leads. aiologger 0.7.0, made for
# asyncio, opens it as a pipe of the event loop, which takes no file: with the output sent to one, as `> app.log`, nohup
# and systemd's StandardOutput=file: do, nothing is logged. A call that is awaited raises ValueError into the request; one
# that is not leaves "Task exception was never retrieved" on standard error at best.
#   python app.py | cat       order paid
#   python app.py > app.log   an empty file
# In containers, whose output is a pipe, all is well, so it is met on the first server without one.
# Give aiologger's AsyncFileHandler the file's name, or send the output through a pipe: `| logingestor ingest -`.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m pip install -q --no-cache-dir --disable-pip-version-check --no-compile --target "$work/lib" aiologger==0.7.0
cat > "$work/app.py" <<'PY'
import asyncio
import sys

from aiologger import Logger


async def main():
    logger = Logger.with_default_handlers(name="shop")
    if sys.argv[1] == "awaited":
        try:
            await logger.info("order paid")
        except ValueError as error:
            print("raised:", error, file=sys.stderr)
    else:
        logger.info("order paid")
        await asyncio.wait(asyncio.all_tasks() - {asyncio.current_task()})
    await logger.shutdown()


asyncio.run(main())
PY
export PYTHONPATH="$work/lib"
for way in awaited left; do
  python3 "$work/app.py" "$way" 2> "$work/errors" | cat > "$work/pipe"
  python3 "$work/app.py" "$way" > "$work/file" 2> "$work/errors"
  echo "$way, pipe: $(cat "$work/pipe")"
  echo "$way, file: $(cat "$work/file")"
  tail -n 1 "$work/errors"
  [ "$(cat "$work/pipe")" = "order paid" ]
  [ ! -s "$work/file" ]
  grep -q "Pipe transport is only for pipes" "$work/errors"
done
echo "as described: the file is empty"
