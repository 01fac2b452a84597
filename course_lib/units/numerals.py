"""The one reader of numbers in words: how people write a number, in Python's own spelling, and what follows it.

'1 000', '1'000', '3.14 × 10²³', '７' and '−7' are read as they are meant. What may be meant in two ways, as a comma
may, is refused with both; so is a fraction, which no decimal number is exactly.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

_OTHER_SIGNS = {
    "-": "\u2010\u2011\u2012\u2013\u2014\u2212\ufe63",  # hyphens, dashes, minus signs
    "'": "\u2018\u2019\u02bc\u2032\u00b4`",  # apostrophes
    "×": "✕✖⨯·⋅∙∗",
    ".": "٫",
    ",": "٬",
    "/": "⁄∕",
}
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")
_PLAIN = {ord(other): sign for sign, others in _OTHER_SIGNS.items() for other in others}

_POWER = r"(?:\^|\*\*) ?[({]?([+-]?[0-9]+)[)}]?"
_NUMERAL = re.compile(
    r"([+-]?) ?(\.?[0-9](?:[0-9.,_' ]*[0-9])?\.?)"
    rf"(?:[eE]([+-]?[0-9]+)| ?[×*xX] ?10 ?{_POWER}| ?{_POWER})?"
)
_PLAIN_NUMBER = re.compile(r"[0-9]+\.?[0-9]*|\.[0-9]+")
_IN_THOUSANDS = re.compile(r"([1-9][0-9]{0,2}([,_' ])[0-9]{3}(?:\2[0-9]{3})*)(\.[0-9]*)?")
_DECIMAL_COMMA = re.compile(r"((?:0|[1-9][0-9]{0,2}([.' ])[0-9]{3}(?:\2[0-9]{3})*|[0-9]+)),([0-9]+)")
_POINTS_IN_THOUSANDS = re.compile(r"[1-9][0-9]{0,2}(?:\.[0-9]{3}){2,}")


class Unclear(ValueError):
    """A number that is written in a way that is not read; the message says why and what to write instead.

    `meant` is what to write in Python, which is the same but for a fraction.
    """

    def __init__(self, why: str, instead: str, meant: str = "") -> None:
        """Keep what was meant beside the sentence."""
        super().__init__(f"{why}: write {instead}")
        self.meant = meant or instead


class Numeral(NamedTuple):
    """The number that a text begins with, as Python writes it, and what follows it."""

    digits: str
    rest: str


def plain_text(text: str) -> str:
    """Return a text with plain signs for those that look like them: digits, spaces, minus, times, apostrophes.

    A superscript stands behind a caret, and what is not seen, such as a mark of the direction of writing, is left out.

    >>> plain_text("−１ ０００ × 10²³"), plain_text("٣٫١٤")
    ('-1 000 × 10^23', '3.14')
    """
    if text.isascii():
        return text.strip()
    plain = "".join(map(_plain, text))
    return re.sub("[⁺⁻]?[⁰¹²³⁴-⁹]+", lambda power: f"^{power[0].translate(_SUPERSCRIPTS)}", plain).strip()


def _plain(sign: str) -> str:
    if sign.isascii():
        return sign
    if (digit := unicodedata.decimal(sign, None)) is not None:
        return str(digit)
    if "\uff01" <= sign <= "\uff5e":  # full-width forms of ASCII
        return chr(ord(sign) - 0xFEE0)
    kind = unicodedata.category(sign)
    return " " if kind == "Zs" else "" if kind == "Cf" else _PLAIN.get(ord(sign), sign)


def split_number(text: str, thousands: bool = True) -> Numeral:
    """Return the number that a text begins with, and the rest: a word or a unit, or nothing.

    Digits stand in threes apart by spaces, apostrophes, underscores or commas, or not at all; a power of ten is written
    as e23, × 10^23, * 10**23 or × 10²³, and 10^23 and 2^20 stand alone, too. Without `thousands` a single comma, as in
    1,234, is not taken to part thousands, and with a power of ten it never is.
    Errors: `Unclear` where another way of writing is needed, with that way; else `ValueError`, "is not a number".

    >>> split_number("3.14 × 10²³ FLOP"), split_number("300'000")
    (Numeral(digits='3.14e23', rest='FLOP'), Numeral(digits='300000', rest=''))
    """
    plain = plain_text(text)
    found = _NUMERAL.match(plain)
    if not found:
        raise ValueError("is not a number")
    sign, body, *powers = found.groups()
    rest = plain[found.end() :].strip()
    if fraction := re.match(r"/ ?([0-9]{1,9})(?![0-9.,])", rest):
        raise _a_fraction(sign, body, fraction[1])
    if lost := re.match(r"[×*xX] ?10([0-9]{1,3})(?![0-9.,])", rest):
        raise Unclear("has lost the sign of its power", f"{sign}{body}e{lost[1]}")
    if rest and not (rest[0].isalpha() or rest[0] in "%×"):
        raise ValueError("is not a number")
    sign = sign.removeprefix("+")
    if powers[2]:  # the power stands alone: its base is the number before it
        return Numeral(f"{sign}{_power(body, powers[2])}", rest)
    exponent = powers[0] or powers[1]
    power = f"e{exponent.removeprefix('+')}" if exponent else ""
    return Numeral(f"{sign}{_mantissa(body, f'{sign}{{}}{power}', thousands and not power)}{power}", rest)


def _a_fraction(sign: str, above: str, below: str) -> ValueError:
    if not above.isdecimal() or len(above) > 9 or not int(below):
        return ValueError("is not a number")
    meant = f"{sign}{above}/{below}"
    return Unclear(f"is a fraction, {meant}", f"{sign}{int(above) / int(below):.6g}", meant)


def _power(base: str, exponent: str) -> str:
    if base == "10":
        return f"1e{int(exponent[:9])}"
    if base != "2" or not 0 <= int(exponent[:9]) < 1024:
        raise ValueError("is not a number")
    return str(2 ** int(exponent))


def _mantissa(body: str, around: str, thousands: bool) -> str:
    """Return the digits without what parts them; `around` is what sign and power make of them."""
    if _PLAIN_NUMBER.fullmatch(body):
        return body
    if parted := _IN_THOUSANDS.fullmatch(body):
        whole = re.sub("[,_' ]", "", body)
        if thousands or body.count(",") != 1 or parted[3] is not None:
            return whole
        two_ways = f"{around.format(body.replace(',', '.'))} with a point, or {around.format(whole)} without the comma"
        raise Unclear("can be read in two ways", two_ways)
    if comma := _DECIMAL_COMMA.fullmatch(body):
        number = f"{re.sub('[^0-9]', '', comma[1])}.{comma[3]}"
        raise Unclear("has a decimal comma", f"{around.format(number)} with a point")
    if _POINTS_IN_THOUSANDS.fullmatch(body):
        raise Unclear("has more than one point", f"{around.format(body.replace('.', ''))} without points")
    raise ValueError("is not a number")
