"""Shipments: the facts behind a mail, the ways dates are written, and how facts are drawn."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from deployments.demo import parties
from deployments.demo.ports import Port

MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]


def _ordinal(day: int) -> str:
    """Return the English ordinal of a day of the month."""
    suffix = "th" if 10 < day < 14 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{suffix}"


DATE_STYLES: tuple[Callable[[date], str], ...] = (
    lambda d: d.isoformat(),
    lambda d: d.isoformat(),
    lambda d: f"{d.day} {MONTHS[d.month - 1][:3]} {d.year}",
    lambda d: f"{d.day:02d} {MONTHS[d.month - 1][:3]} {d.year}",
    lambda d: f"{MONTHS[d.month - 1]} {d.day}, {d.year}",
    lambda d: f"{d.day:02d}.{d.month:02d}.{d.year}",
    lambda d: f"{d.day:02d}/{d.month:02d}/{d.year}",
    lambda d: f"{_ordinal(d.day)} {MONTHS[d.month - 1]} {d.year}",
    lambda d: f"{d.day} {MONTHS[d.month - 1]} {d.year}",
    lambda d: f"{d.day:02d}-{MONTHS[d.month - 1][:3]}-{d.year}",
    lambda d: f"{DAYS[d.weekday()]} {d.day} {MONTHS[d.month - 1][:3]} {d.year}",
)


@dataclass(frozen=True)
class World:
    """The names one part of the data may use; training and held-out worlds share no port or person."""

    ports: tuple[Port, ...]
    carriers: tuple[str, ...]
    senders: tuple[str, ...]
    companies: tuple[str, ...]
    vessels: tuple[str, ...]
    macros: Mapping[str, str]


@dataclass(frozen=True)
class Facts:
    """The truth about one shipment, whether or not a mail states it."""

    carrier: str
    pol: Port
    pod: Port
    via: Port
    etd: date
    eta: date
    containers: int
    container_type: str
    rate: float
    currency: str
    booking: str


def booking_number(rng: random.Random) -> str:
    """Make a booking number in one of the usual shapes."""
    letters = "".join(rng.choice("ABCDEFGHKLMNPRSTUVWX") for _ in range(3))
    digits = f"{rng.randrange(10**6, 10**7)}"
    return rng.choice((f"{letters}{digits[:6]}", f"{digits}{digits[2]}4", f"{letters[:2]}-{digits[:5]}",
                       f"{letters}{digits}", f"{letters[0]}{digits[:4]}-{digits[4:]}"))  # fmt: skip


def make_facts(rng: random.Random, world: World) -> Facts:
    """Draw one shipment."""
    pol, pod, via = rng.sample(world.ports, 3)
    etd = date(2025, 9, 1) + timedelta(days=rng.randrange(540))
    rate = float(rng.randrange(380, 7900, 5)) if rng.random() < 0.85 else rng.randrange(38000, 790000, 50) / 100
    return Facts(
        carrier=rng.choice(world.carriers),
        pol=pol,
        pod=pod,
        via=via,
        etd=etd,
        eta=etd + timedelta(days=rng.randrange(3, 48)),
        containers=rng.choice((1, 1, 2, 2, 3, 4, 5, 6, 8, 10, 12, 15)),
        container_type=rng.choice(parties.CONTAINER_TYPES),
        rate=rate,
        currency=rng.choice(parties.CURRENCIES),
        booking=booking_number(rng),
    )


def number(value: float) -> int | float:
    """Return an integer where the value is whole, so that 1850.00 becomes 1850."""
    return int(value) if value == int(value) else value
