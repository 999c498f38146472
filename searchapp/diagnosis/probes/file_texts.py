"""Whether the texts in the files of the corpus look as texts should: capitals, objects, markup, prompts."""

import ast
import html
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from searchapp.diagnosis import thresholds as limits
from searchapp.diagnosis.cloud import Sides
from searchapp.diagnosis.evidence import Evidence
from searchapp.diagnosis.measures import mean, spread
from searchapp.diagnosis.model import TableModel
from searchapp.diagnosis.probe import Observation, Symptom, probe
from searchapp.diagnosis.rankings import scores_of_queries
from searchapp.diagnosis.thresholds import CLEAR, HINT, PROOF
from searchapp.encoders.encoder import load_encoder
from searchapp.encoders.model_files import BUNDLED
from searchapp.encoders.texts import assemble
from searchapp.evaluation.metric import RELEVANT
from searchapp.records import Document, Query

SAMPLE = 300  # documents that say what is usual
WORD = re.compile(r"[^\W\d_]{4,}")  # shorter words are common to many languages
TAG = re.compile(r"</?[a-zA-Z][^<>]*>")

CASE, OBJECT, MARKUP, PROMPT = (
    Symptom(
        cause,
        "{share:percent} of the {side} in the file {look} (first: {first!r}); without that, nDCG@10 of "
        "{measured} is {change:.3f} higher.",
        fix="undoing that in the texts",
        key=f"file-{cause}",
    )
    for cause in ("case-changed", "object-as-text", "markup", "prompt")
)


BLANK = Symptom(
    "text-dropped",
    "{count:,} of {total:,} documents have neither title nor text (first: {first!r}), among them "
    "{share:percent} of those that are judged relevant: no query finds these.",
    fix="filling in the texts",
    key="file-blank",
)
PLACEHOLDER = Symptom(
    "object-as-text",
    "{count:,} of {total:,} documents say nothing but {text!r} (first: {first!r}), among them "
    "{share:percent} of those that are judged relevant: no query finds these.",
    fix="filling in the texts",
    key="file-placeholder",
)
NOTHING = {"none", "nan", "null", "n/a", "undefined", "[]", "{}"}


@dataclass(frozen=True)
class _Look:
    """A way in which texts may look wrong, and the change that mends it; `tells` is asked of each text."""

    symptom: Symptom
    look: str
    tells: Callable[[str], bool]
    change: Callable[[str], str]


@probe("corpus-texts", CASE, OBJECT, MARKUP, PROMPT, BLANK, PLACEHOLDER)
def corpus_texts(evidence: Evidence) -> Iterator[Observation]:
    """Do the texts in the files look as texts should?"""
    context = evidence.context
    queries = [query.text for query in context.queries]
    documents = [assemble(document) for document in context.documents]
    yield from _empty(evidence, documents)
    for side, texts in (("queries", queries), ("documents", documents)):
        sample = [texts[row] for row in spread(len(texts), SAMPLE)]
        other = documents if side == "queries" else queries
        found = False
        for look in _looks(sample, [other[row] for row in spread(len(other), SAMPLE)]):
            share = mean(np.array([look.tells(text) for text in sample], float))
            if len(sample) >= limits.FEWEST_QUERIES and share >= limits.LOOKS:
                if look.symptom is PROMPT and found:
                    break  # what all objects and all markup begin with
                found = True
                yield from _measured(evidence, side, texts, look, share)


def _empty(evidence: Evidence, documents: Sequence[str]) -> Iterator[Observation]:
    """Documents that say nothing cost a score where they are judged relevant."""
    context = evidence.context
    said = [text.strip().casefold() for text in documents]
    grades = ((name, grade) for row in context.judgements.values() for name, grade in row.items())
    relevant = [context.rows[name] for name, grade in grades if grade >= RELEVANT and name in context.rows]
    for symptom, nothing in ((BLANK, {""}), (PLACEHOLDER, NOTHING)):
        rows = [row for row, text in enumerate(said) if text in nothing]
        share = mean(np.array([said[row] in nothing for row in relevant], float))
        if share > limits.EMPTY_RELEVANT:
            first, text = context.documents[rows[0]].id, documents[rows[0]].strip()
            yield symptom.finding(
                PROOF, None, share, count=len(rows), total=len(said), first=first, text=text
            )


def _looks(texts: Sequence[str], other: Sequence[str]) -> Iterator[_Look]:
    if _capitals(texts) > limits.CAPITALS > _capitals(other):
        yield _Look(CASE, "are in capitals", str.isupper, str.lower)
    elif _titled(texts) > limits.TITLED > _titled(other):
        yield _Look(CASE, "write every word with a capital", lambda text: _titled([text]) > 0.5, str.lower)
    yield _Look(
        OBJECT,
        "are objects, not texts",
        lambda text: _strings(text) is not None,
        lambda text: _strings(text) or text,
    )
    yield _Look(MARKUP, "contain markup", lambda text: bool(TAG.search(text)), _without_markup)
    start = _common_start(texts)
    # "Who likes" begins honest questions; instructions end with a colon, or are long.
    if len(start) >= limits.PROMPT_LETTERS and (
        start.rstrip().endswith(":") or len(start) > limits.LONG_PROMPT
    ):
        yield _Look(
            PROMPT, f"begin with {start!r}", lambda _text: True, lambda text: text.removeprefix(start)
        )


def _common_start(texts: Sequence[str]) -> str:
    """Return the words with which all texts begin, the blank behind them included."""
    least, most = min(texts), max(texts)
    common = "".join(one for place, one in enumerate(least) if most.startswith(least[: place + 1]))
    return common[: common.rfind(" ") + 1]


def _capitals(texts: Sequence[str]) -> float:
    letters = sum(sum(map(str.isalpha, text)) for text in texts)
    return sum(sum(map(str.isupper, text)) for text in texts) / max(letters, 1)


def _titled(texts: Sequence[str]) -> float:
    words = [word for text in texts for word in WORD.findall(text)]
    return mean(np.array([word.istitle() for word in words], float))


def _strings(text: str) -> str | None:
    """Return the strings of a JSON or Python object without its ids, None where a text is not one."""
    text = text.strip()
    if text[:1] not in {"{", "["} or text[-1:] not in {"}", "]"}:
        return None
    for read in (json.loads, ast.literal_eval):
        try:
            return " ".join(_leaves(read(text)))
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
    return None


def _leaves(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, part in value.items():
            if not str(key).casefold().endswith("id"):
                yield from _leaves(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _leaves(part)


def _without_markup(text: str) -> str:
    return " ".join(html.unescape(TAG.sub(" ", text)).split())


def _measured(
    evidence: Evidence, side: str, texts: Sequence[str], look: _Look, share: float
) -> Iterator[Observation]:
    if evidence.context.label_free:
        return
    changed = [look.change(text) for text in texts]
    as_is, mended, measured = _scores_of_texts(evidence, side, texts, changed)
    gain = mended - as_is
    examined = scores_of_queries(evidence)
    # A run of an unknown model that scores like the control on mended texts did not suffer from these.
    unharmed = measured == "the control" and examined is not None and mean(examined) > (as_is + mended) / 2
    costly = gain > max(limits.LOOK_COST, limits.LOOK_PART * as_is) and not unharmed
    first = next(text for text in texts if look.tells(text))[:60]
    if not costly and look.symptom is CASE:
        return
    sure = PROOF if gain > as_is else CLEAR  # nothing else doubles a score
    yield look.symptom.finding(
        sure if costly else HINT,
        gain if costly and measured == "the model" else None,
        share,
        side=side, look=look.look, first=first, measured=measured, change=gain,
    )  # fmt: skip


def _scores_of_texts(
    evidence: Evidence, side: str, texts: Sequence[str], changed: Sequence[str]
) -> tuple[float, float, str]:
    """Return nDCG@10 before and after a change of the texts of one side, and by which model."""
    context, model = evidence.context, evidence.model
    if isinstance(model, TableModel):
        measured, sides = "the model", Sides(model.documents, model.queries)
        vectors = model.encode_as(side, changed)
    else:
        measured, sides = "the control", context.control
        control = load_encoder(BUNDLED)
        if side == "queries":
            vectors = control.encode_queries([Query(str(row), text) for row, text in enumerate(changed)])
        else:
            vectors = control.encode_documents(
                [Document(str(row), "", text) for row, text in enumerate(changed)]
            )
    after = sides._replace(**{side: vectors})
    return mean(context.judged.ndcg(*sides)), mean(context.judged.ndcg(*after)), measured
