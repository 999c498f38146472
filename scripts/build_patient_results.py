"""Write result files shaped like those of the patient in docs/case.md, as MTEB 1.39.7 left them.

    python -m scripts.build_patient_results FOLDER

Three tasks have scores; four took microseconds and have none, because the language filter was `en`.
"""

import json
import sys
from pathlib import Path
from typing import Any

from scripts.timing import parser_of

SCORED = {
    "Banking77Classification": ("accuracy", 0.2895, 20.1),
    "NFCorpus": ("ndcg_at_10", 0.0239, 8.3),
    "SciFact": ("ndcg_at_10", 0.0897, 12.1),
}
EMPTY = {
    "TwentyNewsgroupsClustering": 4.5e-6,
    "SprintDuplicateQuestions": 5.2e-6,
    "STSBenchmark": 4.8e-6,
    "SICK-R": 5.0e-6,
}


def result(task: str, scores: dict[str, Any], seconds: float) -> dict[str, Any]:
    """Return the content of a result file."""
    return {"task_name": task, "mteb_version": "1.39.7", "evaluation_time": seconds, "scores": scores}


def main() -> int:
    """Write the folder."""
    parser = parser_of(__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder / "no_model_name_available" / "no_revision_available"
    folder.mkdir(parents=True, exist_ok=True)
    documents = {task: result(task, {}, seconds) for task, seconds in EMPTY.items()}
    for task, (metric, value, seconds) in SCORED.items():
        entry = {metric: value, "main_score": value, "hf_subset": "default", "languages": ["eng-Latn"]}
        documents[task] = result(task, {"test": [entry]}, seconds)
    for task, document in documents.items():
        (folder / f"{task}.json").write_text(json.dumps(document, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
