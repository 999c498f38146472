"""Build a static model with the properties of the one in docs/case.md, as a model2vec folder.

    python -m scripts.build_patient FOLDER

The patient's own weights cannot be had; what is known of them is 1,024 dimensions, scores far below those of
random tables, and texts that all look alike. This takes the bundled table, turns it into 1,024 dimensions,
and adds to every row a random amount of three directions that mean nothing, as rows made by a language model
that was never tuned for embeddings have it.
"""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from scripts.timing import parser_of
from searchapp.encoders.model_files import BUNDLED, find_model

DIMENSIONS = 1024
DIRECTIONS = 3
SEED = 0


def patient_table(table: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a table, (v, d) float32 -> (v, 1024) float32, in which three directions drown the others."""
    rng = np.random.default_rng(SEED)
    turn = rng.standard_normal((table.shape[1], DIMENSIONS)) / DIMENSIONS**0.5
    noise, _ = np.linalg.qr(rng.standard_normal((DIMENSIONS, DIRECTIONS)))
    size = np.linalg.norm(table, axis=1).mean()
    amounts = size * rng.standard_normal((len(table), DIRECTIONS))
    patient: NDArray[np.float32] = (table @ turn + amounts @ noise.T).astype(np.float32)
    return patient


def main() -> int:
    """Write the folder."""
    parser = parser_of(__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    files = find_model(BUNDLED)
    save_file(
        {"embeddings": patient_table(load_file(files.table)[files.tensor])}, folder / "model.safetensors"
    )
    shutil.copyfile(files.tokenizer, folder / "tokenizer.json")
    (folder / "config.json").write_text(json.dumps({"normalize": True}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
