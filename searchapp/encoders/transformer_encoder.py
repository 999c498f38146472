"""The encoder of transformers: slow, so every vector is kept, and none is computed a second time."""

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
    """Turns documents and queries into vectors by sentence-transformers, on the processor.

    Vectors are kept below the user's cache folder by the digests of model, tokenizer and text, by role,
    pooling, prompt, length and the versions of the libraries. So another template, split or a second
    index encodes no text twice, and an interrupted run loses a batch at most. The model itself is loaded
    when the first vector is missing.

    A vector depends on the texts that are encoded with it, since they are padded to one length: a unit
    vector by less than 1e-6 in every component, which a test holds.

    Args:
        files: the model.
        options: what the user changed.

    Raises:
        SearchappError: sentence-transformers is not installed, the model is damaged, or an option makes
            no sense.
    """

    batch = 64
    facts = None
    libraries: tuple[str, ...] = ("sentence-transformers", "torch", "transformers")

    def __init__(self, files: TransformerFiles, options: Options) -> None:
        template = check_template(options.template)
        self.name = files.name
        self.options = options
        self._files = files
        self._wishes = _with_preset(files, options)
        self._loaded: TransformerModel | None = None
        self._encoded = self._reused = 0
        model, tokenizer = files.model_digest(), files.tokenizer_digest()
        self._origin = json.dumps([model, tokenizer, versions_of(*self.libraries, "tokenizers")])
        self._kept = VectorCache(cache_folder("vectors") / f"{model[:32]}.sqlite")
        self._profile = self._known_profile()
        self.recipe = Recipe(
            model=files.name,
            revision=files.revision,
            model_digest=model,
            tokenizer_digest=tokenizer,
            dimension=self._profile.dimension,
            query_pooling=self._profile.query.pooling,
            document_pooling=self._profile.document.pooling,
            max_length=self._profile.max_length,
            normalize=options.normalize,
            template=template,
            document_prompt=self._profile.document.prompt,
            query_prompt=self._profile.query.prompt,
        )

    @property
    def circumstances(self) -> Mapping[str, Any]:
        """Where the vectors were computed, and how many were not, since they had been kept."""
        threads = self._loaded.threads if self._loaded else None
        return {
            "device": "cpu",
            "torch_threads": threads,
            "vectors_encoded": self._encoded,
            "vectors_kept": self._reused,
        }

    def encode_documents(self, documents: Sequence[Document]) -> NDArray[np.float32]:
        """Return one vector a document in the order given, (n, d) float32."""
        texts = [assemble(document, self.options.template) for document in documents]
        return self._encode(self._profile.document, texts)

    def encode_queries(self, queries: Sequence[Query]) -> NDArray[np.float32]:
        """Return one vector a query in the order given, (n, d) float32."""
        return self._encode(self._profile.query, [query.text for query in queries])

    def _encode(self, side: Side, texts: Sequence[str]) -> NDArray[np.float32]:
        keys = [self._key(asdict(side), self._profile.max_length, text) for text in texts]
        known = self._kept.read(set(keys))
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        self._encoded += len(missing)
        self._reused += len(set(keys)) - len(missing)
        if missing:
            new = self._model().encode(side, list(missing.values()))
            checked_vectors(new, list(missing.values()), self.name, normalize=False)
            made = {key: vector.tobytes() for key, vector in zip(missing, new, strict=True)}
            self._kept.write(made)
            known |= made
        rows = np.frombuffer(b"".join(known[key] for key in keys), dtype=np.float32)
        return checked_vectors(
            rows.reshape(len(texts), self._profile.dimension),
            texts,
            self.name,
            normalize=self.options.normalize,
        )

    def _known_profile(self) -> Profile:
        """Return what the model says about itself, without loading it when it has said so before."""
        wishes = {name: getattr(self._wishes, name) for name in SHAPES_PROFILE}
        key = self._key("profile", wishes)
        known = self._kept.read([key]).get(key)
        if known is None:
            profile = self._model().profile
            self._kept.write({key: json.dumps(asdict(profile)).encode()})
            return profile
        said = json.loads(known)
        return Profile(**said | {"query": Side(**said["query"]), "document": Side(**said["document"])})

    def _model(self) -> TransformerModel:
        if self._loaded is None:
            self._loaded = TransformerModel(self._files, self._wishes)
        return self._loaded

    def _key(self, *parts: Any) -> bytes:
        return hashlib.sha256(json.dumps([self._origin, *parts]).encode()).digest()


def _with_preset(files: TransformerFiles, options: Options) -> Options:
    """Return the options with the poolings that are known for a model where the user has not said any."""
    query, document = files.preset()
    if query != "model" and "model" in {options.query_pooling, options.document_pooling}:
        logger.info("%s is known to pool queries by %s and documents by %s.", files.name, query, document)
    return replace(
        options,
        query_pooling=query if options.query_pooling == "model" else options.query_pooling,
        document_pooling=document if options.document_pooling == "model" else options.document_pooling,
    )
