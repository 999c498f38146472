"""Static models that sentence-transformers saved: prompts, truncation and modules, as it applies them."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer

from searchapp.encoders.encoder import load_encoder
from searchapp.encoders.options import Options
from searchapp.errors import SearchappError
from searchapp.records import Document
from tests.conftest import TABLE, Cli, MakeFolder, as_queries

PROMPTS = {"query": "plum ", "document": "fig "}
STATIC = "sentence_transformers.sentence_transformer.modules.static_embedding.StaticEmbedding"
NORMALIZE = "sentence_transformers.base.modules.normalize.Normalize"


@pytest.fixture
def save(make_model: MakeFolder) -> MakeFolder:
    """Write a model as sentence-transformers saves it: `save(modules=[...], prompts=...)`."""

    def write(name: str = "model", modules: Any = (STATIC,), limit: int | None = None, **config: Any) -> Path:
        from safetensors.numpy import save_file

        folder = make_model(name)
        (folder / "config.json").unlink()
        save_file({"embedding.weight": TABLE}, folder / "model.safetensors")
        (folder / "config_sentence_transformers.json").write_text(json.dumps(config))
        listed = [{"idx": i, "name": str(i), "path": "", "type": kind} for i, kind in enumerate(modules)]
        (folder / "modules.json").write_text(json.dumps(listed))
        if limit is not None:
            tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            tokenizer.enable_truncation(limit)
            tokenizer.save(str(folder / "tokenizer.json"))
        return folder

    return write


def vectors(folder: Path, text: str, **options: Any) -> list[list[float]]:
    """Return the vectors of a text as a query and as a document, not normalised by searchapp."""
    encoder = load_encoder(str(folder), Options(normalize=False, **options))
    return [
        encoder.encode_queries(as_queries([text]))[0].tolist(),
        encoder.encode_documents([Document("1", "", text)])[0].tolist(),
    ]


def test_the_prompts_of_a_model_precede_the_texts_unless_others_are_given(save: MakeFolder) -> None:
    folder = save(prompts=PROMPTS)
    assert vectors(folder, "apple") == [[0.5, 0, 0.5, 0], [0.5, 0, 0, 0.5]]
    assert vectors(folder, "apple", query_prompt="pear ") == [[0.5, 0.5, 0, 0], [0.5, 0, 0, 0.5]]
    recipe = load_encoder(str(folder)).recipe
    assert (recipe.query_prompt, recipe.document_prompt) == ("plum ", "fig ")


def test_the_vectors_are_cut_behind_the_modules(save: MakeFolder) -> None:
    assert vectors(save(truncate_dim=2), "apple fig") == [[0.5, 0], [0.5, 0]]
    cut = vectors(save(truncate_dim=2, modules=(STATIC, NORMALIZE)), "apple fig")
    np.testing.assert_allclose(cut, [[0.5**0.5, 0]] * 2, rtol=1e-6)
    assert vectors(save(truncate_dim=9), "fig") == [[0, 0, 0, 1]] * 2


def test_unknown_tokens_count_and_only_a_saved_limit_truncates(save: MakeFolder) -> None:
    assert vectors(save(), "apple unheard") == [[5, 4.5, 4.5, 4.5]] * 2  # (1 + 9) / 2, (0 + 9) / 2
    long = "apple " * 600 + "fig"
    assert vectors(save(), long)[0][3] == pytest.approx(1 / 601)
    assert vectors(save(limit=2), "apple fig pear plum") == [[0.5, 0, 0, 0.5]] * 2


def test_an_index_keeps_prompts_and_dimension(cli: Cli, save: MakeFolder, make_corpus: MakeFolder) -> None:
    name, corpus = str(save(prompts=PROMPTS, truncate_dim=3)), str(make_corpus())
    first, again = (
        json.loads(cli("eval", corpus, "-m", name, "--json").stdout)["results"][0] for _ in range(2)
    )
    assert [first["recipe"][key] for key in ("query_prompt", "document_prompt", "dimension")] == [
        *PROMPTS.values(),
        3,
    ]
    assert (again["recipe"], again["metrics"]) == (first["recipe"], first["metrics"])
    answer = json.loads(cli("query", "pear", "-c", corpus, "--json").stdout)["queries"][0]["hits"]
    # "plum pear" against "fig pear plum" without the fig: the same direction.
    assert (answer[0]["id"], answer[0]["score"]) == ("d2", pytest.approx(1))


@pytest.mark.parametrize(
    ("saved", "message"),
    [
        ({"truncate_dim": 0}, "truncate_dim is 0 in "),
        ({"truncate_dim": "64"}, "truncate_dim is '64' in "),
        ({"prompts": ["query: "]}, "prompts is ['query: '] in "),
        ({"prompts": {"query": 1}}, "prompts is {'query': 1} in "),
        ({"default_prompt_name": "search"}, "default_prompt_name is 'search' in "),
        ({"modules": (STATIC, "sentence_transformers.base.modules.dense.Dense")}, "StaticEmbedding, Dense"),
        ({"modules": ("sentence_transformers.base.modules.router.Router",)}, "modules.json lists Router"),
    ],
)
def test_what_is_not_applied_is_refused(
    cli: Cli, save: MakeFolder, saved: dict[str, Any], message: str
) -> None:
    done = cli("index", "sample", "-m", str(save(**saved)))
    assert done.exit_code == 1
    assert message in done.stderr


def test_a_prompt_that_retrieval_does_not_use_is_left_out_with_a_remark(cli: Cli, save: MakeFolder) -> None:
    folder = save(prompts={"query": "plum ", "passage": "fig "}, default_prompt_name="passage")
    assert vectors(folder, "apple") == [[0.5, 0, 0.5, 0], [1, 0, 0, 0]]
    remark = cli("index", "sample", "-m", str(folder)).stderr
    assert remark.count("The prompt 'passage' of ") == 1
    assert "'fig ') is left out" in remark


def test_a_repaired_model_keeps_its_prompts(cli: Cli, save: MakeFolder, tmp_path: Path) -> None:
    folder = save(prompts=PROMPTS, truncate_dim=3)
    done = cli("repair", "sample", "-m", str(folder), "-o", str(tmp_path / "repaired"), "--remove", "1")
    assert done.exit_code == 0, done.stderr
    recipe = load_encoder(str(tmp_path / "repaired")).recipe
    assert (recipe.query_prompt, recipe.document_prompt, recipe.dimension) == ("plum ", "fig ", 3)


def test_a_damaged_list_of_modules_is_named(save: MakeFolder) -> None:
    folder = save()
    (folder / "modules.json").write_text("{")
    with pytest.raises(SearchappError, match=re.escape(f"{folder / 'modules.json'} is not valid JSON")):
        load_encoder(str(folder))
