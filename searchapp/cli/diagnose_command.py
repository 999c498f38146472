"""searchapp diagnose: name the fault behind a low score, with its evidence and the gain of its repair."""

import click

from searchapp.cli.options import encoding_options, json_option, model_option, offline_option
from searchapp.encoders.options import Options


@click.command("diagnose")
@click.argument("corpus", metavar="CORPUS")
@model_option
@click.option(
    "--probe", "probes", multiple=True, metavar="NAME", help="Ask only this probe; may stand several times."
)
@click.option("--label-free", is_flag=True, help="Leave the judgements alone.")
@click.option("--quick", is_flag=True, help="Leave out BM25 and the floor of random tables.")
@encoding_options
@json_option
@offline_option
@click.pass_context
def command(
    context: click.Context,
    corpus: str,
    model: str,
    probes: tuple[str, ...],
    label_free: bool,
    quick: bool,
    options: Options,
    as_json: bool,
) -> None:
    """Say what is wrong with a model's score on CORPUS, or that nothing is; exit 3 when a fault is found.

    Looks at the index that is there, stale or not, or else at what the model gives now.
    """
    from searchapp.corpora.names import open_corpus
    from searchapp.diagnosis.pipelines import collect
    from searchapp.diagnosis.registry import PROBES
    from searchapp.diagnosis.verdict import diagnose, find_probe
    from searchapp.reports.diagnoses import diagnosis_document, diagnosis_text, status
    from searchapp.reports.machine import to_json

    chosen = [find_probe(name) for name in probes] or [
        probe for probe in PROBES if not (quick and probe.slow)
    ]
    with status() as progress:
        evidence = collect(open_corpus(corpus), model, options, label_free=label_free, progress=progress)
        diagnosis = diagnose(evidence, chosen)
    if as_json:
        click.echo(to_json(diagnosis_document(diagnosis, corpus, model)))
    else:
        click.echo(diagnosis_text(diagnosis, corpus, model))
    context.exit(0 if diagnosis.healthy else 3)
