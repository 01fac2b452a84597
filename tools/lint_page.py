"""Check how the scripts and styles of the page are written: `lint_page.py [--write]`, with Prettier from npm.

It needs Node.js, which no lesson does: without it one loud line says so, and `REQUIRE_NODE=1` makes that a
failure. `--write` mends what it finds.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TABS = "tools/jupyter/labextensions/training-cost-course-tabs/static/tabs.js"
SITE = "tools/classroom/site"
IN_A_BROWSER = (
    f"{SITE}/compile.mjs",
    *(f"{SITE}/web/{name}" for name in ("landing.js", "notebook.js", "service-worker.js", "site.css", "storage.js")),
)
PAGES = (
    "course_lib/explorers/page.js",
    "course_lib/explorers/page.css",
    "tools/classroom/pages.css",
    TABS,
    *IN_A_BROWSER,
)
PRETTIER = "prettier@3.10.1"
NO_NODE = "scripts and style sheets WERE NOT CHECKED: there is no npx, which comes with Node.js"


def main() -> None:
    npx = shutil.which("npx")
    if npx is None:
        if os.environ.get("REQUIRE_NODE") == "1":
            sys.exit(NO_NODE)
        print(f"!!! {NO_NODE}")
        return
    mode = "--write" if "--write" in sys.argv[1:] else "--check"
    sys.exit(subprocess.call([npx, "--yes", PRETTIER, "--print-width", "120", mode, *PAGES], cwd=ROOT))


if __name__ == "__main__":
    main()
