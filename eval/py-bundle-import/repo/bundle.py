"""Bundles: tar files that users upload, unpacked below a directory of their own."""

import shutil
import tarfile
from pathlib import Path

LIMIT = 10 * 1024 * 1024


class BadBundle(Exception):
    pass


def unpack(bundle: Path, target: Path) -> int:
    """Writes the regular files of BUNDLE below TARGET and says how many."""
    n = 0
    with tarfile.open(bundle) as tar:
        for member in tar:
            if not member.isreg() or member.size > LIMIT:
                continue
            place = target / member.name
            place.parent.mkdir(parents=True, exist_ok=True)
            with tar.extractfile(member) as source, place.open("wb") as out:
                shutil.copyfileobj(source, out)
            n += 1
    return n


def remove(target: Path, name: str) -> None:
    """Removes the file NAME, which the user chose, from TARGET."""
    root = target.resolve()
    place = (root / name).resolve()
    if not place.is_relative_to(root) or not place.is_file():
        raise BadBundle(name)
    place.unlink()
