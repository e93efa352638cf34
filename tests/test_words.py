"""What people read is today's plain English: the old turns stay out of pages, mails, refusals and the command line."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
TEMPLATES = (ROOT / "hms" / "templates", ROOT / "email_lambda" / "templates")
UNREAD = ("areas/", "audit/", "directory/everyday.py", "config/", "devtools/", "outbox/", "server/", "development.py")
"""Programs whose sentences are for whoever runs HMS: logs, settings and tools."""

OLD_TURNS = {
    r"\bstands? here\b": "say what is shown",
    r"\ball the same\b": "still",
    r"\bas a rule\b": "usually",
    r"\bit is yours\b": "your appointment is confirmed",
    r"\bneed not\b": "don't need to",
    r"\bupon\b": "on",
    r"\bwhom\b": "who",
    r"\b(some|any|every)body\b": "someone, anyone, everyone",
    r"\bnobody\b": "no one",
    r"\bmails?\b(?! server)": "email",
    r"\bcannot\b": "can't",
    r"\bmeanwhile\b": "say what changed",
    r"\bappointment stands\b": "has not been cancelled",
    r"\bfree times?\b": "free slots",
    r"\bno longer fits?\b": "outside your hours",
    r"\bat once\b": "straight away",
    r"\b(appointments?|closures?|still) to come\b": "coming up",
    r"\blook over\b|\bpress the button\b": "say what the button does",
    r"\blook into your\b": "check",
    r"(?-i:\bEmpty: )|\bleave (it|this) empty\b": "Leave blank",
    r"\bNeeds you\b": "Action needed",
    r"(?-i:\bExceptions\b)": "Time off",
    r"\bSingle times\b": "Extra sessions",
    r"\bwaits for approval\b": "waiting for approval",
    r"\b(do|did|does|is|are|was|were|could|would|will|has|have) not\b"
    r"(?! been cancelled| (?:approved|closed|cancelled|attend)| exist)": "don't, isn't",
    r"\b(we|you|they) (are|will)\b|\bwe have (just|sent)\b": "we're, you'll",
    r"\bLondon time\b": "UK time",
    r"\b(earlier|later) week\b": "Previous week, Next week",
    r"\bYou did not ask\b": "If you didn't request this",
}
PATTERNS = [(re.compile(pattern, re.IGNORECASE), instead) for pattern, instead in OLD_TURNS.items()]
SENTENCE = re.compile(r"[A-Za-z’']+[,;:]? [A-Za-z’'{]")
COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
JINJA = re.compile(r"\{[{%](.*?)[}%]\}", re.DOTALL)
LITERAL = re.compile(r"\"([^\"]*)\"|'([^']*)'")
TAG = re.compile(r"<[^>]*>")
SPOKEN = re.compile(r'(?:aria-label|alt|placeholder|title|data-shown)="([^"]*)"')


def words_of_templates() -> Iterator[tuple[str, str]]:
    """Each line of the templates without comments: text, spoken attributes, and what Jinja writes."""
    for folder in TEMPLATES:
        for path in sorted(folder.rglob("*.*")):
            if path.name != "styleguide.html":
                text = COMMENT.sub(lambda found: "\n" * found[0].count("\n"), path.read_text())
                for number, line in enumerate(text.splitlines(), 1):
                    yield f"{path.relative_to(ROOT)}:{number}", read_of(line)


def read_of(line: str) -> str:
    """What people read of a line: no tag, no name of a program. A literal with a space or a capital is read."""
    written = JINJA.sub(lambda found: " ".join(_literals(found[1])), line)
    return TAG.sub(lambda found: " " + " ".join(SPOKEN.findall(found[0])) + " ", written)


def _literals(expression: str) -> list[str]:
    found = [one or other for one, other in LITERAL.findall(expression)]
    return [text for text in found if " " in text.strip() or text[:1].isupper()]


def words_of_programs() -> Iterator[tuple[str, str]]:
    """Each text with two words or more that is neither a line of a log nor, but for commands' help, a docstring."""
    for path in sorted((ROOT / "hms").rglob("*.py")):
        if not path.relative_to(ROOT / "hms").as_posix().startswith(UNREAD):
            for number, text in _texts(ast.parse(path.read_text()), is_cli="cli" in path.as_posix()):
                yield f"{path.relative_to(ROOT)}:{number}", text


def _texts(tree: ast.Module, *, is_cli: bool) -> Iterator[tuple[int, str]]:
    unseen = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    if is_cli:
        unseen -= {id(node.body[0].value) for node in ast.walk(tree) if _is_command(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _is_unseen(node.func):
            unseen |= {id(inner) for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if id(node) in unseen or not isinstance(node, ast.Constant | ast.JoinedStr):
            continue
        text = _text(node)
        if SENTENCE.search(text):
            yield node.lineno, text


def _is_command(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef) and any(".command(" in ast.unparse(one) for one in node.decorator_list)


def _is_unseen(called: ast.expr) -> bool:
    """Whether a call writes a log, asks the database or drops a message: nobody reads it on a page."""
    words = ast.unparse(called)
    return words.startswith(("log.", "logger.", "db.", "re.compile", "text")) or words.endswith("CheckConstraint")


def _text(node: ast.Constant | ast.JoinedStr) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "{…}" for part in node.values)
    return node.value if isinstance(node.value, str) else ""


def old_turns(sources: Iterator[tuple[str, str]]) -> list[str]:
    return [
        f"{place}: {found[0]!r} in {text.strip()[:90]!r}; rather: {instead}"
        for place, text in sources
        for pattern, instead in PATTERNS
        if (found := pattern.search(text))
    ]


def test_templates_say_it_in_todays_words():
    assert old_turns(words_of_templates()) == []


def test_refusals_forms_mails_and_commands_say_it_in_todays_words():
    assert old_turns(words_of_programs()) == []


def test_an_old_turn_would_be_found():
    sources = [("a", "You need not come."), ("b", "Nobody has booked it."), ("c", "Don’t forget.")]
    assert [found[0] for found in old_turns(iter(sources))] == ["a", "b"]
