"""Archives of Python with their modules compiled: by Pyodide, as only the Python that will run them can.

A module of a library gives way to its compiled form, so that a browser has nothing to compile; the course's own keep
their sources beside it, to be read. What no lesson needs is left out. The standard library is enough here.
"""

from __future__ import annotations

import importlib.util
import io
import marshal
import zipfile
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import PurePosixPath

WHEN = (1980, 1, 1, 0, 0, 0)
"""The date of every file inside, so that the same content is the same archive."""
NEVER_CHECKED = (1).to_bytes(4, "little")
"""What a compiled module says of itself: it goes by its source's hash, and nobody looks."""
OURS = "course_lib/"
NOT_NEEDED = (
    "*.pyi", "*.h", "*.pxd", "*.a", "*/tests/*", "*/testing/*.png", "*.dist-info/RECORD", "*.data/*",
    "matplotlib/mpl-data/sample_data/*", "matplotlib/mpl-data/images/*", "matplotlib/mpl-data/fonts/afm/*",
    "matplotlib/mpl-data/fonts/pdfcorefonts/*", "matplotlib/mpl-data/fonts/ttf/STIX*", "numpy/f2py/*",
    "matplotlib/mpl-data/fonts/ttf/DejaVuSerif*", "matplotlib/backends/web_backend/*",
)  # fmt: skip
"""What no lesson needs: types, headers, tests, example data, pictures and letters that nothing here draws."""


def compiled(archive: bytes) -> bytes:
    """Return the archive with its modules compiled."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as before, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as after:
        for name in sorted(before.namelist()):
            if name.endswith("/") or any(fnmatch(name, pattern) for pattern in NOT_NEEDED):
                continue
            for new, content in as_compiled(name, before.read(name)):
                after.writestr(zipfile.ZipInfo(new, WHEN), content, zipfile.ZIP_DEFLATED, 6)
    return made.getvalue()


def as_compiled(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield what stands for one file of an archive."""
    path = PurePosixPath(name)
    if path.suffix != ".py":
        yield name, content
        return
    try:
        code = compile(content, name, "exec", dont_inherit=True)
    except SyntaxError:  # a template of code, not code
        yield name, content
        return
    head = importlib.util.MAGIC_NUMBER + NEVER_CHECKED + importlib.util.source_hash(content)
    module = head + marshal.dumps(code)
    if name.startswith(OURS):
        yield name, content
        yield str(path.parent / "__pycache__" / f"{path.stem}.cpython-314.pyc"), module
    else:
        yield str(path.with_suffix(".pyc")), module
