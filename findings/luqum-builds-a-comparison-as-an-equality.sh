#!/usr/bin/env bash
# luqum 1.0.0 reads status:>=500 of the Lucene query language into a tree (From), with its sign. Its builder
# for Elasticsearch and OpenSearch should make a range of it. It makes an equality, without an error:
#   status:>=500           ->  {"match": {"status": {"query": "500", ...}}}
#   status:[500 TO *]      ->  {"range": {"status": {"gte": "500"}}}
# Both mean the same. A search page or an alert built on the first form finds the 500s and none of the 502s,
# 503s and 504s, which looks like an answer. Rewrite From and To into Range in the tree before the builder, or
# refuse them. LogIngestor builds its own queries from the tree and has comparisons in its tests.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --no-cache-dir --disable-pip-version-check luqum==1.0.0
"$work/v/bin/python" - <<'PY'
from luqum.elasticsearch import ElasticsearchQueryBuilder
from luqum.parser import parser

build = ElasticsearchQueryBuilder()
for query, kind in (("status:>=500", "match"), ("status:<500", "match"), ("status:[500 TO *]", "range")):
    built = build(parser.parse(query))
    print(f"{query:20} {built}")
    assert list(built) == [kind], built
PY
echo "as described: >= and < are built as ="
