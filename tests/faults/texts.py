"""Vectors made from other texts than those of the corpus, or pooled in another way."""

import html
import json
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from searchapp.records import Document
from tests.faults.box import Box
from tests.faults.cases import CASED, LARGE, STATIC, TITLED, fault
from tests.faults.models import Floats
from tests.faults.tokens import encode_words, tokens_of, truncated_to

ENTRIES = ("made-by", "run-model")
WITH_MODEL: dict[str, Any] = {"entries": ENTRIES, "models": STATIC}


def documents(box: Box, change: Callable[[Document], str], share: float = 1.0) -> list[str]:
    """Deliver vectors in which a share of the documents were made from other texts."""
    vectors = box.vectors[0].copy()
    rows = box.some(len(vectors), share)
    vectors[rows] = box.encode([change(box.data.documents[row]) for row in rows])
    return box.deliver(vectors)


def queries(box: Box, change: Callable[[str], str], share: float = 1.0) -> list[str]:
    """Deliver vectors in which a share of the queries were made from other texts."""
    vectors = box.vectors[1].copy()
    rows = box.some(len(vectors), share)
    vectors[rows] = box.encode([change(box.data.queries[row].text) for row in rows])
    return box.deliver(box.vectors[0], vectors)


def whole(item: Document) -> str:
    return f"{item.title} {item.text}".strip()


@fault("texts", "title-dropped", held=(1.0, 0.6), calibration=(0.8,), corpora=TITLED, **WITH_MODEL)
def title_dropped(box: Box, share: float) -> list[str]:
    return documents(box, lambda item: item.text, share)


@fault("texts", "text-dropped", held=(1.0, 0.5), calibration=(0.7,), corpora=TITLED, **WITH_MODEL)
def text_dropped(box: Box, share: float) -> list[str]:
    return documents(box, lambda item: item.title, share)


AS_TEXT: dict[str, Callable[[Document], str]] = {
    "dict": lambda item: str({"_id": item.id, "title": item.title, "text": item.text}),
    "json": lambda item: json.dumps({"title": item.title, "text": item.text}),
    "None": lambda item: f"None {item.text}",
    "nan": lambda item: f"nan {item.text}",
    "tuple": lambda item: repr((item.title, item.text)),
    "repr": lambda item: f"Document(id={item.id!r}, title={item.title!r}, text={item.text!r})",
    "list": lambda item: str([item.title, item.text]),
    "metadata": lambda item: json.dumps(
        {"id": item.id, "metadata": {"title": item.title}, "contents": item.text}
    ),
}


@fault(
    "texts",
    "object-as-text",
    held=("json", "tuple", "repr", "None", "metadata"),
    calibration=("dict", "list"),
    **WITH_MODEL,
)
def object_as_text(box: Box, how: str) -> list[str]:
    return documents(box, AS_TEXT[how])


@fault(
    "texts",
    "case-changed",
    held=("upper", "swap", "title"),
    calibration=("upper",),
    entries=ENTRIES,
    models=CASED,
)
def case_of_queries(box: Box, how: str) -> list[str]:
    return queries(box, {"upper": str.upper, "swap": str.swapcase, "title": str.title}[how])


@fault(
    "texts", "case-changed", held=("upper", "lower"), calibration=("lower",), entries=ENTRIES, models=CASED
)
def case_of_documents(box: Box, how: str) -> list[str]:
    change = {"upper": str.upper, "lower": str.lower}[how]
    return documents(box, lambda item: change(whole(item)))


PROMPTS = {
    "search": "Represent this sentence for searching relevant passages: ",
    "query": "query: ",
    "passage": "passage: ",
    "instruct": "Instruct: Given a question, retrieve documents that help to answer it\nQuery: ",
    "task": "task: search result | query: ",
    "suffix": " Answer briefly, in one sentence, and cite your sources.",
    "chat": "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n",
}


@fault(
    "texts",
    "prompt",
    held=("instruct", "task", "chat", "suffix"),
    calibration=("search", "query"),
    **WITH_MODEL,
)
def prompt_on_queries(box: Box, how: str) -> list[str]:
    added = PROMPTS[how]
    return queries(box, (lambda text: text + added) if how == "suffix" else (lambda text: added + text))


@fault("texts", "prompt", held=("passage", "instruct"), calibration=("search",), **WITH_MODEL)
def prompt_on_documents(box: Box, how: str) -> list[str]:
    return documents(box, lambda item: PROMPTS[how] + whole(item))


@fault("texts", "prompt", held=("search", "chat"), calibration=("instruct",), **WITH_MODEL)
def prompt_on_both(box: Box, how: str) -> list[str]:
    sides = box.encode([PROMPTS[how] + whole(item) for item in box.data.documents])
    return box.deliver(sides, box.encode([PROMPTS[how] + query.text for query in box.data.queries]))


@fault("texts", "truncated", held=(5, 12, 40), calibration=(8, 24), **WITH_MODEL)
def truncated_tokens(box: Box, length: int) -> list[str]:
    return box.deliver(box.encode(truncated_to(box, box.texts(), length)))


@fault("texts", "truncated", held=(30, 100, 250), calibration=(60, 160), **WITH_MODEL)
def truncated_characters(box: Box, length: int) -> list[str]:
    return documents(box, lambda item: whole(item)[:length])


CUTS: dict[str, Callable[[Document], str]] = {
    "first line": lambda item: (item.title or item.text).strip().split("\n")[0][:200],
    "first sentence": lambda item: re.split(r"(?<=[.?!]) ", item.text)[0],
    "first words": lambda item: " ".join(whole(item).split()[:10]),
    "last words": lambda item: " ".join(whole(item).split()[-15:]),
}


@fault(
    "texts",
    "truncated",
    also=("title-dropped", "text-dropped"),
    held=("first sentence", "first words"),
    calibration=("first words",),
    corpora=LARGE,
    **WITH_MODEL,
)
def cut(box: Box, how: str) -> list[str]:
    return documents(box, CUTS[how])


@fault(
    "texts",
    "truncated",
    held=(3, 2),
    calibration=(4,),
    corpora=("aila-statutes", "scifact", "cranfield"),
    **WITH_MODEL,
)
def truncated_queries(box: Box, words: int) -> list[str]:
    return queries(box, lambda text: " ".join(text.split()[:words]))


def _tagged(text: str) -> str:
    return "".join(
        f'<p class="body-text"><span style="font-weight: 400">{part}</span></p>\n'
        for part in text.split(". ")
    )


MARKUP: dict[str, Callable[[Document], str]] = {
    "html": lambda item: (
        f"<html><head><title>{item.title}</title></head><body>{_tagged(item.text)}</body></html>"
    ),
    "tags": lambda item: f"<div><h1>{item.title}</h1><div>{_tagged(item.text)}</div></div>",
    "entities": lambda item: html.escape(whole(item)).replace(" ", "&nbsp;"),
    "xml": lambda item: (
        f"<DOC><DOCNO>{item.id}</DOCNO><HEAD>{item.title}</HEAD><TEXT>{item.text}</TEXT></DOC>"
    ),
    "latex": lambda item: (
        rf"\section{{{item.title}}} \begin{{document}} \textbf{{{item.text}}} \end{{document}}"
    ),
    "script": lambda item: (
        "<script>window.dataLayer = window.dataLayer || []; gtag('js', new Date());</script>"
        f"<style>.a {{ margin: 0 auto; }}</style><p>{whole(item)}</p>"
    ),
}


@fault(
    "texts",
    "markup",
    also=("object-as-text", "prompt"),
    held=("html", "xml", "script", "entities"),
    calibration=("tags",),
    **WITH_MODEL,
)
def markup(box: Box, how: str) -> list[str]:
    return documents(box, MARKUP[how])


@fault(
    "texts",
    "markup",
    also=("prompt",),
    held=("<b>{}</b>", "<p>{}</p><br/>\n"),
    calibration=("<em>{}</em>",),
    **WITH_MODEL,
)
def markup_on_queries(box: Box, form: str) -> list[str]:
    return queries(box, form.format)


def pooled(box: Box, texts: list[str], how: str) -> Floats:
    """Return vectors of texts with another pooling of the token vectors, (n, d)."""
    table = box.table()
    pools: dict[str, Callable[[Floats], Floats]] = {
        "max": lambda rows: rows.max(axis=0),
        "first": lambda rows: rows[0],
        "last": lambda rows: rows[-1],
    }
    pool = pools[how]
    empty = np.zeros(table.rows.shape[1], np.float32)
    pooled = [pool(table.rows[ids]) if len(ids) else empty for ids in tokens_of(box, texts)]
    return np.stack(pooled).astype(np.float32)


@fault(
    "texts",
    "pooling",
    also=("truncated",),  # the first token alone is a text cut after one token
    held=(
        ("max", "both"),
        ("last", "both"),
        ("first", "documents"),
        ("max", "documents"),
        ("max", "queries"),
    ),
    calibration=(("max", "both"), ("first", "both"), ("last", "documents")),
    **WITH_MODEL,
)
def pooling(box: Box, how: tuple[str, str]) -> list[str]:
    method, side = how
    texts = [query.text for query in box.data.queries]
    documents_ = pooled(box, box.texts(), method) if side != "queries" else box.vectors[0]
    return box.deliver(documents_, pooled(box, texts, method) if side != "documents" else None)


@fault(
    "texts",
    "other-language",
    also=("mixed-encoders", "case-changed"),
    held=("cyrillic", "romance"),
    calibration=("romance",),
    **WITH_MODEL,
)
def language_of_queries(box: Box, how: str) -> list[str]:
    return queries(box, lambda text: encode_words(text, how))
