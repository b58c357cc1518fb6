"""The shop's products: 12 categories with their level of prices, some products asked for far more than others."""

from __future__ import annotations

from functools import cache

import msgspec
import numpy as np
import pyarrow as pa

from headgate.generate.draws import Draws, Floats, Ints
from headgate.generate.population import chosen

CATEGORIES: dict[str, tuple[float, float, float, str]] = {
    # name: (lowest price, highest price in EUR, how often it is asked for, things)
    "Kitchen": (6.0, 180.0, 1.3, "kettle,pan,knife,bowl,toaster,scale,grater,mug,tray,blender"),
    "Garden": (4.0, 220.0, 0.7, "spade,hose,planter,lantern,rake,seed box,bench,trellis,gloves,barrow"),
    "Toys": (3.0, 90.0, 1.1, "puzzle,kite,blocks,train,doll,card game,robot,marbles,teddy,drum"),
    "Books": (4.0, 45.0, 1.8, "novel,atlas,cookbook,guide,diary,anthology,comic,primer,biography,songbook"),
    "Music": (6.0, 400.0, 0.5, "record,ukulele,tuner,stand,strings,keyboard,metronome,flute,microphone,cable"),
    "Sport": (5.0, 260.0, 0.9, "ball,racket,mat,bottle,helmet,rope,dumbbell,backpack,goggles,tent"),
    "Office": (1.5, 150.0, 1.2, "notebook,pen set,stapler,lamp,folder,chair pad,calendar,shredder,ruler,desk mat"),
    "Beauty": (3.0, 70.0, 1.1, "soap,cream,brush,perfume,shampoo,mirror,balm,comb,lotion,oil"),
    "Food": (1.5, 30.0, 2.0, "coffee,tea,honey,pasta,chocolate,olive oil,jam,nuts,spice box,biscuits"),
    "Clothes": (8.0, 160.0, 1.6, "shirt,scarf,jacket,socks,sweater,cap,trousers,belt,dress,gloves"),
    "Electronics": (9.0, 900.0, 1.0, "headphones,charger,tablet,speaker,mouse,monitor,camera,router,watch,light"),
    "Pets": (2.0, 80.0, 0.8, "leash,basket,bowl,scratcher,blanket,brush,feeder,toy,cushion,carrier"),
}

_MAKES = ("Classic", "Compact", "Premium", "Travel")

PRICE_LISTS = (1.0, 1.10, 0.86, 0.95, 11.20)
"""What one EUR is in each list of prices, in the order of CURRENCIES. A shop keeps its lists while rates move."""


class Catalogue(msgspec.Struct, frozen=True, kw_only=True):
    """Products in the order of their price."""

    price: Ints  # EUR cents, rising
    listed: Ints  # cents by product and currency
    demand: Floats  # cumulated from 0; one longer than the products
    product_id: pa.StringArray
    name: pa.StringArray
    category: pa.StringArray


@cache
def make_catalogue() -> Catalogue:
    """The 480 products. They are the same for every seed, as a shop's are from one day to the next."""
    draws = Draws(seed=0)
    lines = [(category, f"{make} {thing}") for category in CATEGORIES for make in _MAKES for thing in _things(category)]
    number = np.arange(len(lines), dtype=np.int64)
    category = np.repeat(np.arange(len(CATEGORIES), dtype=np.int64), len(lines) // len(CATEGORIES))
    low, high, wanted = (np.array([entry[part] for entry in CATEGORIES.values()])[category] for part in range(3))
    euros = low * (high / low) ** draws.uniform("product/price", number)
    price = np.maximum((euros * 2.0).astype(np.int64), 2) * 50 - 1  # ends with .49 or .99
    rank = np.argsort(np.argsort(draws.bits("product/rank", number)))
    demand = wanted / (rank + 8.0) ** 0.8
    order = np.lexsort((number, price))
    price, demand = price[order], demand[order]
    return Catalogue(
        price=price,
        listed=np.floor(price[:, None] * np.array(PRICE_LISTS)[None, :] + 0.5).astype(np.int64),
        demand=np.concatenate(([0.0], np.cumsum(demand))),
        product_id=pa.array([f"P-{10_001 + position}" for position in order.tolist()], pa.string()),
        name=chosen([name for _, name in lines], order),
        category=chosen([of for of, _ in lines], order),
    )


def _things(category: str) -> list[str]:
    return CATEGORIES[category][3].split(",")
