"""The judgements that a table may be taught on, and those of them that are held back."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from searchapp.corpora.beir import read_qrels
from searchapp.corpora.corpus import Corpus, judgements_digest
from searchapp.errors import SearchappError
from searchapp.evaluation.metric import RELEVANT
from searchapp.evaluation.tuning import is_reported
from searchapp.records import Judgements, Query

SHARE = 0.15  # of the judged documents, and of the queries, that are held back
MOST = 400  # queries of a group that are held back
FEWEST = 20  # queries with a relevant document below which nothing can be held back


@dataclass(frozen=True)
class Judged:
    """Judged queries: `id` names the split or file, `judgements` hold every grade."""

    id: str
    queries: list[Query]
    judgements: Judgements

    @property
    def digest(self) -> str:
        """Order-independent digest of the judgements."""
        return judgements_digest(self.judgements)

    def relevant(self, query_id: str) -> dict[str, int]:
        """Return the relevant documents of a query with their grades."""
        return {name: grade for name, grade in self.judgements[query_id].items() if grade >= RELEVANT}

    def without(self, queries: set[str], documents: set[str]) -> "Judged":
        """Return the judgements without some queries, and without some documents."""
        left = {
            query_id: {name: grade for name, grade in grades.items() if name not in documents}
            for query_id, grades in self.judgements.items()
            if query_id not in queries
        }
        left = {
            query_id: grades for query_id, grades in left.items() if any(map(_is_relevant, grades.values()))
        }
        return Judged(self.id, [query for query in self.queries if query.id in left], left)


@dataclass(frozen=True)
class Group:
    """Queries that nothing was taught about, by what was taught about their documents.

    `ignored` holds documents that are taken out of the ranking of a query: the residual collection of
    Salton and Buckley (JASIS 41, 1990), which leaves only documents that were not judged in teaching.
    `share` is how often such queries occur among those that the corpus will be asked, as far as is known.
    """

    name: str
    queries: list[Query]
    judgements: Judgements
    ignored: Mapping[str, set[str]]
    share: float = 0.5


def read_judged(corpus: Corpus, given: str) -> Judged:
    """Return the judgements of a split of the corpus, or of a file with lines `query document grade`.

    Raises:
        SearchappError: scores are reported on the split, there is neither a split nor a file of that name,
            no judged query has a text, or a document is not in the corpus.
    """
    path = Path(given).expanduser()
    if given not in corpus.splits() and path.is_file():
        return _from_file(corpus, path)
    if given not in corpus.splits() and ("/" in given or path.suffix):
        raise SearchappError(
            f"There is no file {given}.", "Name a split, such as --judgements train, or a file of judgements."
        )
    if is_reported(corpus, given):
        fit = [split for split in corpus.splits() if not is_reported(corpus, split)]
        raise SearchappError(
            f"Scores of {corpus.name} are reported on its split {given!r}: a model that was taught "
            "on it has no score there that means anything.",
            f"Teach on another split: {' or '.join(f'--judgements {split}' for split in fit)}"
            if fit
            else "Leave out --judgements: titles and sentences teach without any.",
        )
    if given not in corpus.splits():
        raise SearchappError(
            f"{corpus.base_id} has no split {given!r}.",
            f"It has: {', '.join(corpus.splits()) or 'no judgements'}. A file of judgements works too.",
        )
    split = corpus.with_split(given)
    return Judged(split.id, split.queries, split.judgements)


def _from_file(corpus: Corpus, path: Path) -> Judged:
    inside = Path(corpus.location) / "qrels"
    if path.resolve().parent == inside.resolve():
        return read_judged(corpus, path.stem)
    judgements = read_qrels(path)
    texts = {query.id: query for query in corpus.source.queries() if query.id in judgements}
    missing = [query_id for query_id in sorted(judgements) if query_id not in texts]
    if missing:
        raise SearchappError(
            f"{path}: {len(missing)} of {len(judgements)} judged queries have no text in {corpus.location} "
            f"(first: {missing[0]!r}).",
            "Add their texts to the queries of the corpus, or remove them from the judgements.",
        )
    ordered = {query_id: judgements[query_id] for query_id in sorted(judgements)}
    return Judged(str(path), [texts[query_id] for query_id in ordered], ordered)


def check_documents(judged: Judged, known: set[str], corpus: Corpus) -> None:
    """Raise a `SearchappError` when judgements name documents that the corpus does not have."""
    named = {name for grades in judged.judgements.values() for name in grades}
    if foreign := sorted(named - known):
        raise SearchappError(
            f"{judged.id} judges {len(foreign)} of {len(named)} documents that are not in {corpus.name} "
            f"(first: {foreign[0]!r}).",
            "Teach it the judgements of this corpus, with document ids as the corpus writes them.",
        )
    if not any(judged.relevant(query.id) for query in judged.queries):
        raise SearchappError(
            f"No grade of {judged.id} is above 0, so nothing is relevant.", "A grade above 0 means relevant."
        )


def hold_back(judged: Judged, dev: Judged | None, seed: int) -> tuple[Judged, list[Group]]:
    """Return the judgements to teach in a rehearsal, and the groups of queries that are held back.

    A share of the relevant documents is held back with all their judgements: queries about them are the new
    ones. The others are queries of `dev`, or a share of the queries, about documents that are taught.

    Raises:
        SearchappError: there are too few judged queries.
    """
    with_relevant = [query for query in judged.queries if judged.relevant(query.id)]
    if len(with_relevant) < FEWEST:
        raise SearchappError(
            f"{judged.id} has {len(with_relevant)} queries with a relevant document: too few to teach and to "
            "hold some back.",
            f"At least {FEWEST} are needed. Leave out --judgements to learn from titles and sentences alone.",
        )
    draw = np.random.default_rng(seed)
    relevant = {query.id: judged.relevant(query.id) for query in with_relevant}
    documents = sorted({name for names in relevant.values() for name in names})
    held = {documents[row] for row in draw.permutation(len(documents))[: round(SHARE * len(documents))]}
    order = [with_relevant[row] for row in draw.permutation(len(with_relevant))]
    # The queries whose documents are new alone come first; the rest is asked about its new documents only.
    about_new = sorted(
        (query for query in order if held.intersection(relevant[query.id])),
        key=lambda query: not held.issuperset(relevant[query.id]),
    )
    most = min(MOST, round(SHARE * len(order)) or 1)
    wholly = sum(held.issuperset(relevant[query.id]) for query in about_new)
    new = about_new[: max(most, wholly)][:MOST]
    chosen = {query.id for query in new}
    seen = [] if dev else [query for query in order if query.id not in chosen][:most]
    taught = judged.without(chosen | {query.id for query in seen}, held)
    known = {name for query in taught.queries for name in taught.relevant(query.id)}
    share = _share_of_new(judged, dev)
    groups = [
        _new_group(judged, new, known, share),
        _seen_group(dev or judged, dev.queries if dev else seen, known, 1 - share),
    ]
    return taught, [group for group in groups if group.queries]


def _share_of_new(judged: Judged, dev: Judged | None) -> float:
    """Return the share of queries none of whose relevant documents is relevant to a query that is taught.

    Where there is no dev split, each judged query is compared with all others.
    """
    asked = dev or judged
    counts = Counter(name for query in judged.queries for name in judged.relevant(query.id))
    own = 0 if dev else 1
    with_relevant = [names for query in asked.queries if (names := asked.relevant(query.id))]
    new = sum(all(counts[name] <= own for name in names) for names in with_relevant)
    return new / len(with_relevant) if with_relevant else 0.5


def _new_group(judged: Judged, queries: Sequence[Query], known: set[str], share: float) -> Group:
    ordered = sorted(queries, key=lambda query: query.id)
    ignored = {query.id: known.intersection(judged.relevant(query.id)) for query in ordered}
    left = {
        query.id: {
            name: grade
            for name, grade in judged.judgements[query.id].items()
            if name not in ignored[query.id]
        }
        for query in ordered
    }
    kept = [query for query in ordered if any(map(_is_relevant, left[query.id].values()))]
    return Group("new", kept, {query.id: left[query.id] for query in kept}, ignored, share)


def _seen_group(judged: Judged, queries: Sequence[Query], known: set[str], share: float) -> Group:
    kept = sorted(
        (query for query in queries if known.intersection(judged.relevant(query.id))),
        key=lambda query: query.id,
    )[:MOST]
    return Group("seen", kept, {query.id: judged.judgements[query.id] for query in kept}, {}, share)


def _is_relevant(grade: int) -> bool:
    return grade >= RELEVANT
