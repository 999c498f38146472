"""What a cause of a low score is made of, and the commands that lead on."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Cause:
    """One kind of fault.

    `code` is its place in the catalogue of faults; `title` names it; `effect` says what it has been
    measured to do, in nDCG@10 points (hundredths) on NFCorpus and SciFact where two numbers stand;
    `repair` says how to mend it; `step` is a command that works, with {corpus} and {model} to fill in.
    """

    code: str
    title: str
    effect: str
    repair: str
    step: str


REBUILD = "searchapp index {corpus} -m {model} --fresh"
SCORE = "searchapp eval {corpus} -m {model}"
LOOK = "searchapp corpora {corpus}"
AGAIN = "searchapp diagnose {corpus} -m {model}"
MEND = "searchapp repair {corpus} -m {model} -o mended"
