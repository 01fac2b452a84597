"""axe-core, which finds what a page keeps from who cannot see it well, hear it or use a mouse.

It comes from npm, through npx, as Prettier does for `make lint`: the first time needs the network, later ones do not.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest
from playwright.sync_api import Page

VERSION = "4.14.1"
RUN = """async inside => {
  const { violations } = await axe.run({ include: [inside] }, { resultTypes: ['violations'] });
  return violations.flatMap(({ id, nodes }) => nodes.map(node => `${id}: ${node.html}\\n  ${node.failureSummary}`));
}"""


@cache
def source() -> str:
    """Return axe-core's script; without npx, or at first without a network, the test that asks is skipped."""
    npx = shutil.which("npx")
    if npx is None:
        pytest.skip("there is no npx, which comes with Node.js and brings axe-core")
    where = [npx, "--yes", "--package", f"axe-core@{VERSION}", "node", "-p", "process.env.PATH"]
    said = subprocess.run(where, capture_output=True, encoding="utf-8")
    if said.returncode:
        pytest.skip(f"npx could not bring axe-core: {said.stderr.strip()}")
    modules = (Path(folder).parent for folder in said.stdout.strip().split(os.pathsep))
    script = next(file for folder in modules if (file := folder / "axe-core" / "axe.min.js").exists())
    text = script.read_text(encoding="utf-8")
    assert text.startswith(f"/*! axe v{VERSION}")
    return text


def violations(page: Page, inside: str = "html") -> list[str]:
    """Return what breaks a rule of axe-core in the parts of the page that a CSS selector names, which must be there."""
    assert page.locator(inside).count()
    page.evaluate(f"() => {{ if (!window.axe) {{ {source()} }} }}")
    return page.evaluate(RUN, inside)
