"""What a run of the benchmark found, as lines and as tables."""

from collections import Counter
from collections.abc import Iterable, Sequence

from tests.faults.runner import Outcome

COUNTED = ("first", "among", "missed", "silent", "crashed")


def line(outcome: Outcome) -> str:
    """Return one line about a case: id, what was named, the verdict and the scores."""
    named = ", ".join(f"{cause} {strength:.2f}" for cause, strength in outcome.causes[:4]) or "-"
    scores = "" if outcome.score is None else f" nDCG@10 {outcome.healthy:.3f} -> {outcome.score:.3f}"
    error = f" | {outcome.error}" if outcome.error else " | WARNING on stderr" if outcome.warned else ""
    wanted = "/".join(outcome.case.fault.accepts) or "silence"
    head = f"{outcome.kind:9} {outcome.case.id}: wanted {wanted}; named {named}"
    return f"{head}; {outcome.verdict}{scores} ({outcome.seconds} s){error}"


def summary(outcomes: Sequence[Outcome]) -> str:
    """Return the rates by family, and of all."""
    families = dict.fromkeys(outcome.case.fault.family for outcome in outcomes)
    rows = [(name, [one for one in outcomes if one.case.fault.family == name]) for name in families]
    lines = [f"{'family':10} {'of':>4} first among missed silent crashed no-effect | harmless alarms"]
    for name, some in (*rows, ("all", outcomes)):
        kinds = counts(some)
        faults = sum(kinds[kind] for kind in COUNTED)
        cells = " ".join(f"{kinds[kind]:{len(kind)}}" for kind in COUNTED)
        alarms = f"{kinds['harmless']:8} {kinds['alarm']:6}"
        lines.append(f"{name:10} {faults:4} {cells} {kinds['no-effect']:9} | {alarms}")
    return "\n".join([*lines, *rates(outcomes)])


def counts(outcomes: Iterable[Outcome]) -> Counter[str]:
    """Count faults by kind; harmless cases count as `harmless`, and as `alarm` where one was given."""
    kinds: Counter[str] = Counter()
    for outcome in outcomes:
        if outcome.case.fault.accepts:
            kinds[outcome.kind] += 1
        else:
            kinds["harmless"] += 1
            kinds["alarm"] += outcome.kind != "fine"
    return kinds


def rates(outcomes: Iterable[Outcome]) -> list[str]:
    """Return the four figures of the benchmark as lines."""
    kinds = counts(outcomes)
    faults = sum(kinds[kind] for kind in COUNTED)
    figures = (
        ("first", kinds["first"], faults),
        ("among the first three", kinds["first"] + kinds["among"], faults),
        ("silent", kinds["silent"], faults),
        ("false alarms", kinds["alarm"], kinds["harmless"]),
    )
    return [f"{name}: {part} of {of} ({part / of:.1%})" for name, part, of in figures if of]
