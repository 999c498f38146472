"""What a source claims: model cards, result files in every layout, and the table of published figures."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from searchapp.errors import SearchappError
from searchapp.published.claims import Claim
from searchapp.published.figures import decimals_of, usual_decimals, without_noise
from searchapp.published.sources import read_source

from .real_data import CARD, PUBLISHED, needs

RESULTS = PUBLISHED / "results"
MINILM = RESULTS / "sentence-transformers__all-MiniLM-L6-v2" / "8b3219a92973c328a8e22fadcfa821b5dc75636a"

BLOCK = """\
  - task: {{type: {kind}}}
    dataset: {{type: {dataset}, name: {name}, config: default, split: {split}, revision: abc}}
    metrics:
{metrics}"""


def block(
    metrics: dict[str, Any], name: str = "MTEB NFCorpus", kind: str = "Retrieval", split: str = "test"
) -> str:
    """Return a block of `model-index` with its values as written by hand."""
    rows = "".join(f"    - {{type: {metric}, value: {value}}}\n" for metric, value in metrics.items())
    return BLOCK.format(kind=kind, dataset="mteb/any", name=name, split=split, metrics=rows)


def card(folder: Path, *blocks: str) -> str:
    """Write a model card and return its path."""
    path = folder / "README.md"
    path.write_text("---\nlanguage: en\nmodel-index:\n- name: mine\n  results:\n" + "".join(blocks) + "---\n")
    return str(path)


def result(folder: Path, document: dict[str, Any], name: str = "NFCorpus.json") -> str:
    """Write a result file and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(json.dumps(document))
    return str(folder / name)


def document(task: str = "NFCorpus", **metrics: Any) -> dict[str, Any]:
    """Return a result file of one split in the layout of MTEB 2."""
    part = {"hf_subset": "default", "languages": ["eng-Latn"], "mteb_version": "2.6.7", **metrics}
    part.setdefault("main_score", metrics.get("ndcg_at_10"))
    return {"task_name": task, "dataset_revision": "r1", "mteb_version": "2.6.7", "evaluation_time": 3.5,
            "scores": {"test": [part]}}  # fmt: skip


def only(source: str) -> Claim:
    """Return the only claim of a source."""
    claims = read_source(source).claims
    assert len(claims) == 1
    return claims[0]


@pytest.mark.parametrize(
    ("value", "digits"),
    [
        (0.09725999999999999, "0.09726"),
        (31.935000000000002, "31.935"),
        (0.4241500000000001, "0.42415"),
        (0.44272445820433437, "0.44272445820433437"),
        (9e-05, "0.00009"),
        (1.0, "1"),
        (0, "0"),
        (0.3, "0.3"),
        (25.215749999999996, "25.21575"),
    ],
)
def test_floating_point_noise_adds_no_digits(value: float, digits: str) -> None:
    assert without_noise(value) == Decimal(digits)


def test_the_longest_figure_of_a_family_determines_its_decimals() -> None:
    block = {"ndcg_at_1": Decimal("0.5"), "ndcg_at_3": Decimal("0.12345"), "mrr_at_1": Decimal("0.50")}
    assert decimals_of(block, {}) == {"ndcg_at_1": 5, "ndcg_at_3": 5, "mrr_at_1": 1}
    assert decimals_of({"mrr_at_1": Decimal("0.5")}, {"mrr": 5}) == {"mrr_at_1": 5}


def test_the_decimals_of_an_averaged_block_do_not_apply_to_others() -> None:
    blocks = [{"ndcg_at_1": Decimal(text)} for text in ("0.12345", "0.23456", "0.1234567", "0.5")]
    assert usual_decimals(blocks) == {"ndcg": 5}


@needs(CARD)
def test_the_whole_card_is_read() -> None:
    source = read_source(str(CARD))
    assert (source.kind, source.model, source.tasks) == ("model card", "NoInstruct-small-Embedding-v0", 68)
    assert len(source.claims) == 27
    assert all(len(claim.metrics) == 30 for claim in source.claims)
    assert [claim.task for claim in source.claims if claim.corpus is None] == ["CQADupstackRetrieval"]
    by_task = {claim.task: claim for claim in source.claims}
    nfcorpus = by_task["NFCorpus"]
    assert nfcorpus.metrics["ndcg_at_10"] == 0.34921
    assert nfcorpus.metrics["precision_at_1000"] == 0.02136
    assert set(nfcorpus.decimals.values()) == {5}
    assert nfcorpus.dataset_revision == "ec0fa4fe99da2ff19ca1214b7966684033a58814"
    assert nfcorpus.remarks == ()
    assert by_task["MSMARCO"].split == "dev"
    assert by_task["CQADupstackUnixRetrieval"].corpus == "beir/cqadupstack/unix"
    # The mean of the twelve forums was never rounded; the others keep their five decimals.
    assert by_task["CQADupstackRetrieval"].decimals["ndcg_at_10"] > 10


@needs(CARD)
@needs(RESULTS)
def test_the_card_and_the_results_copied_from_it_say_the_same() -> None:
    claimed = {claim.task: claim for claim in read_source(str(CARD)).claims}
    copied = read_source(str(RESULTS / "avsolatorio__NoInstruct-small-Embedding-v0" / "external"))
    assert {claim.task for claim in copied.claims} == {"NFCorpus", "SciFact"}
    assert (copied.model, copied.revision) == ("avsolatorio/NoInstruct-small-Embedding-v0", "external")
    for claim in copied.claims:
        assert claim.metrics == claimed[claim.task].metrics


@needs(RESULTS)
def test_a_result_folder_of_version_1() -> None:
    source = read_source(str(MINILM))
    assert source.model == "sentence-transformers/all-MiniLM-L6-v2"
    assert source.revision == "8b3219a92973c328a8e22fadcfa821b5dc75636a"
    assert source.tasks == len(list(MINILM.glob("*.json"))) - 1  # one file is model_meta.json
    claims = [claim for claim in source.claims if claim.task in {"NFCorpus", "SciFact"}]
    assert {(claim.task, claim.split, claim.corpus) for claim in claims} == {
        ("NFCorpus", "test", "nfcorpus"),
        ("SciFact", "test", "scifact"),
        ("SciFact", "train", "scifact"),
    }
    claim = claims[0]
    assert claim.metrics["ndcg_at_10"] == 0.31594
    assert claim.decimals["ndcg_at_10"] == 5
    assert claim.decimals["mrr_at_10"] > 10  # version 1 did not round it
    assert (claim.languages, claim.mteb_version) == (("eng-Latn",), "1.12.75")
    assert len(claim.metrics) == 35


@needs(RESULTS)
def test_the_layout_before_1_11() -> None:
    claim = only(str(RESULTS / "openai__text-embedding-3-large" / "1" / "SciFact.json"))
    assert (claim.task, claim.split, claim.metrics) == ("SciFact", "test", {"ndcg_at_10": 0.7777})
    assert claim.decimals == {"ndcg_at_10": 5}  # MTEB rounds to five, JSON drops the zero


def test_the_old_layout_with_subsets_and_a_time_for_each_split(tmp_path: Path) -> None:
    old = {
        "mteb_dataset_name": "MIRACLRetrieval",
        "dev": {
            "evaluation_time": 2.5,
            "de": {"ndcg_at_10": 0.25, "map_at_10": 0.125},
            "en": {"ndcg_at_10": 0.5},
        },
    }
    source = read_source(result(tmp_path, old))
    assert [(claim.split, claim.subset) for claim in source.claims] == [("dev", "de"), ("dev", "en")]
    assert source.claims[0].metrics == {"ndcg_at_10": 0.25, "map_at_10": 0.125}
    assert source.claims[0].corpus is None


def test_other_metrics_are_ignored_and_other_tasks_counted(tmp_path: Path) -> None:
    folder = tmp_path / "org__name" / "no_revision_available"
    result(folder, document(ndcg_at_10=0.25, nauc_ndcg_at_10_max=float("nan"), hit_rate_at_1=0.5))
    sts = document("STSBenchmark", cosine_spearman=0.8, main_score=0.8)
    reranking = document("AskUbuntuDupQuestions", ndcg_at_10=0.5, map=0.4, main_score=0.4)
    result(folder, sts, "STSBenchmark.json")
    result(folder, reranking, "AskUbuntuDupQuestions.json")
    result(folder, {"name": "org/name", "revision": "no_revision_available"}, "model_meta.json")
    (folder / "run_settings.jsonl").write_text("{}\n")
    source = read_source(str(folder))
    assert [claim.metrics for claim in source.claims] == [{"ndcg_at_10": 0.25}]
    assert (source.tasks, source.model, source.revision) == (3, "org/name", None)
    assert source.claims[0].evaluation_time == 3.5


def test_the_unit_of_a_card(tmp_path: Path) -> None:
    blocks = (
        block({"ndcg_at_10": 24.44, "recall_at_1000": 56.503}),
        block({"ndcg_at_10": "5.1e-05", "recall_at_1000": 0.985}, "MTEB SciFact"),  # all below one
        block({"ndcg_at_10": 0.5}, "NQ"),
        block({"accuracy": 75.76}, "MTEB Banking77Classification", kind="Classification"),
    )
    source = read_source(card(tmp_path, *blocks))
    percent, fraction, uncertain = source.claims
    assert percent.metrics == {"ndcg_at_10": 0.2444, "recall_at_1000": 0.56503}
    assert fraction.metrics == {"ndcg_at_10": 0.000051, "recall_at_1000": 0.985}
    assert fraction.remarks == ("The figures are read as fractions; model cards hold percentages.",)
    assert uncertain.metrics == {"ndcg_at_10": 0.005}
    assert "read as percentages, like the rest" in uncertain.remarks[0]
    assert (source.tasks, source.model) == (4, "mine")


def test_percentages_in_a_result_file_get_a_remark(tmp_path: Path) -> None:
    claim = only(result(tmp_path, document(ndcg_at_10=31.594, map_at_10=0.5)))
    assert claim.metrics == {"ndcg_at_10": 0.31594, "map_at_10": 0.005}
    assert claim.remarks == ("The figures are percentages; MTEB writes fractions.",)


@pytest.mark.parametrize("name", ["mteb/baseline-bm25s", "MTEB/Baseline-BM25s", "baseline-bm25s"])
def test_a_model_of_the_published_table(name: str) -> None:
    source = read_source(name)
    assert (source.kind, source.model, source.revision) == (
        "published table",
        "mteb/baseline-bm25s",
        "0_1_10",
    )
    claims = {(claim.task, claim.split): claim for claim in source.claims}
    assert len(claims) == 16
    assert claims["NFCorpus", "test"].metrics["precision_at_1"] == 0.43963  # from its result file
    assert claims["ArguAna", "test"].metrics == {
        "ndcg_at_10": 0.49276, "map_at_10": 0.40338, "mrr_at_10": 0.40721, "recall_at_100": 0.96515,
    }  # fmt: skip
    assert claims["ArguAna", "test"].mteb_version == "1.12.22"


def test_near_matches_of_an_unknown_model_are_named() -> None:
    with pytest.raises(
        SearchappError, match="one of the 302 models in the table of published figures"
    ) as caught:
        read_source("potion-base-8")
    assert "minishlab/potion-base-8M" in caught.value.hint


def test_unreadable_files_among_readable_ones_are_reported(tmp_path: Path) -> None:
    result(tmp_path, document(ndcg_at_10=0.25))
    (tmp_path / "broken.json").write_text('{"scores": ')
    source = read_source(str(tmp_path))
    assert [claim.task for claim in source.claims] == ["NFCorpus"]
    (problem,) = source.problems
    assert problem.name == "unreadable"
    assert "broken.json is not valid JSON" in problem.message
