"""The parts of an adaptation by hand: passages, what is held back, a step, and steps of a large corpus."""

from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from searchapp.adaptation import lessons, teaching
from searchapp.adaptation.judged import Judged, hold_back
from searchapp.adaptation.lessons import Epoch, without
from searchapp.adaptation.passages import read_passages, sentences_of
from searchapp.adaptation.student import Student, Texts
from searchapp.adaptation.teaching import Course, Plan, teach
from searchapp.encoders.encoder import load_encoder
from searchapp.encoders.static_encoder import StaticEncoder
from searchapp.records import Document, Query

from .conftest import MakeFolder

torch = pytest.importorskip("torch")

DOCUMENTS = [
    Document("a", "apple", "pear plum fig red apple. " + "fig " * 12),
    Document("b", "", "plum plum plum plum plum unknown. " + "red " * 12),
]


def encoder(make_model: MakeFolder) -> StaticEncoder:
    loaded = load_encoder(str(make_model()))
    assert isinstance(loaded, StaticEncoder)
    return loaded


def test_sentences_are_neither_short_nor_long() -> None:
    long = " ".join(["word"] * 61)
    text = (
        f"Only four words here. In 3.5 of all cases it works! {long}. Is this one a question?\n"
        "A line of five words"
    )
    assert sentences_of(text) == [
        "In 3.5 of all cases it works!",
        "Is this one a question?",
        "A line of five words",
    ]


def test_tokens_are_counted_and_passages_taken_out(make_model: MakeFolder) -> None:
    # The words of the model: [UNK] apple pear plum fig red.
    passages = read_passages(encoder(make_model), DOCUMENTS)
    assert passages.documents.toarray().tolist() == [[0, 2, 1, 1, 13, 1], [0, 0, 0, 5, 0, 12]]
    assert passages.passages.toarray().tolist() == [
        [0, 1, 0, 0, 0, 0],
        [0, 1, 1, 1, 1, 1],
        [0, 0, 0, 0, 12, 0],
        [0, 0, 0, 5, 0, 0],
        [0, 0, 0, 0, 0, 12],
    ]
    assert passages.owner.tolist() == [0, 0, 0, 1, 1]
    assert passages.titled.tolist() == [True, False, False, False, False]
    # The second document would keep five tokens without its last sentence, so it stays whole.
    left = without(passages, np.array([0, 1, 4]))
    assert left.toarray().tolist() == [[0, 0, 0, 0, 12, 0], [0, 0, 0, 5, 0, 12]]


def judged(pairs: dict[str, list[str]]) -> Judged:
    queries = [Query(name, f"text of {name}") for name in pairs]
    return Judged("train", queries, {name: dict.fromkeys(documents, 1) for name, documents in pairs.items()})


@pytest.mark.parametrize("per_query", [1, 8])
def test_nothing_about_new_documents_is_taught(per_query: int) -> None:
    draw = np.random.default_rng(1)
    names = [f"d{number}" for number in range(120)]
    pairs = {f"q{number}": draw.choice(names, per_query, replace=False).tolist() for number in range(100)}
    taught, groups = hold_back(judged(pairs), None, seed=0)
    new, seen = groups
    others = {q: {name for other in pairs if other != q for name in pairs[other]} for q in pairs}
    share = sum(not others[query].intersection(names) for query, names in pairs.items()) / 100
    assert (new.share, seen.share) == (share, 1 - share)
    assert (new.name, seen.name) == ("new", "seen")
    asked = {query.id for group in groups for query in group.queries}
    known = {name for grades in taught.judgements.values() for name in grades}
    assert not asked & taught.judgements.keys()
    assert not {query.id for query in new.queries} & {query.id for query in seen.queries}
    for query in new.queries:
        assert not known & new.judgements[query.id].keys()
        assert new.judgements[query.id].keys() | new.ignored[query.id] == set(pairs[query.id])
        assert new.ignored[query.id] <= known
    assert all(known & seen.judgements[query.id].keys() for query in seen.queries)


def test_the_queries_of_dev_are_asked_and_not_taught() -> None:
    pairs = {f"q{number}": [f"d{number}", f"d{number + 1}"] for number in range(60)}
    dev = judged({"x": ["d3"], "y": ["nowhere"]})
    taught, groups = hold_back(judged(pairs), dev, seed=0)
    assert [query.id for query in groups[1].queries] in (["x"], [])
    assert not {"x", "y"} & taught.judgements.keys()


def test_a_step_descends_the_loss_by_hand() -> None:
    """The direction of the first step of Adam is the sign of the gradient, here by finite differences."""
    rows = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    queries = sparse.csr_matrix(np.array([[1, 0, 2, 0, 0], [0, 1, 0, 0, 1]], np.float32))
    documents = sparse.csr_matrix(np.array([[1, 1, 0, 0, 0], [0, 0, 1, 3, 0], [0, 0, 0, 1, 1]], np.float32))
    targets = np.array([[1, 0, 0], [0, 0.5, 0.5]], np.float32)
    weights = np.array([1, 3], np.float32)

    def loss(table: np.ndarray) -> float:
        def unit(counts: sparse.csr_matrix) -> np.ndarray:
            vectors = counts.toarray() @ table
            return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))

        scores = unit(queries) @ unit(documents).T / 0.1
        logs = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
        return float(-(targets * logs).sum(axis=1) @ weights / 4)

    student = Student(rows)
    student.step(Texts(queries), Texts(documents), targets, weights, temperature=0.1)
    moved = student.table - rows
    base = rows.astype(np.float64)
    for place in np.ndindex(rows.shape):
        nudge = np.zeros_like(base)
        nudge[place] = 1e-5
        slope = (loss(base + nudge) - loss(base - nudge)) / 2e-5
        assert np.sign(moved[place]) == -np.sign(slope) or abs(slope) < 1e-6
    size = 0.0014 * np.median(np.linalg.norm(rows, axis=1))
    np.testing.assert_allclose(np.abs(moved), size, rtol=1e-3)


def test_a_large_corpus_is_taught_by_a_sample(
    monkeypatch: pytest.MonkeyPatch, make_model: MakeFolder
) -> None:
    documents = [
        Document(str(number), "apple", "pear plum fig red apple. " + "fig " * 12) for number in range(60)
    ]
    passages = read_passages(encoder(make_model), documents)
    for module in (lessons, teaching):
        monkeypatch.setattr(module, "WHOLE", 50)
    monkeypatch.setattr(lessons, "SAMPLE", 12)
    monkeypatch.setattr(lessons, "POOL", 20)
    monkeypatch.setattr(lessons, "BATCH", (4, 4))
    teaching_all = np.ones(len(passages.owner), bool)
    table = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)
    epoch = Epoch(passages, None, 4, teaching_all, table, np.random.default_rng(0))
    for batch in epoch.batches():
        assert 8 < len(batch.rows) <= 12 + 4 * 5  # random ones may be among the hard ones
        assert batch.targets.shape == (4, len(batch.rows))
        assert (batch.rows[batch.targets.argmax(axis=1)] == batch.owner).all()
        assert batch.targets.sum() == 4
    (taught,) = teach(Course(passages, None, teaching_all, None), table, Plan(epochs=1))
    assert np.isfinite(taught).all()
    assert (taught[0] == table[0]).all()  # no text has the unknown token
    assert (taught[1] != table[1]).any()


def test_a_teacher_is_listened_to(make_model: MakeFolder, tmp_path: Path) -> None:
    """Two documents without a word in common, which the teacher finds alike, come closer."""
    documents = [
        Document("a", "", "apple apple apple apple apple. " + "pear " * 12),
        Document("b", "", "plum plum plum plum plum. " + "fig " * 12),
        Document("c", "", "red red red red red. " + "red " * 12),
    ]
    passages = read_passages(encoder(make_model), documents)
    alike = np.array([[1, 0], [1, 0], [0, 1]], np.float32)
    table = np.eye(6, dtype=np.float32)

    def cosine(teacher: np.ndarray | None) -> float:
        *_, taught = teach(Course(passages, None, np.ones(len(passages.owner), bool), teacher), table, Plan())
        one, two = (taught * 1)[[2, 4]]
        return float(one @ two / np.linalg.norm(one) / np.linalg.norm(two))

    assert cosine(alike) > cosine(None)
