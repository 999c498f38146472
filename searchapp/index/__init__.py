"""Vectors on disk: built once, resumed after an interruption, verified whenever they are opened."""

from searchapp.index.build import build_index, encoder_for
from searchapp.index.kinds import KINDS
from searchapp.index.layout import find_indexes, index_folder, remove_index
from searchapp.index.manifest import Manifest
from searchapp.index.opened import Index, open_index

__all__ = [
    "KINDS",
    "Index",
    "Manifest",
    "build_index",
    "encoder_for",
    "find_indexes",
    "index_folder",
    "open_index",
    "remove_index",
]
