"""From a checked message to its words: subject, plain text and HTML."""

import re
import textwrap
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from email_lambda.bidi import isolated_html, isolated_text
from email_lambda.kinds import LINE
from email_lambda.messages import Message

TEMPLATES = Path(__file__).parent / "templates"
TEXT_WIDTH = 78
Isolate = Callable[[str], str]


class Words(NamedTuple):
    """What a person reads: one line, plain text with LF line ends, and a whole HTML document."""

    subject: str
    text: str
    html: str


def render(message: Message) -> Words:
    """Return the words of a message. Every value that a person typed is isolated from the sentence around it."""
    name = message.type.lower()
    plain = _isolated(message, isolated_text)
    subject = " ".join(_environment().get_template(f"{name}.subject.txt").render(plain).split())
    text = _environment().get_template(f"{name}.txt").render(plain)
    # The subject is plain text: autoescaping takes care of it where the HTML shows it.
    page = _isolated(message, isolated_html) | {"subject": subject, "plain": plain}
    html = _environment().get_template(f"{name}.html").render(page)
    return Words(subject, _wrapped(text), html)


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )


def _isolated(message: Message, isolate: Isolate) -> dict[str, object]:
    def shown(key: str, value: object) -> object:
        return isolate(value) if isinstance(value, str) and message.kind(key) is LINE else value

    return {key: shown(key, value) for key, value in message.data.items()}


def _wrapped(text: str) -> str:
    """Return the text with long lines broken between words, and never more than one empty line in a row."""
    lines = (_wrapped_line(line) for line in text.strip().split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + "\n"


def _wrapped_line(line: str) -> str:
    return textwrap.fill(line.rstrip(), TEXT_WIDTH, break_long_words=False, break_on_hyphens=False)
