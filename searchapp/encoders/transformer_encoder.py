"""The encoder of transformers: slow, so every vector is cached and none is computed twice."""

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from searchapp.encoders.options import Options
from searchapp.encoders.texts import assemble, check_template
from searchapp.encoders.transformer_files import TransformerFiles
from searchapp.encoders.transformer_model import Profile, Side, TransformerModel
from searchapp.encoders.vector_cache import VectorCache
from searchapp.encoders.vectors import checked_vectors
from searchapp.files import cache_folder
from searchapp.records import Document, Query, Recipe
from searchapp.versions import versions_of

logger = logging.getLogger(__name__)

SHAPES_PROFILE = ("max_length", "query_pooling", "document_pooling", "query_prompt", "document_prompt")


class TransformerEncoder:
    """Encodes documents and queries with sentence-transformers, on the CPU.

    Vectors are stored in the user's cache under the digests of model, tokenizer and text, with role,
    pooling, prompt, maximum length and library versions. So no text is encoded twice for another template,
    split or index, and an interruption loses one batch at most. The model is loaded when the first vector
    is missing.

    A vector depends slightly on the other texts of its batch, since they are padded to one length: by less
    than 1e-6 in every component of a unit vector, which a test checks.

    Raises:
        SearchappError: sentence-transformers is not installed, the model is damaged, or an option does
            not apply to it.
    """

    batch = 64
    facts = None
    libraries: tuple[str, ...] = ("sentence-transformers", "torch", "transformers")

    def __init__(self, files: TransformerFiles, options: Options) -> None:
        check_template(options.template)
        self.name = files.name
        self.options = options
        self._files = files
        self._settled = _with_preset(files, options)
        self._loaded: TransformerModel | None = None
        self._encoded = self._from_cache = 0
        model, tokenizer = files.model_digest(), files.tokenizer_digest()
        self._origin = json.dumps([model, tokenizer, versions_of(*self.libraries, "tokenizers")])
        self._cache = VectorCache(cache_folder("vectors") / f"{model[:32]}.sqlite")
        self._profile = profile = self._known_profile()
        self.recipe = Recipe(
            files.name,
            files.revision,
            model,
            tokenizer,
            profile.dimension,
            query_pooling=profile.query.pooling,
            document_pooling=profile.document.pooling,
            max_length=profile.max_length,
            normalize=options.normalize,
            template=options.template,
            document_prompt=profile.document.prompt,
            query_prompt=profile.query.prompt,
        )

    @property
    def circumstances(self) -> Mapping[str, Any]:
        """Where the vectors were computed, and how many came from the cache."""
        return {
            "device": "cpu",
            "torch_threads": self._loaded.threads if self._loaded else None,
            "vectors_encoded": self._encoded,
            "vectors_kept": self._from_cache,
        }

    def with_options(self, options: Options) -> "TransformerEncoder":
        """Return an encoder of the same model with other options."""
        return TransformerEncoder(self._files, options)

    def for_corpus(self, _sample: Sequence[str]) -> "TransformerEncoder":
        """Return this encoder, which starts to count its vectors again."""
        self._encoded = self._from_cache = 0
        return self

    def encode_documents(self, documents: Sequence[Document]) -> NDArray[np.float32]:
        """Return one vector per document in the given order, (n, d) float32."""
        texts = [assemble(document, self.options.template) for document in documents]
        return self._encode(self._profile.document, texts)

    def encode_queries(self, queries: Sequence[Query]) -> NDArray[np.float32]:
        """Return one vector per query in the given order, (n, d) float32."""
        return self._encode(self._profile.query, [query.text for query in queries])

    def _encode(self, side: Side, texts: Sequence[str]) -> NDArray[np.float32]:
        keys = [self._key(asdict(side), self._profile.max_length, text) for text in texts]
        known = self._cache.read(set(keys))
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        self._encoded += len(missing)
        self._from_cache += len(set(keys)) - len(missing)
        if missing:
            new = self._model().encode(side, list(missing.values()))
            checked_vectors(new, list(missing.values()), self.name, normalize=False)
            computed = {key: vector.tobytes() for key, vector in zip(missing, new, strict=True)}
            self._cache.write(computed)
            known |= computed
        rows = np.frombuffer(b"".join(known[key] for key in keys), dtype=np.float32)
        vectors = rows.reshape(len(texts), self._profile.dimension)
        return checked_vectors(vectors, texts, self.name, normalize=self.options.normalize)

    def _known_profile(self) -> Profile:
        """Return the profile of the model from the cache; load the model only when it is not there."""
        settings = {name: getattr(self._settled, name) for name in SHAPES_PROFILE}
        key = self._key("profile", settings)
        known = self._cache.read([key]).get(key)
        if known is None:
            profile = self._model().profile
            self._cache.write({key: json.dumps(asdict(profile)).encode()})
            return profile
        stored = json.loads(known)
        return Profile(**stored | {role: Side(**stored[role]) for role in ("query", "document")})

    def _model(self) -> TransformerModel:
        if self._loaded is None:
            self._loaded = TransformerModel(self._files, self._settled)
        return self._loaded

    def _key(self, *parts: Any) -> bytes:
        return hashlib.sha256(json.dumps([self._origin, *parts]).encode()).digest()


def _with_preset(files: TransformerFiles, options: Options) -> Options:
    """Return the options with the known poolings of a model where the user has not set any."""
    query, document = files.preset()
    if query != "model" and "model" in {options.query_pooling, options.document_pooling}:
        logger.info("%s pools queries by %s and documents by %s.", files.name, query, document)
    return replace(
        options,
        query_pooling=query if options.query_pooling == "model" else options.query_pooling,
        document_pooling=document if options.document_pooling == "model" else options.document_pooling,
    )
