"""Injectors of faults in texts, tables and vectors; each is deterministic in its seed.

The codes are those of the catalogue: A texts and data, B tokens, C geometry, E rows and ids.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from searchapp.corpora.corpus import Corpus
from searchapp.diagnosis.context import CorpusContext
from searchapp.diagnosis.evidence import Evidence
from searchapp.diagnosis.tokens import truncate_to
from searchapp.encoders.options import Options
from searchapp.encoders.vectors import unit
from searchapp.records import Document
from tests.injected.pipelines import Base, Floats, Memory, table_model

Inject = Callable[[Base, Any, np.random.Generator], Evidence]

INSTRUCTION = "Given a question, retrieve passages that answer the question. Query: "


# A: texts. The model is healthy; what is stored was made from other texts.


def texts(change: Callable[[Document], str]) -> Inject:
    """Return the injector that changes the texts behind a share of the documents."""

    def inject(base: Base, share: float, rng: np.random.Generator) -> Evidence:
        documents = base.vectors.documents.copy()
        rows = _some(len(documents), share, rng)
        changed = [change(base.context.documents[row]) for row in rows]
        documents[rows] = base.table.means(base.table.tokenize(changed))
        return base.evidence(documents=documents)

    return inject


def queries(change: Callable[[str], str]) -> Inject:
    def inject(base: Base, share: float, rng: np.random.Generator) -> Evidence:
        queries = base.vectors.queries.copy()
        rows = _some(len(queries), share, rng)
        queries[rows] = base.table.means(
            base.table.tokenize([change(base.context.queries[row].text) for row in rows])
        )
        return base.evidence(queries=queries)

    return inject


def missing(base: Base, share: float, rng: np.random.Generator) -> Evidence:
    """A9: a block of documents was lost."""
    count = len(base.vectors.document_ids)
    start = int(rng.integers(count))
    kept = np.sort((start + np.arange(int(count * (1 - share)))) % count)
    return base.evidence(
        documents=base.vectors.documents[kept], document_ids=[base.vectors.document_ids[row] for row in kept]
    )


# A: the corpus itself.


def _damaged(base: Base, **parts: Any) -> Corpus:
    source = base.context.corpus.source
    memory = Memory(
        parts.get("items", base.context.documents),
        parts.get("asked", list(source.queries())),
        parts.get("grades", source.judgements()),
        source,
    )
    return replace(base.context.corpus, source=memory)


def _run_on(base: Base, corpus: Corpus) -> Evidence:
    """Return the healthy pipeline on a damaged corpus."""
    context = CorpusContext(corpus)
    ids = [document.id for document in context.documents]
    asked = [query.id for query in context.queries]
    if base.model is not None:
        model = table_model(base.table, context)
        return base.evidence(
            model,
            context,
            document_ids=ids,
            documents=model.documents,
            query_ids=asked,
            queries=model.queries,
        )
    rows = {name: row for row, name in enumerate(base.vectors.document_ids)}
    known = [name for name in ids if name in rows]
    return base.evidence(
        context=context, document_ids=known, documents=base.vectors.documents[[rows[name] for name in known]]
    )


def dangling(base: Base, share: float, rng: np.random.Generator) -> Evidence:
    """A10: relevant documents are missing from the corpus."""
    judged = sorted({name for row in base.context.judgements.values() for name in row})
    gone = {judged[row] for row in _some(len(judged), share, rng)}
    return _run_on(
        base, _damaged(base, items=[item for item in base.context.documents if item.id not in gone])
    )


def duplicates(base: Base, share: float, rng: np.random.Generator) -> Evidence:
    """A11: documents occur again under other ids."""
    items = list(base.context.documents)
    items += [replace(items[row], id=f"copy-{items[row].id}") for row in _some(len(items), share, rng)]
    return _run_on(base, _damaged(base, items=items))


def twice(base: Base, share: float, rng: np.random.Generator) -> Evidence:
    """A12: query ids are not unique."""
    asked = list(base.context.corpus.source.queries())
    judged = [query for query in asked if query.id in base.context.judgements]
    for row in _some(len(judged), share, rng):
        asked.append(replace(judged[(row + 1) % len(judged)], id=judged[row].id))
    return _run_on(base, _damaged(base, asked=asked))


def swapped(base: Base, _share: float, _rng: np.random.Generator) -> Evidence:
    """A15: the columns of the judgements are swapped."""
    grades: dict[str, dict[str, int]] = {}
    for query, row in base.context.corpus.source.judgements().items():
        for name, grade in row.items():
            grades.setdefault(name, {})[query] = grade
    return _run_on(base, _damaged(base, grades=grades))


# B: tokens and table.


def table(change: Callable[[Base, Any, np.random.Generator], Floats]) -> Inject:
    """Return the injector that damages the table and encodes everything with it."""
    return lambda base, severity, rng: base.with_table(replace(base.table, rows=change(base, severity, rng)))


def rolled(base: Base, severity: tuple[int, float], _rng: np.random.Generator) -> Floats:
    """B1: rows are shifted relative to the ids, from some id on."""
    by, first = severity
    rows = base.table.rows.copy()
    start = int(first * len(rows))
    rows[start:] = np.roll(rows[start:], by, axis=0)
    return rows


def unigram(base: Base, power: float, _rng: np.random.Generator) -> Evidence:
    """B3: the vocabulary rebuilt as a Unigram with token lengths as weights."""
    import json

    from tokenizers import Tokenizer

    from searchapp.encoders.model_files import BUNDLED, find_model
    from searchapp.encoders.tokenization import Tokens

    data = json.loads(find_model(BUNDLED).tokenizer.read_text("utf-8"))
    weights = np.array(
        [max(len(token) + token.count("▁"), 1) for token in base.table.vocabulary], dtype=float
    )
    scores = np.log(weights**power / (weights**power).sum())
    pairs = [[token, float(score)] for token, score in zip(base.table.vocabulary, scores, strict=True)]
    data["model"] = {"type": "Unigram", "unk_id": 0, "vocab": pairs, "byte_fallback": True}
    data["post_processor"] = None
    tokenizer = Tokenizer.from_str(json.dumps(data))

    def tokenize(texts: Sequence[str]) -> Tokens:
        rows = [
            np.array(one.ids, dtype=np.uint32)
            for one in tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        ]
        offsets = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
        return Tokens(np.concatenate(rows), offsets)

    table = replace(base.table, tokenize=tokenize, algorithm="Unigram", scores=scores)
    return base.with_table(table, Options())


def unknown(base: Base, share: float, rng: np.random.Generator) -> Floats:
    """B4: a share of the vocabulary has the row of the unknown token."""
    rows = base.table.rows.copy()
    rows[_some(len(rows), share, rng)] = rows[0]
    return rows


def zero_rows(base: Base, share: float, rng: np.random.Generator) -> Floats:
    rows = base.table.rows.copy()
    rows[_some(len(rows), share, rng)] = 0
    return rows


def truncated(base: Base, length: int, _rng: np.random.Generator) -> Evidence:
    """B7: the stored vectors come from truncated texts, though the model does not truncate."""
    return base.evidence(documents=base.table.means(truncate_to(base.table_model.document_tokens, length)))


def prompt_by_option(base: Base, sides: str, _rng: np.random.Generator) -> Evidence:
    """B8: the recipe prepends an instruction."""
    documents = INSTRUCTION if "documents" in sides else ""
    return base.with_table(base.table, Options(query_prompt=INSTRUCTION, document_prompt=documents))


def pooling(base: Base, how: tuple[str, str], _rng: np.random.Generator) -> Evidence:
    """B9, B10: another pooling."""
    tokens = (base.table_model.document_tokens, base.table_model.query_tokens)
    documents, queries = (
        base.table.means(side) if name == "mean" else base.table.pooled(side, name)
        for side, name in zip(tokens, how, strict=True)
    )
    return base.evidence(documents=documents, queries=queries)


def sorted_batches(base: Base, batch: int, _rng: np.random.Generator) -> Evidence:
    """B12: texts were sorted by length within each batch, and the order was not restored."""
    lengths = np.array([len(text) for text in base.texts])
    count = len(lengths)
    size = batch or count
    order = [s + np.argsort(-lengths[s : s + size], kind="stable") for s in range(0, count, size)]
    return base.evidence(documents=base.vectors.documents[np.concatenate(order)])


def rotated(base: Base, how: str, rng: np.random.Generator) -> Evidence:
    """B13: queries have another coordinate system."""
    queries = base.vectors.queries
    d = queries.shape[1]
    if how == "dimensions":
        return base.evidence(queries=queries[:, rng.permutation(d)])
    rotation = np.linalg.qr(rng.standard_normal((d, d)))[0].astype(np.float32)
    return base.evidence(queries=queries @ rotation)


def inverse_frequency(base: Base, power: float, _rng: np.random.Generator) -> Floats:
    """C8: frequent tokens dominate."""
    counts = base.table_model.counts + 1.0
    weight = (counts / counts.sum()) ** power
    return single(base.table.rows * (weight / weight.mean())[:, None])


def few_rows(base: Base, k: int, rng: np.random.Generator) -> Floats:
    """C12: clusters of tokens share a row."""
    rows = base.table.rows
    centres = rows[rng.choice(len(rows), k, replace=False)].copy()
    for _ in range(3):
        nearest = (rows @ centres.T - 0.5 * (centres**2).sum(axis=1)).argmax(axis=1)
        for centre in range(k):
            members = rows[nearest == centre]
            if len(members):
                centres[centre] = members.mean(axis=0)
    return single(centres[nearest])


def flat_rows(base: Base, power: float, _rng: np.random.Generator) -> Floats:
    rows = base.table.rows
    return single(rows / np.linalg.norm(rows, axis=1, keepdims=True) ** power)


def random_rows(base: Base, kind: str, rng: np.random.Generator) -> Floats:
    """C6: an untrained table."""
    rows = rng.standard_normal(base.table.rows.shape).astype(np.float32)
    if kind == "norms kept":
        rows = unit(rows) * np.linalg.norm(base.table.rows, axis=1, keepdims=True)
    return rows


# C: geometry of stored vectors.


def both(change: Callable[[Floats, np.random.Generator, Any, Floats], Floats], **more: Any) -> Inject:
    """Return the injector that changes the vectors of both sides the same way."""

    def inject(base: Base, severity: Any, rng: np.random.Generator) -> Evidence:
        documents, queries = base.vectors.documents, base.vectors.queries
        d = documents.shape[1]
        axes = np.linalg.qr(rng.standard_normal((d, min(d, 16))))[0].astype(np.float32)
        return base.evidence(
            documents=change(documents, rng, severity, axes),
            queries=change(queries, rng, severity, axes),
            **more,
        )

    return inject


def loud(vectors: Floats, rng: np.random.Generator, severity: tuple[int, float], axes: Floats) -> Floats:
    k, gain = severity
    noise = rng.standard_normal((len(vectors), k)).astype(np.float32)
    return unit(single(vectors + gain * noise @ axes[:, :k].T))


def constant(vectors: Floats, _rng: np.random.Generator, gain: float, axes: Floats) -> Floats:
    return unit(vectors + np.float32(gain) * axes[:, 0])


def hubby(vectors: Floats, rng: np.random.Generator, severity: tuple[float, float], axes: Floats) -> Floats:
    gain, deviation = severity
    amplitude = np.exp(rng.normal(0, deviation, len(vectors))).astype(np.float32)
    return unit(vectors + gain * amplitude[:, None] * axes[:, 0])


def steep(base: Base, power: float, _rng: np.random.Generator) -> Evidence:
    """C4: the leading directions are stretched."""
    documents, queries = base.vectors.documents, base.vectors.queries
    mean = documents.mean(axis=0)
    _, values, directions = np.linalg.svd(documents - mean, full_matrices=False)
    scale = (directions.T * (values / values[0]) ** (power - 1)).astype(np.float32)
    return base.evidence(documents=unit((documents - mean) @ scale), queries=unit((queries - mean) @ scale))


def noisy(vectors: Floats, rng: np.random.Generator, deviation: float, _axes: Floats) -> Floats:
    return unit(vectors + deviation * rng.standard_normal(vectors.shape).astype(np.float32))


def norms(vectors: Floats, rng: np.random.Generator, deviation: float, _axes: Floats) -> Floats:
    lengths = np.exp(deviation * rng.standard_normal((len(vectors), 1))).astype(np.float32)
    return unit(vectors) * lengths


def first(vectors: Floats, _rng: np.random.Generator, k: int, _axes: Floats) -> Floats:
    return unit(vectors[:, :k])


def overflown(vectors: Floats, _rng: np.random.Generator, scale: float, _axes: Floats) -> Floats:
    # The scale is in multiples of the one that just fits all but the outliers.
    steps = scale * 127 / (3 * vectors.std())
    return single(np.round(vectors * steps).astype(np.int64).astype(np.int8))


def int8(vectors: Floats, _rng: np.random.Generator, _severity: float, _axes: Floats) -> Floats:
    steps = 127 / np.abs(vectors).max()
    return unit(np.clip(np.round(vectors * steps), -127, 127).astype(np.float32))


def half(vectors: Floats, _rng: np.random.Generator, _severity: float, _axes: Floats) -> Floats:
    return vectors.astype(np.float16).astype(np.float32)


def negated(base: Base, _severity: float, _rng: np.random.Generator) -> Evidence:
    return base.evidence(queries=-base.vectors.queries)


def zeroed(base: Base, severity: tuple[str, float], rng: np.random.Generator) -> Evidence:
    side, share = severity
    vectors = getattr(base.vectors, side).copy()
    vectors[_some(len(vectors), share, rng)] = 0
    return base.evidence(**{side: vectors})


def not_finite(base: Base, share: float, rng: np.random.Generator) -> Evidence:
    documents = base.vectors.documents.copy()
    documents[_some(len(documents), share, rng), 3] = np.nan
    return base.evidence(documents=documents)


# E: rows.


def shifted(side: str) -> Inject:
    return lambda base, by, _rng: base.evidence(**{side: np.roll(getattr(base.vectors, side), by, axis=0)})


def shuffled(base: Base, share: float, rng: np.random.Generator) -> Evidence:
    documents = base.vectors.documents.copy()
    some = _some(len(documents), share, rng)
    documents[some] = documents[rng.permutation(some)]
    return base.evidence(documents=documents)


def single(values: NDArray[Any]) -> Floats:
    """Return values in single precision."""
    return values.astype(np.float32)


def _some(count: int, share: float, rng: np.random.Generator) -> NDArray[np.intp]:
    """Return the rows of a share, at least one, in ascending order."""
    return np.sort(rng.choice(count, max(1, round(share * count)), replace=False)).astype(np.intp)
