"""JupyterLab's access to files, with a learner's own copy in the place of each notebook of the course.

Whatever the page does to a lesson or to exercises, it does to the own copy, which is made when something is first
written; `own_copies.py` says where it lies. No file of the course's notebooks is ever written from here. What is saved
takes the place of what was there as a whole, as `whole_files.py` does it.
"""

from __future__ import annotations

import asyncio
import errno
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from jupyter_server.base.handlers import AuthenticatedFileHandler
from jupyter_server.services.contents.filecheckpoints import AsyncFileCheckpoints
from jupyter_server.services.contents.fileio import AsyncFileManagerMixin, path_to_intermediate
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from nbformat import NotebookNode
from nbformat.sign import NotebookNotary, SQLiteSignatureStore
from tornado.web import HTTPError
from traitlets import default

from classroom.notebooks import without_live_widgets
from classroom.own_copies import (
    course_notebook,
    fresh_copy,
    is_course_folder,
    is_outdated,
    lay,
    own_copy,
    recover,
    shown,
)
from classroom.server import OWN
from classroom.whole_files import copy_whole, written_whole


class NoCheckpoint(HTTPError):
    """There is no room for what one could revert to; JupyterLab opens a notebook all the same where it reads 403."""


def why_full(error: BaseException | None) -> str:
    """Return what the system says of a disk, or of somebody's share of it, that is full; nothing for another error."""
    return error.strerror or "" if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT) else ""


def not_saved(full: str, place: Path) -> HTTPError:
    """Return what is said of a file that found no room."""
    reason = f"{full}: {place.name} was not saved, and what you saved before is still there."
    return HTTPError(500, f"{reason} Delete what you do not need, then save again.")


class Signatures(SQLiteSignatureStore):
    """Jupyter's list of the notebooks that are trusted; a full disk leaves it as it is, and open to be read."""

    def store_signature(self, digest: str, algorithm: str) -> None:
        """Note a notebook; without room for it, its pictures are shown only once its cells are run."""
        try:
            super().store_signature(digest, algorithm)
        except sqlite3.OperationalError:
            self.db.rollback()

    def check_signature(self, digest: str, algorithm: str) -> bool:
        """Tell whether a notebook is noted, also where there is no room to note that it was asked for."""
        try:
            return bool(super().check_signature(digest, algorithm))
        except sqlite3.OperationalError:
            self.db.rollback()
            asked = "SELECT id FROM nbsignatures WHERE algorithm = ? AND signature = ?"
            return self.db.execute(asked, (algorithm, digest)).fetchone() is not None


class Notary(NotebookNotary):
    """Jupyter's own, with that list."""

    @default("store_factory")
    def _store_factory_default(self) -> Callable[[], Signatures]:
        return lambda: Signatures(self.db_file, parent=self)


class WholeFiles(AsyncFileManagerMixin):
    """Jupyter's own reading and writing, but nothing is emptied before what takes its place is on the disk.

    Jupyter keeps what was there as `.~NAME` while it writes, and writes over that too when it saves once more after a
    full disk or an end in the middle.
    """

    @contextmanager
    def atomic_writing(self, os_path: str, text: bool = True, encoding: str = "utf-8") -> Iterator[IO[Any]]:
        """Give a file to write into, which is at its place at the end, or nothing is changed."""
        place = Path(os.path.realpath(os_path))
        if not self.use_atomic_writing or not os.access(place.parent, os.W_OK):
            with super().atomic_writing(os_path, text=text, encoding=encoding if text else None) as file:
                yield file
            return
        with self.perm_to_403(os_path), written_whole(place, encoding=encoding if text else None) as file:
            yield file
        Path(path_to_intermediate(str(place))).unlink(missing_ok=True)

    async def _copy(self, src: str, dest: str) -> None:
        with self.perm_to_403(dest):
            await asyncio.to_thread(copy_whole, src, dest)


class Checkpoints(WholeFiles, AsyncFileCheckpoints):
    """What one can revert to: of a notebook that was only opened, the fresh copy that was shown."""

    def checkpoint_path(self, checkpoint_id: str, path: str) -> str:
        """Return where a version is kept: beside the own copy, as the course's folder may be shared by a class."""
        contents: Any = self.parent
        own = contents.own_path(path)
        with suppress(OSError):
            Path(contents.root_dir, own).parent.mkdir(exist_ok=True)
        return str(super().checkpoint_path(checkpoint_id, own))

    async def create_checkpoint(self, contents_mgr: Contents, path: str) -> Any:
        """Keep the notebook as it is now."""
        try:
            return await self._keep(contents_mgr, path)
        except OSError as error:
            if full := why_full(error):
                raise NoCheckpoint(403, f"{full}: of {path.strip('/')} nothing could be kept to revert to.") from error
            raise

    async def _keep(self, contents_mgr: Contents, path: str) -> Any:
        source = contents_mgr.only_the_courses(path)
        if source is None:
            return await super().create_checkpoint(contents_mgr, path)
        place = Path(self.checkpoint_path("checkpoint", path))
        place.unlink(missing_ok=True)
        lay(source, place, contents_mgr.notary)
        return await self.checkpoint_model("checkpoint", str(place))


class Download(AuthenticatedFileHandler):
    """A file as it is downloaded: the own copy, where there is one."""

    @classmethod
    def get_absolute_path(cls, root: str, path: str) -> str:
        """Return the place of the file."""
        return str(shown(Path(root), Path(super().get_absolute_path(root, path))))


class Contents(WholeFiles, AsyncLargeFileManager):  # type: ignore[misc] # as Jupyter's own, of which it is made
    """Jupyter's own access to files, but for the course's notebooks."""

    @default("checkpoints_class")
    def _checkpoints_class_default(self) -> type:
        return Checkpoints

    @default("files_handler_class")
    def _files_handler_class_default(self) -> type:
        return Download

    @default("notary")
    def _notary_default(self) -> NotebookNotary:
        return Notary(parent=self)

    def _get_os_path(self, path: str) -> str:
        return str(shown(Path(self.root_dir), Path(super()._get_os_path(path))))

    def _course_notebook(self, path: str) -> tuple[Path, Path] | None:
        """Return the places of a notebook of the course and of its own copy; None for any other path."""
        root = Path(self.root_dir)
        notebook = course_notebook(root, Path(super()._get_os_path(path.strip("/"))))
        return (root / notebook, own_copy(root, notebook)) if notebook else None

    def own_path(self, path: str) -> str:
        """Return the path of the own copy of a notebook of the course; any other path as it is."""
        places = self._course_notebook(path)
        return places[1].relative_to(self.root_dir).as_posix() if places else path

    def only_the_courses(self, path: str) -> Path | None:
        """Return the place of a notebook of the course that has no own copy; None for any other path."""
        places = self._course_notebook(path)
        return places[0] if places and places[0].exists() and not places[1].exists() else None

    def _make_own(self, path: str) -> None:
        """Make the own copy before something happens to the course's notebook."""
        if source := self.only_the_courses(path):
            root = Path(self.root_dir)
            try:
                lay(source, own_copy(root, source.relative_to(root)), self.notary)
            except OSError as error:
                reason = f"{error.strerror}: your own copy of {source.name} could not be made, and nothing was changed."
                raise HTTPError(500, reason) from error

    def is_writable(self, path: str) -> bool:
        """Tell whether a path can be saved: of a notebook of the course, the own copy."""
        if source := self.only_the_courses(path):
            folder = own_copy(Path(self.root_dir), source.relative_to(self.root_dir)).parent
            return os.access(folder if folder.exists() else self.root_dir, os.W_OK)
        return bool(super().is_writable(path))

    def _refuse_course_folder(self, path: str) -> None:
        if is_course_folder(Path(self.root_dir), Path(self._get_os_path(path.strip("/")))):
            raise HTTPError(403, f"{path.strip('/')} holds the course's own files, and stays where it is.")

    async def get(
        self,
        path: str,
        content: bool = True,
        type: str | None = None,
        format: str | None = None,
        require_hash: bool = False,
    ) -> Any:
        """Return a file; a notebook that is opened is the learner's own, or a fresh copy of the course's."""
        if not content or type not in (None, "notebook") or not path.endswith(".ipynb"):
            return await super().get(path, content, type, format, require_hash)
        if places := self._course_notebook(path):
            source, own = places
            if part := recover(own):
                self.log.warning("%s was cut off while it was saved; the part is %s", own, part.name)
            if is_outdated(own, source):
                own.unlink()
        fresh = self._fresh(path)
        model = await super().get(path, fresh is None, type, format, require_hash)
        return model if fresh is None else model | {"content": fresh, "format": "json"}

    def _fresh(self, path: str) -> NotebookNode | None:
        """Return a fresh copy of a notebook of the course that has no own copy, trusted; None for what is none."""
        try:
            notebook = fresh_copy(source) if (source := self.only_the_courses(path)) else None
        except (ValueError, AttributeError, KeyError, TypeError):
            return None
        if notebook:
            self.notary.mark_cells(notebook, True)
        return notebook

    async def save(self, model: dict[str, Any], path: str = "") -> Any:
        """Save a file; a notebook of the course becomes the learner's own, and is saved without live widgets."""
        self._make_own(path)
        place = Path(self._get_os_path(path.strip("/")))
        folders = [Path(self.root_dir, name).resolve() for name in (*OWN, *OWN.values())]
        if model.get("type") == "notebook" and "content" in model and place.resolve().parent in folders:
            without_live_widgets(model["content"])
        try:
            return await super().save(model, path)
        except NoCheckpoint:  # which comes after the saving itself
            return await self.get(path, content=False)
        except HTTPError as error:
            if full := why_full(error.__cause__):
                raise not_saved(full, place) from error
            raise

    async def rename_file(self, old_path: str, new_path: str) -> Any:
        """Rename a file; of a notebook of the course, the own copy."""
        self._refuse_course_folder(old_path)
        self._make_own(old_path)
        return await super().rename_file(old_path, new_path)

    async def delete_file(self, path: str) -> Any:
        """Delete a file; of a notebook of the course, the own copy."""
        self._refuse_course_folder(path)
        self._make_own(path)
        return await super().delete_file(path)

    async def restore_checkpoint(self, checkpoint_id: str, path: str) -> Any:
        """Revert to what was kept; of a notebook of the course, in the own copy."""
        self._make_own(path)
        try:
            return await super().restore_checkpoint(checkpoint_id, path)
        except OSError as error:
            if full := why_full(error):
                raise not_saved(full, Path(path)) from error
            raise
