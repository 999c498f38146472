"""Digests of the published corpora, by which a copy with other texts or judgements is told."""

KNOWN_DOCUMENTS = {
    "beir/nfcorpus": "4a158eb04e8f68dfd793d25206061ae4d7eb5414969cc054ef6c5abf26665f65",
    "beir/scifact": "0e10c4b323460fd7851defe097ba4f5219b5ac3b2208ed7999e3a0b3ea4a577a",
}
"""Digest of the documents (`Corpus.documents_digest`) of BEIR's archives of 2021."""

KNOWN_SPLITS = {
    "beir/nfcorpus/test": (
        "29e105fdffa46ad25e64428709d057d654ff0f9f46b89d47029b5e49050a2695",
        "f5ee4c62586b854e9c6488773881a157d1cffc2748a51cc5b6a2a5e519c82660",
    ),
    "beir/nfcorpus/train": (
        "17339ed56aeacc50e9ef7afe141f49722fe231eacbf2a95a5f21b12ded4b1dcd",
        "ea3f16fee64a402c2df2383de0151ed0c81324207231e178f3307b8f1f2f113f",
    ),
    "beir/nfcorpus/dev": (
        "a0835d668bf672257650362a36035ec7fad775a7f9eac3bac716021561760791",
        "7aaec39270d5311fdae942f491be4e2d5e798f3540e67e765ccbe0f6ab8063ca",
    ),
    "beir/scifact/test": (
        "96b32487be05e9b41db5d8fa8247d05c43770350e2ebe2b31eee21bd32618e5b",
        "293b8a52a6c353334d20d0556df20b114a22af105a68c46432daecc021a9610f",
    ),
    "beir/scifact/train": (
        "908daf494fd222d3b9e00522768ff8b1b29bbbd7ec5a1e8b735c56f939fb5ce5",
        "18b2eb352dd6d4f0153745586031453dc52be4a3783e620899bac08e47dff6c1",
    ),
}
"""Digests of the judged queries and of the judgements of each split of the same archives."""
