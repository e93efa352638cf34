"""Right-to-left names inside left-to-right sentences: isolated, so that a name cannot re-order the words around it."""

import unicodedata

from markupsafe import Markup, escape

# Embeddings, overrides and isolates: a name needs none, and one left open would turn the rest of the line round.
_CONTROLS = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)))
_FIRST_STRONG_ISOLATE, _POP_ISOLATE = "\u2068", "\u2069"


def without_controls(text: str) -> str:
    """Return the text without explicit direction controls."""
    return text.translate(_CONTROLS)


def isolated_text(text: str) -> str:
    """Return the text for plain text and subjects: between isolates if it has right-to-left letters."""
    clean = without_controls(text)
    if any(unicodedata.bidirectional(character) in {"R", "AL"} for character in clean):
        return f"{_FIRST_STRONG_ISOLATE}{clean}{_POP_ISOLATE}"
    return clean


def isolated_html(text: str) -> Markup:
    """Return the text escaped, in an element of its own direction."""
    return Markup("<bdi>{}</bdi>").format(escape(without_controls(text)))
