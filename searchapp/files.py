"""Facts about files that tell whether they are still what they were."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

Stamp = dict[str, tuple[int, int]]
"""File name -> (size in bytes, modification time in nanoseconds)."""


def file_stamp(files: Iterable[Path]) -> Stamp:
    """Return size in bytes and modification time in nanoseconds of each file that exists."""
    found = {str(file.resolve()): file.stat() for file in files if file.exists()}
    return {name: (stat.st_size, stat.st_mtime_ns) for name, stat in found.items()}


def sha256(*files: Path) -> str:
    """Return the SHA-256 of the files' contents one after another, read in blocks."""
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()
