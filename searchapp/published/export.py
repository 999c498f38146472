"""Results in the formats of the field: MTEB's result files, and the `model-index` of a model card."""

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
from searchapp.published.leaderboard import MAIN_METRIC
from searchapp.published.mteb_files import MODEL_META, NO_REVISION
from searchapp.records import Result
from searchapp.tasks.mteb import LANGUAGES, MtebTask, task_of

MRR_DECIMALS = 6  # MTEB 2 rounds the other metrics when it computes them, and all to six when it writes them
HUB_NAME = re.compile(r"(\w[\w.-]*/\w[\w.-]*)(@.*)?")
REPOSITORY = "https://github.com/searchapp/searchapp"
LOCAL = "local/"  # the organisation of models that are not on the hub
SIMILARITIES = ("cosine", "dot")


def mteb_documents(results: Sequence[Result]) -> dict[Path, dict[str, Any]]:
    """Return results as MTEB's result folder holds them: path below the folder -> JSON.

    The paths are `<org>__<model>/<revision>/<Task>.json`, with a `model_meta.json` in each folder. The
    MTEB version is null, since MTEB did not compute the results.

    Raises:
        SearchappError: a result is not for an MTEB task or has no nDCG@10, or two results are for the same
            model, task and split.
    """
    files: dict[Path, dict[str, Any]] = {}
    for result in results:
        task, split = _task(result)
        folder = Path(model_name(result).replace("/", "__").replace(" ", "_")) / revision(result)
        files[folder / MODEL_META] = _model_meta(result)
        empty: dict[str, Any] = {
            "dataset_revision": task.revision,
            "task_name": task.name,
            "mteb_version": None,
            "scores": {},
            "evaluation_time": 0.0,
            "kg_co2_emissions": None,
        }
        document = files.setdefault(folder / f"{task.name}.json", empty)
        if split in document["scores"]:
            raise _duplicate(result, task, split)
        metrics = published_metrics(result)
        part = {"hf_subset": "default", "languages": list(LANGUAGES), "main_score": metrics[MAIN_METRIC]}
        document["scores"][split] = [metrics | part]
        document["evaluation_time"] += sum(result.seconds.values())
    return files


def _model_meta(result: Result) -> dict[str, Any]:
    """Return MTEB's description of a model, with null for what a result does not tell."""
    similarity = result.recipe.get("similarity")
    known: dict[str, Any] = {
        "name": model_name(result),
        "revision": revision(result),
        "max_tokens": result.recipe.get("max_length"),
        "embed_dim": result.recipe.get("dimension"),
        "similarity_fn_name": similarity if similarity in SIMILARITIES else None,
        "framework": [],
    }
    if adapted := result.recipe.get("adapted"):
        known["training_datasets"] = adapted["judgements"] or [adapted["on"]]
    unknown = ("loader", "release_date", "languages", "n_parameters", "memory_usage_mb", "license",
               "open_weights", "public_training_code", "public_training_data", "reference",
               "use_instructions", "training_datasets")  # fmt: skip
    return dict.fromkeys(unknown) | known


def model_index(results: Sequence[Result]) -> list[dict[str, Any]]:
    """Return the `model-index` of a model card: metrics in percent, one block per task and split.

    Raises:
        SearchappError: `mteb_documents` raises it, or the results are for several models.
    """
    names = dict.fromkeys(map(model_name, results))
    if len(names) > 1:
        raise SearchappError(
            f"A model card describes one model; these results are for {', '.join(names)}.",
            "Export the results of one model at a time.",
        )
    blocks: dict[tuple[str, str], dict[str, Any]] = {}
    for result in results:
        task, split = _task(result)
        if (task.name, split) in blocks:
            raise _duplicate(result, task, split)
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
        } | _source(result)
    return [{"name": next(iter(names)).rsplit("/", 1)[-1], "results": list(blocks.values())}]


def _source(result: Result) -> dict[str, Any]:
    """Return where a figure comes from when its model was adapted to the corpus, else nothing."""
    adapted = result.recipe.get("adapted")
    if not adapted:
        return {}
    score = ", on these very judgements: a training score" if adapted["training_score"] else ""
    return {"source": {"name": f"adapted on {adapted['on']}{score}", "url": REPOSITORY}}


def card_text(index: Sequence[dict[str, Any]]) -> str:
    """Return a `model-index` as the front matter of a model card, between `---` lines."""
    import yaml

    block = yaml.safe_dump({"model-index": list(index)}, sort_keys=False, allow_unicode=True)
    return f"---\n{block}---"


def write_files(folder: Path, files: dict[Path, dict[str, Any]]) -> list[Path]:
    """Write JSON files below a folder and return their paths; only `model_meta.json` is overwritten.

    Raises:
        SearchappError: a result already exists, or the folder cannot be written.
    """
    existing = next((path for path in files if path.name != MODEL_META and (folder / path).exists()), None)
    if existing is not None:
        raise SearchappError(
            f"{folder / existing} already exists.", "Remove it, or name another folder; nothing was written."
        )
    for path, document in files.items():
        write_text(folder / path, json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    return [folder / path for path in files]


def copy_runs(results: Sequence[Path], folder: Path) -> list[Path]:
    """Copy the TREC runs of result files to a folder, and return the copies.

    Raises:
        SearchappError: a file is not a result, its run is missing or already exists in the folder, or two
            runs have the same name.
    """
    runs = list(dict.fromkeys(run_file(path) for path in results if read_results(path)))
    by_name: dict[str, Path] = {}
    for run in runs:
        if by_name.setdefault(run.name, run) != run:
            raise SearchappError(f"{by_name[run.name]} and {run} have the same name.", "Use two folders.")
        if not run.exists():
            raise SearchappError(f"The run {run} is missing.", "`searchapp eval --run-out DIR` writes it.")
        if (folder / run.name).exists():
            raise SearchappError(f"{folder / run.name} already exists.", "Name another folder.")
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
    """Return a model's name as `<org>/<model>`, which MTEB requires.

    Hub ids stay as they are, without the prefixes `st:` and `npy:`. Other models get the organisation
    `local`, and folders only their last part. A mode other than dense search is appended to the name.
    """
    name = result.model.removeprefix("st:").removeprefix("npy:")
    hub = HUB_NAME.fullmatch(name)
    name = hub[1] if hub else f"{LOCAL}{slug(Path(name).name)}"
    return name if result.mode in {"dense", "run"} or result.mode in name else f"{name}-{result.mode}"


def revision(result: Result) -> str:
    """Return the revision of a result's model, or MTEB's placeholder."""
    return str(result.recipe.get("revision") or NO_REVISION)


def _task(result: Result) -> tuple[MtebTask, str]:
    task_and_split = task_of(result)
    if task_and_split is None:
        raise SearchappError(
            f"{result.corpus_id} ({result.n_docs:,} documents, {result.n_judged:,} judged queries) is not an "
            "MTEB task, so its results cannot be exported as one.",
            "`--trec DIR` exports the run for any corpus.",
        )
    if MAIN_METRIC not in result.metrics:
        raise SearchappError(
            f"The result of {result.model} on {result.corpus} has no nDCG@10, MTEB's main score.",
            f"Score it at the default cutoffs: searchapp eval {result.corpus} --run-out DIR",
        )
    return task_and_split


def _duplicate(result: Result, task: MtebTask, split: str) -> SearchappError:
    return SearchappError(
        f"There are two results of {model_name(result)} on {task.name}, {split}.", "Export only one of them."
    )
