"""Take card data out of whatever arrives, before it is stored, logged or shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

REMOVED = "[card data removed]"
TOO_DEEP = "[nested too deep to keep]"
TOO_LARGE = "[too large to keep]"
MAX_DEPTH = 40
MAX_NODES = 200_000
MAX_TEXT = 1_000_000

#: (lowest prefix, highest prefix, shortest, longest): the issuer ranges in use.
RANGES = (
    (4, 4, 13, 19),  # Visa
    (51, 55, 16, 16),  # Mastercard
    (2221, 2720, 16, 16),
    (34, 34, 15, 15),  # American Express
    (37, 37, 15, 15),
    (300, 305, 14, 19),  # Diners Club
    (309, 309, 14, 19),
    (36, 36, 14, 19),
    (38, 39, 14, 19),
    (3528, 3589, 16, 19),  # JCB
    (6011, 6011, 16, 19),  # Discover
    (644, 659, 16, 19),
    (60, 60, 16, 19),  # RuPay and regional cards
    (62, 62, 16, 19),  # UnionPay
    (81, 81, 16, 19),
    (50, 50, 13, 19),  # Maestro
    (56, 58, 13, 19),
    (63, 63, 13, 19),
    (67, 67, 13, 19),
    (2200, 2204, 16, 19),  # Mir
)
BY_FIRST_DIGIT = {
    first: tuple(r for r in RANGES if str(r[0])[0] <= first <= str(r[1])[0])
    for first in "0123456789"
}

SEPARATORS = " \t\u00a0\u2007\u2009\u202f\u2010-\u2015\u2212-"
RUN = re.compile(rf"\d(?:[{SEPARATORS}]{{0,2}}\d){{12,}}")
GROUP = re.compile(r"\d+")
#: Shapes whose digits are never a card's: UUIDs and the usual hex digests with a letter in them.
KEPT = re.compile(
    r"(?<![0-9A-Za-z])(?:"
    r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
    r"|(?=[0-9]*[a-fA-F])(?:[0-9a-fA-F]{64}|[0-9a-fA-F]{40}|[0-9a-fA-F]{32})"
    r")(?![0-9A-Za-z])"
)
TRACK = re.compile(
    r"%[Bb]\d[\d ]{0,24}\^[^^?\r\n]{0,40}\^[^?\r\n]{0,200}\??|;\d{8,24}=[^?\r\n]{0,200}\??"
)
CODE_IN_TEXT = re.compile(
    r"(?i)(?<![a-z])((?:csc|cvv2?|cvc2?|cvn2?|card[ _-]?code|security[ _-]?code)"
    r"[\"']?\s{0,3}[:=~]\s{0,3}[\"']?)\d{3,4}(?!\d)"
)
CODE_KEYS = frozenset(
    {"csc", "cvv", "cvv2", "cvc", "cvc2", "cvn", "cvn2", "cardcode", "securitycode"}
    | {"cardsecuritycode", "cardcvv", "cardcvc", "cardcsc", "cardverificationvalue"}
    | {"verificationvalue", "verificationcode", "encryptedcsc", "encryptedcvv"}
)
TRACK_KEYS = frozenset(
    {"track", "track1", "track2", "track3", "trackdata", "track1data", "track2data"}
    | {"magstripe", "magneticstripe", "swipe", "swipedata", "emvdata", "pinblock"}
)
NUMBER_KEYS = frozenset(
    {"pan", "cardnumber", "ccnumber", "creditcardnumber", "primaryaccountnumber", "cc"}
    | {"fullcardnumber", "cardno", "cardnum", "ccnum"}
)
#: Bank numbers (NACHA asks that they be protected too) and one-time or log-in secrets.
SECRET_KEYS = frozenset(
    {"accountnumber", "bankaccountnumber", "routingnumber", "transitroutingnumber"}
    | {"hpftoken", "enckey", "accesstoken", "refreshtoken", "password", "clientsecret"}
)
CIPHER_KEYS = frozenset({"encryptednumber", "encryptedcc", "encryptedpan", "encryptedcardnumber"})
CARD_PARENTS = frozenset({"creditcard", "card", "cc", "debitcard", "paymentcard"})
NOT_ALPHANUMERIC = re.compile(r"[\W_]+")
MASK = re.compile(r"[\s*xX#•.-]*")


def redact(value: Any) -> tuple[Any, int]:
    """A copy of JSON-like data or text without card numbers, security codes and track data.

    Returns (copy, how many were removed). What is nested deeper than MAX_DEPTH, or beyond
    MAX_NODES, is replaced by a note rather than kept unseen. Masked numbers stay. A 16-digit
    number with a right check digit in a known range goes, whatever it was meant to be.
    """
    walk = _Walk()
    return walk.value(value, "", "", 0), walk.removed


def luhn(digits: str) -> bool:
    """Whether the last digit is the right check digit (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        number = int(digit)
        if place % 2:
            number = number * 2 - 9 if number > 4 else number * 2
        total += number
    return total % 10 == 0


def is_card_number(digits: str) -> bool:
    """13-19 ASCII digits, right check digit, in a known issuer range of that length."""
    length = len(digits)
    if not (13 <= length <= 19 and digits.isascii() and digits.isdigit()):
        return False
    known = any(
        low <= int(digits[: len(str(low))]) <= high and shortest <= length <= longest
        for low, high, shortest, longest in BY_FIRST_DIGIT[digits[0]]
    )
    return known and luhn(digits)


@dataclass(slots=True)
class _Walk:
    removed: int = 0
    nodes: int = 0

    def value(self, value: Any, key: str, parent: str, depth: int) -> Any:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            return TOO_LARGE
        if value is None or isinstance(value, bool):
            return value
        if key and self.is_secret(key, parent, value):
            self.removed += 1
            return REMOVED
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, (int, float, Decimal)):
            return self.number(value)
        return self.inside(value, key, depth)

    def inside(self, value: Any, key: str, depth: int) -> Any:
        if isinstance(value, (bytes, bytearray)):
            return self.text(bytes(value).decode("utf-8", "replace"))
        if not isinstance(value, (Mapping, list, tuple, set, frozenset)):
            return value  # a date, a UUID: nothing a card number fits into
        if depth >= MAX_DEPTH:
            return TOO_DEEP
        if isinstance(value, Mapping):
            return self.mapping(value, key, depth)
        return [self.value(item, key, "", depth + 1) for item in value]

    def mapping(self, value: Mapping[Any, Any], key: str, depth: int) -> dict[Any, Any]:
        result: dict[Any, Any] = {}
        for name, item in value.items():
            if self.nodes > MAX_NODES:
                break
            child = plain(str(name))
            clean = self.text(name) if isinstance(name, str) else self.number(name)
            result[clean] = self.value(item, child, key, depth + 1)
        return result

    def number(self, value: Any) -> Any:
        """A number that is a card number becomes the note; any other stays as it is."""
        if isinstance(value, Decimal) and not value.is_finite():
            return value
        if not isinstance(value, (int, float, Decimal)) or not 1e12 <= value < 1e19:
            return value
        if value == int(value) and is_card_number(str(int(value))):
            self.removed += 1
            return REMOVED
        return value

    def is_secret(self, key: str, parent: str, value: Any) -> bool:
        """Whether the name alone says that this value must not be kept."""
        if key in CODE_KEYS or key in TRACK_KEYS or key in CIPHER_KEYS:
            return not is_blank(value)
        if key in SECRET_KEYS:
            return not is_blank(value) and "*" not in str(value) and "xx" not in str(value).lower()
        if key in NUMBER_KEYS or (key == "number" and parent in CARD_PARENTS):
            return isinstance(value, (str, int)) and holds_digits(str(value))
        return False

    def text(self, text: str) -> str:
        if len(text) > MAX_TEXT:
            # Cut clear of the last digits, so that no half of a number is kept.
            text = text[: MAX_TEXT - 64].rstrip("0123456789 -") + TOO_LARGE
        if len(text) < 7:
            return text
        text = TRACK.sub(self._note, text) if "^" in text or "=" in text else text
        if ":" in text or "=" in text or "~" in text:
            text = CODE_IN_TEXT.sub(self._note_after, text)
        return self._numbers(text) if RUN.search(text) else text

    def _note(self, _: re.Match[str]) -> str:
        self.removed += 1
        return REMOVED

    def _note_after(self, found: re.Match[str]) -> str:
        self.removed += 1
        return found.group(1) + REMOVED

    def _numbers(self, text: str) -> str:
        """`text` without card numbers; what stands in a UUID or a digest is not looked at."""
        pieces: list[str] = []
        end = 0
        for kept in KEPT.finditer(text):
            pieces += [RUN.sub(self._run, text[end : kept.start()]), kept.group()]
            end = kept.end()
        return "".join([*pieces, RUN.sub(self._run, text[end:])])

    def _run(self, found: re.Match[str]) -> str:
        """One run of digits and separators: each card number in it replaced by the note."""
        run = found.group()
        groups = [(m.start(), m.end()) for m in GROUP.finditer(run)]
        sizes = [end - start for start, end in groups]
        if is_phones(sizes) or set(sizes) == {9}:
            return run  # telephone numbers, or a list of gateway ids
        is_international = found.string[max(found.start() - 1, 0) : found.start()] == "+"
        pieces: list[str] = []
        kept_to = first = 0
        while first < len(groups):
            last = widest_card(run, groups, first, 15 if is_international and first == 0 else 13)
            if last is None:
                first += 1
                continue
            pieces += [run[kept_to : groups[first][0]], REMOVED]
            self.removed += 1
            kept_to = groups[last][1]
            first = last + 1
        return "".join([*pieces, run[kept_to:]])


def widest_card(run: str, groups: list[tuple[int, int]], first: int, shortest: int) -> int | None:
    """The last group of the longest card number that begins with group `first`."""
    found = None
    digits = ""
    for place in range(first, len(groups)):
        start, end = groups[place]
        if len(digits) + end - start > 19:
            break
        digits += "".join(str(int(character)) for character in run[start:end])
        if len(digits) >= shortest and is_card_number(digits):
            found = place
    return found


def is_phones(sizes: list[int]) -> bool:
    """Whether the groups are North American telephone numbers and nothing else."""
    place = 0
    while place < len(sizes):
        place += 1 if sizes[place] == 1 else 0
        if sizes[place : place + 3] != [3, 3, 4]:
            return False
        place += 3
    return True


def plain(key: str) -> str:
    """A field name without case and punctuation: "Card-Number" and "cardNumber" are one."""
    return NOT_ALPHANUMERIC.sub("", key).lower()


def is_blank(value: Any) -> bool:
    """Nothing, a mask, or the note itself: nothing to remove."""
    if isinstance(value, str):
        return value in {REMOVED, ""} or MASK.fullmatch(value) is not None
    return isinstance(value, (Mapping, list, tuple)) and not value


def holds_digits(text: str) -> bool:
    """Whether a field named for a card number holds 13 to 19 digits in the clear."""
    if any(character in "*xX#•" for character in text):
        return False
    return 13 <= sum(character.isdigit() for character in text) <= 19
