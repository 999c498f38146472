"""Our results as others write theirs: MTEB's result files, and the metrics of a model card."""

import json
import re
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from searchapp.errors import SearchappError
from searchapp.evaluation.results import read_results, run_file
from searchapp.files import slug, write_text
from searchapp.published.figures import MTEB_DECIMALS, family_of
from searchapp.published.mteb_files import MODEL_META, NO_REVISION
from searchapp.records import Result
from searchapp.tasks.mteb import LANGUAGES, Task, task_of

MRR_DECIMALS = 6  # MTEB 2 rounds the other metrics when it computes them, and all to six when it writes
HUB_NAME = re.compile(r"(\w[\w.-]*/\w[\w.-]*)(@.*)?")
LOCAL = "local/"  # in front of what has no name on the hub
MAIN = "ndcg_at_10"
SIMILARITIES = ("cosine", "dot")


def mteb_documents(results: Sequence[Result]) -> dict[Path, dict[str, Any]]:
    """Return what MTEB's result folder holds of our results: path below the folder -> JSON.

    The paths are `<org>__<model>/<revision>/<Task>.json`, with the description of the model beside.
    MTEB's version is null, since it did not compute them.

    Raises:
        SearchappError: a result is of no task of MTEB, has no nDCG@10, or there are two of one model,
            task and split.
    """
    files: dict[Path, dict[str, Any]] = {}
    for result in results:
        task, split = _task(result)
        folder = Path(model_name(result).replace("/", "__").replace(" ", "_")) / revision(result)
        files[folder / MODEL_META] = _model_meta(result)
        document = files.setdefault(folder / f"{task.name}.json", _document(task))
        if split in document["scores"]:
            raise _twice(result, task, split)
        metrics = published_metrics(result)
        part = {"hf_subset": "default", "languages": list(LANGUAGES), "main_score": metrics[MAIN]}
        document["scores"][split] = [metrics | part]
        document["evaluation_time"] += sum(result.seconds.values())
    return files


def _document(task: Task) -> dict[str, Any]:
    return {
        "dataset_revision": task.revision,
        "task_name": task.name,
        "mteb_version": None,
        "scores": {},
        "evaluation_time": 0.0,
        "kg_co2_emissions": None,
    }


def _model_meta(result: Result) -> dict[str, Any]:
    """Return the description of a model as far as a result tells, in the fields of MTEB's."""
    known: dict[str, Any] = {
        "name": model_name(result),
        "revision": revision(result),
        "max_tokens": result.recipe.get("max_length"),
        "embed_dim": result.recipe.get("dimension"),
        "similarity_fn_name": similarity
        if (similarity := result.recipe.get("similarity")) in SIMILARITIES
        else None,
        "framework": [],
    }
    unknown = ("loader", "release_date", "languages", "n_parameters", "memory_usage_mb", "license",
               "open_weights", "public_training_code", "public_training_data", "reference",
               "use_instructions", "training_datasets")  # fmt: skip
    return known | dict.fromkeys(unknown)


def model_index(results: Sequence[Result]) -> list[dict[str, Any]]:
    """Return the `model-index` of a model card: metrics in percent, a block for each task and split.

    Raises:
        SearchappError: as `mteb_documents` does, or the results are of several models.
    """
    names = dict.fromkeys(map(model_name, results))
    if len(names) > 1:
        raise SearchappError(
            f"A model card speaks of one model; these results are of {', '.join(names)}.",
            "Name the results of one of them.",
        )
    blocks: dict[tuple[str, str], dict[str, Any]] = {}
    for result in results:
        task, split = _task(result)
        if (task.name, split) in blocks:
            raise _twice(result, task, split)
        blocks[task.name, split] = {
            "task": {"type": "Retrieval"},
            "dataset": {
                "type": f"mteb/{task.dataset}",
                "name": f"MTEB {task.name}",
                "config": "default",
                "split": split,
                "revision": task.revision,
            },
            "metrics": [
                {"type": metric, "value": float(Decimal(repr(value)).scaleb(2))}
                for metric, value in published_metrics(result).items()
            ],
        }
    return [{"name": next(iter(names)).rsplit("/", 1)[-1], "results": list(blocks.values())}]


def card_text(index: Sequence[dict[str, Any]]) -> str:
    """Return a `model-index` as the front matter of a model card, with the lines `---` around it."""
    import yaml

    block = yaml.safe_dump({"model-index": list(index)}, sort_keys=False, allow_unicode=True)
    return f"---\n{block}---"


def write_files(folder: Path, files: dict[Path, dict[str, Any]]) -> list[Path]:
    """Write JSON files below a folder and return their paths; only a model's description is replaced.

    Raises:
        SearchappError: a result is there already, or the folder cannot be written.
    """
    there = next((path for path in files if path.name != MODEL_META and (folder / path).exists()), None)
    if there is not None:
        raise SearchappError(
            f"{folder / there} is there already.", "Remove it, or name another folder; nothing was written."
        )
    for path, document in files.items():
        write_text(folder / path, json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    return [folder / path for path in files]


def copy_runs(results: Sequence[Path], folder: Path) -> list[Path]:
    """Copy the TREC runs that stand beside result files to a folder, and return where they are now.

    Raises:
        SearchappError: a file is no result, has no run beside it, its run is there already, or another
            one has its name.
    """
    runs = list(dict.fromkeys(run_file(path) for path in results if read_results(path)))
    named: dict[str, Path] = {}
    for run in runs:
        if named.setdefault(run.name, run) != run:
            raise SearchappError(f"{named[run.name]} and {run} have one name.", "Copy them to two folders.")
        if not run.exists():
            raise SearchappError(f"There is no run {run} beside its result.", "`searchapp eval` writes both.")
        if (folder / run.name).exists():
            raise SearchappError(f"{folder / run.name} is there already.", "Name another folder.")
    for run in runs:
        write_text(folder / run.name, run.read_text("utf-8"))
    return [folder / run.name for run in runs]


def published_metrics(result: Result) -> dict[str, float]:
    """Return the metrics of a result rounded as MTEB publishes them."""
    return {
        metric: round(value, MRR_DECIMALS if family_of(metric) == "mrr" else MTEB_DECIMALS)
        for metric, value in result.metrics.items()
    }


def model_name(result: Result) -> str:
    """Return the name of a result's model in two parts, which MTEB insists on.

    Names of the hub are kept; `st:` and `npy:`, which say how a model is read, are not. Others are
    `local/`, a folder by its last part. What was not dense search by the model alone has the mode behind.
    """
    name = result.model.removeprefix("st:").removeprefix("npy:")
    hub = HUB_NAME.fullmatch(name)
    name = hub[1] if hub else f"{LOCAL}{slug(Path(name).name)}"
    return name if result.mode in {"dense", "run"} or result.mode in name else f"{name}-{result.mode}"


def revision(result: Result) -> str:
    """Return the revision of a result's model, or what MTEB writes where there is none."""
    return str(result.recipe.get("revision") or NO_REVISION)


def _task(result: Result) -> tuple[Task, str]:
    found = task_of(result)
    if found is None:
        raise SearchappError(
            f"{result.corpus_id} ({result.n_docs:,} documents, {result.n_judged:,} judged queries) is no "
            "task of MTEB, so its results cannot be published as one.",
            "`--trec DIR` exports the run of any corpus.",
        )
    if MAIN not in result.metrics:
        raise SearchappError(
            f"The result of {result.model} on {result.corpus} has no nDCG@10, MTEB's main score.",
            f"Score it with the usual cuts: searchapp eval {result.corpus} --run-out DIR",
        )
    return found


def _twice(result: Result, task: Task, split: str) -> SearchappError:
    return SearchappError(
        f"There are two results of {model_name(result)} on {task.name}, {split}.", "Name one of them."
    )
