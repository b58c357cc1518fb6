"""Customers of the shop: who they are, where they live, how they pay, how much they are used to spend.

A customer is a function of seed and number alone: a bigger population begins with the same customers.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headgate.generate.draws import Draws, Ints
from headgate.generate.places import COUNTRIES, CURRENCIES, postal_code

METHODS = ("card", "paypal", "invoice", "transfer")
CARD = METHODS.index("card")
_METHOD_WEIGHTS = (0.45, 0.30, 0.15, 0.10)

SEGMENTS = ("private", "club", "business")
_SEGMENT_WEIGHTS = (0.80, 0.12, 0.08)
_SINCE_FIRST = np.datetime64("2017-01-01")
_SINCE_DAYS = 365 * 6

CARD_ENDINGS = 10_000  # four digits
CARD_NUMBERS = 9_500
"""Four digits that customers' cards end with; those above stay free for the defect `repeated_card`."""

SHARED_BY = 3
"""Customers at most whose cards end alike; customers beyond that pay otherwise. So chance never looks like misuse."""

_LEVEL_MEDIAN_CENTS = 4_200.0
_LEVEL_SPREAD = 0.7  # standard deviation of the logarithm
_LEVEL_LIMITS_CENTS = (1_500.0, 32_000.0)

_HOUSES = 60
_POSTAL_CODES = 40


class Population(msgspec.Struct, frozen=True, kw_only=True):
    """Customers 0, 1, 2 ... as columns."""

    country: Ints  # position in COUNTRIES
    currency: Ints  # position in CURRENCIES
    tax_basis_points: Ints
    level: Ints  # EUR cents that an order's items usually come to
    method: Ints  # position in METHODS, the usual one
    card: Ints  # last four digits as a number, -1 for customers without a card
    customer_id: pa.StringArray
    name: pa.StringArray
    email: pa.StringArray
    country_code: pa.StringArray
    since: pa.StringArray  # ISO date
    segment: pa.StringArray
    address: pa.StringArray
    city: pa.StringArray
    postal_code: pa.StringArray


def make_population(draws: Draws, count: int) -> Population:
    """The first `count` customers of a seed."""
    number = np.arange(count, dtype=np.int64)
    country = draws.choice("customer/country", number, [place.share for place in COUNTRIES])
    method, card = _payment(draws, number)
    customer_id = _ids(number)
    name, email = _names(draws, number, country)
    address, city, postal = _homes(draws, number, country)
    level = np.exp(np.log(_LEVEL_MEDIAN_CENTS) + _LEVEL_SPREAD * draws.normal("customer/level", number))
    since = _SINCE_FIRST + draws.below("customer/since", number, _SINCE_DAYS)
    return Population(
        country=country,
        currency=np.array([CURRENCIES.index(place.currency) for place in COUNTRIES], dtype=np.int64)[country],
        tax_basis_points=np.array([place.tax_basis_points for place in COUNTRIES], dtype=np.int64)[country],
        level=np.clip(level, *_LEVEL_LIMITS_CENTS).astype(np.int64),
        method=method,
        card=card,
        customer_id=customer_id,
        name=name,
        email=email,
        country_code=chosen([place.code for place in COUNTRIES], country),
        since=pa.array(np.datetime_as_string(since).tolist(), pa.string()),
        segment=chosen(SEGMENTS, draws.choice("customer/segment", number, _SEGMENT_WEIGHTS)),
        address=address,
        city=city,
        postal_code=postal,
    )


def chosen(words: Iterable[str], index: Ints) -> pa.StringArray:
    """The word at each index."""
    return pa.array(list(words), pa.string()).take(pa.array(index))


def _ids(number: Ints) -> pa.StringArray:
    digits = pc.utf8_lpad(pc.cast(pa.array(number + 1), pa.string()), 6, "0")
    return pc.binary_join_element_wise("C", digits, "")


def _payment(draws: Draws, number: Ints) -> tuple[Ints, Ints]:
    """Usual method and card; each ending goes to `SHARED_BY` customers at most, whatever the number of customers."""
    method = draws.choice("customer/method", number, _METHOD_WEIGHTS)
    holder = np.cumsum(method == CARD) - 1  # how many card holders came before
    late = (method == CARD) & (holder >= CARD_NUMBERS * SHARED_BY)
    method[late] = METHODS.index("paypal")
    # 7,919 is prime and no divisor of 9,500: the walk meets every ending once before it comes back.
    first = draws.series("cards").below(CARD_NUMBERS)
    ending = (first + holder * 7_919) % CARD_NUMBERS
    return method, np.where(method == CARD, ending, -1)


def _names(draws: Draws, number: Ints, country: Ints) -> tuple[pa.StringArray, pa.StringArray]:
    pairs = [(given, family) for place in COUNTRIES for given in place.given for family in place.family]
    each = len(COUNTRIES[0].given) * len(COUNTRIES[0].family)
    place = country * each + draws.below("customer/name", number, each)
    mailboxes = [_ascii(f"{given}.{family}") for given, family in pairs]
    hosts = chosen(("example.com", "example.org", "example.net"), draws.below("customer/host", number, 3))
    email = pc.binary_join_element_wise(
        chosen(mailboxes, place), pc.cast(pa.array(number + 1), pa.string()), "@", hosts, ""
    )
    return chosen([f"{given} {family}" for given, family in pairs], place), email


def _ascii(text: str) -> str:
    """Lower case letters without marks or spaces, as mailboxes are written.

    >>> _ascii("Zoë.de Jong")
    'zoe.dejong'
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return plain.replace(" ", "").lower()


def _homes(draws: Draws, number: Ints, country: Ints) -> tuple[pa.StringArray, pa.StringArray, pa.StringArray]:
    addresses = [
        f"{house} {street}" if place.number_first else f"{street} {house}"
        for place in COUNTRIES
        for street in place.streets
        for house in range(1, _HOUSES + 1)
    ]
    cities = [city for place in COUNTRIES for city, _ in place.cities]
    codes = [
        postal_code(form, 37 * step) for place in COUNTRIES for _, form in place.cities for step in range(_POSTAL_CODES)
    ]
    streets = len(addresses) // len(COUNTRIES)
    towns = len(cities) // len(COUNTRIES)
    street = country * streets + draws.below("customer/address", number, streets)
    town = country * towns + draws.below("customer/city", number, towns)
    code = town * _POSTAL_CODES + draws.below("customer/postal", number, _POSTAL_CODES)
    return chosen(addresses, street), chosen(cities, town), chosen(codes, code)
