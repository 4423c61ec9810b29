"""Rules at the door: what they take out of logs and refused payloads, which logs they leave out, and how often, before the queue."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from app.accept.accept import UNREADABLE_KEPT
from app.accept.report import CountReporter
from app.errors import Problem, Unavailable
from app.log.codec import encode
from app.log.limits import Limits, fit
from app.log.parsed import Parsed, Refused
from app.log.schema import payload_of
from app.ports.notes import NoteKeeper
from app.rules import payload as payloads
from app.rules.redact import Redactor, compiled
from app.rules.rule import RuleSet
from app.rules.thin import Thinner

#: Kinds of a rule's counts: logs that it changed, values that it took out of them, dead letters that it changed; logs that it
#: dropped, and their bytes as they were sent.
CHANGED, VALUES, LETTERS, DROPPED, BYTES = KINDS = ("changed", "values", "letters", "dropped", "bytes")
#: Bytes that a log takes beside message and metadata, about.
_BESIDE = 256
#: Characters at the end of a cut message in which the beginning of a secret may stand: no token is as long.
_HALF = 16 << 10

Counts = Counter[tuple[str, str]]


class RuleApplier:
    """Applies the rules in force to the logs of a request or of a preview; all threads of a process share one."""

    def __init__(self, rules: RuleSet, key: bytes, limits: Limits) -> None:
        self.redactor = Redactor([compiled(rule) for rule in rules.redactions], key)
        self._thinner = Thinner(rules.thinnings)
        self._limits = limits

    def sentence(self, text: str) -> str:
        """Return a sentence or a name that may cite a log, without what the rules find."""
        return payloads.sentence(self.redactor, text)

    def apply(self, parsed: Parsed) -> None:
        """Take out of the request's logs what is to go, and leave out the logs that are to be dropped; once, whoever calls it again."""
        if parsed.ruled is not None:
            return
        counts: Counts = Counter()
        if self.redactor.rules:
            parsed.refused = [self._refusal(one, counts) for one in parsed.refused]
            for at, found in enumerate(self.redactor.records(parsed.logs)):
                record = parsed.logs[at]
                if record.truncated:
                    record.message = without_half(record.message)
                if found is not None:
                    _note(counts, found)
                    parsed.sizes[at] = len(encode((record.message, record.metadata))) + _BESIDE
            if self._limits.log is not None:
                self._refuse_grown(parsed, self._limits.log)
        if self._thinner.rules:
            self._thin(parsed, counts)
        parsed.ruled = counts

    def _refusal(self, refused: Refused, counts: Counts) -> Refused:
        payload, found = payloads.redacted(self.redactor, refused.payload)
        if len(refused.payload) == UNREADABLE_KEPT:  # as long as what was cut
            payload = without_half(payload.decode("latin-1")).encode("latin-1")
        counts.update({(name, LETTERS): 1 for name in found})
        message = self.sentence(refused.problem.message)
        return Refused(replace(refused.problem, message=message), payload)

    def _refuse_grown(self, parsed: Parsed, most: int) -> None:
        """Refuse logs that the queue doesn't carry any more: what stands in a secret's place can be longer than it."""
        grown = set()
        for at, record in enumerate(parsed.logs):
            if parsed.sizes[at] * 2 > most and len(encode(record)) > most:
                if len(encode((record.message,))) > len(encode(record)) - most:
                    fit(record, most)
                    continue
                grown.add(at)
                problem = Problem(
                    f"takes more than {most:,} bytes packed, once rules have changed it",
                    "metadata",
                    index=parsed.places[at],
                )
                parsed.refused.append(Refused(problem, payload_of(record.sent_fields())))
        if grown:
            _keep(parsed, [at for at in range(len(parsed.logs)) if at not in grown])

    def _thin(self, parsed: Parsed, counts: Counts) -> None:
        kept = []
        for at, record in enumerate(parsed.logs):
            name = self._thinner.dropped_by(record)
            if name is None:
                kept.append(at)
            else:
                counts[name, DROPPED] += 1
                parsed.left_out[parsed.places[at]] = record.t
                counts[name, BYTES] += parsed.sizes[at]
        if len(kept) < len(parsed.logs):
            _keep(parsed, kept)


class Ruling(RuleApplier):
    """Applies the rules in force at the doors, and counts what they do; the counts go to the record every few seconds."""

    def __init__(self, rules: RuleSet, key: bytes, limits: Limits, notes: NoteKeeper) -> None:
        super().__init__(rules, key, limits)
        self._notes = notes
        self._guard = threading.Lock()
        self._counts: Counts = Counter()
        self._reporter = CountReporter("counts of rules", self.report)

    def payload(self, body: bytes, problem: Problem, most: int) -> Refused:
        """Return a body that can't be read, without what is to go, at most *most* bytes of it; and count it."""
        if not self.redactor.rules:
            return Refused(problem, body[:most])
        kept, found = payloads.redacted(self.redactor, body, most)
        self._add(Counter({(name, LETTERS): 1 for name in found}))
        return Refused(replace(problem, message=self.sentence(problem.message)), kept)

    def count(self, parsed: Parsed) -> None:
        """Count what was done to the logs of a request, once they are kept."""
        if parsed.ruled:
            self._add(parsed.ruled)

    def _add(self, counts: Counts) -> None:
        if counts:
            with self._guard:
                self._counts += counts
            self._reporter.due()

    def report(self) -> None:
        """Write the counts to the record. Raises Unavailable; the counts not written yet are kept for the next report."""
        with self._guard:
            counts, self._counts = self._counts, Counter()
        written = 0
        try:
            for (name, kind), count in sorted(counts.items()):
                self._notes.tally(note(name, kind), count)
                written += 1
        except Unavailable:
            with self._guard:
                self._counts += Counter(dict(sorted(counts.items())[written:]))
            raise

    def close(self) -> None:
        """Write the last counts to the record."""
        self._reporter.close()


def note(rule: str, kind: str) -> str:
    """Return the name under which the record notes a count of a rule."""
    return f"rule {rule} {kind}"


def read_counts(rules: RuleSet, notes: NoteKeeper) -> dict[str, dict[str, int]]:
    """Return what was ever counted of the rules in force, by name and kind. Raises Unavailable."""
    kinds = {rule.name: KINDS[:3] for rule in rules.redactions} | {rule.name: KINDS[3:] for rule in rules.thinnings}
    return {name: {kind: notes.noted(note(name, kind)) for kind in some} for name, some in kinds.items()}


def without_half(message: str) -> str:
    """Return a message that was cut without its last word, and without digits before it: no rule finds half a secret."""
    at = len(message)
    least = max(at - _HALF, 0)
    while at > least and not message[at - 1].isspace():
        at -= 1
    return message[:at].rstrip("0123456789 .+-\u00a0")


def _note(counts: Counts, found: Counter[str]) -> None:
    for name, values in found.items():
        counts[name, CHANGED] += 1
        counts[name, VALUES] += values


def _keep(parsed: Parsed, kept: Sequence[int]) -> None:
    """Leave out of a request the logs at all other places."""
    parsed.logs = [parsed.logs[at] for at in kept]
    parsed.places = [parsed.places[at] for at in kept]
    parsed.sizes = [parsed.sizes[at] for at in kept]
    if parsed.keys:
        parsed.keys = [parsed.keys[at] for at in kept]
