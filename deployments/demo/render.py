"""Turns shipment facts and a phrasing into one mail plus the answer it supports.

A phrasing is a small template. ``[a|b|c]`` picks one branch at random (an empty branch makes it optional),
``<name>`` fills a slot. Slots that state a fact record it, so the answer always lists exactly what the mail
says and nothing else: a branch that was not taken leaves ``null`` behind.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta

from deployments.demo import parties
from deployments.demo.ports import Port
from deployments.demo.shipment import DATE_STYLES, Facts, World, booking_number, number

KEYS = ("carrier", "pol", "pod", "etd", "eta", "containers", "container_type", "rate", "currency", "booking")
Value = str | int | float | None


@dataclass(frozen=True)
class Piece:
    """A run of mail text; ``fixed`` runs hold values that noise must not touch."""

    text: str
    fixed: bool


@dataclass(frozen=True)
class Phrasing:
    """One way to word a mail: its id, coarse family and template."""

    id: str
    family: str
    template: str


def read_book(book: str) -> tuple[Phrasing, ...]:
    """Read phrasings written as ``== id family`` headings followed by their template."""
    found: list[Phrasing] = []
    for block in book.split("== ")[1:]:
        head, template = block.split("\n", 1)
        name, family = head.split()
        found.append(Phrasing(name, family, template.strip("\n")))
    return tuple(found)


@dataclass
class Writer:
    """Expands templates for one mail and remembers what the mail has said."""

    rng: random.Random
    world: World
    facts: Facts
    sender: str
    said: dict[str, Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Fix the choices that stay the same through one mail."""
        rng = self.rng
        self.date_style = rng.choice(DATE_STYLES)
        self.money_style = rng.randrange(6)
        used = {self.facts.pol.code, self.facts.pod.code, self.facts.via.code}
        others = [port for port in self.world.ports if port.code not in used]
        self.second, self.office = rng.sample(others, 2)
        shown = {"pol": self.facts.pol, "pod": self.facts.pod, "ts": self.facts.via, "ts2": self.second}
        # Style and spelling hold for the whole mail, so that one port never has two answers.
        self.port_style = {key: rng.choice("cccbbpnnnn") for key in shown}
        self.port_name = {key: rng.choice((port.names[0], *port.names)) for key, port in shown.items()}
        self.company = rng.choice(self.world.companies)

    def name_ports_as(self, answer: dict[str, Value]) -> None:
        """Write ports the way another answer does: with a code where it has one, else by the same name."""
        for key, port in (("pol", self.facts.pol), ("pod", self.facts.pod)):
            value = answer.get(key)
            if value == port.code:
                self.port_style[key] = self.rng.choice("cbp")
            elif value is not None:
                self.port_style[key], self.port_name[key] = "n", str(value)

    def answer(self) -> str:
        """Return the compact JSON for what has been said so far."""
        return json.dumps({key: self.said.get(key) for key in KEYS}, ensure_ascii=False, separators=(",", ":"))

    def expand(self, template: str) -> list[Piece]:
        """Expand a template into pieces."""
        pieces, end = self._sequence(template, 0, "")
        if end != len(template):
            raise ValueError(f"unbalanced template near {template[end : end + 30]!r}")
        return pieces

    def _sequence(self, text: str, at: int, stops: str) -> tuple[list[Piece], int]:
        """Expand until one of the stop characters; slots run in order, so recording follows the text."""
        pieces: list[Piece] = []
        while at < len(text) and text[at] not in stops:
            if text[at] == "[":
                options, at = self._options(text, at + 1)
                pieces += self.expand(self.rng.choice(options))
            elif text[at] == "<":
                close = text.index(">", at)
                pieces += self._slot(text[at + 1 : close])
                at = close + 1
            else:
                start = at
                while at < len(text) and text[at] not in "[<" + stops:
                    at += 1
                pieces.append(Piece(text[start:at].replace("¦", "|"), False))
        return pieces, at

    @staticmethod
    def _options(text: str, at: int) -> tuple[list[str], int]:
        """Split the branches of a bracket and return them with the position after it."""
        options, depth, start = [], 0, at
        while True:
            char = text[at]
            if depth == 0 and char in "|]":
                options.append(text[start:at])
                start = at + 1
                if char == "]":
                    return options, at + 1
            depth += {"[": 1, "]": -1}.get(char, 0)
            at += 1

    def _slot(self, name: str) -> list[Piece]:
        """Fill a slot: a macro is expanded again, everything else is a fixed value."""
        if name in self.world.macros:
            return self.expand(self.world.macros[name])
        fill: Callable[[], str] = getattr(self, f"_fill_{name}")
        return [Piece(fill(), True)]

    def _say(self, **values: Value) -> None:
        self.said.update(values)

    def _port(self, key: str, port: Port) -> str:
        """Write a port in this mail's style and record the code where it is shown."""
        style, name = self.port_style[key], self.port_name[key]
        if key in ("pol", "pod"):
            self._say(**{key: name if style == "n" else port.code})
        return {"c": port.code, "b": f"{name} ({port.code})", "p": f"{port.code} {name}"}.get(style, name)

    def _fill_pol(self) -> str:
        return self._port("pol", self.facts.pol)

    def _fill_pod(self) -> str:
        return self._port("pod", self.facts.pod)

    def _fill_ts(self) -> str:
        return self._port("ts", self.facts.via)

    def _fill_ts2(self) -> str:
        return self._port("ts2", self.second)

    def _date(self, day: date) -> str:
        # Now and then a mail mixes two date formats, as real ones do.
        style = self.date_style if self.rng.random() < 0.85 else self.rng.choice(DATE_STYLES)
        return style(day)

    def _fill_etd(self) -> str:
        self._say(etd=self.facts.etd.isoformat())
        return self._date(self.facts.etd)

    def _fill_eta(self) -> str:
        self._say(eta=self.facts.eta.isoformat())
        return self._date(self.facts.eta)

    def _fill_oldetd(self) -> str:
        return self._date(self.facts.etd - timedelta(days=self.rng.randrange(2, 9)))

    def _fill_oldeta(self) -> str:
        return self._date(self.facts.eta - timedelta(days=self.rng.randrange(2, 9)))

    def _fill_lateeta(self) -> str:
        return self._date(self.facts.eta + timedelta(days=self.rng.randrange(1, 6)))

    def _fill_xdate(self) -> str:
        return self._date(self.facts.etd - timedelta(days=self.rng.randrange(1, 40)))

    def _fill_carrier(self) -> str:
        self._say(carrier=self.facts.carrier)
        return self.facts.carrier

    def _fill_n(self) -> str:
        self._say(containers=self.facts.containers)
        return str(self.facts.containers)

    def _fill_type(self) -> str:
        self._say(container_type=self.facts.container_type)
        return self.facts.container_type

    def _fill_qty(self) -> str:
        times = self.rng.choice(("x", "x", " x ", " X "))
        return self._fill_n() + times + self._fill_type()

    def _money(self, value: float, currency: str) -> str:
        grouped, plain = f"{value:,.2f}", f"{number(value)}"
        return (f"{currency} {grouped}", f"{currency} {plain}", f"{plain} {currency}", f"{grouped} {currency}",
                f"{currency} {plain}", f"{currency} {number(value):,}")[self.money_style]  # fmt: skip

    def _fill_amount(self) -> str:
        self._say(rate=number(self.facts.rate), currency=self.facts.currency)
        return self._money(self.facts.rate, self.facts.currency)

    def _fill_oldamount(self) -> str:
        change = self.rng.choice((-1, 1)) * self.rng.randrange(50, 330, 10)
        return self._money(self.facts.rate + change, self.facts.currency)

    def _fill_fee(self) -> str:
        return self._money(float(self.rng.randrange(15, 340, 5)), self.rng.choice(("USD", "EUR", "GBP", "AED")))

    def _fill_feename(self) -> str:
        return self.rng.choice(parties.SURCHARGES)

    def _fill_booking(self) -> str:
        self._say(booking=self.facts.booking)
        return self.facts.booking

    def _fill_oldbooking(self) -> str:
        return booking_number(self.rng)

    def _fill_ref(self) -> str:
        return f"{self.rng.choice(('Q', 'R', 'F', 'INV', 'PO'))}{self.rng.randrange(1000, 99999)}"

    def _fill_box(self) -> str:
        serial = self.rng.randrange(10**6, 10**7)
        return f"{self.rng.choice(('TCLU', 'MSKU', 'FSCU', 'TGHU', 'CAIU'))}{serial}"

    def _fill_vessel(self) -> str:
        return self.rng.choice(self.world.vessels)

    def _fill_voy(self) -> str:
        return f"{self.rng.randrange(100, 999)}{self.rng.choice('EWNS')}"

    def _fill_goods(self) -> str:
        return self.rng.choice(parties.GOODS)

    def _fill_kg(self) -> str:
        return f"{self.rng.randrange(4200, 26800, 50)} kg"

    def _fill_days(self) -> str:
        return str(self.rng.choice((3, 4, 5, 7, 10, 14, 21)))

    def _fill_time(self) -> str:
        return f"{self.rng.randrange(8, 19)}:{self.rng.choice(('00', '15', '30'))}"

    def _fill_phone(self) -> str:
        return f"+{self.rng.randrange(30, 99)} {self.rng.randrange(100, 999)} {self.rng.randrange(1000, 9999)}"

    def _fill_me(self) -> str:
        return self.sender

    def _fill_my(self) -> str:
        return self.sender.split()[0]

    def _fill_you(self) -> str:
        return self.rng.choice([name for name in self.world.senders if name != self.sender]).split()[0]

    def _fill_co(self) -> str:
        return self.company

    def _fill_office(self) -> str:
        return self.office.names[0]
