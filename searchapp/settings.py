"""Settings, read from the environment when they are needed."""

import os
from pathlib import Path


def offline() -> bool:
    """Tell whether network connections are forbidden (`--offline` sets `HF_HUB_OFFLINE`)."""
    return os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}


def indexes_folder() -> Path:
    """Return the folder of the indexes (`SEARCHAPP_INDEXES`)."""
    return Path(os.environ.get("SEARCHAPP_INDEXES", "indexes"))


def datasets_folder() -> Path:
    """Return the folder where ir_datasets stores corpora (`IR_DATASETS_HOME`)."""
    return Path(os.environ.get("IR_DATASETS_HOME", Path.home() / ".ir_datasets"))
