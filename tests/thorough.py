"""Which cases of a long test `make test` takes, and which are left to `make test-all`.

`make test` runs every lesson, moves every explorer and asks every kind of thing of a page. What takes long and says
nearly the same of each lesson, explorer or size is asked there of a few; of all of them in `make test-all`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def some_of(cases: Iterable[Any], *names: str) -> list[Any]:
    """Return the cases, of which `make test` takes those that bear one of the names."""
    cases = list(cases)
    missing = [name for name in names if not any(name in str(case) for case in cases)]
    assert not missing, f"no case is called {missing}"
    return [
        case if any(name in str(case) for name in names) else pytest.param(case, marks=pytest.mark.thorough)
        for case in cases
    ]
