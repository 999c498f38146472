"""Sound corpora of every kind: no fault may be named."""

import json
from dataclasses import replace
from typing import Any

from searchapp.records import Document, Query
from tests.faults.box import Box
from tests.faults.cases import STATIC, fault
from tests.faults.models import ppmi, word_tokenizer
from tests.faults.tokens import encode_words

MODEL: dict[str, Any] = {"models": STATIC}
STORED: dict[str, Any] = {"entries": ("npy", "made-by")}
RUN: dict[str, Any] = {"entries": ("run", "run-model")}


@fault("harmless", held=("files", "judgements"), calibration=("files",), **MODEL)
def other_order(box: Box, how: str) -> list[str]:
    items, asked, grades = list(box.data.documents), list(box.data.queries), box.data.judgements
    if how == "files":
        return box.corpus(
            [items[row] for row in box.rng.permutation(len(items))],
            [asked[row] for row in box.rng.permutation(len(asked))],
        )
    return box.corpus(judgements={name: grades[name] for name in sorted(grades, reverse=True)})


@fault("harmless", held=("numbers", "hashes"), calibration=("hashes",), **MODEL)
def other_ids(box: Box, how: str) -> list[str]:
    from hashlib import sha256

    items = box.data.documents
    names = {
        item.id: str(row) if how == "numbers" else sha256(item.id.encode()).hexdigest()[:16]
        for row, item in enumerate(items)
    }
    grades = {
        query: {names[one]: grade for one, grade in row.items()} for query, row in box.data.judgements.items()
    }
    return box.corpus([replace(item, id=names[item.id]) for item in items], judgements=grades)


@fault("harmless", **MODEL)
def unjudged_queries(box: Box, _severity: None) -> list[str]:
    more = [
        Query(f"more-{row}", (item.title or item.text)[:80])
        for row, item in enumerate(box.data.documents[:60])
    ]
    asked = box.data.queries
    argv = box.corpus(queries=asked)
    (box.folder / "corpus" / "queries.jsonl").write_text(
        "".join(json.dumps({"_id": one.id, "text": one.text}) + "\n" for one in [*more, *asked]), "utf-8"
    )
    return argv


@fault("harmless", held=(0.3, 1.0), calibration=(0.5,), **MODEL)
def judged_duplicates(box: Box, share: float) -> list[str]:
    """Copies that are judged like their originals."""
    items = box.data.documents
    copied = {items[row].id for row in box.some(len(items), share)}
    grades = {
        query: {**row, **{f"z{one}": grade for one, grade in row.items() if one in copied}}
        for query, row in box.data.judgements.items()
    }
    return box.corpus(
        [*items, *(replace(item, id=f"z{item.id}") for item in items if item.id in copied)], judgements=grades
    )


@fault("harmless", held=(60, 120), calibration=(80,), times=4, **MODEL)
def chunked(box: Box, size: int) -> list[str]:
    """Documents cut into chunks that share a title and the judgement of the document."""
    chunks: dict[str, list[Document]] = {}
    for item in box.data.documents:
        words = item.text.split()
        parts = [" ".join(words[start : start + size]) for start in range(0, max(len(words), 1), size)]
        chunks[item.id] = [
            Document(f"{item.id}-{number}", item.title, part) for number, part in enumerate(parts)
        ]
    grades = {
        query: {part.id: grade for one, grade in row.items() for part in chunks.get(one, [])}
        for query, row in box.data.judgements.items()
    }
    return box.corpus([part for parts in chunks.values() for part in parts], judgements=grades)


@fault("harmless", held=(6, 15, 40), calibration=(8, 30), times=6, **MODEL)
def tiny(box: Box, count: int) -> list[str]:
    """A corpus of a few documents: those relevant to the first queries, and others."""
    grades: dict[str, dict[str, int]] = {}
    kept: dict[str, None] = {}
    for query, row in box.data.judgements.items():
        relevant = {one: grade for one, grade in row.items() if grade > 0}
        if relevant and len(relevant) <= count // 2 and len({**kept, **relevant}) <= count * 2 // 3:
            grades[query] = relevant
            kept.update(dict.fromkeys(relevant))
    others = [name for name in box.ids if name not in kept][: count - len(kept)]
    names = {*kept, *others}
    asked = [query for query in box.data.queries if query.id in grades]
    return box.corpus([item for item in box.data.documents if item.id in names], asked, grades)


@fault("harmless", held=(5, 12), calibration=(6,), **MODEL)
def few_queries(box: Box, count: int) -> list[str]:
    asked = [box.data.queries[row] for row in box.rng.permutation(len(box.data.queries))[:count]]
    return box.corpus(queries=asked, judgements={query.id: box.data.judgements[query.id] for query in asked})


@fault("harmless", **MODEL)
def unjudged_documents_removed(box: Box, _severity: None) -> list[str]:
    judged = {one for row in box.data.judgements.values() for one in row}
    kept = [item for row, item in enumerate(box.data.documents) if item.id in judged or row % 2]
    return box.corpus(kept)


@fault("harmless", held=("negatives", "grades"), calibration=("negatives",), **MODEL)
def other_grades(box: Box, how: str) -> list[str]:
    grades = {}
    for query, row in box.data.judgements.items():
        if how == "grades":
            grades[query] = {
                one: grade + int(box.rng.integers(3)) if grade > 0 else grade for one, grade in row.items()
            }
        else:
            grades[query] = {
                **{box.ids[number]: 0 for number in box.some(len(box.ids), 10 / len(box.ids))},
                **row,
            }
    return box.corpus(judgements=grades)


@fault("harmless", held=("cyrillic", "romance"), calibration=("romance",), **MODEL)
def documents_in_another_language(box: Box, how: str) -> list[str]:
    """A tenth as many unjudged documents in another language, in one corpus with the others."""
    rows = box.some(len(box.ids), 0.1)
    items = [box.data.documents[row] for row in rows]
    more = [
        Document(f"l{item.id}", encode_words(item.title, how), encode_words(item.text, how)) for item in items
    ]
    return box.corpus([*box.data.documents, *more])


@fault("harmless", held=("romance",), calibration=("romance",), **MODEL)
def corpus_in_another_language(box: Box, how: str) -> list[str]:
    """Everything in another language, with a table trained on it."""
    items = [
        Document(item.id, encode_words(item.title, how), encode_words(item.text, how))
        for item in box.data.documents
    ]
    asked = [Query(query.id, encode_words(query.text, how)) for query in box.data.queries]
    texts = [f"{item.title} {item.text}".strip() for item in items]
    model = str(ppmi(texts, word_tokenizer(texts, lowercase=True), 100).save(box.folder / "model"))
    box.__dict__["model"] = model
    return box.corpus(items, asked)


@fault("harmless", held=("long", "short"), calibration=("long",), **MODEL)
def other_lengths(box: Box, how: str) -> list[str]:
    """Some documents are many times as long, or a corpus of titles and first sentences."""
    items = list(box.data.documents)
    if how == "long":
        for row in box.some(len(items), 0.05):
            items[row] = replace(items[row], text=" ".join([items[row].text] * 40))
    else:
        items = [replace(item, text=" ".join(item.text.split()[:20])) for item in items]
    return box.corpus(items)


@fault("harmless", **MODEL)
def titles_within_texts(box: Box, _severity: None) -> list[str]:
    """A corpus without titles."""
    return box.corpus(
        [Document(item.id, "", f"{item.title} {item.text}".strip()) for item in box.data.documents]
    )
