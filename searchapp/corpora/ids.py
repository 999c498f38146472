"""Ids that are written differently from those of the corpus, and the change that makes them fit."""

import re
from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass

IDS_FIT = 0.9  # share of foreign ids that a change must make fit (not fitted)

Key = Callable[[str], str | None]

TRIED = 50  # foreign ids from which prefixes and suffixes are guessed
GUESSES = 3  # the most frequent guesses that are tried


@dataclass(frozen=True)
class Change:
    """What was done to ids, in words; `mapping` has the known id of each foreign one."""

    description: str
    mapping: Mapping[str, str]


def fitting_change(
    foreign: Sequence[str], known: Sequence[str], fitting: Container[str] = ()
) -> Change | None:
    """Return the change that makes nearly all foreign ids those of the corpus, None when there is none.

    The simplest changes come first: white space, case, what stands before or after the id, zeros in front,
    punctuation, the digits alone, ids cut off, and last row numbers instead of ids. Where other ids are
    `fitting` as they are, no foreign one can mean one of these, and ids are not cut off or numbered.
    """
    distinct = list(dict.fromkeys(foreign))
    some_fit = any(name in fitting for name in known)
    known = [name for name in known if name not in fitting]
    if not known:
        return None
    for description, of_foreign, of_known in _changes(distinct, known, some_fit):
        by_key: dict[str, str | None] = {}
        for name in known:
            key = of_known(name)
            if key is not None:
                by_key[key] = None if key in by_key else name
        fitting = {name: by_key.get(of_foreign(name) or "") for name in distinct}
        mapping = {name: fits for name, fits in fitting.items() if fits is not None}
        unique = len(set(mapping.values())) >= IDS_FIT * len(mapping)
        if mapping and len(mapping) >= IDS_FIT * len(distinct) and unique:
            return Change(description, mapping)
    return None


def _changes(foreign: Sequence[str], known: Sequence[str], some_fit: bool) -> Iterator[tuple[str, Key, Key]]:
    yield "without the white space around them", str.strip, str.strip
    yield "when case is ignored", str.casefold, str.casefold
    yield from _affixes(foreign, set(known))
    yield "without zeros in front", _without_zeros, _without_zeros
    yield "read as numbers", _number, _number
    yield "without punctuation and case", _letters_and_digits, _letters_and_digits
    if some_fit:
        return
    yield "by their last number alone", _last_number, _last_number
    lengths = {len(name) for name in foreign}
    longest = max(lengths, default=0)
    if longest > 1 and longest < max(map(len, known), default=0):
        yield (
            f"as the first {longest} characters of the corpus's",
            lambda name: name,
            lambda name: name[:longest],
        )
        yield (
            f"as the last {longest} characters of the corpus's",
            lambda name: name,
            lambda name: name[-longest:],
        )
    for first in (0, 1):
        rows = {str(row): name for row, name in enumerate(known, start=first)}
        names = {name: row for row, name in rows.items()}
        yield f"as row numbers that begin at {first}", _number, names.get


def _affixes(foreign: Sequence[str], known: set[str]) -> Iterator[tuple[str, Key, Key]]:
    """Guess what was put before or after ids, or taken away from them."""
    before: Counter[str] = Counter()
    after: Counter[str] = Counter()
    for name in foreign[:TRIED]:
        before.update({name[:cut] for cut in range(1, len(name)) if name[cut:] in known})
        after.update({name[cut:] for cut in range(1, len(name)) if name[:cut] in known})
    for prefix, _ in before.most_common(GUESSES):
        yield f"without {prefix!r} in front", _removing(prefix, ""), lambda name: name
    for suffix, _ in after.most_common(GUESSES):
        yield f"without {suffix!r} at the end", _removing("", suffix), lambda name: name
    common = _common_start(known)
    if common:
        yield f"with {common!r} in front", lambda name: common + name, lambda name: name
    ending = _common_start({name[::-1] for name in known})[::-1]
    if ending:
        yield f"with {ending!r} at the end", lambda name: name + ending, lambda name: name


def _common_start(names: set[str]) -> str:
    least, most = min(names), max(names)
    differing = (place for place, pair in enumerate(zip(least, most, strict=False)) if pair[0] != pair[1])
    return least[: next(differing, 0)]


def _removing(prefix: str, suffix: str) -> Key:
    def key(name: str) -> str | None:
        fits = name.startswith(prefix) and name.endswith(suffix)
        return name.removeprefix(prefix).removesuffix(suffix) if fits else None

    return key


def _without_zeros(name: str) -> str:
    return re.sub(r"(?<!\d)0+(?=\d)", "", name)


def _number(name: str) -> str | None:
    try:
        value = float(name)
    except ValueError:
        return None
    return str(int(value)) if value.is_integer() else None


def _letters_and_digits(name: str) -> str:
    return "".join(character for character in name.casefold() if character.isalnum())


def _last_number(name: str) -> str | None:
    numbers = re.findall(r"\d+", name)
    return numbers[-1].lstrip("0") or "0" if numbers else None
