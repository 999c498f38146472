"""Sources that cannot be read: what is said, where, and what to do next."""

from pathlib import Path
from typing import Any

import pytest

from searchapp.errors import SearchappError
from searchapp.published.sources import read_source, scan_source

from .test_sources import block, card, document, result


def refused(source: str, message: str) -> str:
    """Check that a source is refused with this message, and return the hint."""
    with pytest.raises(SearchappError, match=message) as caught:
        read_source(source)
    assert caught.value.hint
    return caught.value.hint


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("---\nlanguage: en\n---\n", r"README.md has no `model-index`"),
        ("---\nmodel-index: []\n---\n", r"README.md has no `model-index`"),
        ("# A title\n", r"no YAML front matter: its first line is not `---`"),
        ("", r"no YAML front matter"),
        ("---\nlanguage: en\n", r"the front matter has no end"),
        ("---\n- en\n- de\n---\n", r"the front matter is a list, no mapping"),
        ("---\n---\n", r"the front matter is empty, no mapping"),
        ("---\njust text\n---\n", r"the front matter is a str, no mapping"),
        ("---\nlanguage: en\nmodel-index: [\n---\n", r"README.md, line \d: this is no YAML"),
        ("---\na: 1\nb: {c\nd: 2\n---\n", r"README.md, line 4: this is no YAML"),
        ("---\na: !!python/object/apply:os.getcwd []\n---\n", r"line 2: this is no YAML .*constructor"),
        ("---\na: 2024-13-45\n---\n", r"the front matter is no YAML \(month"),
        ("---\nmodel-index: 3\n---\n", r"`model-index` is no list of mappings"),
        ("---\nmodel-index:\n- name: x\n  results: {}\n---\n", r"the results of model 1 is no list"),
        ("---\nmodel-index:\n- results:\n  - metrics: []\n---\n", r"block 1: it names no task or no dataset"),
    ],
)
def test_a_card_without_metrics(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "README.md").write_text(text)
    refused(str(tmp_path / "README.md"), message)
    refused(str(tmp_path), message)


def test_a_card_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "card.md").write_bytes(b"\xff\xfe---")
    refused(str(tmp_path / "card.md"), "is not UTF-8 text")


def test_deep_nesting_is_an_error_like_others(tmp_path: Path) -> None:
    (tmp_path / "deep.json").write_text("[" * 100_000)
    refused(str(tmp_path / "deep.json"), "deep.json is not valid JSON")


@pytest.mark.parametrize("value", ["true", "'0.3'", ".nan", "null", "much", "[0.3]", ".inf"])
def test_a_value_of_a_card_that_is_no_number(tmp_path: Path, value: str) -> None:
    source = card(tmp_path, block({"ndcg_at_10": 30.0}, "NQ"), block({"ndcg_at_10": value}))
    refused(source, r"block 2 \(NFCorpus\): ndcg_at_10 is .*, which is not a finite number")


@pytest.mark.parametrize("value", [True, "0.3", float("nan"), None, [0.3]])
def test_a_value_of_a_result_that_is_no_number(tmp_path: Path, value: Any) -> None:
    refused(
        result(tmp_path, document(ndcg_at_10=0.3, map_at_10=value)),
        r"NFCorpus.json, test: map_at_10 is .*, which is not a finite number",
    )


@pytest.mark.parametrize(
    ("value", "unit"), [(-0.1, "a fraction"), (100.5, "a percentage"), (-3, "a fraction"), (3194, "a percen")]
)
def test_a_metric_outside_its_range(tmp_path: Path, value: float, unit: str) -> None:
    refused(
        result(tmp_path, document(ndcg_at_10=0.3, map_at_10=value)),
        rf"NFCorpus.json, test: map_at_10 is {value}, which is not {unit}",
    )


@pytest.mark.parametrize("value", [-1, 101, 3194.0])
def test_a_metric_of_a_card_outside_its_range(tmp_path: Path, value: float) -> None:
    refused(
        card(tmp_path, block({"ndcg_at_10": 30.0, "map_at_10": value})), "map_at_10 is .*is not a percentage"
    )


@pytest.mark.parametrize("scores", [{}, {"test": []}, {"test": [{}]}])
def test_empty_scores(tmp_path: Path, scores: dict[str, Any]) -> None:
    source = result(tmp_path, document() | {"scores": scores, "evaluation_time": 5e-6})
    hint = refused(source, r"NFCorpus.json: nothing was scored; NFCorpus has no scores")
    assert "language filter `en`" in hint
    assert "millisecond" in hint
    assert scan_source(source).entries[0].figures == {}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"scores": ', "is not valid JSON"),
        ("", "is not valid JSON"),
        ("[1, 2]", "is no MTEB result: it holds no mapping"),
        ('{"name": "org/name"}', "is no MTEB result: it names no task"),
        ('{"task_name": "NFCorpus", "scores": []}', "`scores` is no mapping of splits"),
        ('{"task_name": "NFCorpus", "scores": {"test": {}}}', "the scores of 'test' are no list of mappings"),
    ],
)
def test_a_file_that_is_no_result(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "NFCorpus.json").write_text(content)
    refused(str(tmp_path / "NFCorpus.json"), f"NFCorpus.json.*{message}")
    refused(str(tmp_path), f"NFCorpus.json.*{message}")


def test_nothing_about_retrieval(tmp_path: Path) -> None:
    refused(
        result(tmp_path, document("STS12", cosine_spearman=0.5)),
        "claims nothing about retrieval; it speaks of 1 other tasks",
    )
    refused(
        card(tmp_path, block({"accuracy": 75.0}, kind="Classification")), "claims nothing about retrieval"
    )


def test_a_folder_without_results(tmp_path: Path) -> None:
    result(tmp_path, {"name": "org/name"}, "model_meta.json")
    refused(str(tmp_path), "holds no result files, nor a README.md")


def test_two_files_for_one_task(tmp_path: Path) -> None:
    result(tmp_path, document(ndcg_at_10=0.25))
    result(tmp_path, document(ndcg_at_10=0.5), "NFCorpus copy.json")
    refused(str(tmp_path), r"holds two results of NFCorpus: .*NFCorpus copy.json and .*NFCorpus.json")


def test_results_of_two_models(tmp_path: Path) -> None:
    result(tmp_path / "a__x" / "1", document(ndcg_at_10=0.25))
    result(tmp_path / "a__y" / "1", document("SciFact", ndcg_at_10=0.25), "SciFact.json")
    hint = refused(str(tmp_path), "holds results of several models or revisions")
    assert str(tmp_path / "a__y" / "1") in hint


@pytest.mark.parametrize("name", ["missing.md", "./nothing", "results/NFCorpus.json", "/nowhere"])
def test_a_path_that_is_not_there(working_folder: Path, name: str) -> None:
    refused(name, "There is no ")
