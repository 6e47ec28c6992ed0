"""A rule's text as words, numbers and signs."""

from __future__ import annotations

import re
from dataclasses import dataclass

from forecasting.data.text import clean_text
from forecasting.errors import RuleError
from forecasting.trading.rules.fields import FIELDS

MAX_LENGTH = 500

# Words that a dash and a number are part of (band-run-80) are taken whole; elsewhere these are a subtraction.
_DASHED = "|".join(sorted({word for field in FIELDS.values() for word in field.words if "-" in word}))
_TOKEN = re.compile(
    rf"""\s*(?:
      (?P<number>(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    | (?P<text>"[^"]*"|'[^']*')
    | (?P<name>(?i:{_DASHED})(?![\w.-])|(?:[^\W\d]|\^)[\w.^]*(?:-[^\W\d_][\w.]*)*)
    | (?P<op><=|>=|==|!=|<>|&&|\|\||[<>=()+\-*/!])
    | (?P<end>$)
    )""",
    re.VERBOSE,
)
_SAME = {"=": "==", "<>": "!=", "&&": "and", "||": "or", "!": "not", "is": "=="}
_KEYWORDS = frozenset({"and", "or", "not", "for", "then", "within", "crosses", "above", "below", "bars", "bar", "abs"})


@dataclass(frozen=True, slots=True)
class Token:
    """One of them, and where it stands."""

    kind: str      # number | text | word | op | end
    value: str
    at: int


def tokens(text: str) -> list[Token]:
    """All of them, and an end.

    Raises:
        RuleError: On a character that means nothing, or a text too long to be a rule.
    """
    if len(text) > MAX_LENGTH:
        raise RuleError(text[:60], 0, f"a rule has at most {MAX_LENGTH} characters, this one {len(text)}")
    found: list[Token] = []
    at = 0
    while not found or found[-1].kind != "end":
        match = _TOKEN.match(text, at)
        if match is None:
            start = at + len(text[at:]) - len(text[at:].lstrip())
            if text[start] in "'\"":
                raise RuleError(text, start, f"the {text[start]} that begins here is not closed")
            raise RuleError(text, start, f"{clean_text(repr(text[start]), limit=12)} means nothing here")
        kind = match.lastgroup or "end"
        value, at = match[kind], match.end()
        if kind == "text" and not value.isprintable():      # it would be shown, and written to files
            raise RuleError(text, match.start(kind), "quoted words have a character that cannot be shown; take it out")
        if kind == "name" and "-" in value and all(part.lower() in FIELDS for part in value.split("-")):
            value = value.split("-")[0]
            at = match.start(kind) + len(value)
        word = value.lower()
        if kind in ("op", "name") and (word in _SAME or word in _KEYWORDS):
            word = _SAME.get(word, word)
            found.append(Token("op" if not word.isalpha() else "word", word, match.start(kind)))
        else:
            found.append(Token(kind, value, match.start(kind)))
    return found
