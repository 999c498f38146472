"""The examples that end the help of each command."""

EXAMPLES = {
    "index": (
        "searchapp index sample",
        "searchapp index nfcorpus -m minishlab/potion-base-8M",
        "searchapp index ./my-corpus -m ./my-model --fresh",
    ),
    "query": (
        'searchapp query "does garlic lower cholesterol"',
        'searchapp query -c nfcorpus -k 3 --mode hybrid "vitamin d"',
        "searchapp query -c sample -i queries.txt --format trec",
    ),
    "eval": (
        "searchapp eval sample --baselines",
        'searchapp eval nfcorpus scifact -m ./my-model --measure "nDCG@10 R@100"',
        "searchapp eval sample --run-out results --format markdown",
    ),
    "tune": ("searchapp tune nfcorpus", "searchapp tune ./my-corpus --split train"),
    "compare": (
        "searchapp compare baseline/ candidate/",
        'searchapp compare a.trec b.trec -c nfcorpus --measure "nDCG@10 P@5"',
        'searchapp compare baseline/ candidate/ --gate "nDCG@10>=-0.005"',
    ),
    "reproduce": (
        "searchapp reproduce bm25s -c nfcorpus",
        "searchapp reproduce ./my-model/README.md -m ./my-model",
        "searchapp reproduce results/NFCorpus.json --against my-run.trec",
    ),
    "export": (
        "searchapp export results/ --mteb mteb-results",
        "searchapp export results/nfcorpus.wordllama.dense.json --model-index",
        "searchapp export results/ --trec runs",
    ),
    "diagnose": (
        "searchapp diagnose nfcorpus -m ./my-model",
        "searchapp diagnose scifact --run run.trec --reported ndcg_at_10=0.0239",
        "searchapp diagnose --mteb results/",
    ),
    "repair": (
        "searchapp repair sample -o repaired",
        "searchapp repair nfcorpus -m ./my-model -o ./my-model-repaired --remove 5",
    ),
    "corpora": ("searchapp corpora", "searchapp corpora sample", "searchapp corpora ./my-corpus"),
    "models": ("searchapp models", "searchapp models --published nfcorpus --with results/"),
    "indexes": (
        "searchapp indexes",
        "searchapp indexes nfcorpus/wordllama",
        "searchapp indexes --remove sample",
    ),
    "doctor": ("searchapp doctor", "searchapp doctor results/"),
}
"""Command -> what to type; a test parses every line and runs those that need only the sample."""
