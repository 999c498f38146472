"""Text of documents and queries, made safe to show and shortened to what matters."""

import re
import unicodedata

WORD = re.compile(r"\w+")
STEM = 4  # characters that a query word and a word of the text must share


def printable(text: str) -> str:
    r"""Return text on one line without control characters, which a terminal would obey.

    >>> printable("a\tb\x1b[31m red")
    'a b [31m red'
    """
    return " ".join(strip_control_chars(text).split())


def strip_control_chars(text: str) -> str:
    r"""Return text with each control character replaced by a space; other spaces stay as they are.

    >>> strip_control_chars("a  b\x1b[31m\nred")
    'a  b [31m red'
    """
    return "".join(
        " " if unicodedata.category(character) in {"Cc", "Cf", "Zl", "Zp"} else character
        for character in text
    )


def matches(text: str, query: str) -> list[tuple[int, int]]:
    """Return (start, end) of the words of a text that share the beginning of a query word.

    Words of fewer than four characters are too common to mark.

    >>> matches("Cats and a catalogue", "the cats")
    [(0, 4)]
    """
    wanted = {word.casefold() for word in WORD.findall(query) if len(word) >= STEM}
    stems = tuple(word[: max(STEM, len(word) - 2)] for word in wanted)
    return [word.span() for word in WORD.finditer(text) if stems and word[0].casefold().startswith(stems)]


def snippet(text: str, query: str, width: int = 160) -> str:
    """Return the part of a text, at most `width` characters long, with the most words of the query.

    >>> snippet("One two three four five six seven.", "seven", width=16)
    '… five six seven.'
    """
    text = printable(text)
    if len(text) <= width:
        return text
    spans = matches(text, query)
    starts = [0, *(max(0, start - width // 4) for start, _ in spans)]
    start = max(starts, key=lambda first: _distinct(text, spans, first, first + width))
    start = min(start, max(0, len(text) - width))
    end = start + width
    if start:
        start = text.find(" ", start, end) + 1 or start
    if end < len(text):
        end = text.rfind(" ", start, end) if " " in text[start:end] else end
    return f"{'… ' if start else ''}{text[start:end]}{' …' if end < len(text) else ''}"


def _distinct(text: str, spans: list[tuple[int, int]], first: int, last: int) -> int:
    return len({text[start:end].casefold()[:STEM] for start, end in spans if first <= start and end <= last})
