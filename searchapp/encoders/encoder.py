"""An encoder: a model together with the options that shape its vectors."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from searchapp.encoders.files import ModelFiles, find_model
from searchapp.encoders.options import Options
from searchapp.encoders.static import Facts, load_model, reopen_model
from searchapp.encoders.texts import assemble, check_template
from searchapp.errors import SearchappError
from searchapp.records import Document, Recipe


class Encoder:
    """Turns documents and queries into vectors by one recipe.

    Args:
        files: the model.
        options: what the user changed.
        facts: of an earlier load of the same model; spares reading it in full when no file was touched.
        sample: texts that are to come, on which a fast tokenizer must prove itself.

    Raises:
        SearchappError: the model is damaged, or an option makes no sense.
    """

    def __init__(
        self, files: ModelFiles, options: Options, facts: Facts | None = None, sample: Sequence[str] = ()
    ) -> None:
        self.files = files
        self.options = options
        self._model = (facts and reopen_model(files, facts)) or load_model(files, sample)
        self.facts = self._model.facts
        max_length = self.facts.max_length if options.max_length == "model" else options.max_length
        self.recipe = Recipe(
            model=files.name,
            revision=files.revision,
            model_digest=self.facts.model_digest,
            tokenizer_digest=self.facts.tokenizer_digest,
            dimension=self.facts.dimension,
            pooling="mean",
            max_length=max_length,
            normalize=options.normalize,
            template=check_template(options.template),
            document_prompt=options.document_prompt,
            query_prompt=options.query_prompt,
        )

    def encode_documents(self, documents: Sequence[Document]) -> NDArray[np.float32]:
        """Return one vector a document in the order given, (n, d) float32."""
        prompt, template = self.options.document_prompt, self.options.template
        return self._encode([prompt + assemble(document, template) for document in documents])

    def encode_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one vector a query in the order given, (n, d) float32."""
        return self._encode([self.options.query_prompt + text for text in texts])

    def _encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        vectors = self._model.encode(texts, self.recipe.max_length)
        broken = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
        if len(broken):
            raise SearchappError(
                f"{self.files.name} gives NaN or infinity for {texts[broken[0]][:60]!r}.",
                "The table overflows; convert the model to single precision.",
            )
        return unit(vectors) if self.options.normalize else vectors


def load_encoder(
    name: str, options: Options | None = None, facts: Facts | None = None, sample: Sequence[str] = ()
) -> Encoder:
    """Return the encoder for a model's name (see `find_model`); the rest is as for `Encoder`."""
    return Encoder(find_model(name), options or Options(), facts, sample)


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Divide each row by its Euclidean norm; zero rows stay zero.

    Args:
        vectors: (n, d) float32.

    >>> unit(np.array([[3.0, 4.0], [0.0, 0.0]], dtype=np.float32)).tolist()
    [[0.6000000238418579, 0.800000011920929], [0.0, 0.0]]
    """
    norms = np.linalg.norm(vectors, axis=1, keepdims=True).astype(np.float32, copy=False)
    norms[norms == 0] = 1
    divided: NDArray[np.float32] = vectors / norms
    return divided
