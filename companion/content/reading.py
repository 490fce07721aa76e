"""The files of a pack: which may be read, how much of them, and which other pack they build on."""

from __future__ import annotations

from pathlib import Path

from companion.content.raw import MAX_BYTES, read_raw
from companion.errors import PackError

PACKS = Path(__file__).resolve().parent.parent / "packs"
MAX_EXTENDS = 8


def bundled_pack_dir() -> Path:
    """The folder of the pack that comes with the program."""
    return PACKS / "metastasis"


def find_pack_dir(folder: Path | None) -> Path:
    """The folder meant: ``folder``, a bundled pack of that bare name, or for None the bundled one.

    Raises:
        PackError: There is no such folder, or it holds no pack.toml.

    """
    if folder is None:
        return bundled_pack_dir()
    try:
        if not folder.exists() and len(folder.parts) == 1 and (PACKS / folder / "pack.toml").is_file():
            return PACKS / folder
        if not folder.is_dir():
            raise PackError(f"There is no pack folder {folder}.", "Give the folder that holds pack.toml.")
        if not (folder / "pack.toml").is_file():
            raise PackError(f"The folder {folder} holds no pack.toml.", "Give the folder that holds pack.toml.")
    except (OSError, ValueError, RuntimeError) as err:
        reason = getattr(err, "strerror", None) or "not a usable path"
        raise PackError(f"The pack folder can't be read: {reason}.", "Give the folder that holds pack.toml.") from None
    return folder


def read_files(folder: Path) -> list[tuple[Path, bytes]]:
    """Every TOML file of a pack's folder with its content, in the order of their names.

    Raises:
        PackError: A file can't be read, is a link that leads outside, or they are larger than ``MAX_BYTES`` together.

    """
    try:
        inside = folder.resolve()
        paths = sorted(p for p in folder.iterdir() if p.suffix == ".toml" and p.is_file())
        read: list[tuple[Path, bytes]] = []
        left = MAX_BYTES
        for path in paths:
            if inside not in path.resolve().parents:
                raise PackError(
                    f"{path.name} is a link to a file outside the pack's folder.", "Copy the file into the folder."
                )
            read.append((path, _content(path, left)))
            left -= len(read[-1][1])
        return read
    except OSError as err:
        raise PackError(
            f"The pack can't be read: {err.filename}: {err.strerror}.", "Check that the files may be read."
        ) from None


def _content(path: Path, most: int) -> bytes:
    """The file's bytes, never more than are allowed, however large it is."""
    with path.open("rb") as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise PackError(f"{path.name} makes the pack larger than {MAX_BYTES // 1024 // 1024} MB.", "Make it smaller.")
    return data


def chain(where: Path) -> list[list[tuple[Path, bytes]]]:
    """The files of a pack and of those it extends, the base first.

    Raises:
        PackError: A file can't be read, or ``extends`` runs in a circle or leads outside.

    """
    folder = where
    files = [read_files(folder)]
    seen = {folder.resolve()}
    while True:
        top = next(read_raw(path, data).top for path, data in files[0] if path.name == "pack.toml")
        base = top.values.get("extends")
        if base is None:
            return files
        if not isinstance(base, str) or not base:
            raise PackError(f"{top.at('extends')}: extends must name a folder.", 'Write extends = "metastasis".')
        folder = _named(base, folder, top.at("extends"))
        if folder.resolve() in seen or len(files) >= MAX_EXTENDS:
            raise PackError(
                f"{top.at('extends')}: the packs extend each other in a circle.", "Take one of the extends lines out."
            )
        seen.add(folder.resolve())
        files.insert(0, read_files(folder))


def _named(base: str, current: Path, at: str) -> Path:
    """The folder that ``extends`` names: a bundled pack, or a pack's folder inside the current one or beside it."""
    try:
        if base == Path(base).name and not (current / base).exists() and (PACKS / base / "pack.toml").is_file():
            return PACKS / base
        here, found = current.resolve(), (current / base).resolve()
        near = not Path(base).is_absolute() and (here in found.parents or here.parent == found.parent)
    except (OSError, ValueError, RuntimeError):  # a NUL, an endless name, a circle of links
        near = False
    if not near:
        raise PackError(
            f"{at}: extends leads outside, to {base}.",
            "Name a pack that comes with Companion, or copy the other pack's folder beside this one.",
        )
    return find_pack_dir(found)
