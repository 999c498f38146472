"""Corpora whose documents, queries or judgements are damaged, examined with a sound model."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from searchapp.records import Document, Judgements, Query
from tests.faults.box import Box
from tests.faults.cases import CASED, LARGE, STATIC, fault
from tests.faults.texts import AS_TEXT, MARKUP, PROMPTS
from tests.faults.tokens import encode_words

FILES: dict[str, Any] = {"models": STATIC, "entries": ("model",)}
WITH_RUN: dict[str, Any] = {"models": STATIC, "entries": ("model", "run", "model", "npy")}
MISPLACED: dict[str, Any] = {**WITH_RUN, "also": ("queries-offset", "order-lost")}


def renamed(
    judgements: Judgements, document: Callable[[str], str] = str, query: Callable[[str], str] = str
) -> Judgements:
    return {
        query(name): {document(one): grade for one, grade in row.items()} for name, row in judgements.items()
    }


# Judgements.


@fault("data", "judgements-misplaced", held=(1, 3), calibration=(1,), **MISPLACED)
def judgements_shifted(box: Box, by: int) -> list[str]:
    grades = box.data.judgements
    names = list(grades)
    moved = names[-by:] + names[:-by]
    return box.corpus(judgements={name: grades[other] for name, other in zip(names, moved, strict=True)})


@fault("data", "judgements-misplaced", held=(1.0, 0.6), calibration=(1.0,), **MISPLACED)
def judgements_shuffled(box: Box, share: float) -> list[str]:
    grades, names = box.data.judgements, list(box.data.judgements)
    rows = box.some(len(names), share)
    moved = dict(zip(rows, box.rng.permutation(rows), strict=True))
    return box.corpus(judgements={name: grades[names[moved.get(row, row)]] for row, name in enumerate(names)})


@fault("data", "judgements-misplaced", held=("shuffled", "shifted"), calibration=("shuffled",), **MISPLACED)
def judged_documents_exchanged(box: Box, how: str) -> list[str]:
    ids = box.ids
    other = box.rng.permutation(len(ids)) if how == "shuffled" else range(-1, len(ids) - 1)
    names = {name: ids[row] for name, row in zip(ids, other, strict=True)}
    return box.corpus(judgements=renamed(box.data.judgements, lambda name: names.get(name, name)))


@fault(
    "data",
    "judgements-misplaced",
    held=("shifted", "shuffled", "reversed"),
    calibration=("shuffled", "shifted"),
    **MISPLACED,
)
def query_texts_exchanged(box: Box, how: str) -> list[str]:
    asked = box.data.queries
    count = len(asked)
    order = {
        "shifted": [(row + 1) % count for row in range(count)],
        "shuffled": box.rng.permutation(count).tolist(),
        "reversed": list(range(count))[::-1],
    }[how]
    return box.corpus(
        queries=[Query(query.id, asked[row].text) for query, row in zip(asked, order, strict=True)]
    )


@fault(
    "data",
    "judgements-misplaced",
    held=("shuffled",),
    calibration=("shifted",),
    corpora=LARGE,
    **{**MISPLACED, "entries": ("model",)},
)
def document_texts_exchanged(box: Box, how: str) -> list[str]:
    items = box.data.documents
    order = box.rng.permutation(len(items)) if how == "shuffled" else [row - 1 for row in range(len(items))]
    return box.corpus([replace(items[row], id=item.id) for item, row in zip(items, order, strict=True)])


@fault(
    "data",
    "judgements-swapped",
    also=("queries-without-text", "foreign-ids", "judged-documents-missing"),
    **FILES,
)
def columns_swapped(box: Box, _severity: None) -> list[str]:
    lines = [
        f"{name}\t{query}\t{grade}"
        for query, row in box.data.judgements.items()
        for name, grade in row.items()
    ]
    return box.corpus(judgements=lines)


@fault(
    "data",
    "judged-documents-missing",
    also=("documents-missing",),
    held=(0.1, 0.4),
    calibration=(0.25,),
    **WITH_RUN,
)
def judged_documents_missing(box: Box, share: float) -> list[str]:
    judged = sorted(
        {name for row in box.data.judgements.values() for name, grade in row.items() if grade > 0}
    )
    gone = {judged[row] for row in box.some(len(judged), share)}
    return box.corpus([item for item in box.data.documents if item.id not in gone])


@fault("data", "nothing-relevant", also=("unknown-grades",), held=(0, -1), calibration=(0,), **WITH_RUN)
def nothing_relevant(box: Box, grade: int) -> list[str]:
    return box.corpus(
        judgements={query: dict.fromkeys(row, grade) for query, row in box.data.judgements.items()}
    )


@fault(
    "data",
    "unknown-grades",
    also=("nothing-relevant",),
    held=(("-1", 0.6), ("99", 0.4)),
    calibration=(("-2", 0.7),),
    **FILES,
)
def unknown_grades(box: Box, how: tuple[str, float]) -> list[str]:
    grade, share = how
    grades = {query: dict(row) for query, row in box.data.judgements.items()}
    pairs = [(query, name) for query, row in grades.items() for name in row]
    for row in box.some(len(pairs), share):
        query, name = pairs[row]
        grades[query][name] = int(grade)
    argv = box.corpus(judgements=grades)
    box.score = None
    return argv


SPELLINGS: dict[str, Callable[[str], str]] = {
    "padded": lambda name: name.zfill(12),
    "prefix": lambda name: f"doc-{name}",
    "suffix": lambda name: f"{name}.txt",
    "float": lambda name: f"{name}.0",
    "case": lambda name: name.swapcase() if name.swapcase() != name else f"D{name}",
    "path": lambda name: f"corpus/documents/{name}",
    "passage": lambda name: f"{name}#0",
    "hyphens": lambda name: (
        name.replace(" ", "-").replace("_", "-") if set(name) & set(" _") else f"{name}-1"
    ),
}


@fault(
    "data",
    "foreign-ids",
    also=("judged-documents-missing",),
    held=("padded", "prefix", "case", "suffix"),
    calibration=("float", "prefix"),
    **FILES,
)
def judgements_name_documents_otherwise(box: Box, how: str) -> list[str]:
    argv = box.corpus(judgements=renamed(box.data.judgements, SPELLINGS[how]))
    box.score = None
    return argv


@fault(
    "data",
    "foreign-ids",
    "queries-without-text",
    held=("padded", "suffix", "case"),
    calibration=("prefix",),
    **FILES,
)
def judgements_name_queries_otherwise(box: Box, how: str) -> list[str]:
    argv = box.corpus(judgements=renamed(box.data.judgements, query=SPELLINGS[how]))
    box.score = None
    return argv


# Queries.


@fault("data", "queries-without-text", held=(0.2, 0.6), calibration=(0.4,), **FILES)
def queries_removed(box: Box, share: float) -> list[str]:
    gone = set(box.some(len(box.data.queries), share).tolist())
    argv = box.corpus(queries=[query for row, query in enumerate(box.data.queries) if row not in gone])
    box.score = None
    return argv


@fault(
    "data",
    "queries-without-text",
    "zero-vectors",
    held=(("", 0.3), (" ", 0.5)),
    calibration=(("", 0.4),),
    **FILES,
)
def queries_blank(box: Box, how: tuple[str, float]) -> list[str]:
    text, share = how
    gone = set(box.some(len(box.data.queries), share).tolist())
    return box.corpus(
        queries=[Query(one.id, text if row in gone else one.text) for row, one in enumerate(box.data.queries)]
    )


@fault("data", "duplicate-query-ids", held=(0.1, 0.4), calibration=(0.25,), **FILES)
def query_ids_twice(box: Box, share: float) -> list[str]:
    asked = box.data.queries
    twice = [Query(asked[row].id, asked[(row + 1) % len(asked)].text) for row in box.some(len(asked), share)]
    argv = box.corpus(queries=[*asked, *twice])
    box.score = None
    return argv


@fault(
    "data", "case-changed", held=("upper", "title"), calibration=("upper",), entries=("model",), models=CASED
)
def queries_in_other_case(box: Box, how: str) -> list[str]:
    change = {"upper": str.upper, "title": str.title}[how]
    return box.corpus(queries=[Query(query.id, change(query.text)) for query in box.data.queries])


@fault("data", "other-language", held=("cyrillic", "romance"), calibration=("cyrillic", "romance"), **FILES)
def queries_in_another_language(box: Box, how: str) -> list[str]:
    return box.corpus(queries=[Query(query.id, encode_words(query.text, how)) for query in box.data.queries])


@fault("data", "prompt", held=("instruct", "task"), calibration=("search",), **FILES)
def queries_with_instruction(box: Box, how: str) -> list[str]:
    return box.corpus(queries=[Query(query.id, PROMPTS[how] + query.text) for query in box.data.queries])


@fault(
    "data",
    "markup",
    also=("prompt",),
    held=("<topic><title>{}</title><desc></desc></topic>",),
    calibration=("<p><b>{}</b></p>",),
    **FILES,
)
def queries_with_markup(box: Box, form: str) -> list[str]:
    return box.corpus(queries=[Query(query.id, form.format(query.text)) for query in box.data.queries])


@fault(
    "data", "object-as-text", also=("prompt", "markup"), held=("dict", "list"), calibration=("dict",), **FILES
)
def queries_as_objects(box: Box, how: str) -> list[str]:
    change: Callable[[Query], str] = {
        "dict": lambda one: str({"_id": one.id, "text": one.text, "metadata": {}}),
        "list": lambda one: str([one.text]),
    }[how]
    return box.corpus(queries=[Query(query.id, change(query)) for query in box.data.queries])


# Documents.


@fault("data", "duplicate-documents", held=(0.4, 1.0), calibration=(0.7,), **WITH_RUN)
def documents_twice(box: Box, share: float) -> list[str]:
    items = box.data.documents
    return box.corpus(
        [*items, *(replace(items[row], id=f"z{items[row].id}") for row in box.some(len(items), share))]
    )


NEAR: dict[str, Callable[[str], str]] = {
    "blanks": lambda text: text.replace(". ", ".  ").replace(",", " ,"),
    "case": str.lower,
    "footer": lambda text: f"{text} Copyright 2009, all rights reserved.",
    "prefix": lambda text: f"Abstract. {text}",
}


@fault(
    "data",
    "duplicate-documents",
    held=("footer", "blanks", "prefix"),
    calibration=("case", "footer"),
    **FILES,
)
def documents_nearly_twice(box: Box, how: str) -> list[str]:
    items = box.data.documents
    return box.corpus([*items, *(Document(f"z{one.id}", one.title, NEAR[how](one.text)) for one in items)])


@fault(
    "data",
    "object-as-text",
    also=("markup", "prompt"),
    held=("json", "None", "repr"),
    calibration=("dict", "nan"),
    **FILES,
)
def documents_as_objects(box: Box, how: str) -> list[str]:
    return box.corpus([Document(item.id, "", AS_TEXT[how](item)) for item in box.data.documents])


@fault("data", "markup", also=("object-as-text",), held=("html", "script"), calibration=("tags",), **FILES)
def documents_with_markup(box: Box, how: str) -> list[str]:
    return box.corpus([Document(item.id, "", MARKUP[how](item)) for item in box.data.documents])


@fault(
    "data", "zero-vectors", "text-dropped", "documents-missing", held=(0.2, 0.5), calibration=(0.35,), **FILES
)
def documents_blank(box: Box, share: float) -> list[str]:
    gone = set(box.some(len(box.ids), share).tolist())
    return box.corpus(
        [Document(one.id, "", "") if row in gone else one for row, one in enumerate(box.data.documents)]
    )
