"""A static model: a table of token vectors, read from its files, checked, and averaged over texts.

The results equal those of model2vec's `StaticModel` (0.10) for every kind of table that it saves; see
`model_files.reference_model` for model2vec itself. What sentence-transformers saves is read as it reads it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from searchapp.encoders.fast_tokenizers import cached_tokenizer, choose_tokenizer
from searchapp.encoders.mean_pooling import mean_rows
from searchapp.encoders.model_files import BUNDLED, COPY_AGAIN, ModelFiles
from searchapp.encoders.saved_settings import read_settings
from searchapp.encoders.tokenization import ReferenceTokenizer, TextTokenizer, Tokens, truncate
from searchapp.errors import SearchappError
from searchapp.files import Stamp, file_stamp

CHUNK = 1024  # texts tokenised and averaged at a time


@dataclass(frozen=True)
class ModelFacts:
    """What a full load of a static model has found out, stored so that a query can skip it.

    `tokenizer` is the library that tokenises, `proof` says why; `unknown` is the id that is left out;
    `median_letters` is the median number of characters per token, by which model2vec truncates texts, 0 for
    a model that does not; `folded` tells whether weights or a mapping are folded into the table; `dimension`
    is that of a vector, which may be less than that of a row; the prompts are the model's own.
    """

    stamp: Stamp
    model_digest: str
    tokenizer_digest: str
    tokenizer: str
    proof: str
    rows: int
    dimension: int
    unknown: int | None
    median_letters: int
    max_length: int | None
    normalize: bool
    folded: bool
    query_prompt: str = ""
    document_prompt: str = ""


@dataclass(frozen=True, eq=False)
class StaticModel:
    """Encodes texts as means of table rows, as model2vec does, always in float32.

    `rows` is (vocabulary, d) of any precision, one row per token id, weights and mapping folded in;
    `rounding` lists the precisions that model2vec rounds the means to, in turn.
    """

    rows: NDArray[Any]
    rounding: Sequence[np.dtype[Any]]
    tokenize: TextTokenizer
    facts: ModelFacts

    def encode(self, texts: Sequence[str], max_length: int | None) -> NDArray[np.float32]:
        """Return the vectors of n texts, (n, d) float32; a text without a known token gives zeros.

        `max_length` tokens of a text are read; None reads whole texts. As in model2vec, the text of its
        models is first truncated to that many tokens of median length.
        """
        if len(texts) <= CHUNK:
            return self._means(self.tokens(texts, max_length))
        from concurrent.futures import ThreadPoolExecutor

        # While one chunk is averaged, which releases the GIL, the next is tokenised.
        with ThreadPoolExecutor(1) as executor:
            chunks = [
                executor.submit(self._means, self.tokens(texts[start : start + CHUNK], max_length))
                for start in range(0, len(texts), CHUNK)
            ]
            means = [chunk.result() for chunk in chunks]
        return np.concatenate(means)

    def tokens(self, texts: Sequence[str], max_length: int | None) -> Tokens:
        """Return the token ids of texts, truncated as model2vec does."""
        if max_length is None:
            return self.tokenize(texts)
        if characters := max_length * self.facts.median_letters:
            texts = [text[:characters] for text in texts]
        return truncate(self.tokenize(texts), max_length)

    def _means(self, tokens: Tokens) -> NDArray[np.float32]:
        means = mean_rows(self.rows, tokens.ids, tokens.offsets, self.facts.unknown)
        means = self._rounded(means)
        if self.facts.normalize:
            single = means.astype(np.float32, copy=False)
            means = self._rounded(single / (np.linalg.norm(single, axis=1, keepdims=True) + 1e-32))
        return means[:, : self.facts.dimension].astype(np.float32, copy=False)

    def _rounded(self, means: NDArray[Any]) -> NDArray[Any]:
        for precision in self.rounding:
            means = means.astype(precision, copy=False)
        return means


def load_model(files: ModelFiles, sample: Sequence[str] = ()) -> StaticModel:
    """Read a static model, check that its files fit together, and choose its tokenizer.

    A fast tokenizer is verified on `sample`, texts of the corpus.

    Raises:
        SearchappError: a file is damaged, the table holds NaN or infinity, or table and tokenizer
            differ in size.
    """
    tensors, reference = _tensors(files), _reference_tokenizer(files)
    settings = read_settings(files, reference)
    table, rounding = _fold(files, tensors, reference)
    digest = files.tokenizer_digest()
    tokenize, proof = choose_tokenizer(files.tokenizer, reference, digest, sample)
    token_lengths = [len(token) for token in reference.tokenizer.get_vocab(with_added_tokens=True)]
    facts = ModelFacts(
        stamp=file_stamp(files.all()),
        model_digest=files.model_digest(),
        tokenizer_digest=digest,
        tokenizer=tokenize.library,
        proof=proof,
        rows=len(tensors[files.tensor]),
        dimension=min(table.shape[1], settings.dimension or table.shape[1]),
        unknown=unknown_id(reference) if settings.as_model2vec else None,
        median_letters=int(np.median(token_lengths)) if settings.as_model2vec else 0,
        max_length=settings.max_length,
        normalize=settings.normalize,
        folded="weights" in tensors or "mapping" in tensors,
        query_prompt=settings.query_prompt,
        document_prompt=settings.document_prompt,
    )
    return StaticModel(table, rounding, tokenize, facts)


def with_verified_tokenizer(model: StaticModel, files: ModelFiles, sample: Sequence[str]) -> StaticModel:
    """Return the model with the fastest tokenizer that is right on a sample of the corpus."""
    digest = model.facts.tokenizer_digest
    tokenize, proof = choose_tokenizer(files.tokenizer, _reference_tokenizer(files), digest, sample)
    facts = replace(model.facts, tokenizer=tokenize.library, proof=proof)
    return replace(model, tokenize=tokenize, facts=facts)


def reopen_model(files: ModelFiles, facts: ModelFacts) -> StaticModel | None:
    """Return a model whose files have not changed since an earlier load, with its table mapped into memory.

    None when a file has changed, or when weights or a mapping must be folded in.
    """
    if facts.folded or file_stamp(files.all()) != facts.stamp:
        return None
    table, tokenize = _mapped(files), cached_tokenizer(files.tokenizer, facts.tokenizer_digest)
    return StaticModel(table, _rounding(files, table.dtype, table.dtype), tokenize, facts)


def _fold(
    files: ModelFiles, tensors: dict[str, NDArray[Any]], reference: ReferenceTokenizer
) -> tuple[NDArray[Any], list[np.dtype[Any]]]:
    """Return one row per token id in single or double precision, and the roundings of model2vec."""
    table, weights, mapping = tensors[files.tensor], tensors.get("weights"), tensors.get("mapping")
    size = reference.tokenizer.get_vocab_size(with_added_tokens=True)
    _check(files, table.ndim == 2, f"{files.tensor!r} has {table.ndim} dimensions, not 2")
    rows = len(table if mapping is None else mapping)
    _check(files, rows == size, f"the table has {rows} rows, but the tokenizer has {size} tokens")
    if weights is not None:
        _check(files, weights.shape == (size,), f"{weights.shape} weights for {size} tokens")
        _check(files, bool(np.isfinite(weights).all()), "a weight is NaN or infinity")
    if mapping is not None:
        in_range = mapping.min() >= 0 and mapping.max() < len(table)
        _check(files, bool(in_range), f"the mapping refers to rows beyond the {len(table)} of the table")
    broken = np.flatnonzero(~np.isfinite(table).all(axis=1))
    if len(broken):
        token = reference.tokenizer.id_to_token(int(broken[0])) if mapping is None else None
        raise SearchappError(
            f"{files.name}: {len(broken)} of {len(table)} rows of {files.table} hold NaN or infinity "
            f"(first: row {broken[0]}{f', token {token!r}' if token else ''}).",
            "Distil or convert the model again; these rows would spoil every text that uses them.",
        )
    folded = table if mapping is None else table[mapping]
    if weights is not None:
        folded = folded * weights[:, None]
    dense = np.float64 if folded.dtype == np.float64 else np.float32
    return np.ascontiguousarray(folded, dtype=dense), _rounding(files, folded.dtype, table.dtype)


def _check(files: ModelFiles, holds: bool, problem: str) -> None:
    if not holds:
        raise SearchappError(
            f"{files.name}: {problem} ({files.table}).",
            "Table and tokenizer are from different models, or were not saved together.",
        )


def _rounding(files: ModelFiles, folded: np.dtype[Any], table: np.dtype[Any]) -> list[np.dtype[Any]]:
    """Return the precisions that model2vec rounds a mean to: that of the rows, then that of the table."""
    if files.name == BUNDLED:
        return []  # stored in half precision, which single precision holds exactly
    return [np.dtype(np.float32) if kind.kind == "i" else kind for kind in (folded, table)]


def unknown_id(reference: ReferenceTokenizer) -> int | None:
    """Return the id of the unknown token as model2vec determines it."""
    model = reference.tokenizer.model
    if hasattr(model, "unk_token"):
        return None if model.unk_token is None else reference.tokenizer.token_to_id(model.unk_token)
    unknown: int | None = json.loads(reference.tokenizer.to_str())["model"].get("unk_id")  # Unigram
    return unknown


def _mapped(files: ModelFiles) -> NDArray[Any]:
    """Return the table mapped into memory (the layout of safetensors: length, JSON header, data)."""
    with files.table.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        entry = json.loads(stream.read(length))[files.tensor]
    kinds = {"F16": np.float16, "F32": np.float32, "F64": np.float64, "I8": np.int8}
    offset = 8 + length + entry["data_offsets"][0]
    mapped = np.memmap(files.table, kinds[entry["dtype"]], "r", offset, tuple(entry["shape"]))
    return np.asarray(mapped)


def _tensors(files: ModelFiles) -> dict[str, NDArray[Any]]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(files.table), framework="numpy") as opened:
            tensors = {key: opened.get_tensor(key) for key in opened.keys()}  # noqa: SIM118 - not a dict
    except (SafetensorError, OSError) as error:
        raise SearchappError(f"{files.name}: {files.table} cannot be read ({error}).", COPY_AGAIN) from error
    if files.tensor not in tensors:
        names = ", ".join(sorted(tensors)[:3]) + (f" and {len(tensors) - 3} more" if len(tensors) > 3 else "")
        raise SearchappError(
            f"{files.name}: {files.table} has no tensor {files.tensor!r} (it has {names}).",
            f"It is not a static model; for a transformer, use -m st:{files.name}",
        )
    return tensors


def _reference_tokenizer(files: ModelFiles) -> ReferenceTokenizer:
    try:
        return ReferenceTokenizer(files.tokenizer)
    except Exception as error:  # the tokenizers library raises nothing narrower
        message = f"{files.name}: {files.tokenizer} cannot be read ({error})."
        raise SearchappError(message, COPY_AGAIN) from error
