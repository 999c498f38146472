"""Score a ready run in a fresh process: searchapp's way, plain ranx, and pytrec_eval.

    python -m scripts.bench_eval nfcorpus

Once with the compiled code that is there (warm), once without any (the first run after an install).
"""

import sys
import tempfile
from pathlib import Path

from scripts.timing import alternate, parser_of, process, report
from searchapp.corpora.resolve import open_corpus
from searchapp.encoders.model_files import BUNDLED
from searchapp.encoders.options import Options
from searchapp.evaluation.measures import CUTOFFS
from searchapp.evaluation.scoring import score
from searchapp.evaluation.trec import read_run, write_run
from searchapp.index.build import encoder_for
from searchapp.tasks.retrieval import RetrievalTask

RANX_WAY = "ranx: Qrels, Run, evaluate"

READ = """
import sys
from pathlib import Path
from searchapp.evaluation.trec import read_run
run = read_run(Path(sys.argv[1]))
judgements = {}
for line in open(sys.argv[2]):
    query, _, document, grade = line.split()
    judgements.setdefault(query, {})[document] = int(grade)
"""

OURS = f"""{READ}
from searchapp.evaluation.scoring import score
means = score(run, judgements).means()
"""

RANX = """
import sys
from ranx import Qrels, Run, evaluate
qrels, run = Qrels.from_file(sys.argv[2], kind="trec"), Run.from_file(sys.argv[1], kind="trec")
cuts = [1, 3, 5, 10, 20, 100, 1000]
metrics = [f"{name}@{cut}" for name in ("ndcg", "map", "mrr", "recall", "precision") for cut in cuts]
means = evaluate(qrels, run, metrics)
"""

TREC_EVAL = f"""{READ}
import pytrec_eval
cuts = "1,3,5,10,20,100,1000"
measures = {{f"{{name}}.{{cuts}}" for name in ("ndcg_cut", "map_cut", "recall", "P")}} | {{"recip_rank"}}
ranked = {{
    query: {{name: float(-row) for row, name in enumerate(ranking.document_ids)}}
    for query, ranking in run.items()
}}
values = pytrec_eval.RelevanceEvaluator(judgements, measures).evaluate(ranked)
"""


def largest_difference(run_file: Path, judgements: dict[str, dict[str, int]]) -> float:
    """Return the largest difference of any value of any query between searchapp and pytrec_eval."""
    import pytrec_eval

    names = {"ndcg": "ndcg_cut", "map": "map_cut", "recall": "recall", "precision": "P"}
    run = read_run(run_file)
    ranked = {
        query_id: {name: float(len(ranking.document_ids) - i) for i, name in enumerate(ranking.document_ids)}
        for query_id, ranking in run.items()
    }
    measures = {f"{theirs}.{','.join(map(str, CUTOFFS))}" for theirs in names.values()}
    values = pytrec_eval.RelevanceEvaluator(judgements, measures).evaluate(ranked)
    ours = score(run, judgements)
    return max(
        float(abs(ours.values[f"{metric}_at_{cut}"][row] - values[query_id][f"{theirs}_{cut}"]))
        for row, query_id in enumerate(ours.query_ids)
        for metric, theirs in names.items()
        for cut in CUTOFFS
    )


def main() -> None:
    """Print the medians of whole processes, warm and cold."""
    parser = parser_of(__doc__)
    parser.add_argument("corpus")
    parser.add_argument("--cold-runs", type=int, default=1, help="first runs after an install (minutes each)")
    arguments = parser.parse_args()
    corpus = open_corpus(arguments.corpus)
    evaluation = RetrievalTask(corpus).evaluate(encoder_for(corpus, BUNDLED, Options()))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run_file, qrels = folder / "run.trec", folder / "qrels.txt"
        write_run(run_file, evaluation.run, "bench")
        lines = [f"{q} 0 {d} {g}\n" for q, grades in corpus.judgements.items() for d, g in grades.items()]
        qrels.write_text("".join(lines))
        scripts = {
            RANX_WAY: RANX,
            "searchapp": OURS,
            "pytrec_eval": TREC_EVAL,
            "reading alone": READ,
        }
        files = [str(run_file), str(qrels)]

        warm = {label: process([sys.executable, "-c", script, *files]) for label, script in scripts.items()}
        for run in warm.values():
            run()
        difference = largest_difference(run_file, corpus.judgements)
        report(
            "eval", f"scoring {arguments.corpus}, 35 metrics, depth 1,000, warm", alternate(warm),
            RANX_WAY, largest_difference_to_pytrec_eval=difference,
        )  # fmt: skip
        cold: dict[str, list[float]] = {}
        for number in range(arguments.cold_runs):
            for label in (RANX_WAY, "searchapp"):
                cache = str(folder / f"cache-{number}-{len(cold.get(label, []))}-{label[:4]}")
                command = [sys.executable, "-c", scripts[label], *files]
                once = alternate({label: process(command, NUMBA_CACHE_DIR=cache)}, runs=1)
                cold.setdefault(label, []).append(once[label])
        medians = {label: sorted(times)[len(times) // 2] for label, times in cold.items()}
        report(
            "eval", f"scoring {arguments.corpus}, first run after an install", medians,
            RANX_WAY,
        )  # fmt: skip


if __name__ == "__main__":
    main()
