"""Text of documents and queries, made safe to show, and cut to what matters."""

import re
import unicodedata

WORD = re.compile(r"\w+")
STEM = 4  # letters that a word of the query and a word of the text must share


def printable(text: str) -> str:
    r"""Return text on one line without control characters, which could steer a terminal.

    >>> printable("a\tb\x1b[31m red")
    'a b [31m red'
    """
    return " ".join(strip_control_chars(text).split())


def strip_control_chars(text: str) -> str:
    r"""Return text with a blank for each control character, and its own blanks as they are.

    >>> strip_control_chars("a  b\x1b[31m\nred")
    'a  b [31m red'
    """
    return "".join(
        " " if unicodedata.category(letter) in {"Cc", "Cf", "Zl", "Zp"} else letter for letter in text
    )


def matches(text: str, query: str) -> list[tuple[int, int]]:
    """Return (start, end) of the words of a text that begin like a word of the query.

    Words of fewer than four letters are too common to mark.

    >>> matches("Cats and a catalogue", "the cats")
    [(0, 4)]
    """
    wanted = {word.casefold() for word in WORD.findall(query) if len(word) >= STEM}
    stems = tuple(word[: max(STEM, len(word) - 2)] for word in wanted)
    return [word.span() for word in WORD.finditer(text) if stems and word[0].casefold().startswith(stems)]


def snippet(text: str, query: str, width: int = 160) -> str:
    """Return the part of a text, at most `width` letters long, that holds most words of the query.

    >>> snippet("One two three four five six seven.", "seven", width=16)
    '… five six seven.'
    """
    text = printable(text)
    if len(text) <= width:
        return text
    found = matches(text, query)
    starts = [0, *(max(0, start - width // 4) for start, _ in found)]
    start = max(starts, key=lambda first: _distinct(text, found, first, first + width))
    start = min(start, max(0, len(text) - width))
    end = start + width
    if start:
        start = text.find(" ", start, end) + 1 or start
    if end < len(text):
        end = text.rfind(" ", start, end) if " " in text[start:end] else end
    return f"{'… ' if start else ''}{text[start:end]}{' …' if end < len(text) else ''}"


def _distinct(text: str, found: list[tuple[int, int]], first: int, last: int) -> int:
    return len({text[start:end].casefold()[:STEM] for start, end in found if first <= start and end <= last})
