"""Run one submission and judge its answers: `python -m classroom.run_one PLACE`, in the folder `tools`.

`PLACE/job.json` says what to run, `PLACE/result.json` what came of it. It ends, with its kernel, when its input does:
whoever started it has been stopped then.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType


def main() -> None:
    place = Path(sys.argv[1])
    threading.Thread(target=end_with_its_input, args=(place,), daemon=True).start()
    job = json.loads((place / "job.json").read_text(encoding="utf-8"))
    # jsonschema would spend a second on reading a grammar, and some more on dates, that no notebook needs
    with without("rfc3987_syntax"), without("isoduration"):
        from classroom.running import Run
    run = Run.from_job(job, place)
    asyncio.run(run.to_the_end())
    result = {
        "notebook": run.notebook,
        "verdicts": {number: [one.state, one.message, one.detail] for number, one in run.verdicts.items()},
        "happened": list(dict.fromkeys(run.happened)),  # what is run again happens again
    }
    (place / "result.json").write_text(json.dumps(result), encoding="utf-8")


def end_with_its_input(place: Path) -> None:
    """Wait until the input ends; then end the kernel, leave nothing lying, and end."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    from classroom.patience import end_family

    with contextlib.suppress(OSError, ValueError):
        end_family(int((place / "kernel.pid").read_text(encoding="utf-8")))
    shutil.rmtree(place, ignore_errors=True)
    os._exit(1)


@contextlib.contextmanager
def without(module: str) -> Iterator[None]:
    """Have a module not found by what is imported meanwhile and can do without it."""
    modules: dict[str, ModuleType | None] = sys.modules  # type: ignore[assignment]
    modules.setdefault(module, None)
    try:
        yield
    finally:
        if modules[module] is None:
            del modules[module]


if __name__ == "__main__":
    main()
