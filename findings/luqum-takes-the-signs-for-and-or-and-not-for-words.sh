#!/usr/bin/env bash
# Lucene's query language has two ways to write its operators, AND OR NOT and && || !, and users of Kibana and
# OpenSearch know both. luqum 1.0.0 is a parser for that language, knows the words alone, and refuses nothing:
#   error && !timeout   ->  three words: error, "&&", "!timeout"
# Built into a query the words are joined by the default operator, so the signs are sought as text and the
# negation is gone: with OR, users get all the time-outs that they wanted to leave out.
# LogIngestor reads the signs by a lexer of its own; who takes luqum alone should look for them in Word.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --no-cache-dir --disable-pip-version-check luqum==1.0.0
"$work/v/bin/python" - <<'PY'
from luqum.elasticsearch import ElasticsearchQueryBuilder
from luqum.parser import parser

signs, words = parser.parse("error && !timeout"), parser.parse("error AND NOT timeout")
print(repr(signs), repr(words), ElasticsearchQueryBuilder()(signs), sep="\n")
assert repr(signs) == "UnknownOperation(Word('error'), Word('&&'), Word('!timeout'))", signs
assert repr(words) == "AndOperation(Word('error'), Not(Word('timeout')))", words
PY
echo "as described: the signs are words"
