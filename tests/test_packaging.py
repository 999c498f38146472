"""What the package declares: dependencies and their bounds, constraints, one version, and citation."""

import ast
import importlib.metadata
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import searchapp

from .real_data import REPOSITORY
from .test_private_parts import LIBRARIES

if sys.version_info >= (3, 11):
    import tomllib
else:
    tomllib = pytest.importorskip("tomllib", reason="Python 3.10 cannot read TOML")

PROJECT: dict[str, Any] = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))
CORE = [Requirement(line) for line in PROJECT["project"]["dependencies"]]
EXTRAS = {
    extra: [Requirement(line) for line in lines]
    for extra, lines in PROJECT["project"]["optional-dependencies"].items()
}
DECLARED = [*CORE, *(requirement for extra in EXTRAS.values() for requirement in extra)]
MODULES = {
    "bm25s": "bm25s",
    "click": "click",
    "faiss-cpu": "faiss",
    "filelock": "filelock",
    "gigatoken": "gigatoken",
    "huggingface-hub": "huggingface_hub",
    "ir-datasets": "ir_datasets",
    "model2vec": "model2vec",
    "numba": "numba",
    "numpy": "numpy",
    "platformdirs": "platformdirs",
    "pystemmer": "Stemmer",
    "pyyaml": "yaml",
    "ranx": "ranx",
    "rich": "rich",
    "safetensors": "safetensors",
    "scikit-learn": "sklearn",
    "scipy": "scipy",
    "sentence-transformers": "sentence_transformers",
    "tokenizers": "tokenizers",
    "tokie": "tokie",
    "torch": "torch",
    "transformers": "transformers",
    "wordllama": "wordllama",
}
"""Distribution -> the module that it is imported by."""
READ_NOT_IMPORTED = {"wordllama"}  # its table and tokenizer are read from the package files
NOT_DECLARED = {"llvmlite": "compiles what numba translates, so it can move the last bit of a score"}
"""Constraints that are not a dependency of searchapp itself, and why they are there."""


def imported() -> set[str]:
    """Return the top-level modules from outside the standard library that searchapp imports."""
    names = set()
    for path in (REPOSITORY / "searchapp").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.split(".")[0])
    return names - set(sys.stdlib_module_names) - {"searchapp"}


def pins() -> dict[str, Requirement]:
    lines = (REPOSITORY / "constraints.txt").read_text("utf-8").splitlines()
    requirements = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {requirement.name: requirement for requirement in requirements}


def test_every_import_is_declared_and_every_dependency_is_used() -> None:
    needed = [*CORE, *EXTRAS["fast"], *EXTRAS["transformers"]]
    names = {canonicalize_name(requirement.name) for requirement in needed}
    modules = {MODULES[name] for name in names}
    assert imported() <= modules
    assert modules - imported() <= {MODULES[name] for name in READ_NOT_IMPORTED}


@pytest.mark.parametrize("requirement", DECLARED, ids=str)
def test_the_installed_version_is_within_the_declared_bounds(requirement: Requirement) -> None:
    if requirement.name == "searchapp":
        return
    try:
        installed = importlib.metadata.version(requirement.name)
    except importlib.metadata.PackageNotFoundError:
        pytest.skip(f"{requirement.name} is not installed")
    assert requirement.specifier.contains(installed, prereleases=True)


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_library_of_which_private_parts_are_used_has_an_upper_bound(library: str) -> None:
    bounds = [requirement.specifier for requirement in DECLARED if requirement.name == library]
    assert bounds
    assert all(any(part.operator == "<" for part in specifier) for specifier in bounds)


def test_the_lower_bound_of_the_hub_is_the_one_of_model2vec() -> None:
    requirements = map(Requirement, importlib.metadata.requires("model2vec") or [])
    theirs = next(r for r in requirements if canonicalize_name(r.name) == "huggingface-hub")
    ours = next(requirement for requirement in CORE if requirement.name == "huggingface-hub")
    for version in ("0.25", "0.36", "1.0.0"):
        assert ours.specifier.contains(version) == theirs.specifier.contains(version)


@pytest.mark.parametrize("pin", pins().values(), ids=lambda pin: pin.name)
def test_a_constraint_pins_a_declared_dependency_within_its_bounds(pin: Requirement) -> None:
    (exact,) = pin.specifier
    assert exact.operator == "=="
    declared = [r for r in DECLARED if canonicalize_name(r.name) == canonicalize_name(pin.name)]
    assert bool(declared) != (pin.name in NOT_DECLARED)
    assert all(requirement.specifier.contains(exact.version) for requirement in declared)


def test_everything_that_is_declared_is_pinned() -> None:
    tools = {"mypy", "packaging", "pytest", "ruff", "searchapp", "types-PyYAML"}
    names = {requirement.name for requirement in DECLARED} - tools
    assert names == pins().keys() - NOT_DECLARED.keys()


def test_the_published_bm25_figures_are_exact_with_the_pinned_stemmer() -> None:
    # As `python -m scripts.reproduce_published` measured it; the title names the stemmer.
    figures = json.loads((REPOSITORY / "scripts" / "figures" / "published.json").read_text("utf-8"))
    (pin,) = pins()["PyStemmer"].specifier
    scifact = next(
        task for task in figures[f"baseline-bm25s, PyStemmer {pin.version}"] if task["task"] == "SciFact"
    )
    assert scifact["exact"] == scifact["figures"] == 35


def test_the_version_has_one_source() -> None:
    assert "version" not in PROJECT["project"]
    assert PROJECT["tool"]["hatch"]["version"] == {"path": "searchapp/__init__.py"}
    citation = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text("utf-8"))
    assert citation["version"] == searchapp.__version__
    changes = (REPOSITORY / "CHANGELOG.md").read_text("utf-8")
    newest = re.search(r"^## \[(.+?)\]", changes, re.MULTILINE)
    assert newest is not None and newest[1] == searchapp.__version__


def test_the_citation_is_complete() -> None:
    # https://github.com/citation-file-format/citation-file-format/blob/main/schema-guide.md
    citation = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text("utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()
    assert (citation["cff-version"], citation["type"]) == ("1.2.0", "software")
    assert citation["license"] == PROJECT["project"]["license"]
    assert citation["abstract"] == PROJECT["project"]["description"]
    assert citation["keywords"] == PROJECT["project"]["keywords"]
    assert citation["authors"] == [{"name": "The searchapp maintainers"}]


def test_the_hooks_run_what_the_test_script_runs() -> None:
    configuration = yaml.safe_load((REPOSITORY / ".pre-commit-config.yaml").read_text("utf-8"))
    (local,) = configuration["repos"]
    assert local["repo"] == "local"  # nothing is downloaded
    entries = [hook["entry"] for hook in local["hooks"]]
    assert entries == ["ruff check --fix", "ruff format", "mypy"]
    script = (REPOSITORY / "scripts" / "test.sh").read_text("utf-8").splitlines()
    assert {"ruff check .", "ruff format --check .", "mypy"} <= set(script)


def test_torch_is_installed_first_by_the_version_of_the_constraints(tmp_path: Path) -> None:
    script = (REPOSITORY / "scripts" / "test.sh").read_text("utf-8")
    assert "install_into_venv \"$(grep '^torch==' constraints.txt)\"" in script
    assert str(pins()["torch"]).startswith("torch==")


def test_the_guide_for_contributors_names_files_that_exist() -> None:
    guide = (REPOSITORY / "CONTRIBUTING.md").read_text("utf-8")
    assert len(guide.splitlines()) < 120
    paths = re.findall(r"`([\w./-]+/[\w./-]*|[\w-]+\.(?:txt|toml))`", guide)
    named = set(paths) - {"../shared", "./mine/dev", "~/.ir_datasets"}
    named |= {f"scripts/{name}.py" for name in re.findall(r"-m scripts\.(\w+)", guide)}
    missing = sorted(name for name in named if not (REPOSITORY / name).exists())
    assert len(named) > 10
    assert missing == []
