"""What may have been done to a text before it was encoded: tables of cause, description and function."""

import html
import json
import re
import string
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

from searchapp.encoders.texts import assemble
from searchapp.records import Document

Change = Callable[[str], str]

INSTRUCTIONS = (
    "query: ",
    "Query: ",
    "question: ",
    "search: ",
    "passage: ",
    "document: ",
    "text: ",
    "search_query: ",
    "search_document: ",
    "clustering: ",
    "classification: ",
    "Represent this sentence for searching relevant passages: ",
    "Represent the query for retrieval: ",
    "Represent the document for retrieval: ",
    "Represent this document for retrieval: ",
    "title: none | text: ",
    "task: search result | query: ",
    "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery: ",
)
"""Prompts of well-known models; unknown ones are computed, where the model is static."""

STOP_WORDS = (
    ("a", "an", "the"),
    ("a", "an", "the", "of", "and", "in", "to", "for", "with", "on", "is", "are"),
    tuple(re.findall("\\w+", """
        a about above after again against all am an and any are as at be because been before being
        below between both but by can could did do does doing down during each few for from further
        had has have having he her here hers herself him himself his how i if in into is it its
        itself just me more most my myself no nor not now of off on once only or other our ours
        ourselves out over own same she should so some such than that the their theirs them
        themselves then there these they this those through to too under until up very was we were
        what when where which while who whom why will with would you your yours yourself yourselves
    """)),
)  # fmt: skip
"""Lists of words that are often left out, from short to long."""

SENTENCE = re.compile(r"(?<=[.!?])\s+")


@dataclass(frozen=True)
class Hypothesis:
    """One thing that may have been done to texts; `cause` is None where it is harmless.

    `prompted` says whether the pipeline's own prompt was still put in front.
    """

    cause: str | None
    description: str
    read: Callable[[Document], str]
    prompted: bool = True


def _of_text(cause: str | None, description: str, change: Change) -> Hypothesis:
    return Hypothesis(cause, description, lambda document: change(assemble(document)))


def _without(characters: str) -> Change:
    table = str.maketrans("", "", characters)
    return lambda text: text.translate(table)


def _without_words(words: Sequence[str]) -> Change:
    left_out = frozenset(words)
    return lambda text: " ".join(word for word in text.split() if word.lower().strip(",.;:") not in left_out)


def _stemmed(text: str) -> str:
    from searchapp.retrieval.bm25 import stems_of

    words = re.findall(r"\w+|\W+", text)
    stems = stems_of(word.lower() for word in words if word.isalpha())
    return "".join(stems.get(word.lower(), word) for word in words)


def _without_accents(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def _misread(codec: str) -> Change:
    return lambda text: text.encode("utf-8").decode(codec, "replace")


def _tagged(before: str, between: str, after: str) -> Change:
    return lambda text: before + between.join(SENTENCE.split(text)) + after


CHANGES: tuple[tuple[str | None, str, Change], ...] = (
    (None, "with other whitespace", lambda text: " ".join(text.split())),
    (None, "with a leading space", lambda text: f" {text}"),
    ("case-changed", "in lower case", str.lower),
    ("case-changed", "in upper case", str.upper),
    ("case-changed", "with a capital at every word", str.title),
    *(("prompt", f"with the prompt {prompt!r}", prompt.__add__) for prompt in INSTRUCTIONS),
    ("object-as-text", "with 'None' in front", "None {}".format),
    ("object-as-text", "with 'nan' in front", "nan {}".format),
    ("object-as-text", "with 'null' in front", "null {}".format),
    ("object-as-text", "as a Python list", lambda text: str([text])),
    ("object-as-text", "as a Python string with its quotes", repr),
    ("object-as-text", "as Python bytes", lambda text: str(text.encode())),
    ("object-as-text", "as a Python dict", lambda text: str({"text": text})),
    ("object-as-text", "as a Python dict", lambda text: str({"query": text})),
    ("object-as-text", "as JSON", lambda text: json.dumps({"text": text})),
    ("object-as-text", "as JSON", lambda text: json.dumps({"query": text})),
    ("object-as-text", "as JSON", lambda text: json.dumps({"contents": text})),
    ("markup", "in <p> tags", "<p>{}</p>".format),
    ("markup", "with a <p> tag around every sentence", _tagged("<p>", "</p><p>", "</p>")),
    ("markup", "with a <br> tag after every sentence", _tagged("", "<br>", "")),
    ("markup", "as a page of HTML", "<html><body><p>{}</p></body></html>".format),
    ("markup", "with escaped HTML entities", html.escape),
    ("markup", "with &nbsp; for spaces", lambda text: html.escape(text).replace(" ", "&nbsp;")),
    ("markup", "in Markdown's bold type", "**{}**".format),
    ("markup", "as UTF-8 that was read as Latin-1", _misread("latin-1")),
    ("markup", "as UTF-8 that was read as Windows-1252", _misread("cp1252")),
    ("words-changed", "without punctuation", _without(string.punctuation)),
    ("words-changed", "with spaces for punctuation", lambda text: re.sub(r"[^\w\s]", " ", text)),
    ("words-changed", "without digits", _without(string.digits)),
    ("words-changed", "with letters only", lambda text: re.sub(r"[^A-Za-z]+", " ", text).strip()),
    ("words-changed", "without accents", _without_accents),
    ("words-changed", "with ASCII characters only", lambda text: text.encode("ascii", "ignore").decode()),
    ("words-changed", "without spaces", lambda text: "".join(text.split())),
    *(("words-changed", "without stop words", _without_words(words)) for words in STOP_WORDS),
    (
        "words-changed",
        "in lower case, without punctuation",
        lambda text: re.sub(r"[^\w\s]", "", text.lower()),
    ),
    (
        "words-changed",
        "in lower case, without punctuation and stop words",
        lambda text: _without_words(STOP_WORDS[-1])(re.sub(r"[^\w\s]", "", text.lower())),
    ),
    ("words-changed", "with stems for words", _stemmed),
    ("words-changed", "in reverse order of words", lambda text: " ".join(reversed(text.split()))),
    ("truncated", "cut after the first line", lambda text: text.strip().split("\n")[0]),
    ("truncated", "cut after the first paragraph", lambda text: re.split(r"\n\s*\n", text.strip())[0]),
    ("truncated", "cut after the first sentence", lambda text: SENTENCE.split(text)[0]),
    ("truncated", "cut at the first full stop", lambda text: text.split(".")[0]),
    ("truncated", "cut after two sentences", lambda text: " ".join(SENTENCE.split(text)[:2])),
    ("truncated", "cut after three sentences", lambda text: " ".join(SENTENCE.split(text)[:3])),
    ("truncated", "without all but the last sentence", lambda text: SENTENCE.split(text.strip())[-1]),
)  # fmt: skip
"""What may be done to any text: cause, description, function."""

PARTS: tuple[tuple[str | None, str, Callable[[Document], str]], ...] = (
    (None, "with title and text joined with a newline", lambda d: f"{d.title}\n{d.text}".strip()),
    (None, "with title and text joined with two newlines", lambda d: f"{d.title}\n\n{d.text}".strip()),
    (None, "with title and text joined with a full stop", lambda d: f"{d.title}. {d.text}".strip()),
    (None, "with title and text joined with a colon", lambda d: f"{d.title}: {d.text}".strip()),
    (None, "with title and text joined with a dash", lambda d: f"{d.title} - {d.text}".strip()),
    (None, "with title and text joined without a space", lambda d: f"{d.title}{d.text}".strip()),
    (None, "with title and text joined with [SEP]", lambda d: f"{d.title} [SEP] {d.text}".strip()),
    (None, "with the text before the title", lambda d: f"{d.text} {d.title}".strip()),
    (None, "with the title twice", lambda d: f"{d.title} {d.title} {d.text}".strip()),
    ("title-dropped", "without the title", lambda d: d.text),
    ("text-dropped", "without the text", lambda d: d.title),
    ("text-dropped", "with the title twice and without the text", lambda d: f"{d.title} {d.title}".strip()),
    ("title-dropped", "with their ids for titles", lambda d: f"{d.id} {d.text}"),
    ("object-as-text", "with their ids in front", lambda d: f"{d.id} {assemble(d)}"),
    ("text-dropped", "by their ids alone", lambda d: d.id),
    ("object-as-text", "with 'None' for a title", lambda d: f"None {d.text}"),
    ("object-as-text", "with 'nan' for a title", lambda d: f"nan {d.text}"),
    ("object-as-text", "with 'None' for a text", lambda d: f"{d.title} None".strip()),
    ("object-as-text", "with 'nan' for a text", lambda d: f"{d.title} nan".strip()),
    ("object-as-text", "with the names of their fields", lambda d: f"title: {d.title} text: {d.text}"),
    ("object-as-text", "with the names of their fields", lambda d: f"Title: {d.title} Text: {d.text}"),
    ("object-as-text", "with the names of their fields", lambda d: f"title: {d.title}\ntext: {d.text}"),
    ("object-as-text", "with the names of their fields", lambda d: f"Title: {d.title}\nText: {d.text}"),
    ("object-as-text", "with the names of their fields", lambda d: f"title: {d.title}, text: {d.text}"),
    ("object-as-text", "with the names of their fields", lambda d: f"title {d.title} text {d.text}"),
    ("object-as-text", "with the names of their fields", lambda d: f"Title: {d.title}\nAbstract: {d.text}"),
    ("object-as-text", "as a Python dict", lambda d: str({"title": d.title, "text": d.text})),
    ("object-as-text", "as a Python dict", lambda d: str({"_id": d.id, "title": d.title, "text": d.text})),
    ("object-as-text", "as JSON", lambda d: json.dumps({"title": d.title, "text": d.text})),
    ("object-as-text", "as JSON", lambda d: json.dumps({"_id": d.id, "title": d.title, "text": d.text})),
    ("object-as-text", "as a Python list", lambda d: str([d.title, d.text])),
    ("object-as-text", "as a Python list", lambda d: str([d.id, d.title, d.text])),
    ("object-as-text", "as a Python list of words", lambda d: str(assemble(d).split())),
    ("object-as-text", "as a Python tuple", lambda d: str((d.title, d.text))),
    ("object-as-text", "as a Python tuple", lambda d: str((d.id, d.title, d.text))),
    ("object-as-text", "as the repr of a Python object", repr),
    (
        "object-as-text",
        "as the repr of a Python object",
        lambda d: f"BeirTitleDoc(doc_id={d.id!r}, text={d.text!r}, title={d.title!r})",
    ),
    (
        "object-as-text",
        "as the repr of a Python object",
        lambda d: f"Document(page_content={assemble(d)!r}, metadata={{}})",
    ),
    ("object-as-text", "as the repr of a Python object", lambda d: f"<Document {d.id}>"),
    ("markup", "with a heading of Markdown", lambda d: f"# {d.title}\n\n{d.text}"),
    ("markup", "with a title in Markdown's bold type", lambda d: f"**{d.title}** {d.text}"),
    ("markup", "with a title in an <h1> tag", lambda d: f"<h1>{d.title}</h1><p>{d.text}</p>"),
    (
        "markup",
        "as a page of HTML",
        lambda d: f"<html><head><title>{d.title}</title></head><body>{d.text}</body></html>",
    ),
    ("markup", "as XML", lambda d: f"<doc><title>{d.title}</title><text>{d.text}</text></doc>"),
    ("truncated", "cut after the first line, without the title", lambda d: d.text.strip().split("\n")[0]),
    ("truncated", "cut after the first sentence, without the title", lambda d: SENTENCE.split(d.text)[0]),
    (
        "truncated",
        "cut after the first sentence of the text",
        lambda d: f"{d.title} {SENTENCE.split(d.text)[0]}".strip(),
    ),
)
"""What may be done to the parts of a document: cause, description, function."""


def _as_object(
    write: Callable[[object], str], name: str, body: str, title_first: bool, rest: bool
) -> Callable[[Document], str]:
    def read(document: Document) -> str:
        fields: dict[str, object] = {name: document.id} if name else {}
        parts = {"title": document.title, body: document.text}
        fields |= parts if title_first else dict(reversed(parts.items()))
        return write(fields | {"metadata": {}} if rest else fields)

    return read


OBJECTS = tuple(
    Hypothesis("object-as-text", f"as {called}", _as_object(write, name, body, first, rest))
    for name, body, first, rest, (called, write) in product(
        ("", "_id", "id", "doc_id"),
        ("text", "contents", "body"),
        (True, False),
        (False, True),
        (("a Python dict", str), ("JSON", json.dumps)),
    )
)
"""A document as the dict or the JSON that it was read from."""

ON_QUERIES = (
    Hypothesis("prompt", "without the prompt", assemble, prompted=False),
    *(_of_text(*change) for change in CHANGES),
)
ON_DOCUMENTS = (*(Hypothesis(*part) for part in PARTS), *ON_QUERIES)
"""In order of preference where several fit equally well."""
