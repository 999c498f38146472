"""Options that would do nothing: every command refuses them, and names both sides of the conflict."""

from collections.abc import Sequence
from importlib import import_module

import click
import pytest

from searchapp.cli import COMMANDS
from searchapp.cli.options import VECTOR_OPTIONS
from searchapp.reports.formats import FORMATS

from .conftest import Cli

REQUIRED: dict[str, tuple[str, ...]] = {
    "index": ("sample",),
    "query": ("honey",),
    "eval": ("sample",),
    "tune": ("sample",),
    "compare": ("a", "b"),
    "reproduce": ("mteb/baseline-bm25s",),
    "export": ("results",),
    "diagnose": ("sample",),
    "repair": ("sample", "-o", "written"),
    "adapt": ("sample", "-o", "written"),
    "corpora": (),
    "models": (),
    "indexes": (),
    "doctor": (),
}
VALUES = {
    "max_length": ("--max-length", "5"),
    "normalize": ("--no-normalize",),
    "template": ("--template", "{text}"),
    "document_prompt": ("--document-prompt", "x"),
    "query_prompt": ("--query-prompt", "x"),
    "query_pooling": ("--query-pooling", "mean"),
    "document_pooling": ("--document-pooling", "mean"),
}
VECTORS = list(VALUES.values())
OTHER_TEXTS = [flags for name, flags in VALUES.items() if name != "normalize"]


def options(name: str) -> list[click.Option]:
    """Return the options of a command."""
    command = import_module(f"searchapp.cli.{name}_command").command
    return [parameter for parameter in command.params if isinstance(parameter, click.Option)]


def refusal(cli: Cli, *arguments: str) -> str:
    """Return the usage error of a command line, in one line."""
    result = cli(*arguments)
    assert result.exit_code == 2, arguments
    assert result.stdout == ""
    assert "Usage: " in result.stderr
    return " ".join(result.stderr.split())


ONCE = [
    (name, option.opts[-1])
    for name in COMMANDS
    for option in options(name)
    if not option.is_flag and not option.multiple
]


@pytest.mark.parametrize(("name", "option"), ONCE)
def test_an_option_given_twice_is_refused_where_the_last_would_win(cli: Cli, name: str, option: str) -> None:
    required = [part for part in REQUIRED[name] if not (option == "--output" and part in {"-o", "written"})]
    message = refusal(cli, name, *required, option, "1", option, "2")
    assert f"{option} is given 2 times; give it once." in message


def test_short_and_long_forms_are_one_option(cli: Cli) -> None:
    assert "--model is given 2 times" in refusal(cli, "index", "sample", "-m", "wordllama", "--model", "x")


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("form", [form for form in FORMATS if form != "json"])
def test_json_goes_with_no_other_format(cli: Cli, name: str, form: str) -> None:
    message = refusal(cli, name, *REQUIRED[name], "--json", "--format", form)
    assert f"--json means --format json; it does not go with --format {form}." in message or (
        f"{form!r} is not one of" in message  # the command has no such format
    )


def test_every_option_of_vectors_has_a_value_here() -> None:
    assert list(VALUES) == list(VECTOR_OPTIONS)


POOLINGS = [VALUES["query_pooling"], VALUES["document_pooling"]]
UNUSED: list[tuple[str, ...]] = [("-m", "x"), ("--kind", "flat"), ("--baselines",)]
RERUN: list[tuple[str, ...]] = [("-m", "x"), ("--thorough",)]
RUN = ("--run", "x.trec")
CONFLICTS: list[tuple[str, tuple[str, ...], Sequence[tuple[str, ...]], str]] = [
    ("eval", RUN, [("--mode", "dense"), *UNUSED, *VECTORS], "--run"),
    ("eval", ("--mode", "bm25"), [*UNUSED, *VECTORS], "--mode bm25"),
    ("eval", ("--baselines",), [("--mode", "dense"), ("--mode", "hybrid")], "--baselines"),
    ("eval", ("--measure", "P@5"), [("--at", "5")], "--measure"),
    ("eval", ("-m", "npy:x"), OTHER_TEXTS, "-m npy:FOLDER"),
    ("eval", ("-m", "wordllama", "-m", "npy:x"), OTHER_TEXTS, "-m npy:FOLDER"),
    ("index", ("-m", "npy:x"), OTHER_TEXTS, "-m npy:FOLDER"),
    ("tune", ("-m", "npy:x"), OTHER_TEXTS, "-m npy:FOLDER"),
    ("reproduce", ("-m", "npy:x"), OTHER_TEXTS, "-m npy:FOLDER"),
    ("reproduce", ("--against", "x"), [("--mode", "dense"), *RERUN, *VECTORS], "--against"),
    ("reproduce", ("--mode", "bm25"), [*RERUN, *VECTORS], "--mode bm25"),
    ("reproduce", (), [("--thorough",), *VECTORS], "mteb/baseline-bm25s, which is BM25"),
    ("reproduce", ("--mode", "hybrid"), [("--thorough",)], "--mode hybrid"),
    ("query", ("-c", "sample", "--mode", "bm25"), [("-m", "x"), ("--kind", "flat")], "-c and --mode bm25"),
    *[("compare", ("--format", form), [("--show", "1")], f"--format {form}")
      for form in ("csv", "ndjson", "markdown", "latex")],
    *[(command, (), POOLINGS, "a model other than -m st:NAME_OR_PATH")
      for command in ("index", "eval", "tune")],
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "chosen", "useless", "because"),
    [
        pytest.param(name, chosen, useless, because, id=" ".join((name, *chosen, *useless)))
        for name, chosen, every, because in CONFLICTS
        for useless in every
    ],
)
def test_an_option_without_effect_is_refused(
    cli: Cli, name: str, chosen: tuple[str, ...], useless: tuple[str, ...], because: str
) -> None:
    option = "--model" if useless[0] == "-m" else useless[0]
    for order in ((*chosen, *useless), (*useless, *chosen)):
        assert f"{option} has no effect with {because}" in refusal(cli, name, *REQUIRED[name], *order)


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (("eval", "sample", "nfcorpus", *RUN), ("--run", "TASK")),
        (("query", "honey", "-i", "x"), ('"..."', "-i FILE")),
        (("models", "--with", "x"), ("--with", "--published")),
        (("indexes", "--remove"), ("Name the indexes",)),
        (("export", "x", "--mteb", "a", "--trec", "b"), ("--mteb", "--trec")),
        (("export", "x", "--mteb", "a", "--model-index"), ("--mteb", "--model-index")),
        (("export", "x"), ("--mteb", "--model-index", "--trec")),
    ],
)
def test_what_does_not_go_together_is_named(
    cli: Cli, arguments: tuple[str, ...], names: tuple[str, ...]
) -> None:
    message = refusal(cli, *arguments)
    assert all(name in message for name in names)
