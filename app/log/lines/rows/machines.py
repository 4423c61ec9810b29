"""Forms of supercomputers and devices, as the sets of LogHub show them (github.com/logpai/loghub): BlueGene/L, Thunderbird, HPC, HealthApp, Proxifier."""

from __future__ import annotations

from app.log.lines.rows.form import Form, form

#: The label that the machine's keepers gave a line, `-` for none; seconds since 1970, and the day.
_SEEN = r"(?P<label>-|[A-Z][A-Z0-9_]{1,30}) (?P<time>\d{10}) \d{4}\.\d\d\.\d\d"
_CLOCK = r"\d\d:\d\d:\d\d"

MACHINES: tuple[Form, ...] = (
    # BlueGene/L: - 1117838570 2005.06.03 R02-M1 2005-06-03-15.42.50.675872 R02-M1 RAS KERNEL INFO text
    form(
        "bluegene",
        "[-A-Z]",
        rf"{_SEEN} \S{{1,100}} \d{{4}}-\d\d-\d\d-\d\d\.\d\d\.\d\d\.(?P<microseconds>\d{{6}}) (?P<resource>\S{{1,100}}) (?P<type>[A-Z]{{2,20}}) (?P<component>[A-Z]{{2,20}}) (?P<level>[A-Z]{{4,9}})(?: (?P<message>.*)|(?P<rest>))",
    ),
    # Thunderbird, Spirit, Liberty: - 1131566461 2005.11.09 dn228 Nov 9 12:01:01 dn228/dn228 crond[2915]: text
    form(
        "thunderbird",
        "[-A-Z]",
        rf"{_SEEN} (?P<resource>\S{{1,100}}) [A-Z][a-z]{{2}} {{1,2}}\d{{1,2}} {_CLOCK} \S{{1,200}} (?:(?P<app>[^\s:\[]{{1,100}})(?:\[(?P<pid>\d{{1,10}})\])?: )?(?P<message>.*)",
    ),
    # Los Alamos' HPC cluster: 134681 node-246 unix.hw state_change.unavailable 1077804742 1 text
    form(
        "hpc",
        r"\d",
        r"(?P<record>\d{1,10}) (?P<resource>\S{1,100}) (?P<component>\S{1,100}) (?P<state>\S{1,100}) (?P<time>1\d{9}) (?P<flag>-?\d{1,3}) (?P<message>.*)",
    ),
    # HealthApp of Android, whose numbers have no leading zeros: 20171223-22:15:29:606|Step_LSC|30002312|text
    form(
        "healthapp",
        r"\d",
        r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)-(?P<clock>\d{1,2}:\d{1,2}:\d{1,2}:\d{1,3})\|(?P<resource>[^|]{1,255})\|(?P<pid>\d{1,10})\|(?P<message>.*)",
    ),
    # Proxifier: [10.30 16:49:06] chrome.exe - shop.example.org:443 open through proxy proxy.example.org:5070 HTTPS
    form(
        "proxifier",
        r"\[0",
        rf"\[(?P<month>\d\d)\.(?P<day>\d\d) (?P<clock>{_CLOCK})\] (?P<resource>\S{{1,200}}(?: \*64)?) - (?P<message>\S{{1,300}}:\d{{1,5}} (?:open|close|error)\b.*)",
    ),
)
