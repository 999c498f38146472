"""Models: texts in, `(n, d)` float32 vectors out."""

from searchapp.encoders.encoder import Encoder, Options, load_encoder, model_slug
from searchapp.encoders.files import BUNDLED, ModelFiles, find_model
from searchapp.encoders.static import Facts

__all__ = ["BUNDLED", "Encoder", "Facts", "ModelFiles", "Options", "find_model", "load_encoder", "model_slug"]
