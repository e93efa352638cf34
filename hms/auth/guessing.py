"""How easily a password is guessed: by zxcvbn's estimate (lists of leaked passwords, names, words and dates, rows of
keys, repeats), with what is known about the person and the clinic among its words.

zxcvbn takes text of any kind, but not of any length: what is judged is bounded here.
"""

import re
import unicodedata
from threading import Lock

from zxcvbn import zxcvbn

MIN_GUESSES = 10**8
"""What zxcvbn calls "safely unguessable": somewhat guessable, but not where every try is slow and counted."""

LONGEST_JUDGED = 72
SHORTEST_REMAINDER = 6
MIN_DIFFERENT = 5
MAX_READINGS = 16

OURS = frozenset(
    {"hms", "hospital", "clinic", "doctor", "nurse", "patient", "medical", "surgery", "appointment", "reception"}
)
_PHRASES = """
correcthorsebatterystaple tobeornottobe tobeornottobethatisthequestion maytheforcebewithyou onceuponatime inthebeginning
thequickbrownfox thequickbrownfoxjumpsoverthelazydog openupopensesame threerandomwords fourrandomwords liverpoolfc
youllneverwalkalone godsavetheking godsavethequeen keepcalmandcarryon
"""
PHRASES = frozenset(_PHRASES.split())
"""Long, and known to everybody: zxcvbn counts their words as if they had met by chance."""

_UNSHIFTED = str.maketrans('!@#$%^&*()_+{}|:"<>?~£', "1234567890-=[]\\;',./`3")
_READINGS = {"a": "4@", "c": "({[<", "g": "69", "i": "1!|", "l": "1|7", "s": "$5", "t": "+7"}  # as zxcvbn reads signs
_alone = Lock()  # zxcvbn keeps the words it is given in one place


def words_of(*texts: str) -> frozenset[str]:
    """The words of names and addresses, lower-case, also run together, without signs."""
    words = set()
    for text in texts:
        parts = re.findall(r"\w+", unicodedata.normalize("NFKC", text).casefold())
        words |= {*parts, "".join(parts), "".join(re.findall(r"\w+", text.casefold().partition("@")[0]))}
    return frozenset(words)


def is_made_of(password: str, words: frozenset[str]) -> bool:
    """Whether little is left of the password without these words."""
    left = plain = "".join(re.findall(r"\w+", password.casefold()))
    for word in sorted(words, key=len, reverse=True):
        left = left.replace(word, "") if len(word) >= 3 else left
    return left != plain and len(left) < SHORTEST_REMAINDER


def is_easy(password: str, *, known: frozenset[str]) -> bool:
    """Whether fewer than :data:`MIN_GUESSES` tries find the password, for somebody who knows the words ``known``."""
    core = _unrepeated(password)
    if len(set(core)) < MIN_DIFFERENT or "".join(filter(str.isalpha, core.casefold())) in PHRASES:
        return True
    if is_made_of(core, known | OURS):  # words of any clinic beside its own
        return True
    if len(core) > LONGEST_JUDGED:
        return False
    forms = {core.casefold().translate(_UNSHIFTED), core if _has_few_readings(core) else ""} - {""}
    return min(_guesses(form, known | OURS) for form in forms) < MIN_GUESSES


def _guesses(password: str, words: frozenset[str]) -> float:
    with _alone:
        return float(zxcvbn(password, sorted(words), max_length=LONGEST_JUDGED)["guesses"])


def _has_few_readings(password: str) -> bool:
    """Whether zxcvbn can try every reading of its signs as letters; it takes seconds over many."""
    readings = 1
    for signs in _READINGS.values():
        readings *= max(len(set(signs) & set(password)), 1)
    return readings <= MAX_READINGS


def _unrepeated(text: str) -> str:
    """``password`` for ``passwordpassword`` and ``password-password``."""
    for whole in (text, "".join(filter(str.isalnum, text))):
        repeats = (whole + whole).find(whole, 1)
        if 0 < repeats < len(whole):
            return whole[:repeats]
    return text
