"""Ranks of levels: by which severity a level of any name is found, whatever program wrote it.

`SEVERITY` has the words that mean a level wherever they stand; here are those besides that do so only where a level is
expected, for in a sentence they are words like others. A level is kept as it was written; only its rank is looked up.
"""

from __future__ import annotations

from app.log.fold import fold
from app.log.record import SEVERITY, SEVERITY_NAMES

#: By the usual name of their rank: names of npm, consola, java.util.logging, loguru, PostgreSQL, Google …, and names cut short.
_NAMES = {
    "trace": "t v silly sill all finest fnst trc trac tra vrb verb trace1 trace2 trace3 trace4",
    "debug": "d http config fine finer dbg dbug debg debu deb debug1 debug2 debug3 debug4 debug5 detail",
    "info": "i stat inf log informational success default start ready box ok pass passed any info1 info2 info3 info4 statement",
    "notice": "n mark ntc noti info5 audit",
    "warn": "w slow wrn warni warning1 deprecated deprecation warn1 warn2 warn3 warn4",
    "error": "e eror erro fail failed failure er error1 error2 error3 error4",
    "fatal": "f c dpanic ftl fata crt panc pani pnc emrg alrt assert fault fatal1 fatal2 fatal3 fatal4",
}
#: java.util.logging and Windows translate the names of their levels.
_TRANSLATED = {
    "debug": "konfiguration fein feiner configuration précis configuración configurazione 構成 配置 구성 التكوين",
    "trace": "ausführlich 詳細 详细",
    "info": "informationen infos información informações informação informazioni 情報 信息 資訊 정보 معلومات",
    "warn": "warnung avertissement advertencia advertência aviso avvertenza avviso waarschuwing 警告 경고 تحذير предупреждение",
    "error": "schwerwiegend fehler erreur grave error 重大 严重 嚴重 심각 خطير エラー 错误 ошибка",
    "fatal": "kritisch critique crítico critico 致命的",
}
#: Words before an offset as Go's log/slog writes it (`ERROR+4`), and the farthest offset.
_OFFSET_NAMES, _OFFSET = ("debug", "info", "warn", "error"), 12
#: Least number of each rank where a number stands for a level of Python's logging that has no name: `Level 25`.
_PYTHON = ((50, "fatal"), (40, "error"), (30, "warn"), (20, "info"), (10, "debug"), (0, "trace"))


def _ranks() -> dict[str, int]:
    rank = {name: place for place, name in enumerate(SEVERITY_NAMES)}
    found = {
        fold(word): rank[name] for table in (_NAMES, _TRANSLATED) for name in table for word in table[name].split()
    }
    for name in _OFFSET_NAMES:
        found |= {f"{name}{step:+}": rank[name] for step in range(-_OFFSET, _OFFSET + 1) if step}
    for number in range(100):
        found[f"level {number}"] = rank[next(name for least, name in _PYTHON if number >= least)]
    # Levels that logr's bridge to zap writes for verbosity 1 and more.
    found |= {f"level({number})": rank["debug" if number == -1 else "trace"] for number in range(-1, -11, -1)}
    return {**found, **SEVERITY}


#: By the folded name of a level its rank, 0 for trace to 6 for fatal; a name that is missing has none.
RANKS: dict[str, int] = _ranks()
