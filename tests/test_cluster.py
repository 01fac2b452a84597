"""A cluster's values are held against their chart as helm holds them, and against what its schema lets through."""

from __future__ import annotations

import ast
import copy
import io
import json
import re
import sys
import tarfile
import textwrap
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import check_cluster
import pytest
import serve_on_hub
import yaml
from check_cluster import (
    Chart,
    as_file,
    as_helm_merges,
    complaints,
    cut,
    names_alone,
    on_top,
    outdated,
    read_chart,
    read_values,
    refused_by_the_hub,
)
from classroom.server import FIRST_LESSON, SETTINGS
from traitlets.config import Config

ROOT = Path(__file__).resolve().parent.parent
CLUSTER = ROOT / "deploy" / "cluster"
HUB = ROOT / "deploy" / "hub"
VALUES = read_values(CLUSTER / "values.yaml")
KEPT = read_chart(CLUSTER / "chart.yaml")
IMAGE = yaml.safe_load((ROOT / ".binder/environment.yml").read_text(encoding="utf-8"))

SERVER = {
    "type": "object",
    "additionalProperties": False,
    "properties": {key: {} for key in ("image", "memory", "cpu", "storage", "extraEnv")},
}
SCHEMA = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "additionalProperties": False,
    "required": ["hub", "singleuser"],
    "properties": {
        "custom": {"type": "object"},
        "hub": {
            "type": "object",
            "properties": {
                "config": {"type": "object", "additionalProperties": False, "patternProperties": {"^[A-Z]": {}}}
            },
        },
        "singleuser": SERVER,
        "replicas": {"type": ["integer", "null"]},
    },
}
DEFAULTS = {
    "hub": {"config": {"JupyterHub": {"admin_access": True}}},
    "singleuser": {
        "image": {"name": "sample", "tag": "1"},
        "memory": {"guarantee": "1G", "limit": None},
        "cpu": {"guarantee": None, "limit": None},
        "storage": {"capacity": "10Gi"},
        "extraEnv": {},
    },
    "replicas": 2,
}
TINY = Chart({"version": "1.2.3", "appVersion": "4.5.6"}, DEFAULTS, SCHEMA)
"""A chart made up for these tests; of the real one `deploy/cluster/chart.yaml` keeps what the course's values set."""

MINE = {"custom": {"chart": "1.2.3", "hub": "4.5.6"}}


def said_of(values: dict[str, Any], chart: Chart = TINY) -> list[str]:
    return complaints(on_top([MINE, values]), chart)


def with_value(values: dict[str, Any], place: str, value: Any) -> dict[str, Any]:
    """Return values in which one place, such as singleuser.memory.limit, holds something else."""
    changed = copy.deepcopy(values)
    *folders, name = place.split(".")
    inside = changed
    for folder in folders:
        inside = inside.setdefault(folder, {})
    inside[name] = value
    return changed


# Merging


def test_maps_are_merged_and_lists_and_texts_are_replaced() -> None:
    defaults = {"a": {"b": 1, "c": {"d": [1, 2]}}, "e": "old", "f": [{"g": 1}]}
    values = {"a": {"c": {"d": [3]}}, "e": "new", "f": [], "h": {"i": 1}}
    merged = as_helm_merges(defaults, values)
    assert merged == {"a": {"b": 1, "c": {"d": [3]}}, "e": "new", "f": [], "h": {"i": 1}}
    assert defaults["a"] == {"b": 1, "c": {"d": [1, 2]}}, "the defaults were changed"


def test_null_takes_a_default_away_and_a_default_of_null_stays() -> None:
    assert as_helm_merges({"a": {"b": 1, "c": 2}, "d": None}, {"a": {"b": None}}) == {"a": {"c": 2}, "d": None}
    assert as_helm_merges({"a": {"b": 1}}, {"a": None, "e": None}) == {}


def test_a_second_file_goes_on_top_of_the_first_before_both_meet_the_defaults() -> None:
    values = on_top([{"a": None, "l": [1, 2]}, {"a": {"c": 2}, "l": [3]}])
    assert as_helm_merges({"a": {"b": 1}, "l": []}, values) == {"a": {"b": 1, "c": 2}, "l": [3]}


def test_a_key_that_stands_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "values.yaml").write_text("hub: {}\nsingleuser: {}\nhub:\n  a: 1\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"values\.yaml, line 3: hub stands twice"):
        read_values(tmp_path / "values.yaml")


# The chart


def files_of(chart: Chart, schema: str) -> dict[str, str]:
    texts = {"Chart.yaml": yaml.safe_dump(chart.about), "values.yaml": yaml.safe_dump(chart.defaults)}
    return texts | {schema: json.dumps(chart.schema)}


def test_a_chart_is_read_from_a_folder_with_either_schema_and_from_what_helm_pulls(tmp_path: Path) -> None:
    for schema in ("values.schema.json", "values.schema.yaml"):
        (tmp_path / schema).mkdir()
        for name, text in files_of(TINY, schema).items():
            (tmp_path / schema / name).write_text(text, encoding="utf-8")
        assert read_chart(tmp_path / schema) == TINY
    archive = tmp_path / "tiny-1.2.3.tgz"
    with tarfile.open(archive, "w:gz") as tar:
        for name, text in {**files_of(TINY, "values.schema.json"), "charts/other/values.yaml": "no: this"}.items():
            member = tarfile.TarInfo(f"tiny/{name}")
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    assert read_chart(archive) == TINY
    kept = tmp_path / "chart.yaml"
    kept.write_text(yaml.safe_dump(TINY._asdict()), encoding="utf-8")
    assert read_chart(kept) == TINY


def test_what_is_no_chart_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is no chart: it needs"):
        read_chart(tmp_path)
    (tmp_path / "page.tgz").write_text("<html>404</html>", encoding="utf-8")
    with pytest.raises(ValueError, match="is no chart"):
        read_chart(tmp_path / "page.tgz")
    (tmp_path / "values.yaml").write_text("hub: {}", encoding="utf-8")
    with pytest.raises(ValueError, match="is no chart: it needs about, defaults, schema"):
        read_chart(tmp_path / "values.yaml")


def test_a_misspelt_key_and_a_wrong_type_are_named_with_their_places() -> None:
    assert said_of({}) == []
    assert said_of({"singleuser": {"memroy": {"limit": "1G"}}}) == [
        "singleuser.memroy: the chart has no setting of that name; it has memory"
    ]
    assert said_of({"cul": {"enabled": True}}) == [
        "cul: the chart has no setting of that name; it has custom, hub, singleuser, replicas"
    ]
    assert said_of({"hub": {"config": {"jupyterhub": {}}}}) == [
        "hub.config.jupyterhub: the chart has no setting of that name; it has ^[A-Z]"
    ]
    assert said_of({"replicas": "two"}) == ["replicas: 'two' is not of type 'integer', 'null'"]
    assert said_of({"singleuser": None}) == ["singleuser: missing or null, and the chart needs it"]
    assert said_of({"singleuser": None, "hub": None}) == [
        "hub: missing or null, and the chart needs it",
        "singleuser: missing or null, and the chart needs it",
    ]
    assert said_of({"custom": ["1.2.3"]})[-1] == "custom: ['1.2.3'] is not of type 'object'"


def test_what_two_rules_of_a_schema_refuse_is_said_once() -> None:
    part = {"type": "object"}
    config = {"type": "object", "properties": {"JupyterHub": part}, "patternProperties": {"^[A-Z]": part}}
    twice = TINY._replace(schema={"properties": {"hub": {"properties": {"config": config}}}})
    assert said_of({"hub": {"config": {"JupyterHub": "x"}}}, twice) == [
        "hub.config.JupyterHub: 'x' is not of type 'object'"
    ]


def test_values_for_another_chart_or_another_hub_are_refused() -> None:
    other = TINY._replace(about={"version": "1.3.0", "appVersion": "5.0.0"})
    assert [line.partition(":")[0] for line in said_of({}, other)] == ["custom.chart", "custom.hub"]
    in_its_repository = TINY._replace(about={"version": "0.0.1-set.by.chartpress", "appVersion": "4.5.6"})
    assert said_of({}, in_its_repository) == []


# What a schema lets through


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        ("singleuser.memory.limit", "1 GB", "'1 GB' is no amount"),
        ("singleuser.memory.limit", "1Gi", "'1Gi' is no amount"),
        ("singleuser.memory.guarantee", "lots", "'lots' is no amount"),
        ("singleuser.memory.limit", "512M", "the guarantee 1G is more than the limit"),
        ("singleuser.cpu.limit", "500m", "'500m' is no amount"),
        ("singleuser.cpu", {"guarantee": 2, "limit": 1}, "the guarantee 2 is more than the limit"),
        ("singleuser.storage.capacity", "1GB", "'1GB' is no amount"),
        ("singleuser.extraEnv", {"DEPTH": 1}, "1 is no text"),
        ("singleuser.extraEnv", {"DEBUG": True}, "True is no text"),
        ("singleuser.extraEnv", {"MY-NAME": "x"}, "'MY-NAME' is no name of a variable"),
        ("hub.extraEnv", {"TOKEN": ["a"]}, "['a'] is no text"),
        ("singleuser.extraEnv", ["A=1"], "['A=1'] is a list"),
        ("singleuser.memory", None, "missing or null, and the chart needs it"),
        ("singleuser.cpu", None, "missing or null, and the chart needs it"),
        ("singleuser.storage", None, "missing or null, and the chart needs it"),
    ],
)
def test_what_the_schema_lets_through_and_no_cluster_takes_is_refused(place: str, value: Any, words: str) -> None:
    (line,) = said_of(with_value({}, place, value))
    assert words in line
    assert line.startswith(place.rpartition(".")[0])


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("singleuser.memory.limit", "1.5G"),
        ("singleuser.memory.limit", 2**30),
        ("singleuser.memory", {"guarantee": "1024M", "limit": "1G"}),
        ("singleuser.storage.capacity", "500Mi"),
        ("singleuser.extraEnv", {"A": "1", "B": {"valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}}),
        ("hub.extraEnv", [{"name": "A", "value": "1"}]),
    ],
)
def test_what_a_cluster_takes_is_let_through(place: str, value: Any) -> None:
    assert said_of(with_value({}, place, value)) == []


def test_a_placeholder_that_is_left_is_named_wherever_it_stands() -> None:
    values = {"singleuser": {"image": {"name": "x/CHANGE-ME"}, "extraEnv": {"HOSTS": "CHANGE-ME-DOMAIN"}}}
    assert said_of(values) == [
        "singleuser.image.name: still says x/CHANGE-ME",
        "singleuser.extraEnv.HOSTS: still says CHANGE-ME-DOMAIN",
    ]
    assert complaints(on_top([MINE, values]), TINY, draft=True) == []


def test_the_command_names_what_is_wrong_and_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    chart, base, own = tmp_path / "chart", tmp_path / "values.yaml", tmp_path / "own.yaml"
    chart.mkdir()
    for name, text in files_of(TINY, "values.schema.json").items():
        (chart / name).write_text(text, encoding="utf-8")
    course = {
        "hub": {"config": {}},
        "singleuser": {"image": {"tag": "CHANGE-ME"}, "memory": {}, "cpu": {}, "storage": {}},
    }
    base.write_text(yaml.safe_dump(on_top([MINE, course])), encoding="utf-8")
    monkeypatch.setattr(check_cluster, "VALUES", base)
    monkeypatch.setattr(check_cluster, "KEPT", tmp_path / "kept.yaml")

    def run(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["check_cluster.py", *arguments])
        with pytest.raises(SystemExit) as stopped:
            check_cluster.main()
        return str(stopped.value)

    assert run("--keep").startswith("Name the chart")
    monkeypatch.setattr(sys, "argv", ["check_cluster.py", "--keep", "--chart", str(chart)])
    check_cluster.main()
    assert run("--chart", str(chart)) == "singleuser.image.tag: still says CHANGE-ME"
    assert "No such file" in run("--chart", str(chart), str(own))
    own.write_text("singleuser: {image: {tag: '2'}, cpu: {limit: many}}", encoding="utf-8")
    assert run("--chart", str(chart), str(own)).startswith("singleuser.cpu.limit: 'many' is no amount")
    own.write_text("singleuser: {image: {tag: '2'}}", encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["check_cluster.py", "--chart", str(chart), str(own)])
    check_cluster.main()
    assert capsys.readouterr().out == "The chart 1.2.3 takes these values.\n"

    own.write_text("{singleuser: {image: {tag: '2'}}, replicas: two}", encoding="utf-8")
    assert run("--chart", str(chart), str(own)) == "replicas: 'two' is not of type 'integer', 'null'"
    monkeypatch.setattr(sys, "argv", ["check_cluster.py", str(own)])
    check_cluster.main()
    looked_at, verdict = capsys.readouterr().out.splitlines()
    assert "only what the course itself sets, as kept.yaml has it from the chart 1.2.3, so not replicas." in looked_at
    assert looked_at.endswith("A downloaded chart checks everything: CHART=jupyterhub-1.2.3.tgz")
    assert verdict == "The chart 1.2.3 takes what was looked at."
    own.write_text("{singleuser: {image: {tag: '2'}, memroy: {}}}", encoding="utf-8")
    assert run(str(own)).startswith("singleuser.memroy: the chart has no setting of that name")

    own.write_text("{singleuser: {image: {tag: '2'}}}", encoding="utf-8")
    defaults = with_value(DEFAULTS, "singleuser.image.tag", "9")
    (chart / "values.yaml").write_text(yaml.safe_dump(defaults), encoding="utf-8")
    assert run("--chart", str(chart), str(own)).startswith(
        "kept.yaml: not what this chart says at defaults.singleuser.image.tag; `make cluster-facts"
    )


# Keeping a part of a chart

STUDENT = {
    "type": "object",
    "description": "What a student gets.",
    "additionalProperties": False,
    "required": ["image", "uid"],
    "properties": {
        "image": {
            "type": "object",
            "additionalProperties": False,
            "required": ["tag"],
            "properties": {"tag": {"type": "string", "description": "Which."}, "policy": {"enum": [None, "Always"]}},
        },
        "uid": {"type": "integer"},
        "labels": {"type": "object", "additionalProperties": False, "patternProperties": {".*": {"type": "string"}}},
        "secret": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"create": {"type": "boolean"}, "key": {"type": ["string", "null"]}},
            "if": {"properties": {"create": {"const": True}}},
            "then": {"properties": {"key": {"type": "string", "description": "Where to look."}}},
        },
        "description": {"type": "string", "description": "What is said of a student."},
        "kind": {"enum": ["dynamic", "none"]},
    },
}
WHOLE = Chart(
    {"name": "tiny", "version": "0.0.1-set.by.chartpress", "appVersion": "4.5.6", "icon": "logo.svg"},
    {
        "student": {
            "image": {"tag": "set-by-chartpress", "policy": None},
            "uid": 1000,
            "labels": {"a": "b"},
            "secret": {"create": False, "key": None},
            "description": "",
            "kind": "none",
        },
        "debug": False,
    },
    {
        "type": "object",
        "additionalProperties": False,
        "required": ["student", "debug"],
        "properties": {"custom": {}, "student": STUDENT, "debug": {"type": "boolean"}},
    },
)
SET = MINE | {"student": {"image": {"tag": "7"}, "labels": {"c": "d"}, "secret": {"create": False}, "kind": "none"}}


def test_a_cut_chart_has_what_the_values_set_the_names_beside_it_and_no_prose() -> None:
    about, defaults, schema = cut(WHOLE, SET)
    assert about == {"name": "tiny", "version": "1.2.3", "appVersion": "4.5.6"}
    assert defaults == {
        "student": {
            "image": {"tag": "1.2.3"},
            "labels": {"a": "b"},
            "secret": {"create": False, "key": None},
            "kind": "none",
        }
    }
    assert schema["required"] == ["student"]
    assert schema["properties"]["debug"] is True
    student = schema["properties"]["student"]
    assert {*student} == {"type", "additionalProperties", "required", "properties"}
    assert student["required"] == ["image"]
    assert student["properties"] == {
        "image": {
            "type": "object",
            "additionalProperties": False,
            "required": ["tag"],
            "properties": {"tag": {"type": "string"}, "policy": True},
        },
        "uid": True,
        "labels": STUDENT["properties"]["labels"],
        "secret": STUDENT["properties"]["secret"] | {"then": {"properties": {"key": {"type": "string"}}}},
        "description": True,
        "kind": {"enum": ["dynamic", "none"]},
    }
    described = cut(WHOLE, with_value(SET, "student.description", "x")).schema["properties"]["student"]["properties"]
    assert described["description"] == {"type": "string"}, "a setting of that name is no prose"


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("student.image.tga", "7"),
        ("student.image.tag", 7),
        ("student.image.tag", None),
        ("student.image", "x:7"),
        ("student.labels.c", 1),
        ("student.secret.create", True),
        ("student.secret.keys", "x"),
        ("student.kind", "static"),
        ("student", None),
        ("student.uids", 1),
        ("debgu", True),
    ],
)
def test_a_cut_chart_says_what_the_whole_one_says_of_the_places_it_keeps(place: str, value: Any) -> None:
    def said(chart: Chart) -> list[str]:
        whole = as_helm_merges(chart.defaults, with_value(SET, place, value))
        return check_cluster.refused_by_the_schema(whole, chart.schema)

    (line,) = said(WHOLE)
    assert said(cut(WHOLE, SET)) == [line]


def test_what_is_kept_can_be_read_and_cut_again_and_is_that_of_a_release_and_of_its_repository(tmp_path: Path) -> None:
    kept = cut(WHOLE, SET)
    (tmp_path / "chart.yaml").write_text(as_file(kept, "c0ffee"), encoding="utf-8")
    back = read_chart(tmp_path / "chart.yaml")
    assert back.about == kept.about | {"commit": "c0ffee", "licence": check_cluster.LICENCE}
    assert cut(back, SET) == kept
    about, defaults = WHOLE.about | {"version": "1.2.3"}, with_value(WHOLE.defaults, "student.image.tag", "1.2.3")
    assert outdated(back, cut(WHOLE._replace(about=about, defaults=defaults), SET)) == []


@pytest.mark.parametrize(
    ("part", "place", "value", "words"),
    [
        ("about", "appVersion", "4.5.7", "about.appVersion"),
        ("defaults", "student.labels.a", "c", "defaults.student.labels.a"),
        ("schema", "properties.student.properties.kind.enum", ["none"], "schema.properties.student.properties.kind"),
        ("schema", "properties.more", {}, "schema.properties.more"),
    ],
)
def test_a_chart_that_says_something_else_than_is_kept_is_named(part: str, place: str, value: Any, words: str) -> None:
    other = WHOLE._replace(**{part: with_value(getattr(WHOLE, part), place, value)})
    (line,) = outdated(cut(WHOLE, SET), cut(other, SET))
    assert words in line
    beside = WHOLE._replace(defaults=with_value(WHOLE.defaults, "student.uid", 2))
    assert outdated(cut(WHOLE, SET), cut(beside, SET)) == [], "nothing is kept of that place"


# The course's own values


def test_the_chart_takes_the_courses_values() -> None:
    assert complaints(VALUES, KEPT, draft=True) == []


@pytest.mark.parametrize(
    ("place", "value", "line"),
    [
        ("hub.concurrentSpawnLimits", 16, "the chart has no setting of that name; it has concurrentSpawnLimit"),
        ("singleuser.memory.garantee", "256M", "the chart has no setting of that name; it has guarantee"),
        ("singleuser.networkPolicy.egressAllowRules.publicIPs", True, "the chart has no setting of that name; it has "),
        ("culling", {"enabled": True}, "the chart has no setting of that name; it has "),
        ("cull.every", "5 minutes", "'5 minutes' is not of type 'integer', 'null'"),
        ("singleuser.startTimeout", 2.5, "2.5 is not of type 'integer', 'null'"),
        ("singleuser.image.tag", 2026.1, "2026.1 is not of type 'string'"),
        ("proxy.https.hosts", "hub.example.org", "'hub.example.org' is not of type 'array'"),
        ("prePuller.hook.enabled", "yes", "'yes' is not of type 'boolean'"),
        ("singleuser.cpu", "50m", "'50m' is not of type 'object'"),
        ("hub.config.GenericOAuthenticator", ["ann"], "['ann'] is not of type 'object'"),
        ("singleuser.storage.type", "static-pvc", "'static-pvc' is not one of ['dynamic', 'static', 'none']"),
        (
            "proxy.https.type",
            "certbot",
            "'certbot' is not one of [None, '', 'letsencrypt', 'manual', 'offload', 'secret']",
        ),
        ("singleuser.image.tag", None, "missing or null, and the chart needs it"),
        ("cull.enabled", None, "missing or null, and the chart needs it"),
        ("singleuser", None, "missing or null, and the chart needs it"),
        ("custom.chart", "4.3.5", "these values are for 4.3.5, and the version of this chart is 4.4.0"),
    ],
)
def test_what_the_chart_does_not_take_is_named_with_its_place_and_what_it_takes(
    place: str, value: Any, line: str
) -> None:
    (said,) = complaints(with_value(VALUES, place, value), KEPT, draft=True)
    assert said.startswith(f"{place}: {line}")


FREE = ("custom", "hub.config", "hub.extraConfig", "hub.loadRoles", "singleuser.extraEnv")
"""The maps that take any name; the names in `hub.config` are for the hub to know."""


def places_of(values: dict[str, Any], path: str = "") -> Iterator[str]:
    for name, value in values.items():
        yield f"{path}{name}"
        if isinstance(value, dict):
            yield from places_of(value, f"{path}{name}.")


def test_each_place_that_the_course_sets_is_known_to_the_chart_by_its_name() -> None:
    tried = 0
    for place in places_of(VALUES):
        if not place.startswith(tuple(f"{free}." for free in FREE)):
            (said,) = complaints(with_value(VALUES, f"{place}_", 1), KEPT, draft=True)
            assert said.startswith(f"{place}_: the chart has no setting of that name; it has {place.split('.')[-1]}")
            tried += 1
    assert tried > 50


def test_what_is_kept_of_the_chart_is_that_of_the_places_which_the_course_sets() -> None:
    assert [*names_alone(VALUES, KEPT.schema)] == [], "run `make cluster-facts`"
    assert outdated(KEPT, cut(KEPT, VALUES)) == [], "run `make cluster-facts`"
    text = (CLUSTER / "chart.yaml").read_text(encoding="utf-8")
    assert text == as_file(cut(KEPT, VALUES), KEPT.about["commit"]), "somebody wrote into it"
    assert [*names_alone(with_value(VALUES, "hub.db.type", "other"), KEPT.schema)] == ["hub.db"]


def test_what_is_kept_of_the_chart_says_which_chart_it_is() -> None:
    custom = VALUES["custom"]
    assert (KEPT.about["version"], KEPT.about["appVersion"]) == (custom["chart"], custom["hub"])
    assert re.fullmatch(r"[0-9a-f]{40}", KEPT.about["commit"])
    assert KEPT.about["commit"] in (CLUSTER / "README.md").read_text(encoding="utf-8")
    assert KEPT.about["licence"].startswith("BSD-3-Clause")


def test_the_courses_amounts_and_variables_are_what_a_cluster_takes() -> None:
    whole = as_helm_merges({"hub": {}}, VALUES)
    assert [*check_cluster.wrong_amounts(whole), *check_cluster.wrong_variables(whole)] == []
    assert list(check_cluster.wrong_amounts(with_value(whole, "singleuser.memory.limit", "100M")))


def test_every_placeholder_of_the_courses_values_is_found() -> None:
    left = check_cluster.placeholders(VALUES)
    lines = (CLUSTER / "values.yaml").read_text(encoding="utf-8").splitlines()
    assert len(left) == sum("CHANGE-ME" in line for line in lines if not line.startswith("#"))
    filled = yaml.safe_load(re.sub(r"CHANGE-ME[A-Z-]*", "filled.example.org", yaml.safe_dump(VALUES)))
    assert check_cluster.placeholders(filled) == []


def test_hub_image_and_values_name_one_version_of_jupyterhub() -> None:
    header = re.search(r"^# /// script\n(.*?)^# ///$", (CLUSTER / "hub_config.py").read_text("utf-8"), re.M | re.S)
    packages = tomllib.loads(re.sub(r"^# ?", "", header[1], flags=re.M))["dependencies"]
    hub = VALUES["custom"]["hub"]
    assert f"jupyterhub=={hub}" in packages
    assert all("==" in package for package in packages)
    assert f"jupyterhub-singleuser={hub}" in IMAGE["dependencies"]


def test_the_page_names_the_version_of_the_chart() -> None:
    for path in (CLUSTER / "README.md", ROOT / ".github/workflows/cluster.yml"):
        named = re.findall(r"(?:--version |--branch |jupyterhub-)([0-9.]+[0-9])\b", path.read_text(encoding="utf-8"))
        assert {*named} == {VALUES["custom"]["chart"]}, path.name


def test_the_page_counts_a_term_as_the_values_do() -> None:
    page = (CLUSTER / "README.md").read_text(encoding="utf-8")
    server = VALUES["singleuser"]
    by_memory = int(14e9 / check_cluster.amount(server["memory"]["guarantee"], check_cluster.UNITS))
    by_cores = round(3.5 / server["cpu"]["guarantee"])
    machines = -(-VALUES["hub"]["activeServerLimit"] // min(by_memory, by_cores))
    assert (
        f"14 GB / {server['memory']['guarantee']} = {by_memory}, and 3.5 / {server['cpu']['guarantee']} = {by_cores}"
        in page
    )
    assert f"so {min(by_memory, by_cores)}. `activeServerLimit: {VALUES['hub']['activeServerLimit']}`" in page
    assert machines == 2
    assert "two\nsuch machines" in page
    assert f"15 weeks: {15 * 168:,} machine-hours" in page
    assert f"40 students, 44 hours a week: {44 * 15 * -(-40 // by_memory)} machine-hours" in page
    assert server["storage"]["capacity"] == "1Gi"
    assert f"40 students, 4 months: {40 * 4} GiB-months" in page


def test_each_students_server_has_an_address_of_its_own_and_the_page_says_how_to_do_without() -> None:
    """The chart gets no certificate for names below the domain."""
    hub, https = VALUES["hub"]["config"]["JupyterHub"], VALUES["proxy"]["https"]
    assert hub["subdomain_host"] == f"https://{https['hosts'][0]}"
    assert hub["cookie_host_prefix_enabled"] is True
    assert VALUES["hub"]["config"]["KubeSpawner"]["disable_user_config"] is True
    assert https["type"] == "secret"
    page = (CLUSTER / "README.md").read_text(encoding="utf-8")
    assert f"kubectl create secret tls {https['secret']['name']} " in page
    own = re.search(r"share one address.*\n\n((?: {4}.*\n)+)", page)[1]
    whole = on_top([VALUES, yaml.safe_load(textwrap.dedent(own))])
    assert complaints(whole, KEPT, draft=True) == []
    assert whole["hub"]["config"]["JupyterHub"]["subdomain_host"] == ""
    assert whole["hub"]["loadRoles"]["teacher"] is None, "a teacher needs an address apart"


@pytest.mark.parametrize("domain", ["https://hub.example.org", ""])
def test_the_hub_is_at_its_own_address_alone_as_on_one_machine(domain: str) -> None:
    """The proxy sends what is under no server's name to the hub's part that leads to that address."""
    config = Config({"JupyterHub": {"subdomain_host": domain}})
    exec(VALUES["hub"]["extraConfig"]["elsewhere"], {"c": config})
    if not domain:
        assert config == Config({"JupyterHub": {"subdomain_host": ""}})
        return
    assert config.JupyterHub.hub_routespec == "hub.example.org/"
    ((pattern, _),) = config.JupyterHub.extra_handlers
    assert re.fullmatch(f"http://hub:8081/hub{pattern}", f"{VALUES['proxy']['chp']['defaultTarget']}/hub/login")


def test_what_leads_to_the_hubs_address_is_the_same_as_on_one_machine() -> None:
    part = re.compile(r"^class Elsewhere.*?(?=\n\n\n)", re.M | re.S)
    here, there = VALUES["hub"]["extraConfig"]["elsewhere"], (HUB / "jupyterhub_config.py").read_text(encoding="utf-8")
    assert part.search(here)[0] == part.search(there)[0]


def test_the_pages_own_values_fill_every_place() -> None:
    page = (CLUSTER / "README.md").read_text(encoding="utf-8")
    own = re.search(r"`my_class/cluster.yaml`.*?\n\n((?: {7}.*\n)+)", page)[1]
    assert check_cluster.placeholders(on_top([VALUES, yaml.safe_load(textwrap.dedent(own))])) == []


def test_the_pages_link_is_nbgitpullers() -> None:
    (link,) = re.findall(
        r"^ {4}(https://DOMAIN/hub/user-redirect/git-pull\?\S+)$", (CLUSTER / "README.md").read_text("utf-8"), re.M
    )
    assert parse_qs(urlsplit(link).query) == {
        "repo": ["https://FORGE/OWNER/REPOSITORY"],
        "branch": ["main"],
        "targetPath": ["."],
        "urlpath": [f"lab/tree/{FIRST_LESSON}"],
    }
    assert VALUES["singleuser"]["defaultUrl"] == f"/lab/tree/{FIRST_LESSON}"


def test_a_students_server_reaches_nothing_but_the_hub_and_the_names_of_the_cluster() -> None:
    policy = VALUES["singleuser"]["networkPolicy"]
    assert policy["enabled"] is True
    assert policy["egress"] == []
    open_rules = {name for name, is_open in policy["egressAllowRules"].items() if is_open}
    assert open_rules == {"dnsPortsKubeSystemNamespace"}
    assert len(policy["egressAllowRules"]) == 6, (
        "a rule that is not named is the chart's, which leaves the internet open"
    )
    assert VALUES["singleuser"]["allowPrivilegeEscalation"] is False


def test_a_students_server_takes_what_was_measured_and_a_student_keeps_all_that_can_be_written() -> None:
    memory = {
        key: check_cluster.amount(text, check_cluster.UNITS) for key, text in VALUES["singleuser"]["memory"].items()
    }
    load = (HUB / "LOAD.md").read_text(encoding="utf-8")
    measured = re.findall(r"^\| \d+ \| \d+ \| (\d+) \|", load, re.M)
    server, lesson, exercise = re.search(r"^\| 40 \| 0 \| \d+ \| (\d+) \| (\d+) \| (\d+) \|", load, re.M).groups()
    told = f"{server} MB for the server, {lesson} for the kernel of a lesson, {exercise} for that of the exercises"
    assert told in re.sub(r"\n +# ", " ", (CLUSTER / "values.yaml").read_text(encoding="utf-8"))
    assert memory["guarantee"] >= max(map(int, measured)) * 1e6
    limit = VALUES["singleuser"]["memory"]["limit"]
    assert f'c.Spawner.mem_limit = "{limit}"' in (HUB / "jupyterhub_config.py").read_text(encoding="utf-8")
    written = sum(file.stat().st_size for name in ("notebooks", "exercises") for file in (ROOT / name).glob("*.ipynb"))
    assert 2 * written <= 5e6, "say in values.yaml how large a student's copies are"
    assert check_cluster.amount(VALUES["singleuser"]["storage"]["capacity"], check_cluster.KUBERNETES) > 100 * 5e6


def test_who_teaches_is_no_admin_and_has_the_scopes_of_the_hub_on_one_machine() -> None:
    config = (HUB / "jupyterhub_config.py").read_text(encoding="utf-8")
    scopes = ast.literal_eval(re.search(r"^TEACHER = (.*)$", config, re.M)[1])
    assert VALUES["hub"]["loadRoles"]["teacher"]["scopes"] == scopes
    assert not any("access:servers" in scope for scope in scopes)
    assert not any({"admin_users", "admin_access"} & {*options} for options in VALUES["hub"]["config"].values())
    sign_in = VALUES["hub"]["config"]["GenericOAuthenticator"]
    assert {*VALUES["hub"]["loadRoles"]["teacher"]["users"]} <= {*sign_in["allowed_users"]}
    assert sign_in["allow_existing_users"] is False, "who is no longer named would still come in"


def test_a_server_ends_as_on_one_machine_when_nobody_uses_it_and_no_disk_is_deleted() -> None:
    idle = json.loads((SETTINGS / "hub" / "jupyter_server_config.json").read_text(encoding="utf-8"))
    after = idle["ServerApp"]["shutdown_no_activity_timeout"]
    assert VALUES["cull"] == {"enabled": True, "timeout": after, "every": 300, "users": False}
    assert VALUES["hub"]["config"]["KubeSpawner"]["delete_pvc"] is False


def test_a_students_server_is_the_one_of_a_hub_and_lies_where_the_page_has_the_image_built() -> None:
    python, script = VALUES["singleuser"]["cmd"]
    (folder,) = re.findall(r"--target-repo-dir (\S+)", (CLUSTER / "README.md").read_text(encoding="utf-8"))
    assert python == "python"
    assert ROOT / Path(script).relative_to(folder) == Path(serve_on_hub.__file__)
    assert not Path(folder).is_relative_to(VALUES["singleuser"]["storage"]["homeMountPath"])


# The chart's own JupyterHub

GROUPS = {"manage_groups": True, "auth_state_groups_key": "oauth_user.groups"}
SABOTAGED = [
    ("hub.config.GenericOAuthenticator.clientid", "x", "`clientid` not recognized"),
    ("hub.config.JupyterHub.cleanup_servers", "no", "expected a boolean, not the str 'no'"),
    ("hub.config.GenericOAuthenticator.allow_all", "yes", "expected a boolean"),
    ("hub.config.GitHubOAuthenticator", {"client_id": "x"}, "this hub has no part of that name"),
    ("hub.config.ConfigurableHTTPProxy", {"nonsense": 1}, "`nonsense` not recognized"),
    ("hub.config.JupyterHub.authenticator_class", "my-sign-in", "could not be imported"),
    ("hub.config.GenericOAuthenticator.allowed_users", [], "nobody can login"),
    ("hub.config.GenericOAuthenticator.admin_users", ["lise"], "admin_users: who is named there may open"),
    (
        "hub.config.GenericOAuthenticator",
        {**VALUES["hub"]["config"]["GenericOAuthenticator"], **GROUPS, "admin_groups": ["staff"]},
        "admin_groups: who is named there may open",
    ),
    (
        "hub.loadRoles.teacher.scopes",
        ["admin-ui", "admin:servers", "access:servers"],
        "loadRoles.teacher: who is named",
    ),
    ("hub.loadRoles.admin", {"users": ["lise"]}, "loadRoles.admin: who is named"),
    ("hub.loadRoles.helper", {"scopes": ["access:servers!group=a"]}, "loadRoles.helper: who is named"),
    ("hub.loadRoles.helper", {"scopes": ["tokens"]}, "may make tokens of other people"),
    ("hub.loadRoles.helper", {"scopes": ["tokens!user=ada"]}, "may make tokens of other people"),
    ("hub.loadRoles.helper", {"scopes": ["admin:users"]}, "may take other people's names"),
    ("hub.loadRoles.helper", {"scopes": ["admin:auth_state"]}, "may read by what other people have signed in"),
    ("hub.loadRoles.helper", {"scopes": ["admin:services"]}, "may put pages beside the hub's own"),
    ("hub.loadRoles.helper", {"scopes": ["proxy"]}, "may have the hub tell the secret of its proxy"),
    ("hub.loadRoles.helper", {"scopes": ["shares"]}, "may open other people's servers (access:servers)"),
    (
        "hub.config.JupyterHub.load_roles",
        [{"name": "helper", "scopes": ["tokens"]}],
        "hub.config.JupyterHub.load_roles, helper: who is named there may make tokens",
    ),
    ("hub.config.JupyterHub.subdomain_host", "", "loadRoles.teacher: a student's page could act as who is named there"),
    ("singleuser.memory.limit", "1 gigabyte", "not a valid memory specification"),
    ("singleuser.cpu.guarantee", "half", "expected a float"),
    ("hub.concurrentSpawnLimit", "many", "expected an int"),
]


@pytest.mark.apart
def test_the_charts_own_hub_takes_the_configuration() -> None:
    assert refused_by_the_hub(VALUES) == []


@pytest.mark.apart
def test_a_role_that_leads_into_no_others_server_is_let_be() -> None:
    harmless = [
        "self",
        "users",
        "tokens!user",
        "admin:servers",
        "groups",
        "read:tokens",
        "access:servers!user",
        "shutdown",
    ]
    assert refused_by_the_hub(with_value(VALUES, "hub.loadRoles.helper", {"scopes": harmless, "users": ["lise"]})) == []


@pytest.mark.apart
@pytest.mark.parametrize(
    ("place", "value", "words"), SABOTAGED, ids=[f"{place}-{words}" for place, _, words in SABOTAGED]
)
def test_the_charts_own_hub_names_what_it_does_not_take(place: str, value: Any, words: str) -> None:
    (line,) = refused_by_the_hub(with_value(VALUES, place, value))
    assert words in line


@pytest.mark.apart
def test_a_hub_that_cannot_be_had_is_no_success(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script = tmp_path / "hub_config.py"
    script.write_text("raise RuntimeError('no hub here')", encoding="utf-8")
    monkeypatch.setattr(check_cluster, "HUB", script)
    (line,) = refused_by_the_hub(VALUES)
    assert "no hub here" in line
