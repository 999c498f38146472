"""A diagnosis of a weak model says what adapting it would gain, and how."""

import json
from pathlib import Path

import numpy as np
import pytest

from searchapp.corpora.resolve import open_corpus
from searchapp.diagnosis.adaptation_gain import with_adaptation_gain
from searchapp.diagnosis.probe import fact
from searchapp.diagnosis.verdict import Diagnosis
from searchapp.encoders.encoder import load_encoder

from .conftest import Cli, MakeFolder
from .topics import make_table, write_corpus

pytest.importorskip("torch")


def diagnosis(score: float) -> Diagnosis:
    """A score between chance and the two that it is compared with."""
    facts = (
        fact("score", "score", score, queries=50, error=0.01),
        fact("chance", "chance", 0.01),
        fact("control", "control", 0.6),
        fact("bm25", "BM25", 0.6),
        fact("documents-reproduced", "", 1.0),
        fact("queries-reproduced", "", 1.0),
    )
    return Diagnosis((), {"scores": facts}, {})


def test_only_a_weak_model_is_told_what_it_would_gain(make_model: MakeFolder, tmp_path: Path) -> None:
    corpus = open_corpus(str(write_corpus(tmp_path / "topics")))
    noise = load_encoder(make_table(make_model))
    weak = diagnosis(0.4)
    assert weak.verdict == "weak"
    gain = with_adaptation_gain(weak, corpus, noise).fact("adaptation-gain")
    assert gain is not None
    assert gain.values["after"] - gain.values["before"] == pytest.approx(gain.value)  # type: ignore[operator]
    assert float(gain.value) > 0
    healthy = diagnosis(0.6)
    assert with_adaptation_gain(healthy, corpus, noise) == healthy


def test_the_next_step_is_the_command(cli: Cli, make_model: MakeFolder, working_folder: Path) -> None:
    """The leading components of the bundled table are weak, and broken in no way."""
    from safetensors.numpy import save_file

    encoder = load_encoder("wordllama")
    rows = np.asarray(encoder.model.rows, dtype=np.float32)  # type: ignore[attr-defined]
    _, axes = np.linalg.eigh(np.cov(rows.T))
    leading = (rows - rows.mean(axis=0)) @ axes[:, -32:]
    folder = working_folder / "weak"
    folder.mkdir()
    save_file({"embeddings": np.ascontiguousarray(leading, dtype=np.float32)}, folder / "model.safetensors")
    (folder / "tokenizer.json").write_bytes(encoder.files.tokenizer.read_bytes())  # type: ignore[attr-defined]
    (folder / "config.json").write_text(json.dumps({"normalize": True, "max_length": None}))
    done = cli("diagnose", "sample", "-m", "weak")
    assert done.exit_code == 0, done.stdout
    assert "weak, not broken" in done.stdout
    assert "Next: searchapp adapt sample -m weak -o FOLDER" in done.stdout
    shown = cli("diagnose", "sample", "-m", "weak", "--format", "ndjson").stdout
    assert "adaptation-gain" in {json.loads(line)["key"] for line in shown.splitlines()}
