"""The encoder of static models."""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from searchapp.encoders.model_files import ModelFiles
from searchapp.encoders.options import Options
from searchapp.encoders.static_model import ModelFacts, load_model, reopen_model, with_verified_tokenizer
from searchapp.encoders.texts import assemble, check_template
from searchapp.encoders.vectors import checked_vectors
from searchapp.errors import SearchappError
from searchapp.records import Document, Query, Recipe


class StaticEncoder:
    """Encodes documents and queries as means of the rows of `model`.

    `facts` of an earlier load spare a full load when no file has changed; a fast tokenizer is verified on
    `sample`, texts of the corpus.

    Raises:
        SearchappError: the model is damaged, or an option does not apply to it.
    """

    batch = 4096
    libraries: tuple[str, ...] = ()

    def __init__(
        self, files: ModelFiles, options: Options, facts: ModelFacts | None = None, sample: Sequence[str] = ()
    ) -> None:
        self.name = files.name
        self.files = files
        self.model = (facts and reopen_model(files, facts)) or load_model(files, sample)
        self.facts = self.model.facts
        self._set(options)

    def _set(self, options: Options) -> None:
        for pooling in (options.query_pooling, options.document_pooling):
            if pooling not in {"model", "mean"}:
                raise SearchappError(
                    f"Static models have no {pooling!r} pooling, only the mean of their token vectors.",
                    "Leave out --query-pooling and --document-pooling, or use a transformer: "
                    "-m st:NAME_OR_PATH",
                )
        check_template(options.template)
        self.options = options
        facts, name, revision = self.facts, self.name, self.files.revision
        max_length = facts.max_length if options.max_length == "model" else options.max_length
        shaping = asdict(options) | {
            "query_pooling": "mean",
            "document_pooling": "mean",
            "max_length": max_length,
            "query_prompt": options.query_prompt or facts.query_prompt,
            "document_prompt": options.document_prompt or facts.document_prompt,
        }
        self.recipe = Recipe(
            name, revision, facts.model_digest, facts.tokenizer_digest, facts.dimension, **shaping
        )

    def with_options(self, options: Options) -> "StaticEncoder":
        """Return an encoder of the same model with other options, without reading the model again."""
        other = copy(self)
        other._set(options)
        return other

    def for_corpus(self, sample: Sequence[str]) -> "StaticEncoder":
        """Return an encoder of the same model with a tokenizer that is verified on a sample of the corpus."""
        other = copy(self)
        other.model = with_verified_tokenizer(self.model, self.files, sample)
        other.facts = other.model.facts
        return other

    @property
    def circumstances(self) -> Mapping[str, Any]:
        """Which library tokenises, and why."""
        return {"tokenizer": f"{self.facts.tokenizer}: {self.facts.proof}"}

    def encode_documents(self, documents: Sequence[Document]) -> NDArray[np.float32]:
        """Return one vector per document in the given order, (n, d) float32."""
        prompt, template = self.recipe.document_prompt, self.options.template
        return self._encode([prompt + assemble(document, template) for document in documents])

    def encode_queries(self, queries: Sequence[Query]) -> NDArray[np.float32]:
        """Return one vector per query in the given order, (n, d) float32."""
        return self._encode([self.recipe.query_prompt + query.text for query in queries])

    def _encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        vectors = self.model.encode(texts, self.recipe.max_length)
        return checked_vectors(vectors, texts, self.name, normalize=self.options.normalize)
