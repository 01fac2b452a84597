"""Run one submission and judge its answers: `python -m classroom.run_one PLACE`, in the folder `tools`.

`PLACE/job.json` says what to run, `PLACE/result.json` what came of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType


def main() -> None:
    place = Path(sys.argv[1])
    job = json.loads((place / "job.json").read_text(encoding="utf-8"))
    with without("rfc3987_syntax"):  # jsonschema would spend a second on reading a grammar that no notebook needs
        from classroom.running import Run
    run = Run.from_job(job, place)
    asyncio.run(run.to_the_end())
    result = {
        "notebook": run.notebook,
        "verdicts": {number: [one.state, one.message, one.detail] for number, one in run.verdicts.items()},
        "happened": list(dict.fromkeys(run.happened)),  # what is run again happens again
    }
    (place / "result.json").write_text(json.dumps(result), encoding="utf-8")


@contextlib.contextmanager
def without(module: str) -> Iterator[None]:
    """Have nothing found in a module by what is imported meanwhile and can do without it."""
    empty = ModuleType(module)
    sys.modules.setdefault(module, empty)
    try:
        yield
    finally:
        if sys.modules[module] is empty:
            del sys.modules[module]


if __name__ == "__main__":
    main()
