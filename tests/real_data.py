"""Real corpora, published results and models that some tests use, and how to get them.

The corpora are read from the user's `IR_DATASETS_HOME`. Everything else comes from one folder, named by
`SEARCHAPP_TEST_DATA` (default: `shared` beside the checkout), which may hold

    ir_datasets_home/                    used as IR_DATASETS_HOME where that is not set
    published/leaderboard.csv            published scores, one row per task and model
    published/results/<model>/<revision>/<Task>.json
    seeds/                               a model card with a `model-index`
    models/potion-base-8M/               a published static model
    corpora/                             cacm, cranfield, aila-statutes and limit-small as BEIR folders
"""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent
TEST_DATA = Path(os.environ.get("SEARCHAPP_TEST_DATA") or REPOSITORY.parent / "shared")
CARD = TEST_DATA / "seeds" / "model-card-noinstruct-small-embedding-v0.md"
PUBLISHED = TEST_DATA / "published"
POTION = TEST_DATA / "models" / "potion-base-8M"
CORPORA = ("nfcorpus", "scifact")


def needs(path: Path) -> pytest.MarkDecorator:
    """Return the mark that skips a test where a file or folder of the test data is missing."""
    inside = path.relative_to(TEST_DATA)
    reason = f"there is no {path}: set SEARCHAPP_TEST_DATA to a folder that holds {inside}"
    return pytest.mark.skipif(not path.exists(), reason=reason)


def archives(home: Path) -> dict[str, Path]:
    """Return the archive of each real corpus below an IR_DATASETS_HOME, whether it exists or not."""
    return {name: home / "beir" / name / "source.zip" for name in CORPORA}


def datasets_home(environment: Mapping[str, str], test_data: Path, user: Path) -> Path:
    """Return the IR_DATASETS_HOME to take the real corpora from.

    Args:
        environment: as the tests were started; `IR_DATASETS_HOME` decides when it is set.
        test_data: its `ir_datasets_home` comes next.
        user: the home folder of the user, where ir_datasets keeps corpora by default.
    """
    if configured := environment.get("IR_DATASETS_HOME"):
        return Path(configured)
    bundled = test_data / "ir_datasets_home"
    return bundled if bundled.is_dir() else user / ".ir_datasets"


def missing_corpora(home: Path) -> str:
    """Say which corpora are missing from an IR_DATASETS_HOME and how to get them; empty when none is."""
    names = [name for name, archive in archives(home).items() if not archive.exists()]
    if not names:
        return ""
    commands = " && ".join(f"searchapp corpora {name}" for name in names)
    return f"no {' and no '.join(names)} in {home} (IR_DATASETS_HOME): download with {commands}"


def result_folders() -> list[Path]:
    """Return the folders of published MTEB results, one per model and revision."""
    results = sorted((PUBLISHED / "results").rglob("*.json"))
    return list(dict.fromkeys(file.parent for file in results if file.name != "model_meta.json"))
