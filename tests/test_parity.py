"""The MTEB harness on the same texts and vectors gives the same figures."""

import pytest

from searchapp.corpora.resolve import open_corpus

pytestmark = pytest.mark.parity


@pytest.mark.parametrize("name", ["nfcorpus", "scifact"])
@pytest.mark.parametrize("max_length", [None, 512])
@pytest.mark.shared
def test_every_figure_equals_the_harness_at_five_decimals(
    shared_indexes: object, name: str, max_length: int | None
) -> None:
    from scripts.compare_harness import compare

    rows = compare(open_corpus(name), max_length)
    assert len(rows) == 35
    assert [(metric, round(theirs, 5)) for metric, theirs, _ in rows] == [
        (metric, round(ours, 5)) for metric, _, ours in rows
    ]


def test_the_bundled_sample_equals_the_harness_too() -> None:
    from scripts.compare_harness import compare

    rows = compare(open_corpus("sample"), None)
    assert [round(theirs, 5) for _, theirs, _ in rows] == [round(ours, 5) for _, _, ours in rows]
