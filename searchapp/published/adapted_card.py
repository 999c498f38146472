"""The model card of an adapted model: what it was taught, what it gained, and figures to reproduce."""

from collections.abc import Mapping, Sequence
from typing import Any

from searchapp.errors import SearchappError
from searchapp.published.export import model_index
from searchapp.records import Result


def adapted_card(name: str, record: Mapping[str, Any], results: Sequence[Result]) -> str:
    """Return the card of an adapted model as Markdown with front matter.

    Args:
        name: of the model.
        record: what `adaptation.json` holds.
        results: of the model as it was written, on splits that scores are not reported on; those on MTEB
            tasks make up the `model-index`.
    """
    import yaml

    on = _on(record)
    front = {
        "library_name": "model2vec",
        "tags": ["static-embeddings", "sentence-transformers", "searchapp", f"adapted on {on}"],
        "model-index": _index(name, results),
    }
    base = record["base"]["model"].rstrip("/").rsplit("/", 1)[-1]
    head = yaml.safe_dump(front, sort_keys=False, allow_unicode=True, width=1000)
    return "\n".join([
        "---", head + "---", f"# {name}", "",
        f"A static model: `{base}` with its table adapted on {on}, by `searchapp adapt`. It is meant for "
        "this corpus. Its figures there are not comparable with those of models that were not taught it.",
        "", "## What it was taught", "", *_taught(record), "", "## What it gained", "", *_gained(record), "",
        "## Use", "", "```python", "from model2vec import StaticModel", "",
        f'model = StaticModel.from_pretrained("{name}")', "```", "",
        "sentence-transformers and searchapp load the same folder to the same vectors. Everything above, and "
        "the digests of documents and judgements, is in `adaptation.json`.", "",
    ])  # fmt: skip


def _on(record: Mapping[str, Any]) -> str:
    judged = " and ".join(one["id"] for one in record["judgements"])
    return judged or f"the texts of {record['corpus_id']}"


def _index(name: str, results: Sequence[Result]) -> list[dict[str, Any]]:
    blocks = []
    for result in results:
        try:
            blocks += model_index([result])[0]["results"]
        except SearchappError:  # not an MTEB task
            continue
    return [{"name": name, "results": blocks}]


def _taught(record: Mapping[str, Any]) -> list[str]:
    taught = record["taught"]
    lines = [f"- {taught['n_passages']:,} titles and sentences of {taught['n_docs']:,} documents"]
    for one in record["judgements"]:
        lines.append(
            f"- {one['n_queries']:,} queries of `{one['id']}`, with {one['n_documents']:,} relevant documents"
        )
    if taught["teacher"]:
        lines.append(f"- the similarities of `{taught['teacher']}`")
    if record["chosen_on"]:
        lines.append(
            f"- nothing of `{', '.join(record['chosen_on'])}`, which only chose the epoch and fusion"
        )
    lines.append(f"- {taught['epochs']} epochs, {record['seconds']['total']:.0f} s of one core in all")
    return lines


def _gained(record: Mapping[str, Any]) -> list[str]:
    lines = [
        "| queries held back, about | queries | mode | nDCG@10 before | after | gain, 95 % |",
        "|---|---:|---|---:|---:|---|",
    ]
    for row in record["account"]:
        low, high = row["interval"]
        lines.append(
            f"| {row['group']} documents | {row['n_queries']} | {row['mode']} | {row['before']:.4f} "
            f"| {row['after']:.4f} | {row['gain']:+.4f} ({low:+.4f} to {high:+.4f}) |"
        )
    return [*lines, "", explanation(record)]


def explanation(record: Mapping[str, Any]) -> str:
    """Return what the groups of the account are, and which table they were measured with."""
    if record["judgements"]:
        groups = (
            "Queries about seen documents have a relevant document that other queries were taught with; "
            "those about new documents have none, and what was taught is left out of their rankings."
        )
    else:
        groups = (
            "The queries are titles and sentences, asked of their documents without them: of new documents "
            "none was taught, of seen documents others were."
        )
    if record["everything_taught"]:
        return f"{groups} This is a rehearsal without these queries; the model was then taught them too."
    return f"{groups} The model has never been taught these queries."
