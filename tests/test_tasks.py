"""MTEB's tasks, and the corpora with the same documents, queries and judgements."""

import pytest

from searchapp.tasks.mteb import TASKS, find_task


@pytest.mark.parametrize(
    ("name", "task", "corpus"),
    [
        ("NFCorpus", "NFCorpus", "nfcorpus"),
        ("MTEB FiQA2018 (default)", "FiQA2018", "fiqa"),
        ("mteb/trec-covid", "TRECCOVID", "trec-covid"),
        ("dbpedia-entity", "DBPedia", "dbpedia-entity"),
        ("beir/msmarco/dev", "MSMARCO", "msmarco"),
        ("CQADupstackTexRetrieval", "CQADupstackTexRetrieval", "beir/cqadupstack/tex"),
        ("Touche2020", "Touche2020", "beir/webis-touche2020/v2"),
    ],
)
def test_task_names(name: str, task: str, corpus: str) -> None:
    known = find_task(name)
    assert known is not None
    assert (known.name, known.corpus) == (task, corpus)


def test_counts_and_grades_agree_with_ir_datasets() -> None:
    from searchapp.corpora.irds import catalogue, document_count

    for task in TASKS.values():
        entry = catalogue()[task.corpus_id]
        assert document_count(task.corpus_id) == task.n_docs, task.name
        assert entry["queries"]["count"] == task.n_queries, task.name
        grades = [int(grade) for grade in entry["qrels"]["fields"]["relevance"]["counts_by_value"]]
        assert max(grades) == (1 if task.name == "MSMARCO" else task.largest_grade), task.name


@pytest.mark.parity
def test_tasks_agree_with_mteb() -> None:
    import mteb

    for theirs in mteb.get_tasks(tasks=list(TASKS)):
        ours = TASKS[theirs.metadata.name]
        assert theirs.metadata.dataset["path"].casefold() in {
            f"mteb/{ours.dataset}",
            f"mteb/{ours.name}".casefold(),
        }
        assert (theirs.metadata.dataset["revision"], theirs.metadata.eval_splits) == (
            ours.revision,
            [ours.split],
        )
        facts = (theirs.metadata.descriptive_stats or {}).get(ours.split, {})
        if facts.get("num_documents"):
            assert (facts["num_documents"], facts["num_queries"]) == (ours.n_docs, ours.n_queries)
