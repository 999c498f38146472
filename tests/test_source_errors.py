"""Sources that cannot be read: the message names the problem, the place and the next step."""

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
        ("---\nlanguage: en\n", r"the front matter has no closing line"),
        ("---\n- en\n- de\n---\n", r"the front matter is a list, not a mapping"),
        ("---\n---\n", r"the front matter is empty, not a mapping"),
        ("---\njust text\n---\n", r"the front matter is a str, not a mapping"),
        ("---\nlanguage: en\nmodel-index: [\n---\n", r"README.md, line \d: not valid YAML"),
        ("---\na: 1\nb: {c\nd: 2\n---\n", r"README.md, line 4: not valid YAML"),
        ("---\na: !!python/object/apply:os.getcwd []\n---\n", r"line 2: not valid YAML .*constructor"),
        ("---\na: 2024-13-45\n---\n", r"the front matter is not valid YAML \(month"),
        ("---\nmodel-index: 3\n---\n", r"`model-index` is not a list of mappings"),
        ("---\nmodel-index:\n- name: x\n  results: {}\n---\n", r"`results` of model 1 is not a list"),
        (
            "---\nmodel-index:\n- results:\n  - metrics: []\n---\n",
            r"block 1: it does not name a task and a dataset",
        ),
    ],
)
def test_a_card_without_metrics(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "README.md").write_text(text)
    refused(str(tmp_path / "README.md"), message)
    refused(str(tmp_path), message)


def test_a_card_that_is_not_text(tmp_path: Path) -> None:
    (tmp_path / "card.md").write_bytes(b"\xff\xfe---")
    refused(str(tmp_path / "card.md"), "is not UTF-8 text")


def test_deeply_nested_json_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "deep.json").write_text("[" * 100_000)
    refused(str(tmp_path / "deep.json"), "deep.json is not valid JSON")


@pytest.mark.parametrize("value", ["true", "'0.3'", ".nan", "null", "much", "[0.3]", ".inf"])
def test_a_value_of_a_card_that_is_not_a_number(tmp_path: Path, value: str) -> None:
    source = card(tmp_path, block({"ndcg_at_10": 30.0}, "NQ"), block({"ndcg_at_10": value}))
    refused(source, r"block 2 \(NFCorpus\): ndcg_at_10 is .*, which is not a finite number")


@pytest.mark.parametrize("value", [True, "0.3", float("nan"), None, [0.3]])
def test_a_value_of_a_result_that_is_not_a_number(tmp_path: Path, value: Any) -> None:
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
    hint = refused(source, r"NFCorpus.json: NFCorpus has no scores")
    assert "language filter `en`" in hint
    assert "millisecond" in hint
    assert scan_source(source).entries[0].figures == {}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"scores": ', "is not valid JSON"),
        ("", "is not valid JSON"),
        ("[1, 2]", "is not an MTEB result: it is not a JSON object"),
        ('{"name": "org/name"}', "is not an MTEB result: it names no task"),
        ('{"task_name": "NFCorpus", "scores": []}', "`scores` is not a mapping of splits"),
        (
            '{"task_name": "NFCorpus", "scores": {"test": {}}}',
            "the scores of 'test' are not a list of mappings",
        ),
    ],
)
def test_a_file_that_is_not_a_result(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "NFCorpus.json").write_text(content)
    refused(str(tmp_path / "NFCorpus.json"), f"NFCorpus.json.*{message}")
    refused(str(tmp_path), f"NFCorpus.json.*{message}")


def test_nothing_about_retrieval(tmp_path: Path) -> None:
    refused(
        result(tmp_path, document("STS12", cosine_spearman=0.5)),
        "claims nothing about retrieval; all its tasks .1. are of other types",
    )
    refused(
        card(tmp_path, block({"accuracy": 75.0}, kind="Classification")), "claims nothing about retrieval"
    )


def test_a_folder_without_results(tmp_path: Path) -> None:
    result(tmp_path, {"name": "org/name"}, "model_meta.json")
    refused(str(tmp_path), "contains neither result files nor a README.md")


def test_two_files_for_one_task(tmp_path: Path) -> None:
    result(tmp_path, document(ndcg_at_10=0.25))
    result(tmp_path, document(ndcg_at_10=0.5), "NFCorpus copy.json")
    refused(str(tmp_path), r"holds two results for NFCorpus: .*NFCorpus copy.json and .*NFCorpus.json")


def test_results_of_two_models(tmp_path: Path) -> None:
    result(tmp_path / "a__x" / "1", document(ndcg_at_10=0.25))
    result(tmp_path / "a__y" / "1", document("SciFact", ndcg_at_10=0.25), "SciFact.json")
    hint = refused(str(tmp_path), "holds results of several models or revisions")
    assert str(tmp_path / "a__y" / "1") in hint


@pytest.mark.parametrize("name", ["missing.md", "./nothing", "results/NFCorpus.json", "/nowhere"])
def test_a_missing_path(working_folder: Path, name: str) -> None:
    refused(name, "There is no ")
