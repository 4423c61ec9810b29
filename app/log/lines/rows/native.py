"""Forms of native programs and their libraries: C, C++ and Swift, desktops, browsers, engines of games, devices at home."""

from __future__ import annotations

from app.log.lines import words
from app.log.lines.rows.form import Form, form

_DAY = r"\d{4}-\d\d-\d\d"
_CLOCK = r"\d\d:\d\d:\d\d"
_LOG_LEVELS = {"TRACE_L1": "trace", "TRACE_L2": "trace", "TRACE_L3": "trace", "BACKTRACE": "debug"}
#: Names of Liquidsoap's parts, and of sources with a dot: `[worker:2]` is somebody else's.
_LIQUIDSOAP_PARTS = (
    r"clock|decoder|harbor|lang|main|request|server|source|startup|threads|[A-Za-z][\w-]{0,60}\.[\w.-]{1,60}"
)
_LIQUIDSOAP = dict(zip("12345", ("critical", "severe", "notice", "info", "debug"), strict=True))

NATIVE: tuple[Form, ...] = (
    # GLib's g_log: ** (process:1234): WARNING **: 14:00:01.123: text; (app:12): Gtk-CRITICAL **: 14:00:02.123: text; ** Message: text
    form(
        "glib",
        r"[*(]",
        r"(?=\*\* |\()(?:\*\* )?(?:\((?P<program>[^():]{1,100}):(?P<pid>\d{1,10})\): )?(?:(?P<resource>[\w./]{1,60})-)?(?P<level>ERROR|CRITICAL|WARNING|Message|INFO|DEBUG)(?: \(recursed\))?(?: \*\*)?: (?:(?P<time>\d\d:\d\d:\d\d\.\d{3}): )?(?P<message>.*)",
        {"CRITICAL": "error", "ERROR": "fatal", "Message": "notice"},
    ),
    # GStreamer, since its start: 0:00:00.012345678  1234 0x55d0c0a0b800 WARN  basesrc gstbasesrc.c:3127:loop:<src> text
    form(
        "gstreamer",
        r"\d|0:",
        r"(?P<uptime>\d{1,3}:\d\d:\d\d\.\d{9}) +(?P<pid>\d{1,10}) +(?P<thread>0x[0-9a-f]{1,16}) (?P<level>ERROR|WARN|FIXME|INFO|DEBUG|LOG|TRACE|MEMDUMP) +(?P<resource>\S{1,60}) (?P<source>[^\s:]{1,200}:\d{1,7}:[\w~]{1,200}):(?:<(?P<element>[^<>]{0,200})>)? (?P<message>.*)",
        {"FIXME": "notice", "LOG": "trace", "MEMDUMP": "trace"},
    ),
    # Chromium, Electron and their drivers: [1234:1240:1129/140000.123456:ERROR:file.cc(992)] text
    form(
        "chromium",
        r"\[0",
        r"\[(?:(?P<pid>\d{1,10}):(?P<tid>\d{1,20}):)?(?P<month>\d\d)(?P<day>\d\d)/(?P<clock>\d{6}(?:\.\d{1,6})?):(?P<level>[A-Z]{4,8}?)(?P<verbosity>\d{1,2})?:(?P<source>[\w./:-]{1,200}\(\d{1,7}\))\] (?P<message>.*)",
    ),
    # quill: 14:00:00.123456789 [1234] main.cpp:12    LOG_INFO      root         text
    form(
        "quill",
        r"0:|0- \[0",
        rf"(?P<time>(?:{_DAY} )?{_CLOCK}\.\d{{3,9}}) \[(?P<tid>\d{{1,20}})\] (?P<source>\S{{1,200}}:\d{{1,7}}) +LOG_(?P<level>[A-Z_0-9]{{4,10}}) +(?P<resource>\S{{1,100}}) +(?P<message>.*)",
        _LOG_LEVELS,
    ),
    # loguru for C++: 2026-11-29 14:00:02.123 (   2.123s) [main thread     ]             main.cpp:14     ERR| text
    form(
        "loguru-cpp",
        r"0- \(.",
        rf"(?P<time>{_DAY} {_CLOCK}\.\d{{3}}) \( *(?P<uptime>\d{{1,9}}\.\d{{3}})s\) \[(?P<thread>[^\]]{{1,60}}?) *\] *(?P<source>\S{{1,200}}:\d{{1,7}}) +(?P<level>[A-Z]{{3,5}}|-?\d)\| (?P<message>.*)",
        {"FATL": "fatal", **dict.fromkeys("123456789", "debug")},
        level="info",
    ),
    # NSLog: 2026-11-29 14:00:00.123456+0000 Shop[1234:56789] text
    form(
        "nslog",
        "0- a.",
        rf"(?P<time>{_DAY} {_CLOCK}\.\d{{3,6}}(?:[+-]\d{{4}})?) (?P<resource>[A-Za-z][\w. -]{{0,100}})\[(?P<pid>\d{{1,10}}):(?P<tid>[0-9a-f]{{1,16}})\] (?:\[(?P<category>[\w.-]{{1,60}})\] )?(?P<message>.*)",
        level="info",
    ),
    # Unreal Engine: [2026.11.29-14.00.02:123][ 13]LogTemp: Error: text
    form(
        "unreal",
        r"\[0",
        r"\[(?P<year>\d{4})\.(?P<month>\d\d)\.(?P<day>\d\d)-(?P<clock>\d\d\.\d\d\.\d\d:\d{3})\]\[ *(?P<frame>\d{1,9})\](?P<resource>[A-Za-z_]\w{0,100}): (?:(?P<level>Fatal|Error|Warning|Display|Log|Verbose|VeryVerbose): )?(?P<message>.*)",
        {"Display": "info", "Log": "info", "VeryVerbose": "trace"},
        level="info",
    ),
    # ESPHome: [14:00:02][W][component:237]: text
    form(
        "esphome",
        r"\[0",
        rf"\[(?P<time>{_CLOCK}(?:\.\d{{3}})?)\]\[(?P<letter>E|W|I|C|D|V|VV)\]\[(?P<resource>[\w.]{{1,60}}):(?P<line>\d{{1,6}})\](?:\[(?P<task>[\w-]{{1,40}})\])?: (?P<message>.*)",
        {**words.LETTERS, "C": "config", "VV": "trace"},
    ),
    # Xorg: [    12.347] (EE) text
    form(
        "xorg",
        r"\[[ 0]",
        r"\[ *(?P<uptime>\d{1,9}\.\d{3})\] \((?P<letter>EE|WW|II|!!|\?\?|NI|--|\*\*|==|\+\+)\) (?P<message>.*)",
        {"EE": "error", "WW": "warn", "!!": "notice", "NI": "warn"},
    ),
    # LightDM: [+0.01s] WARNING: text
    form("lightdm", r"\[\+", r"\[\+(?P<uptime>\d{1,9}\.\d\d)s\] (?P<level>[A-Z]{4,8}): (?P<message>.*)"),
    # PulseAudio: (   0.124|   0.001) W: [alsa-sink] alsa.c: text
    form(
        "pulseaudio",
        r"[(EWIDN]",
        r"(?:\( *(?P<uptime>\d{1,9}\.\d{3})\| *\d{1,9}\.\d{3}\) )?(?P<letter>[EWNID]): \[(?P<thread>[\w-]{1,60})\] (?P<resource>[\w.-]{1,60}\.c): (?P<message>.*)",
        words.LETTERS,
    ),
    # PipeWire: [E][00123.656789] mod.pay      | [     module-x.c: 1063 take()] text
    form(
        "pipewire",
        r"\[a",
        r"\[(?P<letter>[EWIDT])\]\[(?P<uptime>\d{1,9}\.\d{6})\] (?P<resource>[\w.-]{1,60}) *\| *\[ *(?P<source>[\w.-]{1,60}: *\d{1,7} [\w~]{1,100}\(\))\] (?P<message>.*)",
        words.LETTERS,
    ),
    # Wine: 0024:err:module:import_dll text
    form(
        "wine",
        r"[\da-f]",
        r"(?:\d{1,9}\.\d{3}:)?(?:[0-9a-f]{4}:)?(?P<tid>[0-9a-f]{4}):(?P<level>err|warn|fixme|trace):(?P<resource>\w{1,60}):(?P<function>\w{1,100}) (?P<message>.*)",
        {"fixme": "notice"},
    ),
    # webpack-dev-server and webpack: <e> [webpack-dev-server] text
    form(
        "webpack",
        "<",
        r"<(?P<letter>[iwetd])> (?:\[(?P<resource>[\w./@:-]{1,100})\] )?(?P<message>.*)",
        {"i": "info", "w": "warn", "e": "error", "t": "trace", "d": "debug"},
    ),
    # Vite's errors, which only their colour marks: 2:00:02 PM [vite] (client) Pre-transform error: text
    form(
        "vite",
        r"\d|0:",
        r"(?P<time>\d{1,2}:\d\d:\d\d [AP]M) (?P<message>\[vite\] (?:\(\w{1,30}\) )?(?:Internal server|Pre-transform) error: .*)",
        level="error",
    ),
    # Zigbee2MQTT: [2026-11-29 14:00:02] error:   zh:controller: text
    form(
        "zigbee2mqtt",
        r"\[0-\] a",
        rf"\[(?P<time>{_DAY} {_CLOCK})\] (?P<level>error|warning|info|debug): \t(?P<resource>[a-z][\w:.-]{{0,60}}): (?P<message>.*)",
    ),
    # Liquidsoap: 2026/11/29 14:00:01 [radio.icecast:2] text
    form(
        "liquidsoap",
        r"0/ \[a",
        rf"(?P<time>\d{{4}}/\d\d/\d\d {_CLOCK}) \[(?P<resource>{_LIQUIDSOAP_PARTS}):(?P<letter>[1-5])\] (?P<message>.*)",
        _LIQUIDSOAP,
    ),
    # Icecast: [2026-11-29  14:00:02] EROR source/source_main text
    form(
        "icecast",
        r"\[0",
        rf"\[(?P<year>\d{{4}})-(?P<month>\d\d)-(?P<day>\d\d)  (?P<clock>{_CLOCK})\] (?P<level>EROR|WARN|INFO|DBUG) (?P<resource>[\w.-]{{1,60}})/(?P<function>\w{{1,100}}) (?P<message>.*)",
        {"DBUG": "debug"},
    ),
    # Kamailio:  1(1235) ERROR: tm [t.c:14]: t_relay(): text
    form(
        "kamailio",
        r"[ \d]",
        r" {0,3}\d{1,3}\((?P<pid>\d{1,10})\) (?P<level>[A-Z]{4,8}): (?P<resource><core>|[\w.-]{1,60}) \[(?P<source>[\w./-]{1,100}:\d{1,7})\]: (?:(?P<function>\w{1,100})\(\): )?(?P<message>.*)",
    ),
    # Aerospike: Nov 29 2026 14:00:02 GMT: CRITICAL (config): (cfg.c:12) text
    form(
        "aerospike",
        "[A-Z]",
        rf"(?P<time>[A-Z][a-z]{{2}} \d\d \d{{4}} {_CLOCK}(?:\.\d{{3}})? GMT): (?P<level>[A-Z]{{4,8}}) \((?P<resource>[\w-]{{1,40}})\): \((?P<source>[\w./-]{{1,100}}:\d{{1,7}})\) (?P<message>.*)",
    ),
)
