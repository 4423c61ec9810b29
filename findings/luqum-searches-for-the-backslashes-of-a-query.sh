#!/usr/bin/env bash
# In the Lucene query language a backslash takes away the meaning of the character behind it and is itself no
# part of what is sought: path:\/var\/log asks for /var/log. luqum 1.0.0 parses such queries, and its builder
# for Elasticsearch and OpenSearch puts the backslashes into match and match_phrase, which take text as it is:
#   path:\/var\/log        ->  match of '\/var\/log'
#   message:"say \"hi\""   ->  match_phrase of 'say \"hi\"'
#   path:\/var\/log*       ->  query_string of '\/var\/log*', which is right: there it is a query again
# On keyword fields, where logs have their paths and times, the escaped query finds nothing, and the same with
# a star at its end does find. Take the escapes away from Word and Phrase before the builder sees them.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --no-cache-dir --disable-pip-version-check luqum==1.0.0
"$work/v/bin/python" - <<'PY'
from luqum.elasticsearch import ElasticsearchQueryBuilder
from luqum.parser import parser

build = ElasticsearchQueryBuilder()
word = build(parser.parse(r"path:\/var\/log"))
phrase = build(parser.parse(r'message:"say \"hi\""'))
star = build(parser.parse(r"path:\/var\/log*"))
print(word, phrase, star, sep="\n")
assert word["match"]["path"]["query"] == r"\/var\/log"
assert phrase["match_phrase"]["message"]["query"] == r"say \"hi\""
assert star["query_string"]["query"] == r"\/var\/log*"
PY
echo "as described: the backslashes are sought"
