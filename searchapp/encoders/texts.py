"""The text of a document, assembled from its title and text by a template."""

import re

from searchapp.encoders.options import DEFAULT_TEMPLATE
from searchapp.errors import SearchappError
from searchapp.records import Document


def assemble(document: Document, template: str = DEFAULT_TEMPLATE) -> str:
    """Return the text of a document as a model reads it, without spaces at the ends.

    >>> assemble(Document("1", "Tides", "The Moon pulls."))
    'Tides The Moon pulls.'
    >>> assemble(Document("2", "", "No title here."))
    'No title here.'
    """
    if template == DEFAULT_TEMPLATE:  # the usual case, several times faster
        return f"{document.title} {document.text}".strip()
    fields = {"{title}": document.title, "{text}": document.text}
    return re.sub(r"\{title\}|\{text\}", lambda field: fields[field[0]], template).strip()


def check_template(template: str) -> None:
    """Raise a `SearchappError` for a template without any field: all documents would be the same."""
    if "{title}" not in template and "{text}" not in template:
        raise SearchappError(
            f"The template {template!r} contains neither {{title}} nor {{text}}.",
            f"The default is {DEFAULT_TEMPLATE!r}.",
        )
