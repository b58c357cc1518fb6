"""Orders as columns of whole numbers: who bought what, when, at which price. Every amount is exact to the cent.

An order is a function of the world and its row alone, so any rows can be made, in any order.
"""

from __future__ import annotations

import msgspec
import numpy as np

from headgate.generate.catalogue import PRICE_LISTS, Catalogue
from headgate.generate.draws import Draws, Floats, Ints
from headgate.generate.population import CARD, METHODS, Population

STATUSES = ("completed", "pending", "refunded")
_STATUS_WEIGHTS = (0.93, 0.04, 0.03)

SHIPPING = ("standard", "express", "pickup")
_SHIPPING_WEIGHTS = (0.78, 0.12, 0.10)
_SHIPPING_EUR_CENTS = (490, 1_290, 0)
_FREE_FROM_EUR_CENTS = 7_500

_ITEM_COUNT_WEIGHTS = (0.12, 0.25, 0.27, 0.18, 0.11, 0.07)
MOST_ITEMS = len(_ITEM_COUNT_WEIGHTS)

_SPREAD = 0.3  # standard deviation of the logarithm of an order's size around the customer's usual one
_SPREAD_LIMIT = 1.8  # in standard deviations
_LARGEST_QUANTITY = 8
_CHEAPEST_PRODUCTS = 8  # the choice left for the smallest amounts


class World(msgspec.Struct, frozen=True, kw_only=True):
    """What the orders of one run are made from."""

    draws: Draws
    population: Population
    catalogue: Catalogue
    time: Ints  # seconds since 1970, by row
    customer: Ints  # position in the population, by row
    end: int  # second since 1970 that all orders lie before


class Orders(msgspec.Struct, frozen=True, kw_only=True):
    """Orders by row, their items in one flat list; amounts are cents of the order's currency."""

    row: Ints
    time: Ints
    customer: Ints
    currency: Ints
    method: Ints
    card: Ints  # -1 for other methods
    shipping: Ints
    status: Ints
    subtotal: Ints
    tax: Ints
    cost: Ints
    total: Ints
    begin: Ints  # position of an order's first item; one longer than the orders
    product: Ints
    quantity: Ints
    unit_price: Ints
    line_total: Ints


def make_orders(world: World, row: Ints) -> Orders:
    """The orders of some rows, sums included: total = sum of lines + tax + cost, tax rounded half up."""
    draws, people = world.draws, world.population
    customer = world.customer[row]
    currency = people.currency[customer]
    count = 1 + draws.choice("order/items", row, _ITEM_COUNT_WEIGHTS)
    begin = np.concatenate(([0], np.cumsum(count)))
    product, quantity = _items(world, row, count, begin)
    unit_price = world.catalogue.listed[product, np.repeat(currency, count)]
    line_total = quantity * unit_price
    subtotal = np.add.reduceat(line_total, begin[:-1]) if len(row) else np.zeros(0, dtype=np.int64)
    tax = half_up(subtotal, people.tax_basis_points[customer])
    shipping = draws.choice("order/shipping", row, _SHIPPING_WEIGHTS)
    cost = _cost(subtotal, currency, shipping)
    method = _method(draws, row, people.method[customer])
    return Orders(
        row=row,
        time=world.time[row],
        customer=customer,
        currency=currency,
        method=method,
        card=np.where(method == CARD, people.card[customer], -1),
        shipping=shipping,
        status=draws.choice("order/status", row, _STATUS_WEIGHTS),
        subtotal=subtotal,
        tax=tax,
        cost=cost,
        total=subtotal + tax + cost,
        begin=begin,
        product=product,
        quantity=quantity,
        unit_price=unit_price,
        line_total=line_total,
    )


def half_up(cents: Ints, basis_points: Ints) -> Ints:
    """A share of amounts that are not negative, rounded half up to the cent, in whole numbers.

    >>> half_up(np.array([250, 249]), np.array([1000, 1000])).tolist()
    [25, 25]
    """
    return (cents * basis_points + 5_000) // 10_000


def _items(world: World, row: Ints, count: Ints, begin: Ints) -> tuple[Ints, Ints]:
    """Products and quantities that come near the order's size; a product by its demand among those of fitting price."""
    draws, catalogue = world.draws, world.catalogue
    place = np.arange(begin[-1], dtype=np.int64) - np.repeat(begin[:-1], count)
    item = np.repeat(row, count) * MOST_ITEMS + place
    target = np.repeat(_sizes(world, row) / count, count) * (0.8 + 0.4 * draws.uniform("item/share", item))
    price, demand = catalogue.price, catalogue.demand
    high = np.maximum(np.searchsorted(price, target * 1.25, side="right"), _CHEAPEST_PRODUCTS)
    low = np.minimum(np.searchsorted(price, target / 5.0, side="left"), high - _CHEAPEST_PRODUCTS)
    wish = demand[low] + (demand[high] - demand[low]) * draws.uniform("item/product", item)
    product = np.clip(np.searchsorted(demand, wish, side="right") - 1, low, high - 1).astype(np.int64)
    quantity = np.clip(np.rint(target / price[product]), 1, _LARGEST_QUANTITY).astype(np.int64)
    return product, quantity


def _sizes(world: World, row: Ints) -> Floats:
    """EUR cents that the items of an order shall come to."""
    luck = np.clip(world.draws.normal("order/size", row), -_SPREAD_LIMIT, _SPREAD_LIMIT)
    return np.asarray(world.population.level[world.customer[row]] * np.exp(_SPREAD * luck))


def _cost(subtotal: Ints, currency: Ints, shipping: Ints) -> Ints:
    lists = np.array(PRICE_LISTS)
    listed = np.floor(np.outer(_SHIPPING_EUR_CENTS, lists) / 10.0 + 0.5).astype(np.int64) * 10
    free = (shipping == SHIPPING.index("standard")) & (subtotal >= (_FREE_FROM_EUR_CENTS * lists)[currency])
    return np.where(free, 0, listed[shipping, currency])


def _method(draws: Draws, row: Ints, usual: Ints) -> Ints:
    """The customer's usual method; one order in eight is paid by PayPal instead."""
    return np.where(draws.uniform("order/method", row) < 1 / 8, METHODS.index("paypal"), usual)
