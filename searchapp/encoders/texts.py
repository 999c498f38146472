"""The exact strings that a model reads: documents assembled by a template, prompts in front."""

import re

from searchapp.encoders.options import DEFAULT_TEMPLATE
from searchapp.errors import SearchappError
from searchapp.records import Document


def assemble(document: Document, template: str = DEFAULT_TEMPLATE) -> str:
    """Return the text of a document as a model reads it, without blanks at the ends.

    >>> assemble(Document("1", "Tides", "The Moon pulls."))
    'Tides The Moon pulls.'
    >>> assemble(Document("2", "", "No title here."))
    'No title here.'
    """
    if template == DEFAULT_TEMPLATE:  # the usual case, several times as quick
        return f"{document.title} {document.text}".strip()
    fields = {"{title}": document.title, "{text}": document.text}
    return re.sub(r"\{title\}|\{text\}", lambda field: fields[field[0]], template).strip()


def check_template(template: str) -> str:
    """Return the template when it can be used.

    Raises:
        SearchappError: it names neither field, so all documents would read the same.
    """
    if "{title}" not in template and "{text}" not in template:
        raise SearchappError(
            f"The template {template!r} names neither {{title}} nor {{text}}.",
            f"The default is {DEFAULT_TEMPLATE!r}.",
        )
    return template
