"""The examples that end the help of each command."""

EXAMPLES = {
    "index": (
        "index sample",
        "index nfcorpus -m minishlab/potion-base-8M",
        "index ./my-corpus -m ./my-model --fresh",
    ),
    "query": (
        'query "does garlic lower cholesterol"',
        'query -c nfcorpus -k 3 --mode hybrid "vitamin d"',
        "query -c sample -i queries.txt --format trec",
    ),
    "eval": (
        "eval sample --baselines",
        'eval nfcorpus scifact -m ./my-model --measure "nDCG@10 R@100"',
        "eval sample --run-out results --format markdown",
    ),
    "tune": ("tune nfcorpus", "tune ./my-corpus --split train"),
    "adapt": (
        "adapt nfcorpus -o nfcorpus-model",
        "adapt scifact -m ./my-model -o scifact-model --judgements train",
    ),
    "compare": (
        "compare baseline/ candidate/",
        'compare a.trec b.trec -c nfcorpus --measure "nDCG@10 P@5"',
        'compare baseline/ candidate/ --gate "nDCG@10>=-0.005"',
    ),
    "reproduce": (
        "reproduce mteb/baseline-bm25s -c nfcorpus",
        "reproduce ./my-model/README.md -m ./my-model",
        "reproduce results/NFCorpus.json --against my-run.trec",
    ),
    "export": (
        "export results/ --mteb mteb-results",
        "export results/nfcorpus.wordllama.dense.json --model-index",
        "export results/ --trec runs",
    ),
    "diagnose": (
        "diagnose nfcorpus -m ./my-model",
        "diagnose scifact --run run.trec --reported ndcg_at_10=0.0239",
        "diagnose --mteb results/",
    ),
    "repair": (
        "repair sample -o repaired",
        "repair nfcorpus -m ./my-model -o ./my-model-repaired --fix soften",
    ),
    "corpora": ("corpora", "corpora sample", "corpora ./my-corpus"),
    "models": ("models", "models --published nfcorpus --with results/"),
    "indexes": ("indexes", "indexes nfcorpus/wordllama", "indexes --remove sample"),
    "doctor": ("doctor", "doctor results/"),
}
"""Command -> arguments of searchapp; a test parses every line and runs those that need only the sample."""
