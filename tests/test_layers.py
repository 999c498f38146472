"""The order of the layers, and which package alone may import a library: read from the imports."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "searchapp"
MODULES = sorted(PACKAGE.rglob("*.py"))
NAMES = [str(path.relative_to(PACKAGE)) for path in MODULES]
ORDER: tuple[tuple[str, ...], ...] = (
    ("corpora",),
    ("encoders",),
    ("index",),
    ("retrieval",),
    ("evaluation",),
    ("tasks",),
    ("adaptation",),
    ("published",),
    ("diagnosis", "doctor"),
    ("api",),
    ("reports",),
    ("cli",),
)
"""The layers from left to right; the packages of one layer do not import each other."""
BEFORE = {
    package: {"", *(left for layer in ORDER[:level] for left in layer)}
    for level, layer in enumerate(ORDER)
    for package in layer
}
"""Package -> the packages to its left, the modules at the top (errors, records, files ...) among them."""
ONLY_IMPORTERS: dict[str, set[str]] = {
    "ir_datasets": {"corpora"},
    "model2vec": {"encoders"},
    "faiss": {"index"},
    "ranx": {"evaluation"},
    "numba": {"", "encoders"},
    "rich": {"reports"},
    "click": {"cli"},
    "sentence_transformers": {"encoders"},
    "torch": {"adaptation", "encoders"},
    "transformers": {"encoders"},
    "bm25s": {"retrieval"},
    "filelock": {"index"},
    "gigatoken": {"encoders"},
    "huggingface_hub": {"encoders"},
    "platformdirs": {""},
    "tokenizers": {"encoders"},
    "tokie": {"encoders"},
    "yaml": {"published"},
    "Stemmer": {"retrieval"},
}
NEVER_NAMED = {
    "pickle",
    "cPickle",
    "dill",
    "cloudpickle",
    "joblib",
    "shelve",
    "allow_pickle",
    "trust_remote_code",
}


DATA_TABLES = {"diagnosis/causes.py"}
"""Modules that hold nothing but a table, which may be as long as it has rows."""


def imports(tree: ast.AST) -> Iterator[str]:
    """Yield the dotted name of every module that is imported, at any depth."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and _called(node) in {"import_module", "__import__"}:
            yield from (str(item.value) for item in node.args if isinstance(item, ast.Constant))


def _called(node: ast.Call) -> str:
    return getattr(node.func, "attr", getattr(node.func, "id", ""))


def layer(path: Path) -> str:
    """Return the package that a module is in, empty for the modules at the top."""
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else ""


def breaches(importer: str, names: Iterator[str]) -> list[str]:
    """Return the imports that are forbidden in a module of this package."""
    allowed = {importer, *BEFORE[importer]} if importer else {""}
    forbidden = []
    for name in names:
        root, _, rest = name.partition(".")
        if root == "searchapp":
            package = rest.split(".")[0]
            wrong = package in BEFORE and package not in allowed
        else:
            wrong = root == "" or importer not in ONLY_IMPORTERS.get(root, {importer})
        if wrong:
            forbidden.append(name)
    return forbidden


def named(tree: ast.AST) -> set[str]:
    """Return every identifier: variables, attributes, keyword arguments and modules."""
    identifiers = {part for name in imports(tree) for part in name.split(".")}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            identifiers.add(node.id)
        elif isinstance(node, ast.Attribute):
            identifiers.add(node.attr)
        elif isinstance(node, ast.keyword) and node.arg:
            identifiers.add(node.arg)
    return identifiers


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def test_every_package_has_a_place_in_the_order() -> None:
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert packages == BEFORE.keys()


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_a_module_imports_only_packages_to_its_left(path: Path) -> None:
    if path in {PACKAGE / "__main__.py", PACKAGE / "__init__.py"}:  # the entry points: command line, API
        return
    assert breaches(layer(path), imports(parse(path))) == []


@pytest.mark.parametrize(
    ("importer", "source", "caught"),
    [
        (
            "corpora",
            "from searchapp.encoders import Encoder",
            ["searchapp.encoders", "searchapp.encoders.Encoder"],
        ),
        ("corpora", "def read():\n    from searchapp import index", ["searchapp.index"]),
        ("corpora", "from . import irds", [".", "..irds"]),
        ("corpora", "importlib.import_module('searchapp.cli')", ["searchapp.cli"]),
        ("", "import searchapp.cli", ["searchapp.cli"]),
        ("", "from searchapp.errors import SearchappError", []),
        ("encoders", "from searchapp.corpora import Corpus\nimport model2vec", []),
        ("index", "if TYPE_CHECKING:\n    import model2vec", ["model2vec"]),
        ("diagnosis", "import searchapp.doctor.checks", ["searchapp.doctor.checks"]),
        (
            "doctor",
            "from searchapp.diagnosis import verdict",
            ["searchapp.diagnosis", "searchapp.diagnosis.verdict"],
        ),
        (
            "tasks",
            "from searchapp.adaptation import adapt",
            ["searchapp.adaptation", "searchapp.adaptation.adapt"],
        ),
        ("reports", "from searchapp.doctor.checks import Check", []),
        ("reports", "import numba.core", ["numba.core"]),
        ("index", "import sentence_transformers", ["sentence_transformers"]),
    ],
)
def test_a_breach_is_caught(importer: str, source: str, caught: list[str]) -> None:
    assert breaches(importer, imports(ast.parse(source))) == caught


@pytest.mark.parametrize("library", ONLY_IMPORTERS)
def test_a_library_is_imported_where_it_belongs(library: str) -> None:
    importers = {
        layer(path) for path in MODULES if library in {name.split(".")[0] for name in imports(parse(path))}
    }
    assert importers == ONLY_IMPORTERS[library]


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_no_module_names_a_way_to_run_code_from_data(path: Path) -> None:
    assert named(parse(path)) & NEVER_NAMED == set()


@pytest.mark.parametrize(
    "source",
    ["import pickle", "from joblib import load", "np.load(file, allow_pickle=True)", "x.trust_remote_code"],
)
def test_a_way_to_run_code_is_caught(source: str) -> None:
    assert named(ast.parse(source)) & NEVER_NAMED


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_a_module_fits_a_reader(path: Path) -> None:
    if str(path.relative_to(PACKAGE)) not in DATA_TABLES:
        assert len(path.read_text("utf-8").splitlines()) < 300
