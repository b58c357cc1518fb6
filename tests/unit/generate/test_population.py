from __future__ import annotations

import re

import numpy as np
import pytest

from headgate.generate.catalogue import CATEGORIES, make_catalogue
from headgate.generate.draws import Draws
from headgate.generate.places import COUNTRIES, CURRENCIES, Country
from headgate.generate.population import SHARED_BY, make_population


def test_countries_have_equally_many_words() -> None:
    assert (
        len({(len(place.given), len(place.family), len(place.cities), len(place.streets)) for place in COUNTRIES}) == 1
    )
    assert {place.currency for place in COUNTRIES} == set(CURRENCIES)
    assert sum(place.share for place in COUNTRIES) == pytest.approx(1.0)


@pytest.mark.parametrize("place", COUNTRIES, ids=lambda place: place.code)
def test_all_words_can_be_written_in_latin_1_and_need_no_escape(place: Country) -> None:
    words = [*place.given, *place.family, *place.streets, *(city for city, _ in place.cities)]
    text = " ".join(words)
    assert text.encode("latin-1").decode("latin-1") == text
    assert not set(text) & set('"\\,\n')


def test_no_card_ends_like_those_of_more_than_three_customers() -> None:
    people = make_population(Draws(seed=1), 120_000)
    cards = people.card[people.card >= 0]
    shared = np.bincount(cards)
    assert shared.max() == SHARED_BY
    assert len(cards) == 28_500
    assert len(shared) <= 9_500


def test_postal_codes_have_the_form_of_their_country() -> None:
    people = make_population(Draws(seed=2), 3_000)
    forms = {"DE": r"\d{5}", "FR": r"\d{5}", "US": r"\d{5}", "SE": r"\d{3} \d\d", "CH": r"\d{4}", "AT": r"\d{4}"}
    forms |= {"NL": r"\d{4} [A-Z]{2}", "GB": r"[A-Z]{1,2}\d \d[A-Z]{2}"}
    for country, code in zip(people.country_code.to_pylist(), people.postal_code.to_pylist(), strict=True):
        assert re.fullmatch(forms[country], code), (country, code)


def test_the_catalogue_has_twelve_categories_with_their_prices() -> None:
    catalogue = make_catalogue()
    categories, prices = catalogue.category.to_pylist(), catalogue.price.tolist()
    assert {name: categories.count(name) for name in CATEGORIES} == dict.fromkeys(CATEGORIES, 40)
    assert prices == sorted(prices)
    for category, price in zip(categories, prices, strict=True):
        low, high, _, _ = CATEGORIES[category]
        assert 100 * low - 100 <= price <= 100 * high
    assert len(set(catalogue.product_id.to_pylist())) == 480
