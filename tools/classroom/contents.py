"""JupyterLab's access to files, with a learner's own copy in the place of each notebook of the course.

Whatever the page does to a lesson or to exercises, it does to the own copy, which is made when something is first
written; `own_copies.py` says where it lies. No file of the course's notebooks is ever written from here.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from jupyter_server.base.handlers import AuthenticatedFileHandler
from jupyter_server.services.contents.filecheckpoints import AsyncFileCheckpoints
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from nbformat import NotebookNode
from tornado.web import HTTPError
from traitlets import default

from classroom.notebooks import without_live_widgets
from classroom.own_copies import course_notebook, fresh_copy, is_course_folder, is_outdated, lay, own_copy, shown
from classroom.server import OWN


class Checkpoints(AsyncFileCheckpoints):
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


class Contents(AsyncLargeFileManager):
    """Jupyter's own access to files, but for the course's notebooks."""

    @default("checkpoints_class")
    def _checkpoints_class_default(self) -> type:
        return Checkpoints

    @default("files_handler_class")
    def _files_handler_class_default(self) -> type:
        return Download

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
        if (places := self._course_notebook(path)) and is_outdated(own := places[1], places[0]):
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
        return await super().save(model, path)

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
        return await super().restore_checkpoint(checkpoint_id, path)
