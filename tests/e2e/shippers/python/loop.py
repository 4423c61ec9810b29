"""What the programs of the shippers share: they are told on stdin what to log and say on stdout what became of it.

`log FIRST COUNT`: log the messages of these numbers; `bad FIRST COUNT`: the same, every 20th as what is no log, or has more
beside its message than the server has room for.
Answered by `sent FIRST COUNT` where the client says that they are delivered, `failed FIRST COUNT reason` where it says
that they are not, and `logged FIRST COUNT` where it says nothing. At the end of stdin the program ends.
"""

import json
import sys
import time


def text(number):
    """Return the message of a number."""
    return f"mk-{number:05d} paid"


def failed(number):
    """Return whether the message of this number is an error with an exception."""
    return number % 3 == 0


def bad(number):
    """Return whether this number is none of a log, where that is asked for."""
    return number % 20 == 7


def large(number, spoilt):
    """Return what a log has beside its message: for a bad one too much."""
    return {"large": "x" * 7_000} if spoilt and bad(number) else {}


def as_text(number, spoilt):
    """Return the message of a number where all is in the text: of a bad one as JSON."""
    more = large(number, spoilt)
    return json.dumps({"message": text(number), **more}) if more else text(number)


def serve(send, end=lambda: None):
    """Do what stdin tells: *send(numbers, spoilt)* raises for what is not delivered, and returns whether it says so."""
    for line in sys.stdin:
        word, first, count = line.split()
        numbers = range(int(first), int(first) + int(count))
        try:
            sure = send(numbers, word == "bad")
            said = "sent" if sure is not False else "logged"
        except Exception as error:
            said = f"failed {first} {count} {type(error).__name__} {error}".replace("\n", " ")[:300]
            print(said, flush=True)
            continue
        print(said, first, count, flush=True)
    end()


def boom():
    """Return an exception that was raised."""
    try:
        raise ValueError("card refused")
    except ValueError as error:
        return error


def raised(number, spoilt):
    """Return the exception of a log whose text it stands in; none where the text is JSON, which would be none with it."""
    return None if large(number, spoilt) else boom()


def log_each(logger, numbers, spoilt):
    """Log the messages by the standard library."""
    for number in numbers:
        if failed(number):
            logger.error(as_text(number, spoilt), exc_info=raised(number, spoilt), extra={"order": number})
        else:
            logger.warning(as_text(number, spoilt), extra={"order": number})
        time.sleep(0.001)
