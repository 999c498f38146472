"""Adapt a static model to a corpus: read, rehearse, choose, teach, and account for the gain."""

import logging
import time
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from searchapp.adaptation.course import Progress, Rehearsal, finish, rehearse
from searchapp.adaptation.exam import Exam
from searchapp.adaptation.judged import Group, Judged, check_documents, hold_back, read_judged
from searchapp.adaptation.lessons import Examples
from searchapp.adaptation.passages import Passages, count_tokens, read_passages
from searchapp.adaptation.student import import_torch, one_thread
from searchapp.adaptation.teachers import check_teacher, teacher_of
from searchapp.adaptation.teaching import Course, Plan
from searchapp.adaptation.title_exam import RANKED, hold_back_titles, title_exam
from searchapp.corpora.corpus import Corpus
from searchapp.encoders.adaptation_record import adaptation_of
from searchapp.encoders.encoder import Encoder, load_encoder
from searchapp.encoders.options import STATIC, split_name
from searchapp.encoders.static_encoder import StaticEncoder
from searchapp.encoders.static_model import unknown_id
from searchapp.encoders.tokenization import ReferenceTokenizer
from searchapp.encoders.vectors import Floats
from searchapp.errors import SearchappError
from searchapp.evaluation.tuning import SPLITS, is_reported
from searchapp.records import Document

logger = logging.getLogger(__name__)

EPOCHS, QUICK_EPOCHS = 6, 3
FEWEST_TOKENS = 50  # different ones; of a foreign script, a model may know full stops and bytes


@dataclass(frozen=True, eq=False)
class Adapted:
    """An adapted table, (v, d) float32, with all that was done to it.

    `passages` counts titles and sentences; `judged` are the judgements it was taught on, `dev` those that
    only chose. `whole` tells whether everything was taught in the end, or the table is that of the rehearsal.
    """

    corpus: Corpus
    encoder: StaticEncoder
    table: Floats
    plan: Plan
    rehearsal: Rehearsal
    judged: Judged | None
    dev: Judged | None
    teacher: str | None
    n_docs: int
    passages: int
    whole: bool
    seconds: dict[str, float]

    @property
    def taught(self) -> dict[str, Any]:
        """What the table was taught, in numbers."""
        return {
            "n_docs": self.n_docs,
            "n_passages": self.passages,
            "n_queries": len(self.judged.queries) if self.judged else 0,
            **asdict(self.plan),
            "teacher": self.teacher,
        }


def adapt_model(
    corpus: Corpus,
    model: str | Encoder,
    *,
    judgements: str | None = None,
    teacher: str | None = None,
    quick: bool = False,
    seed: int = 0,
    progress: Progress = lambda _step: None,
) -> Adapted:
    """Teach a static model a corpus, and choose by queries that are held back how long.

    Args:
        corpus: what is taught; its own judgements are not read.
        model: a static model.
        judgements: a split to teach on, or a file of judgements; titles and sentences alone when None.
        teacher: a model whose similarities are taught too, `st:NAME` or `npy:FOLDER`.
        quick: teach half as long, and keep the table of the rehearsal.
        seed: of everything that is left to chance.
        progress: called after each epoch.

    Raises:
        SearchappError: the model is not static, torch is missing, scores are reported on the judgements, or
            there is too little to learn from.
        KeyboardInterrupt: interrupted before there was anything to keep.
    """
    if teacher is not None:
        check_teacher(teacher)
    import_torch()  # first: what is missing should not wait for the corpus
    encoder = _static(model)
    judged = None if judgements is None else read_judged(corpus, judgements)
    dev = None if judged is None else _dev(corpus, judged)
    began = time.process_time()
    passages = read_passages(encoder, corpus.documents())
    _check(corpus, encoder, passages)
    if judged is not None:
        check_documents(judged, set(passages.ids), corpus)
    plan = Plan(epochs=QUICK_EPOCHS if quick else EPOCHS, seed=seed)
    classroom = _Classroom(corpus, encoder, passages, judged, dev, teacher, seed)
    read = time.process_time() - began
    table = np.array(encoder.model.rows[:, : encoder.facts.dimension], dtype=np.float32)
    if encoder.model.facts.unknown is not None:
        table[encoder.model.facts.unknown] = 0  # sentence-transformers would add it to the mean
    with one_thread():
        exam, course = classroom.rehearsal()
        rehearsal = rehearse(course, exam, table, plan, tune=judged is not None, progress=progress)
        taught = None
        final = replace(plan, epochs=rehearsal.best)
        if rehearsal.better and not quick and not rehearsal.interrupted:
            taught = finish(classroom.everything(), table, final, progress)
    return Adapted(
        corpus,
        encoder,
        rehearsal.table if taught is None else taught,
        final,
        rehearsal,
        judged,
        dev,
        teacher,
        len(passages.ids),
        passages.passages.shape[0],
        taught is not None,
        {"read": read, "rehearse": rehearsal.seconds, "total": time.process_time() - began},
    )


class _Classroom:
    """Everything that can be taught, as a rehearsal and as a whole."""

    def __init__(
        self,
        corpus: Corpus,
        encoder: StaticEncoder,
        passages: Passages,
        judged: Judged | None,
        dev: Judged | None,
        teacher: str | None,
        seed: int,
    ) -> None:
        self._corpus, self._encoder, self._passages = corpus, encoder, passages
        self._judged, self._dev, self._teacher, self._seed = judged, dev, teacher, seed

    def rehearsal(self) -> tuple[Exam, Course]:
        """Return the exam of what is held back, and the course of the rest."""
        if self._judged is not None:
            taught, groups = hold_back(self._judged, self._dev, self._seed)
            exam = Exam(self._encoder, self._ranked(groups), groups)
            return exam, self._course(taught, np.ones(len(self._passages.owner), bool))
        held = hold_back_titles(self._passages, self._corpus.name, self._seed)
        documents = self._corpus.documents()
        exam = Exam(self._encoder, *title_exam(documents, held, len(self._passages.ids), self._seed))
        return exam, self._course(None, held.teaching(self._passages))

    def everything(self) -> Course:
        """Return the course of all there is."""
        return self._course(self._judged, np.ones(len(self._passages.owner), bool))

    def _course(self, judged: Judged | None, teaching: Any) -> Course:
        examples = None if judged is None else self._examples(judged)
        teacher = None if self._teacher is None else teacher_of(self._teacher, self._corpus)
        return Course(self._passages, examples, teaching, teacher)

    def _examples(self, judged: Judged) -> Examples:
        from scipy import sparse

        rows = {name: row for row, name in enumerate(self._passages.ids)}
        prompt = self._encoder.options.query_prompt
        counts = count_tokens(self._encoder, [prompt + query.text for query in judged.queries])
        shares, columns, starts = [], [], [0]
        for query in judged.queries:
            relevant = judged.relevant(query.id)
            total = sum(relevant.values())
            shares += [grade / total for grade in relevant.values()]
            columns += [rows[name] for name in relevant]
            starts.append(len(columns))
        shape = len(judged.queries), len(rows)
        targets = sparse.csr_matrix((np.array(shares, np.float32), columns, starts), shape=shape)
        return Examples(counts, targets)

    def _ranked(self, groups: list[Group]) -> list[Document]:
        """Return all documents, or a sample of many that holds what is judged."""
        if len(self._passages.ids) <= RANKED:
            return list(self._corpus.documents())
        needed = {name for group in groups for grades in group.judgements.values() for name in grades}
        draw = np.random.default_rng(self._seed)
        sample = set(draw.choice(len(self._passages.ids), RANKED, replace=False).tolist())
        return [
            document
            for row, document in enumerate(self._corpus.documents())
            if row in sample or document.id in needed
        ]


def _static(model: str | Encoder) -> StaticEncoder:
    encoder = None
    if not isinstance(model, str) or split_name(model)[0] == STATIC:  # any other is refused unloaded
        encoder = load_encoder(model) if isinstance(model, str) else model
    if not isinstance(encoder, StaticEncoder):
        name = model if isinstance(model, str) else model.name
        raise SearchappError(
            f"{name} is not a static model, so it has no table to teach.",
            f"Adapt a static model, such as `-m wordllama`; this one can be its teacher: --teacher {name}",
        )
    if adapted := adaptation_of(encoder.recipe):
        raise SearchappError(
            f"{encoder.name} was {adapted.summary()} before, so what is held back now may have been taught.",
            f"Begin with the model that it was made from: -m {adapted.base}",
        )
    if encoder.recipe.query_prompt or encoder.recipe.document_prompt:
        logger.warning("%s prepends prompts to texts; the adapted model does without.", encoder.name)
    # The model that is written reads whole texts, since sentence-transformers truncates none, and leaves out
    # the unknown token, as model2vec does. So it is taught.
    whole = encoder.with_options(replace(encoder.options, max_length=None))
    unknown = unknown_id(ReferenceTokenizer(encoder.files.tokenizer))
    whole.model = replace(whole.model, facts=replace(whole.facts, unknown=unknown))
    return whole


def _dev(corpus: Corpus, judged: Judged) -> Judged | None:
    """Return the judgements of the dev split, unless they are the ones that are taught."""
    for split in SPLITS[:-1]:
        here = split in corpus.splits() and not is_reported(corpus, split)
        if here and f"{corpus.base_id}/{split}" != judged.id:
            return read_judged(corpus, split)
    return None


def _check(corpus: Corpus, encoder: StaticEncoder, passages: Passages) -> None:
    if not passages.ids:
        raise SearchappError(f"{corpus.name} has no documents.", f"Check {corpus.location}.")
    known = len(np.unique(passages.documents.indices))
    if known < FEWEST_TOKENS:
        raise SearchappError(
            f"{encoder.name} knows {known or 'no'} token{'s' * (known > 1)} of {corpus.name}: its documents "
            "would be all alike.",
            "Choose a model whose tokenizer reads the language of the corpus.",
        )
