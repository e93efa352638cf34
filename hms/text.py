"""The edge for text: what people typed, pasted or sent, as they meant it. Forms, addresses and commands all ask here.

How long text is, is judged first and on the text as it came: Unicode normalising takes quadratic time over a long run
of combining marks, and a pattern may as well. What follows is linear.
"""

import re
import unicodedata

from hms.errors import Invalid

EXPANSION = 4
"""How many characters one may come as before it is composed (NFC); so often the limit is read at most."""

LONGEST_RUN_OF_MARKS = 30
"""No language stacks more marks on a letter (Unicode Standard Annex 15, Stream-Safe Text Format)."""

LONGEST_FOLDED = 4000

_NONCHARACTERS = "\ufdd0-\ufdef" + "".join(chr(plane << 16 | 0xFFFE) + chr(plane << 16 | 0xFFFF) for plane in range(17))
_FORBIDDEN = re.compile(rf"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff{_NONCHARACTERS}]")
_LINE_BREAK = re.compile(r"[\r\n\t]")
_MADE_OF_MARKS = frozenset("\u0f73\u0f75\u0f81\uff9e\uff9f")
"""Signs of class 0, Tibetan and of Japanese half width, that normalising makes combining marks of, as no other sign."""

# Characters without ink (Default_Ignorable_Code_Point), but for those that change how their neighbours look: joiners,
# variation selectors, and the tags behind a black flag.
_INVISIBLE = re.compile(
    "(\U0001f3f4[\U000e0020-\U000e007f]+)|"
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U000e0fff]"
)
_JOINERS = re.compile("(?<!\\S)[\u200c\u200d]+|[\u200c\u200d]+(?!\\S)|(?<=[\u200c\u200d])[\u200c\u200d]+")
_BLANKS = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u2800\u3000\u3164\uffa0]")

_APOSTROPHES = "'`\u00b4\u02b9\u02bb\u02bc\u02bd\u02be\u02bf\u02c8\u2018\u2019\u201a\u201b\u2032\u2035\ua78c\uff07"
_WITHOUT_PARTS = str.maketrans(
    {"ø": "o", "đ": "d", "ð": "d", "ł": "l", "ħ": "h", "ı": "i", "ŧ": "t", "æ": "ae", "œ": "oe", "þ": "th", "ŋ": "n"}
)


UNREADABLE = "This contains characters that can’t be shown. Type it again."
ONE_LINE = "Write this on one line."


class TooLong(Invalid):
    """More characters than there is room for."""

    code = "too-long"


def has_forbidden_characters(text: str) -> bool:
    """Whether text holds what neither a database nor a page can carry: control characters, half a character, one that
    Unicode keeps for nobody, or a heap of combining marks."""
    return _FORBIDDEN.search(text) is not None or _has_a_heap_of_marks(text)


def without_forbidden(text: str) -> str:
    """The text without characters that neither a database nor a page can carry."""
    return _without_heaps(_FORBIDDEN.sub("", text))


def is_one_line(text: str) -> bool:
    """Whether the text holds no line break and no tab."""
    return _LINE_BREAK.search(text) is None


def on_one_line(text: str) -> str:
    """The text with a blank for each line break or tab."""
    return _LINE_BREAK.sub(" ", text)


def is_too_long(text: str, longest: int) -> bool:
    """Whether raw text cannot have at most ``longest`` characters, however it is cleaned. Cheap: ask it first."""
    return len(text) > EXPANSION * longest and len(text.strip()) > EXPANSION * longest


def clean(text: str, *, longest: int) -> str:
    """Text as people mean it: one Unicode form (NFC), line ends as ``\\n``, plain blanks and none around it, nothing
    invisible. Forbidden characters stay: :func:`has_forbidden_characters` tells them. Raises :class:`TooLong`.
    """
    if is_too_long(text, longest):
        raise TooLong(too_long(longest))
    text = text.strip()
    if not text.isascii():
        text = _visible(text) if _has_a_heap_of_marks(text) else unicodedata.normalize("NFC", _visible(text))
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if len(text) > longest:
        raise TooLong(too_long(longest))
    return text


def clean_line(text: str, *, longest: int, field: str | None = None) -> str:
    """Clean text that stands on one line. Raises :class:`Invalid`, about ``field``, for any that cannot."""
    try:
        text = clean(text, longest=longest)
    except TooLong as refusal:
        raise TooLong(refusal.message, field=field) from None
    if has_forbidden_characters(text):
        raise Invalid(UNREADABLE, field=field)
    if not is_one_line(text):
        raise Invalid(ONE_LINE, field=field)
    return text


def too_long(longest: int) -> str:
    """The sentence about text that is too long."""
    return f"Use at most {longest:,} characters."


def has_letter(text: str) -> bool:
    """Whether the text holds a letter that can be seen, of any script."""
    return any(unicodedata.category(sign)[0] == "L" and not _BLANKS.match(sign) for sign in _visible(text))


def fold(text: str) -> str:
    """Text for searching and comparing: accents, case, width, form and apostrophes make no difference, and words are
    separated by single blanks. ``omalley`` for *O’Malley*, ``anne marie`` for *Anne-Marie*.
    """
    text = _INVISIBLE.sub(r"\1", _without_marks(text[:LONGEST_FOLDED])).casefold()
    text = _without_marks(unicodedata.normalize("NFKD", text)).casefold().translate(_WITHOUT_PARTS)
    return unicodedata.normalize("NFC", " ".join("".join(map(_folded, text)).split()))


def _without_marks(text: str) -> str:
    return text if text.isascii() else "".join(sign for sign in text if not _is_mark(sign))


def _folded(sign: str) -> str:
    if sign in _APOSTROPHES or unicodedata.category(sign) in ("Me", "Cf"):
        return ""
    return sign if sign.isalnum() or unicodedata.category(sign)[0] == "M" else " "


def printable(text: str) -> str:
    """The text without what a terminal would take for a command, or print over something else."""
    return "".join(sign if sign.isprintable() else "?" for sign in text)


def _visible(text: str) -> str:
    """Plain blanks, nothing invisible, and joiners only where they join."""
    return _JOINERS.sub("", _INVISIBLE.sub(r"\1", _BLANKS.sub(" ", text)))


def _has_a_heap_of_marks(text: str) -> bool:
    return not text.isascii() and _without_heaps(text) != text


def _without_heaps(text: str) -> str:
    """The text with at most so many combining marks in a row as any language has."""
    if text.isascii():
        return text
    kept, run = [], 0
    for sign in text:
        run = run + 1 if _is_mark(sign) else 0
        if run <= LONGEST_RUN_OF_MARKS:
            kept.append(sign)
    return "".join(kept)


def _is_mark(sign: str) -> bool:
    return unicodedata.combining(sign) != 0 or sign in _MADE_OF_MARKS
