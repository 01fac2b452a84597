"""Hold a cluster's values against the chart of Zero to JupyterHub that they are for, without a cluster.

    check_cluster.py [--chart jupyterhub-4.4.0.tgz] [--hub] [--draft] [my_class/cluster.yaml ...]
    check_cluster.py --chart jupyterhub-4.4.0.tgz --keep [--commit COMMIT]

The files go on top of `deploy/cluster/values.yaml`, and all of it on top of the chart's own defaults, as helm does it.
What is wrong is said in one line each: what the chart's schema refuses, what it lets through and no cluster takes,
and what still says CHANGE-ME (with `--draft` that may stay). `--hub` also loads the configuration in the chart's own
JupyterHub, which `uv` installs apart.

Without a chart they are held against `deploy/cluster/chart.yaml`: what a chart says of the places that the course's own
values set. `--keep` writes that file from a chart.
"""

from __future__ import annotations

import argparse
import difflib
import json
import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Sequence
from functools import reduce
from pathlib import Path
from typing import Any, NamedTuple, TypeGuard

import yaml
from classroom.environment import ROOT
from jsonschema import Draft7Validator

VALUES = ROOT / "deploy" / "cluster" / "values.yaml"
HUB = ROOT / "deploy" / "cluster" / "hub_config.py"
KEPT = ROOT / "deploy" / "cluster" / "chart.yaml"
PLACEHOLDER = "CHANGE-ME"
SCHEMA = "values.schema.json"
UNRELEASED = re.compile(r"set[.-]by[.-]chartpress")
"""What a chart in its repository has for its version and for its images' tags; a release puts its number there."""

Values = dict[str, Any]


class Chart(NamedTuple):
    """What a chart says of itself, its defaults, and the schema of its values."""

    about: Values
    defaults: Values
    schema: Values


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--chart", default="", help="the chart, as `helm pull` brings it, or its folder")
    parser.add_argument("--keep", action="store_true", help=f"write {KEPT.name} from the chart, and check nothing")
    parser.add_argument("--commit", default="", help="the commit of its repository that the chart is from")
    parser.add_argument("--draft", action="store_true", help=f"let {PLACEHOLDER} stand")
    parser.add_argument("--hub", action="store_true", help="load the configuration in the chart's JupyterHub too")
    parser.add_argument("values", type=Path, nargs="*", help="your own files, on top of the course's")
    asked = parser.parse_args()
    try:
        if asked.keep:
            keep(asked.chart, asked.commit)
        else:
            check(asked.chart, asked.values, asked.draft, asked.hub)
    except (OSError, ValueError) as error:
        sys.exit(str(error))


def keep(path: str, commit: str) -> None:
    """Write what a chart says of the places that the course's values set."""
    if not path:
        raise ValueError(
            "Name the chart, as in CHART=jupyterhub-4.4.0.tgz; deploy/cluster/README.md has how to get it."
        )
    text = as_file(cut(read_chart(Path(path)), read_values(VALUES)), commit)
    KEPT.write_text(text, encoding="utf-8", newline="\n")


def check(path: str, own: Sequence[Path], draft: bool, hub: bool) -> None:
    """Say what is wrong with the course's values and those on top of them, for a chart or for what is kept of it."""
    course = read_values(VALUES)
    values = on_top([course, *map(read_values, own)])
    chart = read_chart(Path(path) if path else KEPT)
    found = complaints(values, chart, draft)
    if not path:
        print(what_is_looked_at(values, chart))
    elif values.get("custom") == course["custom"]:  # else they are for another chart than the course's
        found += outdated(read_chart(KEPT), cut(chart, course))
    if hub:
        found += refused_by_the_hub(as_helm_merges(chart.defaults, values))
    if found:
        sys.exit("\n".join(found))
    print(f"The chart {chart.about['version']} takes {'these values' if path else 'what was looked at'}.")


# Reading


def read_values(path: Path) -> Values:
    """Return what a file of values says."""
    try:
        found = yaml.load(path.read_text(encoding="utf-8"), Strict) or {}
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        raise ValueError(f"{path}, line {line}: {error.problem}") from error
    if not isinstance(found, dict):
        raise ValueError(f"{path} holds no settings")
    return found


class Strict(yaml.SafeLoader):
    """YAML in which no key stands twice: one of the two would be lost."""

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        """Return a mapping."""
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key.value} stands twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def read_chart(path: Path) -> Chart:
    """Return a chart: a folder, the .tgz that `helm pull` brings, or the file that keeps a part of one.

    A folder of the chart's repository has its schema in YAML.
    """
    if path.is_file() and path.suffix == ".yaml":
        parts = read_values(path)
        if {*parts} != {*Chart._fields}:
            raise ValueError(f"{path} is no chart: it needs {', '.join(Chart._fields)}")
        return Chart(**parts)
    found = in_folder(path) if path.is_dir() else in_archive(path)
    texts = [found.get("Chart.yaml"), found.get("values.yaml"), found.get(SCHEMA) or found.get("values.schema.yaml")]
    if not all(texts):
        raise ValueError(f"{path} is no chart: it needs Chart.yaml, values.yaml and {SCHEMA}")
    return Chart(*(yaml.safe_load(text) for text in texts if text))


def in_folder(folder: Path) -> dict[str, str]:
    """Return the texts that lie in a folder, by name."""
    return {
        file.name: file.read_text(encoding="utf-8") for file in folder.iterdir() if file.suffix in (".yaml", ".json")
    }


def in_archive(path: Path) -> dict[str, str]:
    """Return the texts that lie in the one folder of an archive, by name."""
    try:
        with tarfile.open(path) as archive:
            members = [one for one in archive if one.isfile() and one.name.count("/") == 1]
            files = {
                Path(one.name).name: archive.extractfile(one)
                for one in members
                if one.name.endswith((".yaml", ".json"))
            }
            return {name: file.read().decode("utf-8") for name, file in files.items() if file}
    except tarfile.TarError as error:
        raise ValueError(f"{path} is no chart: {error}") from error


# Merging, as helm does


def merged(under: Values, over: Values) -> Values:
    """Return two maps as one: maps inside are merged, all else is replaced."""
    both = {key: merged(under[key], over[key]) for key in over if is_map(under.get(key)) and is_map(over[key])}
    return under | over | both


def is_map(value: object) -> TypeGuard[Values]:
    return isinstance(value, dict)


def on_top(files: Sequence[Values]) -> Values:
    """Return several files of values as one, the later on top."""
    return reduce(merged, files)


def as_helm_merges(defaults: Values, values: Values) -> Values:
    """Return what the chart's templates see: the values over its defaults, without what the values set to null."""
    return without_nulls(merged(defaults, values), values)


def without_nulls(whole: Values, values: Values) -> Values:
    return {
        key: without_nulls(one, values[key]) if is_map(one) and is_map(values.get(key)) else one
        for key, one in whole.items()
        if key not in values or values[key] is not None
    }


# Keeping a part of a chart

ABOUT = ("name", "version", "appVersion", "sources")
LICENCE = "BSD-3-Clause, copyright (c) 2017, Project Jupyter Contributors"
CLOSED = {"$schema", "type", "additionalProperties", "properties", "required", "description"}
"""What a schema may say of a map and be cut: anything else could hold one setting against another."""
HEADER = """\
# What the chart of Zero to JupyterHub says of the places that values.yaml sets: its defaults, and the names, types and
# words that its schema takes there. Of a setting beside them the name alone is kept: `true` takes everything.
# `make cluster-facts` writes this file from a chart; do not write into it.
"""


def cut(chart: Chart, values: Values) -> Chart:
    """Return the part of a chart that decides on values: the places that these set, and the names beside them.

    A map of any names is kept whole, and so is one whose schema has a condition. Prose is left out. A chart that no
    release has numbered yet is taken for the one that the values are for.
    """
    version = values["custom"]["chart"]
    about = as_released({key: chart.about[key] for key in ABOUT if key in chart.about}, version)
    defaults = as_released(cut_defaults(chart.defaults, chart.schema, values), version)
    return Chart(about, defaults, cut_schema(chart.schema, values))


def is_closed(schema: object) -> bool:
    """Tell whether a schema is that of a map that takes the names it lists and no other, with no further condition."""
    return (
        is_map(schema)
        and schema.get("additionalProperties") is False
        and "properties" in schema
        and {*schema} <= CLOSED
    )


def cut_defaults(defaults: Any, schema: Any, values: Any) -> Any:
    """Return the defaults of the places that values set."""
    if not (is_closed(schema) and is_map(defaults) and is_map(values)):
        return defaults
    known = schema["properties"]
    return {
        name: cut_defaults(one, known[name], values[name])
        for name, one in defaults.items()
        if name in values and name in known
    }


def cut_schema(schema: Any, values: Any) -> Any:
    """Return the schema of the places that values set; it still refuses a name that the whole one refuses."""
    if not (is_closed(schema) and is_map(values)):
        return without_prose(schema)
    names = {
        name: cut_schema(one, values[name]) if name in values else True for name, one in schema["properties"].items()
    }
    needed = [name for name in schema.get("required", ()) if name in values]
    rest = {key: one for key, one in schema.items() if key not in ("description", "required")}
    return rest | {"properties": names} | ({"required": needed} if needed else {})


def without_prose(schema: Any) -> Any:
    """Return a schema without its descriptions; a setting may itself have that name."""
    if isinstance(schema, list):
        return [without_prose(one) for one in schema]
    if not is_map(schema):
        return schema
    return {
        key: {name: without_prose(one) for name, one in part.items()}
        if key in ("properties", "patternProperties")
        else without_prose(part)
        for key, part in schema.items()
        if key != "description"
    }


def as_released(part: Any, version: str) -> Any:
    """Return a part of a chart with a release's number wherever its repository leaves it open."""
    if is_map(part):
        return {key: as_released(one, version) for key, one in part.items()}
    if isinstance(part, list):
        return [as_released(one, version) for one in part]
    return version if isinstance(part, str) and UNRELEASED.search(part) else part


class Plain(yaml.SafeDumper):
    """YAML that says the same twice where a chart does."""

    def ignore_aliases(self, data: Any) -> bool:
        """Tell that nothing refers to what stands elsewhere."""
        return True


def as_file(chart: Chart, commit: str = "") -> str:
    """Return the text that keeps a chart."""
    about = chart.about | ({"commit": commit} if commit else {}) | {"licence": LICENCE}
    parts = chart._replace(about=about)._asdict()
    return HEADER + yaml.dump(parts, Dumper=Plain, sort_keys=False, width=120, default_flow_style=None)


def what_is_looked_at(values: Values, chart: Chart) -> str:
    """Return what a check without a downloaded chart can say, and the places of which it can say nothing."""
    version, unseen = chart.about["version"], ", ".join(names_alone(values, chart.schema))
    return (
        f"Looked at is only what the course itself sets, as {KEPT.name} has it from the chart {version}"
        f"{f', so not {unseen}' if unseen else ''}. "
        f"A downloaded chart checks everything: CHART=jupyterhub-{version}.tgz"
    )


def names_alone(values: Values, schema: Values, path: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield each place that values set and of which the schema knows the name alone."""
    for name, value in values.items():
        one = schema.get("properties", {}).get(name)
        if one is True:
            yield place([*path, name])
        elif is_map(one) and is_map(value):
            yield from names_alone(value, one, (*path, name))


def outdated(kept: Chart, fresh: Chart) -> list[str]:
    """Return that the kept part of a chart is no longer that chart's, and where."""
    about = {key: one for key, one in kept.about.items() if key in ABOUT}
    where = [*differences(kept._replace(about=about)._asdict(), fresh._asdict())]
    more = f" and {len(where) - 5} more places" if len(where) > 5 else ""
    remedy = "`make cluster-facts CHART=...` writes it anew"
    return [f"{KEPT.name}: not what this chart says at {', '.join(where[:5])}{more}; {remedy}"] if where else []


def differences(one: Any, other: Any, path: tuple[Any, ...] = ()) -> Iterator[str]:
    """Yield each place where two parts of a chart differ."""
    if is_map(one) and is_map(other):
        for key in {**one, **other}:
            if key in one and key in other:
                yield from differences(one[key], other[key], (*path, key))
            else:
                yield place([*path, key])
    elif one != other:
        yield place(path)


# What is wrong


def complaints(values: Values, chart: Chart, draft: bool = False) -> list[str]:
    """Return what is wrong with values, one a line."""
    whole = as_helm_merges(chart.defaults, values)
    found = [*wrong_versions(values, chart.about), *refused_by_the_schema(whole, chart.schema)]
    if not found:
        found += [*wrong_amounts(whole), *wrong_variables(whole)]
    return found if draft else [*found, *placeholders(values)]


def wrong_versions(values: Values, about: Values) -> Iterator[str]:
    """Yield where the chart, or the hub in it, is not the one that the values are for."""
    for name, key, has in (("chart", "version", about["version"]), ("hub", "appVersion", about["appVersion"])):
        custom = values.get("custom")
        wanted = custom.get(name) if is_map(custom) else None
        if wanted != has and not UNRELEASED.search(has):
            yield f"custom.{name}: these values are for {wanted}, and the {key} of this chart is {has}"


def refused_by_the_schema(whole: Values, schema: Values) -> list[str]:
    """Return what the schema refuses: what it does not know or misses by name, all else in its words."""
    errors = sorted(Draft7Validator(schema).iter_errors(whole), key=lambda error: place(error.absolute_path))
    return [*dict.fromkeys(line for error in errors for line in in_a_line(error))]  # two rules may refuse the same


def in_a_line(error: Any) -> Iterator[str]:
    """Yield what the schema refuses in one place, one a line."""
    if error.validator == "additionalProperties":
        known = error.schema.get("properties", {})
        patterns = error.schema.get("patternProperties", {})
        for name in map(str, error.instance):
            if name not in known and not any(re.search(pattern, name) for pattern in patterns):
                near = difflib.get_close_matches(name, known, n=1) or [*known, *patterns]
                where = place([*error.absolute_path, name])
                yield f"{where}: the chart has no setting of that name; it has {', '.join(near)}"
    elif error.validator == "required":
        for name in error.validator_value:
            if name not in error.instance:
                yield f"{place([*error.absolute_path, name])}: {MISSING}"
    else:
        words = error.message if len(error.message) < 120 else f"{error.message[:60]} … {error.message[-55:]}"
        yield f"{place(error.absolute_path)}: {words}"


def place(path: Sequence[Any]) -> str:
    """Return where a value stands, as in singleuser.image.tag or hosts[0]."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".") or "the values"


MISSING = "missing or null, and the chart needs it"
UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
KUBERNETES = {"": 1, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12} | {
    f"{name}i": size for name, size in UNITS.items() if name
}


def wrong_amounts(whole: Values) -> Iterator[str]:
    """Yield a memory, a processor share or a disk that is none, and a guarantee that is more than its limit."""
    student = whole["singleuser"]
    if lost := [name for name in ("memory", "cpu", "storage") if name not in student]:
        yield from (f"singleuser.{name}: {MISSING}" for name in lost)
        return
    for name, units in (("memory", UNITS), ("cpu", {"": 1})):
        amounts = {}
        for key in ("guarantee", "limit"):
            if (text := student[name].get(key)) is not None:
                amounts[key] = amount(text, units)
                if amounts[key] is None:
                    yield f"singleuser.{name}.{key}: {text!r} is no amount; {accepted(units)}"
        guarantee, limit = amounts.get("guarantee"), amounts.get("limit")
        if guarantee is not None and limit is not None and guarantee > limit:
            yield f"singleuser.{name}: the guarantee {student[name]['guarantee']} is more than the limit"
    disk = student["storage"].get("capacity")
    if disk is not None and amount(disk, KUBERNETES) is None:
        yield f"singleuser.storage.capacity: {disk!r} is no amount; {accepted(KUBERNETES)}"


def amount(text: object, units: dict[str, Any]) -> float | None:
    """Return an amount as a number, or None for what is none: `256M` is that many bytes, `0.05` a share of a core."""
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([A-Za-z]*)", str(text))
    return float(found[1]) * units[found[2]] if found and found[2] in units and not isinstance(text, bool) else None


def accepted(units: dict[str, Any]) -> str:
    letters = ", ".join(filter(None, units))
    return f"a number, and one of {letters} behind it" if letters else "a number"


def wrong_variables(whole: Values) -> Iterator[str]:
    """Yield each variable that has no name as systems want it, or is neither a text nor taken from elsewhere."""
    for part in ("hub", "singleuser"):
        variables = whole[part].get("extraEnv") or {}
        if isinstance(variables, list):  # as Kubernetes has it, and as the hub alone takes it
            if part == "singleuser":
                yield f"{part}.extraEnv: {variables!r} is a list; a student's server takes names with a text each"
            continue
        for name, value in variables.items():
            if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", str(name)):
                yield f"{part}.extraEnv: {name!r} is no name of a variable"
            if not isinstance(value, str) and not (is_map(value) and {"value", "valueFrom"} & {*value}):
                yield f"{part}.extraEnv.{name}: {value!r} is no text; put it in quotes"


def placeholders(values: Values) -> list[str]:
    """Return each value that is still to be filled in."""
    return [f"{place(path)}: still says {text}" for path, text in texts(values) if PLACEHOLDER in text]


def texts(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], str]]:
    """Yield every text in values, with its place."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict | list):
        for key, one in value.items() if isinstance(value, dict) else enumerate(value):
            yield from texts(one, (*path, key))


def refused_by_the_hub(whole: Values) -> list[str]:
    """Return what the chart's JupyterHub says to the configuration, one a line."""
    script = ["--quiet", "--no-project", "--python", sys.executable, "--script", str(HUB)]
    command = [sys.executable, "-m", "uv", "run", *script]
    done = subprocess.run(command, input=json.dumps(whole), capture_output=True, text=True)
    if done.returncode and not done.stdout:
        return [f"the hub could not be asked: {' '.join(done.stderr.splitlines()[-1:])}"]
    return done.stdout.splitlines()


if __name__ == "__main__":
    main()
