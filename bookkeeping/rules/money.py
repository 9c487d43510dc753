"""Money: US dollars as Decimal, read strictly and written for people (decision 7)."""

import re
from decimal import Decimal

CENT = Decimal("0.01")
ZERO = Decimal("0.00")

_AMOUNT = re.compile(r"-?[0-9]{1,11}(\.[0-9]{1,2})?")


def cents(text: object) -> Decimal:
    """Return an amount such as "425", "425.5" or "-50.00" to the cent.

    Raises:
        ValueError: anything else, floats and exponents included; the message is a sentence for a person.
    """
    if not (isinstance(text, str) and _AMOUNT.fullmatch(text)):
        shown = ascii(text)[:60]
        raise ValueError(f'{shown} is not an amount such as "425.00": text with at most two decimal places.')
    return Decimal(text).quantize(CENT) + ZERO  # Adding zero turns -0.00 into 0.00.


def dollars(amount: Decimal) -> str:
    """Return the amount as people read it: "$1,234.50", "-$5.00"."""
    sign = "-" if amount.quantize(CENT) < 0 else ""
    return f"{sign}${abs(amount):,.2f}"
