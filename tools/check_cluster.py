"""Hold a cluster's values against the chart of Zero to JupyterHub that they are for, without a cluster.

    check_cluster.py --chart jupyterhub-4.4.0.tgz [--hub] [--draft] [my_class/cluster.yaml ...]

The files go on top of `deploy/cluster/values.yaml`, and all of it on top of the chart's own defaults, as helm does it.
What is wrong is said in one line each: what the chart's schema refuses, what it lets through and no cluster takes,
and what still says CHANGE-ME (with `--draft` that may stay). `--hub` also loads the configuration in the chart's own
JupyterHub, which `uv` installs apart.
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
PLACEHOLDER = "CHANGE-ME"
SCHEMA = "values.schema.json"
UNRELEASED = "set.by.chartpress"
"""What the version of a chart says that lies in its repository, where no release has numbered it yet."""

Values = dict[str, Any]


class Chart(NamedTuple):
    """What a chart says of itself, its defaults, and the schema of its values."""

    about: Values
    defaults: Values
    schema: Values


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--chart", default="", help="the chart, as `helm pull` brings it, or its folder")
    parser.add_argument("--draft", action="store_true", help=f"let {PLACEHOLDER} stand")
    parser.add_argument("--hub", action="store_true", help="load the configuration in the chart's JupyterHub too")
    parser.add_argument("values", type=Path, nargs="*", help="your own files, on top of the course's")
    asked = parser.parse_args()
    if not asked.chart:
        sys.exit("Name the chart, as in CHART=jupyterhub-4.4.0.tgz; deploy/cluster/README.md says how to get it.")
    try:
        values = on_top([read_values(path) for path in (VALUES, *asked.values)])
        chart = read_chart(Path(asked.chart))
    except (OSError, ValueError) as error:
        sys.exit(str(error))
    found = complaints(values, chart, asked.draft)
    if asked.hub:
        found += refused_by_the_hub(as_helm_merges(chart.defaults, values))
    if found:
        sys.exit("\n".join(found))
    print(f"The chart {chart.about['version']} takes these values.")


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
    """Return a chart: a folder, or the .tgz that `helm pull` brings; a chart's repository has its schema in YAML."""
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
        if wanted != has and UNRELEASED not in has:
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
