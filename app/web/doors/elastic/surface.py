"""Requests that clients and shippers make of an Elasticsearch before and beside their logs, answered as one that has all it is asked for.

Templates, pipelines, policies and the like are acknowledged and do nothing here: a log needs none of them.
Each function takes the rest of its path by name and returns what is answered as JSON.
"""

from __future__ import annotations

import re
from typing import Any, NoReturn

from flask import request
from werkzeug.exceptions import NotFound

#: Version that is claimed where a client names none of its own: some refuse a server that is older than they are.
VERSION = "8.19.0"
#: Version of OpenSearch that is shown to its own shippers.
OPENSEARCH_VERSION = "2.19.0"
NAME = "logingestor"
ABSENT = "is not served: of Elasticsearch's API only what sends logs is; /logs finds them"
#: Any 22 characters: clients only compare it.
UUID = "AAAAAAAAAAAAAAAAAAAAAA"
#: `Elastic-Filebeat/8.15.0`, `elasticsearch-py/9.5.1`, `logstash/8.15.0`.
_AGENT = re.compile(r"(?:elastic|beat|logstash)[\w-]*/v?(\d{1,3}\.\d{1,3}\.\d{1,3})", re.IGNORECASE | re.ASCII)
_COMPATIBLE = re.compile(r"compatible-with=(\d{1,2})\b", re.ASCII)


def info(**_: Any) -> dict[str, Any]:
    """Return who is there: what `GET /` of Elasticsearch answers, in the version that the client asks for."""
    agent = request.headers.get("User-Agent", "")
    version: dict[str, Any] = {"number": _version(agent), "build_flavor": "default"}
    if "opensearch" in agent.lower():
        version = {"distribution": "opensearch", "number": OPENSEARCH_VERSION}
    version |= {
        "build_type": "docker",
        "build_hash": "0" * 40,
        "build_date": "2025-01-01T00:00:00.000000000Z",
        "build_snapshot": False,
        "lucene_version": "9.12.0",
        "minimum_wire_compatibility_version": "7.17.0",
        "minimum_index_compatibility_version": "7.0.0",
    }
    return {
        "name": NAME,
        "cluster_name": NAME,
        "cluster_uuid": UUID,
        "version": version,
        "tagline": "You Know, for Search",
    }


def _version(agent: str) -> str:
    if found := _AGENT.search(agent):
        return found[1]
    found = _COMPATIBLE.search(request.headers.get("Accept", ""))
    return f"{found[1]}.0.0" if found and found[1] != VERSION.partition(".")[0] else VERSION


def license_of(**_: Any) -> dict[str, Any]:
    """Return a license that is active."""
    answer = {"status": "active", "uid": "00000000-0000-0000-0000-000000000000", "type": "basic", "issued_to": NAME}
    return {"license": answer | {"issuer": NAME, "max_nodes": None, "start_date_in_millis": -1}}


def xpack(**_: Any) -> dict[str, Any]:
    """Return the features that shippers look for."""
    features = {name: {"available": True, "enabled": True} for name in ("ilm", "data_streams")}
    answer = {"uid": license_of()["license"]["uid"], "type": "basic", "mode": "basic", "status": "active"}
    return {"build": {}, "license": answer, "features": features, "tagline": "You know, for X"}


def health(**_: Any) -> dict[str, Any]:
    """Return that the cluster is green: whether a log can be kept is said by the answer to that log."""
    counts = ("active_primary_shards", "active_shards")
    none = (
        *("relocating_shards", "initializing_shards", "unassigned_shards", "delayed_unassigned_shards"),
        *("number_of_pending_tasks", "number_of_in_flight_fetch", "task_max_waiting_in_queue_millis"),
    )
    answer: dict[str, Any] = {"cluster_name": NAME, "status": "green", "timed_out": False}
    answer |= {"number_of_nodes": 1, "number_of_data_nodes": 1} | dict.fromkeys(counts, 1) | dict.fromkeys(none, 0)
    return answer | {"active_shards_percent_as_number": 100.0}


def cat_health(**_: Any) -> list[dict[str, Any]]:
    """Return the same as a table's only row."""
    return [{"cluster": NAME, "status": "green", "node.total": "1", "node.data": "1", "shards": "1", "pri": "1"}]


def nodes(**_: Any) -> dict[str, Any]:
    """Return the one node, by the address that was asked: clients that look for others find only it."""
    answer = {"name": NAME, "version": info()["version"]["number"], "roles": ["data", "ingest", "master"]}
    answer |= {"http": {"publish_address": request.host, "bound_address": [request.host]}}
    return {
        "_nodes": {"total": 1, "successful": 1, "failed": 0},
        "cluster_name": NAME,
        "nodes": {UUID: answer | {"host": request.host.partition(":")[0], "ip": request.host.partition(":")[0]}},
    }


def cluster_settings(**_: Any) -> dict[str, Any]:
    """Return that nothing is set."""
    return {"persistent": {}, "transient": {}, "defaults": {}}


def absent(**_: Any) -> NoReturn:
    """Raise NotFound: nothing can be read here."""
    raise NotFound(ABSENT)


def acknowledged(**_: Any) -> dict[str, Any]:
    """Return that what is asked is done: there is nothing to do."""
    return {"acknowledged": True}


def index_made(index: str, **_: Any) -> dict[str, Any]:
    """Return that the index is there: a log needs none to be made."""
    return {"acknowledged": True, "shards_acknowledged": True, "index": index}


def refreshed(**_: Any) -> dict[str, Any]:
    """Return that a refresh is done: what is accepted becomes findable by itself, within a moment."""
    return {"_shards": {"total": 1, "successful": 1, "failed": 0}}


def index_template(name: str = "*", **_: Any) -> dict[str, Any]:
    """Return an index template of that name, which sets nothing."""
    return {"index_templates": [{"name": name, "index_template": {"index_patterns": [name], "composed_of": []}}]}


def template(name: str = "*", **_: Any) -> dict[str, Any]:
    """Return a template of the older kind, which sets nothing."""
    return {name: {"order": 0, "index_patterns": [name], "settings": {}, "mappings": {}, "aliases": {}}}


def component_template(name: str = "*", **_: Any) -> dict[str, Any]:
    """Return a component template, which sets nothing."""
    return {"component_templates": [{"name": name, "component_template": {"template": {}}}]}


def policy(name: str = "*", **_: Any) -> dict[str, Any]:
    """Return a lifecycle policy without phases: how long logs are kept is the setting RETENTION's."""
    return {name: {"version": 1, "modified_date": "2025-01-01T00:00:00.000Z", "policy": {"phases": {}}}}


def pipeline(name: str = "*", **_: Any) -> dict[str, Any]:
    """Return an ingest pipeline without steps."""
    return {name: {"processors": []}}


def data_stream(name: str = "*", **_: Any) -> dict[str, Any]:
    """Return a data stream."""
    indices = [{"index_name": name, "index_uuid": UUID}]
    answer = {"name": name, "timestamp_field": {"name": "@timestamp"}, "indices": indices, "generation": 1}
    return {"data_streams": [answer | {"status": "GREEN", "template": name}]}
