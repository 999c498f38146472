"""The Python API, which `import searchapp` offers: one function for each command that computes something.

In all of them, `corpus` and `model` are names as on the command line, or what `open_corpus` and
`load_encoder` return; `options` shape the vectors of a model given by name; `kind` is a kind of index;
`measures` are as in "nDCG@10 P@5"; `progress` is called with what has been done. Each raises a
`SearchappError`, with a hint, for what cannot be opened, is damaged, or does not fit together.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from searchapp.adaptation import model_folder
from searchapp.adaptation.adapt import adapt_model
from searchapp.adaptation.course import Step
from searchapp.corpora.corpus import Corpus
from searchapp.corpora.resolve import open_corpus
from searchapp.diagnosis import collect, verdict
from searchapp.diagnosis.adaptation_gain import with_adaptation_gain
from searchapp.diagnosis.registry import PROBES, find_probe
from searchapp.encoders.encoder import Encoder
from searchapp.encoders.model_files import BUNDLED
from searchapp.encoders.options import Options
from searchapp.evaluation.comparison import Comparison, compare_runs
from searchapp.evaluation.measures import DEFAULT_MEASURES, MAIN_MEASURES, parse_measures
from searchapp.evaluation.run_inputs import open_run_inputs
from searchapp.evaluation.trec import read_run
from searchapp.evaluation.tuning import SPLITS, is_reported
from searchapp.files import write_text
from searchapp.index import build
from searchapp.index.index import Index
from searchapp.index.kinds import DEFAULT_KIND
from searchapp.published.adapted_card import adapted_card
from searchapp.published.claims import Source
from searchapp.published.reproduce import Reproduction, check_compared
from searchapp.published.reproduce import reproduce as reproduce_claims
from searchapp.published.sources import read_source
from searchapp.published.systems import choose_system
from searchapp.records import Hit, Query, Result
from searchapp.retrieval.answer import answer
from searchapp.retrieval.index_lookup import find_index
from searchapp.retrieval.modes import DENSE, find_mode
from searchapp.tasks.open_task import open_task
from searchapp.tasks.retrieval import RetrievalTask

HITS = 10  # for a query, where nothing else is asked for
DEFAULTS = Options()


def _silent(_done: object) -> None:
    """Report no progress."""


def build_index(
    corpus: str | Corpus,
    model: str | Encoder = BUNDLED,
    *,
    options: Options = DEFAULTS,
    kind: str = DEFAULT_KIND,
    fresh: bool = False,
    progress: Callable[[int], None] = _silent,
) -> Index:
    """Embed a corpus into an index on disk; resume an interrupted build, open an index that is up to date.

    Args:
        fresh: rebuild from scratch.
    """
    source = _opened(corpus)
    encoder = build.encoder_for(source, model, options, kind, fresh=fresh)
    return build.build_index(source, encoder, kind, fresh=fresh, progress=progress)


def search(
    text: str,
    corpus: str | Index | None = None,
    model: str | None = None,
    *,
    mode: str = DENSE,
    kind: str | None = None,
    depth: int | None = None,
) -> list[Hit]:
    """Return the documents that match a text best.

    Args:
        corpus: an index, or the name of the corpus whose index is searched; the latest index when None.
        mode: `dense`, `bm25` or `hybrid`.
        depth: how many documents; at most ten when None.
    """
    index = corpus if isinstance(corpus, Index) else find_index(corpus, model, kind)
    depth = min(HITS, index.manifest.n_docs) if depth is None else depth
    return answer(index, mode, [Query("1", text)], depth)["1"]


def evaluate(
    corpus: str | Corpus,
    model: str | Encoder = BUNDLED,
    *,
    mode: str = DENSE,
    run: str | Path | None = None,
    measures: str = "",
    options: Options = DEFAULTS,
    kind: str = DEFAULT_KIND,
    allow_dangling: bool = False,
    progress: Callable[[int], None] = _silent,
) -> Result:
    """Score a model, BM25 or a TREC run on the judged queries of a corpus; a missing index is built.

    Args:
        mode: `dense`, `bm25` (which needs no model) or `hybrid`.
        run: a TREC run to score instead of a model.
        allow_dangling: score even if judged documents are missing from the corpus.
    """
    scored = parse_measures([measures]) or DEFAULT_MEASURES
    settings: dict[str, Any] = {
        "measures": scored,
        "mode": mode,
        "kind": kind,
        "allow_dangling": allow_dangling,
    }
    task = open_task(corpus, **settings) if isinstance(corpus, str) else RetrievalTask(corpus, **settings)
    if run is not None:
        return task.evaluate_run(read_run(Path(run)), Path(run).stem, Path(run)).result
    if not find_mode(mode).needs_model:
        return task.evaluate_without_model().result
    return task.evaluate(task.open_encoder(model, options), progress).result


def compare(
    *runs: str | Path, corpus: str | None = None, measures: str = "", shown: int = 3
) -> list[Comparison]:
    """Compare runs with the first, query by query.

    Args:
        runs: results of `searchapp eval --run-out`, or TREC runs, which need `corpus`.
        shown: how many of the largest gains, and of the largest losses, to look up.
    """
    source, inputs = open_run_inputs([str(run) for run in runs], corpus)
    return compare_runs(source, inputs, parse_measures([measures]) or MAIN_MEASURES, shown)


def adapt(
    corpus: str | Corpus,
    output: Path | str,
    model: str | Encoder = BUNDLED,
    *,
    judgements: str | None = None,
    teacher: str | None = None,
    quick: bool = False,
    seed: int = 0,
    progress: Callable[[Step], None] = _silent,
) -> tuple[dict[str, Any], bool]:
    """Teach a static model a corpus; return the record of it, and whether the model got better.

    A model that got better is written to a folder, which model2vec and sentence-transformers load too. The
    record is what its `adaptation.json` holds.

    Args:
        output: a new folder.
        judgements: a split or a file to teach on; titles and sentences alone when None.
        teacher: a model whose similarities are taught too, `st:NAME` or `npy:FOLDER`.
        quick: a third of the time.
    """
    folder = Path(output)
    model_folder.check_folder(folder)
    source = _opened(corpus)
    adapted = adapt_model(
        source, model, judgements=judgements, teacher=teacher, quick=quick, seed=seed, progress=progress
    )
    if not adapted.rehearsal.better:
        return model_folder.adaptation_record(adapted, ""), False
    model_folder.write_table(folder, adapted.encoder, adapted.table)
    record = model_folder.write_record(folder, adapted)
    splits = [split for split in SPLITS if split in source.splits() and not is_reported(source, split)]
    results = [evaluate(source.with_split(split), str(folder)) for split in splits]
    write_text(folder / "README.md", adapted_card(folder.name, record, results))
    return record, True


def reproduce(
    source: str | Source,
    model: str | Encoder | None = None,
    *,
    mode: str | None = None,
    corpora: Sequence[str] = (),
    against: Path | None = None,
    thorough: bool = False,
    options: Options = DEFAULTS,
    progress: Callable[[str], None] = _silent,
) -> list[Reproduction]:
    """Compare every figure that a source publishes with what is measured here.

    Args:
        source: a model card, an MTEB result file or folder, or a model in the table of published scores.
        model: the one that the source names when None.
        mode: that of the model when None.
        corpora: those on this machine when empty.
        against: a run, or a folder of results, to compare with instead of a model.
        thorough: also try explanations that take minutes each.
    """
    claimed = read_source(source) if isinstance(source, str) else source
    system, reason = choose_system(claimed, model, mode, options, against, progress)
    done = list(
        reproduce_claims(claimed, system, reason, corpora=corpora, thorough=thorough, progress=progress)
    )
    if against is not None:
        check_compared(done, str(against))
    return done


def diagnose(
    corpus: str | Corpus,
    model: str | Encoder | None = None,
    *,
    run: Path | None = None,
    made_by: str | Encoder | None = None,
    reported: Mapping[str, float] | None = None,
    probes: Sequence[str] = (),
    quick: bool = False,
    label_free: bool = False,
    options: Options = DEFAULTS,
    kind: str = DEFAULT_KIND,
    progress: Callable[[str], None] = _silent,
) -> verdict.Diagnosis:
    """Explain a low score and measure what a fix would gain.

    Args:
        model: the one to examine, or the one behind the run; the bundled one when None and there is no run.
        run: a TREC run to examine.
        made_by: the model that is said to have made the vectors of `npy:FOLDER`.
        reported: metric -> reported score.
        probes: the only ones to run; all when empty.
        quick: skip the slow probes.
        label_free: ignore relevance judgements.
    """
    asked = [find_probe(name) for name in probes] or [
        probe for probe in PROBES.values() if not (quick and probe.slow)
    ]
    evidence = collect.collect(
        _opened(corpus),
        BUNDLED if model is None and run is None else model,
        options,
        reported,
        run=run,
        made_by=made_by,
        kind=kind,
        label_free=label_free,
        progress=progress,
    )
    found = verdict.diagnose(evidence, asked)
    if quick or probes or run is not None or found.verdict != "weak" or evidence.model is None:
        return found
    progress("What would it gain if it were adapted?")
    return with_adaptation_gain(found, _opened(corpus), evidence.model.encoder)


def _opened(corpus: str | Corpus) -> Corpus:
    return open_corpus(corpus) if isinstance(corpus, str) else corpus
