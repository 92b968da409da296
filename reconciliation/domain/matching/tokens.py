"""Cut the text of a payment into numbers and words. What they mean, the book of documents says."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from reconciliation.domain.matching.names import upper
from reconciliation.domain.matching.vocabulary import (
    JOINING,
    MEANING,
    NAMING,
    NEUTRAL,
    PREFIXES,
    RANGING,
    Context,
)

#: So many pieces of one text are looked at (chosen).
MOST = 200


PIECE = re.compile(r"[A-Z0-9]+")
MARKED = re.compile(r"[.,/:-]")
AMOUNT = re.compile(
    r"(?:[$\u20ac\u00a3]\s?\d[\d,]*(?:\.\d+)?|(?<![\d.,/-])\d{1,3}(?:,\d{3})+\.\d\d(?!\d)"
    r"|(?<![\d.,/-])\d{1,9}\.\d\d(?![\d.]))"
)
DATE = re.compile(
    r"(?<![\d/.-])(?:(?:0?[1-9]|1[0-2]|[12]\d|3[01])[/.-](?:0?[1-9]|1[0-2]|[12]\d|3[01])[/.-]"
    r"(?:19|20)?\d\d|(?:19|20)\d\d-(?:0[1-9]|1[0-2])(?:-\d\d)?)(?!\d)"
)
PHONE = re.compile(r"(?<!\d)(?:\+?1[ .-])?\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}(?!\d)")
LOOKS_LIKE = str.maketrans("OQDILZSGBT", "0001125687")
RANGE = re.compile(r"\s*(?:-|\.\.\.?)\s*")


@dataclass(frozen=True, slots=True)
class Token:
    """A piece with a digit in it. text: as written, in capitals; number: without leading zeros.

    mended: letters were read as the digits they look like. word: the letters directly before, for
    ids such as IN-0000012345. is_range_end: it closes "12345 to 12348".
    is_announced: the word that says what it is stands right before it.
    """

    text: str
    number: str
    context: Context
    mended: bool = False
    word: str = ""
    is_range_end: bool = False
    is_announced: bool = False


@dataclass(frozen=True, slots=True)
class Cut:
    """tokens: the numbers. words: what else was written. pieces: both. whole: all, in capitals."""

    tokens: tuple[Token, ...]
    words: tuple[str, ...]
    pieces: tuple[str, ...]
    whole: str

    @property
    def is_plain(self) -> bool:
        """Nothing but numbers, and words that announce documents."""
        return all(MEANING.get(w) in NAMING or w in NEUTRAL or len(w) < 2 for w in self.words)


def cut(raw: str) -> Cut:
    """The numbers and words of a text. Any text at all; at most the first 2,000 characters."""
    whole = upper(raw)
    text = without_noise(whole) if MARKED.search(whole) else whole
    tokens: list[Token] = []
    words: list[str] = []
    context, word, end, ranging, announced = Context.NONE, "", 0, False, False
    for found in PIECE.finditer(text):
        if len(tokens) + len(words) >= MOST:
            break
        piece = found.group()
        between = text[end : found.start()]
        end = found.end()
        if has_digit(piece) and piece not in MEANING:
            token = token_of(piece, context, word if between == "-" else "")
            ranged = ranging or RANGE.fullmatch(between) is not None
            direct = announced or bool(token.word)
            tokens.append(replace(token, is_range_end=ranged, is_announced=direct))
            context = token.context
            word, ranging, announced = "", False, False
            continue
        if piece.isalpha() or piece in MEANING:
            words.append(piece)
            word, ranging = piece, piece in RANGING
            if piece not in JOINING and len(piece) > 1:
                context = MEANING.get(piece, Context.NONE)
                announced = context in NAMING
    return Cut(tuple(tokens), tuple(words), tuple(PIECE.findall(text)[:MOST]), whole)


def without_noise(text: str) -> str:
    """Without amounts, dates and telephone numbers: their digits name nothing."""
    text = PHONE.sub(" ; ", text)
    text = DATE.sub(" ; ", text)
    return AMOUNT.sub(" ; ", text)


def has_digit(piece: str) -> bool:
    return any("0" <= c <= "9" for c in piece)


def token_of(piece: str, context: Context, word: str) -> Token:
    """What a piece with digits says; letters that look like digits are read so where most are."""
    if piece.isdigit():
        return Token(piece, piece.lstrip("0"), context, False, word)
    for prefix in PREFIXES:
        rest = piece[len(prefix) :]
        mended = rest.translate(LOOKS_LIKE)
        if piece.startswith(prefix) and mended.isdigit() and is_number(rest, MEANING[prefix]):
            return Token(piece, mended.lstrip("0"), MEANING[prefix], rest != mended, prefix)
    mended = piece.translate(LOOKS_LIKE)
    if mended.isdigit() and is_number(piece, context):
        return Token(piece, mended.lstrip("0"), context, True, word)
    return Token(piece, "", context, False, word)


def is_number(piece: str, context: Context) -> bool:
    """Whether letters among digits are taken for digits: where most are digits, or two of them
    after a word that announces a number."""
    digits = sum("0" <= c <= "9" for c in piece)
    return digits * 2 >= len(piece) or (digits >= 2 and context in NAMING)
