"""Whether queries and documents are of one language, by the words that they share."""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from searchapp.diagnosis import thresholds as limits
from searchapp.diagnosis.evidence import CannotJudgeError, Evidence
from searchapp.diagnosis.fit import UNSPACED
from searchapp.diagnosis.measures import mean, spread
from searchapp.diagnosis.probe import Observation, Symptom, fact, probe
from searchapp.diagnosis.rankings import scores_of_queries
from searchapp.diagnosis.thresholds import PROOF, STRONG

SAMPLE = 300  # documents that say what is usual
WORD = re.compile(r"[^\W\d_]{4,}")  # shorter words are common to many languages

OTHER_LANGUAGE = Symptom(
    "other-language",
    "{known:percent} of the words of a query occur in any document, where {usual:percent} of a document's "
    "words occur in another one: queries and documents are of different languages, or one side is scrambled "
    "(first query: {first!r}).",
    "a multilingual model does not need common words.",
)
SOME_OTHER = Symptom(
    "other-language",
    "The words of {count} of {total:,} queries occur in hardly any document (first: {first!r}); these score "
    "{theirs:.3f}, the others {others:.3f}.",
    "their words may be misspelt or new rather than foreign.",
    key="some-other-language",
)


@probe("corpus-language", OTHER_LANGUAGE, SOME_OTHER)
def corpus_language(evidence: Evidence) -> Iterator[Observation]:
    """Are queries and documents of one language?"""
    context = evidence.context
    documents = [set(_words(f"{one.title} {one.text}")) for one in context.documents]
    counts = Counter(word for words in documents for word in words)
    usual = mean(_shares([documents[row] for row in spread(len(documents), SAMPLE)], counts, 2))
    asked = [query for query in context.queries if _words(query.text)]
    known = _shares([_words(query.text) for query in asked], counts, 1)
    if len(asked) < limits.FEWEST_QUERIES or not usual:
        raise CannotJudgeError("there are too few words to compare languages")
    yield fact(
        "known-words",
        "words of the queries in any document",
        mean(known),
        "of documents in another: {usual:.2f}",
        usual=usual,
    )
    foreign = known < limits.FOREIGN_WORDS * usual
    if not foreign.mean() >= limits.FOREIGN_QUERIES:
        return
    first = asked[int(foreign.argmax())].text[:60]
    scores = scores_of_queries(evidence)
    if mean(known) < limits.FOREIGN_WORDS * usual:
        if scores is None or mean(scores) < limits.MULTILINGUAL:
            yield OTHER_LANGUAGE.finding(PROOF, known=mean(known), usual=usual, first=first)
        return
    if scores is None or foreign.sum() < limits.FEWEST_LOST:
        return
    names = {query.id for query, other in zip(asked, foreign, strict=True) if other}
    theirs = np.array([query.id in names for query in context.queries])
    low, high = mean(scores[theirs]), mean(scores[~theirs])
    if low < limits.FOREIGN_SCORE * high:
        yield SOME_OTHER.finding(
            STRONG,
            share=float(theirs.mean()),
            count=int(theirs.sum()),
            total=len(theirs),
            theirs=low,
            others=high,
            first=first,
        )


def _words(text: str) -> list[str]:
    text = text.casefold()
    return WORD.findall(text) + UNSPACED.findall(text)


def _shares(texts: Sequence[Collection[str]], counts: Counter[str], least: int) -> NDArray[np.float64]:
    return np.array(
        [mean(np.array([counts[word] >= least for word in words], float)) for words in texts if words]
    )
