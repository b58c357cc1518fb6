"""Countries of the shop: currency, tax, and the words that names and addresses are put together from.

Given and family names are the commonest of each country; joined at random they mean nobody.
Every character stands in Latin-1, so that a file can be spoilt by writing it in that encoding.
"""

from __future__ import annotations

import msgspec

CURRENCIES = ("EUR", "USD", "GBP", "CHF", "SEK")


class Country(msgspec.Struct, frozen=True, kw_only=True):
    """One country; in postal codes # stands for a digit and @ for a letter."""

    code: str  # ISO 3166-1 alpha-2
    currency: str
    share: float  # of the customers
    tax_basis_points: int  # hundredths of a percent of the items' sum
    given: tuple[str, ...]
    family: tuple[str, ...]
    cities: tuple[tuple[str, str], ...]  # name, form of the postal code
    streets: tuple[str, ...]
    number_first: bool = False  # the house number stands before the street


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.replace("_", " ") for word in text.split())


def _cities(text: str) -> tuple[tuple[str, str], ...]:
    pairs = [word.replace("_", " ").split(":") for word in text.split()]
    return tuple((name, code) for name, code in pairs)


COUNTRIES = (
    Country(
        code="DE",
        currency="EUR",
        share=0.30,
        tax_basis_points=1900,
        given=_words("Anna Lukas Marie Jonas Sophie Jürgen Lena Paul Käthe Felix"),
        family=_words("Müller Schmidt Schneider Fischer Weber Wagner Becker Schulz Hoffmann Schäfer"),
        cities=_cities("Berlin:10### Hamburg:20### München:80### Köln:50### Leipzig:04###"),
        streets=_words("Hauptstraße Bahnhofstraße Gartenweg Lindenallee Schulstraße"),
    ),
    Country(
        code="FR",
        currency="EUR",
        share=0.16,
        tax_basis_points=2000,
        given=_words("Camille Hugo Chloé Louis Manon Théo Léa Jules Inès Arthur"),
        family=_words("Martin Bernard Dubois Thomas Robert Richard Petit Durand Leroy Moreau"),
        cities=_cities("Paris:750## Lyon:690## Marseille:130## Nantes:440## Orléans:450##"),
        streets=_words("rue_de_la_Gare rue_du_Marché avenue_Victor_Hugo place_de_l'Église rue_des_Écoles"),
        number_first=True,
    ),
    Country(
        code="GB",
        currency="GBP",
        share=0.14,
        tax_basis_points=2000,
        given=_words("Olivia George Amelia Harry Isla Jack Emily Oscar Grace Charlie"),
        family=_words("Smith Jones Taylor Brown Williams Wilson Johnson Davies Patel Wright"),
        cities=_cities("London:SE#_#@@ Leeds:LS#_#@@ Bristol:BS#_#@@ Glasgow:G#_#@@ Cardiff:CF#_#@@"),
        streets=_words("High_Street Station_Road Church_Lane Victoria_Road Mill_Lane"),
        number_first=True,
    ),
    Country(
        code="US",
        currency="USD",
        share=0.10,
        tax_basis_points=825,
        given=_words("Emma Liam Ava Noah Mia James Harper Ethan Ella Mason"),
        family=_words("Smith Johnson Brown Garcia Miller Davis Martinez Wilson Anderson Moore"),
        cities=_cities("Boston:021## Austin:787## Seattle:981## Denver:802## Portland:972##"),
        streets=_words("Main_Street Oak_Avenue Maple_Street Park_Avenue Cedar_Lane"),
        number_first=True,
    ),
    Country(
        code="SE",
        currency="SEK",
        share=0.08,
        tax_basis_points=2500,
        given=_words("Alice Erik Maja Oskar Elsa Björn Astrid Nils Åsa Gustav"),
        family=_words("Andersson Johansson Karlsson Nilsson Eriksson Larsson Olsson Persson Svensson Öberg"),
        cities=_cities("Stockholm:11#_## Göteborg:41#_## Malmö:21#_## Uppsala:75#_## Örebro:70#_##"),
        streets=_words("Storgatan Kungsgatan Skolgatan Ängsvägen Parkvägen"),
    ),
    Country(
        code="CH",
        currency="CHF",
        share=0.08,
        tax_basis_points=810,
        given=_words("Mia Noah Lara Leon Elena Luca Nina Urs Zoé Beat"),
        family=_words("Müller Meier Schmid Keller Weber Huber Frei Rochat Favre Bernasconi"),
        cities=_cities("Zürich:80## Genève:12## Basel:40## Bern:30## Lausanne:10##"),
        streets=_words("Dorfstrasse Seestrasse Bergweg Kirchgasse Mühleweg"),
    ),
    Country(
        code="AT",
        currency="EUR",
        share=0.07,
        tax_basis_points=2000,
        given=_words("Hannah Maximilian Laura David Julia Tobias Sarah Florian Eva Jakob"),
        family=_words("Gruber Huber Bauer Wagner Pichler Steiner Moser Mayer Hofer Fürst"),
        cities=_cities("Wien:1##0 Graz:80## Linz:40## Salzburg:50## Innsbruck:60##"),
        streets=_words("Hauptplatz Wiener_Straße Feldgasse Kirchengasse Römerweg"),
    ),
    Country(
        code="NL",
        currency="EUR",
        share=0.07,
        tax_basis_points=2100,
        given=_words("Emma Daan Sophie Sem Tess Bram Eva Lars Zoë Finn"),
        family=_words("de_Jong Jansen de_Vries Bakker Visser Smit Meijer de_Boer Mulder Bos"),
        cities=_cities("Amsterdam:10##_@@ Rotterdam:30##_@@ Utrecht:35##_@@ Eindhoven:56##_@@ Groningen:97##_@@"),
        streets=_words("Kerkstraat Dorpsstraat Molenweg Stationsweg Julianalaan"),
    ),
)


def postal_code(form: str, number: int) -> str:
    """Fill a form with the digits of a number, the last place first; letters run with it.

    >>> postal_code("10###", 42)
    '10042'
    >>> postal_code("10## @@", 4227)
    '1006 GP'
    """
    filled = []
    for place in reversed(form):
        if place == "#":
            number, digit = divmod(number, 10)
            filled.append(str(digit))
        elif place == "@":
            number, letter = divmod(number, 26)
            filled.append("ABCDEFGHIJKLMNOPQRSTUVWXYZ"[letter])
        else:
            filled.append(place)
    return "".join(reversed(filled))
