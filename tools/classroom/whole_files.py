"""Files written whole or not at all: what is there stays until what takes its place is on the disk.

Neither a full disk nor an end in the middle leaves a part of a file where the learner's own is looked for.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path
from typing import IO, Any

LONGEST_WRITING = 3600.0
"""After how many seconds nobody is still writing a file."""


@contextmanager
def written_whole(
    target: Path, put: Callable[[Path, Path], object] = os.replace, encoding: str | None = None
) -> Iterator[IO[Any]]:
    """Give a file to write into, which `put` then lays at `target`; where something goes wrong, nothing is changed."""
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    mode, line_end = ("x", "\n") if encoding else ("xb", None)
    try:
        with part.open(mode, encoding=encoding, newline=line_end) as file:
            with suppress(OSError):
                shutil.copystat(target, part)
            yield file
            file.flush()
            os.fsync(file.fileno())
        put(part, target)
        sync_folder(target.parent)
        forget_parts_of(target)
    finally:
        part.unlink(missing_ok=True)


def forget_parts_of(target: Path) -> None:
    """Remove what an end in the middle of writing a file has left, unless somebody may be writing it still."""
    for part in target.parent.glob(f".{escape(target.name)}.{'[0-9a-f]' * 8}"):
        with suppress(OSError):
            if part.stat().st_ctime < time.time() - LONGEST_WRITING:
                part.unlink()


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk too, where the system can do that."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def write_new(target: Path, content: bytes) -> Path:
    """Write a file, whole or not at all; raise `FileExistsError`, and change nothing, where one is there."""
    target.parent.mkdir(exist_ok=True)
    with written_whole(target, put=link_new) as file:
        file.write(content)
    return target


def link_new(part: Path, target: Path) -> None:
    """Lay a file where none is; a file system that knows no links renames it."""
    try:
        os.link(part, target)
    except OSError as error:
        if target.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target)) from error
        part.rename(target)


def copy_whole(source: str, target: str) -> None:
    """Copy a file with its times, whole or not at all."""
    with open(source, "rb") as old, written_whole(Path(target)) as new:
        shutil.copyfileobj(old, new)
    with suppress(OSError):
        shutil.copystat(source, target)
