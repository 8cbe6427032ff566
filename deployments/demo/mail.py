"""Assembles whole mails: greeting, body, side remarks, sign-off, quoted history and typing slips."""

from __future__ import annotations

import json
import random
import re
from dataclasses import dataclass, replace

from deployments.demo.render import Phrasing, Piece, Writer
from deployments.demo.shipment import Facts, World, make_facts


@dataclass(frozen=True)
class Pools:
    """Templates for the parts around a body.

    Attributes:
        greetings: Openings; an empty one is allowed.
        extras: Side remarks full of distractors (dates, amounts and places that are not the answer).
        closings: Sign-offs for normal mails.
        disclaimers: Small print.
        quotes: Lines of older mails, each with the answer keys it contradicts.
        headers: Lines that introduce a quoted mail.
    """

    greetings: tuple[str, ...]
    extras: tuple[str, ...]
    closings: tuple[str, ...]
    disclaimers: tuple[str, ...]
    quotes: tuple[tuple[str, str], ...]
    headers: tuple[str, ...]


@dataclass(frozen=True)
class Mail:
    """One finished mail with everything later stages need to vary it."""

    pieces: tuple[Piece, ...]
    answer: str
    facts: Facts
    sender: str
    phrasing: str
    family: str

    @property
    def text(self) -> str:
        """The mail as plain text."""
        return "".join(piece.text for piece in self.pieces)


TRAIN_POOLS = Pools(
    greetings=(
        "[Hi|Hello|Dear] <you>,", "Dear [all|team|colleagues|customer|Sirs],", "Hi [all|there|team],", "Good [morning|day],",
        "Good afternoon <you>,", "Hello,", "<you>,", "Hi again <you>,", "Dear [Mr|Ms] <you>,", "",
    ),
    extras=(
        "[Vessel|MV] <vessel>[, voyage <voy>|].",
        "[CY cut-off|VGM cut-off|Docs cut-off|SI closing] <xdate>[ at <time>|].",
        "[Our|Your] invoice <ref> [of|dated] <xdate> [is still open|was paid|follows by post].",
        "Free time [at destination |]<days> days.",
        "<feename> of <fee> [is extra|applies|will be billed separately|per B/L].",
        "Cargo is <goods>[, about <kg>|, <kg> each].",
        "The air [freight|shipment] via LAX [airport |]is a separate [file|job].",
        "Our <office> [office|desk|colleagues] [will send the papers|is copied|can help with customs].",
        "[Weight|Gross weight] <kg>[, no dangerous goods|, HS code on request|].",
        "Container <box>[ is damaged at one door| was weighed already|, seal missing].",
        "Transshipment [in|at] <ts>[ takes <days> days|, no change of line].",
        "The vessel also [calls|visits] <ts> and <ts2>.",
        "[Your|Our] reference <ref>.",
        "[Please reply|Let me know|Kindly answer] by <xdate>[ <time>|].",
        "[Meeting|Call] on <xdate> at <time> [is fine for me|still stands|moved to the afternoon].",
        "The shipper in <office> [wants photos|packs tomorrow|asked for <goods> labels].",
        "[Drivers|Trucks] come at <time>[, gate <days>|].",
        "[Payment|Terms] <days> days[ from invoice| after sailing|].",
    ),
    closings=(
        "[Best|Kind|Warm] regards\n<me>", "Regards,\n<my>", "Thanks\n<my>", "BR <my>", "[Best|Many thanks],\n<me>\n<co>",
        "Kind regards\n<me> ¦ <co>\n<office>[, tel <phone>|]", "Cheers, <my>", "Rgds / <me>", "<me>\n<co> - <office> branch",
        "--\n<me>, <co>[\nPhone <phone>|]", "Mit freundlichen Gruessen\n<me>", "",
    ),
    disclaimers=(
        "[We trade|All business is done] under our standard terms[, last changed <xdate>|]; quotes are [subject to space and "
        "equipment|not binding until confirmed in writing].",
        "This [mail|message] is meant for the addressee only. If you are not that person, please [delete it|tell us and remove it].",
        "<co> accepts no liability for late vessels, port congestion or missed connections[ in <ts>|].",
    ),
    quotes=(
        ("rate", "[Our offer was|We had quoted|Last level:] <oldamount>[ until <xdate>|]."),
        ("rate", "Can you do better than <oldamount>?"),
        ("etd", "[Vessel was planned|The plan says] ETD <oldetd>."),
        ("eta", "[Consignee expects it|They counted on] ETA <oldeta>."),
        ("booking", "[We still had|Earlier booking was] <oldbooking>."),
        ("", "[Please|Could you] [advise|come back to us] [soon|today|by <xdate>]."),
        ("", "Cargo ready <xdate>, <goods>, <kg>."),
        ("", "Our ref <ref>[, <feename> <fee>|]."),
        ("", "[Any news|Where do we stand]?"),
    ),
    headers=("On <xdate> <you> wrote:", "From: <you>\nSent: <xdate>", "-----Original message-----", "<you>, <xdate> <time>:"),
)  # fmt: skip

_WORD = re.compile(r"\b[a-z]{6,}\b")


def _typo(rng: random.Random, pieces: list[Piece]) -> list[Piece]:
    """Misspell one ordinary word; values and capitalised names are left alone."""
    spots = [(i, m) for i, piece in enumerate(pieces) if not piece.fixed for m in _WORD.finditer(piece.text)]
    spots = [(i, m) for i, m in spots if not m.group().startswith("container")]
    if not spots:
        return pieces
    index, match = rng.choice(spots)
    word, at = match.group(), rng.randrange(1, len(match.group()) - 2)
    wrong = rng.choice(
        (
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            word[:at] + word[at + 1 :],
            word[:at] + word[at] * 2 + word[at + 1 :],
        )
    )
    text = pieces[index].text
    pieces[index] = replace(pieces[index], text=text[: match.start()] + wrong + text[match.end() :])
    return pieces


def _quoted(writer: Writer, pools: Pools, depth: int, lines: int) -> list[Piece]:
    """Write an older mail with every line quoted; it only contradicts what the newest message states."""
    usable = [text for key, text in pools.quotes if not key or writer.said.get(key) is not None]
    chosen = writer.rng.sample(usable, min(lines, len(usable)))
    pieces = writer.expand("\n".join([writer.rng.choice(pools.headers), *chosen]))
    mark = ">" * depth + " "
    quoted = [Piece(piece.text.replace("\n", "\n" + mark), piece.fixed) for piece in pieces]
    return [Piece(mark, True), *quoted]


def write_mail(rng: random.Random, world: World, pools: Pools, phrasing: Phrasing, sender: str,
               like: Mail | None = None, long: bool = False) -> Mail:  # fmt: skip
    """Write one mail.

    Args:
        rng: Source of all choices.
        world: Names this part of the data may use.
        pools: Templates around the body.
        phrasing: The body's wording.
        sender: Who writes.
        like: A mail whose shipment and way of naming ports to keep; a new shipment is drawn when absent.
        long: Whether to bury the body in remarks, small print and history.

    Returns:
        The mail and the answer it supports.
    """
    facts = like.facts if like else make_facts(rng, world)
    writer = Writer(rng, world, facts, sender)
    if like:
        writer.name_ports_as(json.loads(like.answer))
    chat = phrasing.family == "chat"
    blocks: list[list[Piece]] = []
    if rng.random() < (0.15 if chat else 0.75):
        blocks.append(writer.expand(rng.choice(pools.greetings)))
    count = rng.randrange(9, 16) if long else rng.choice((0, 0, 0, 1) if chat else (0, 1, 1, 2, 2, 3))
    remarks = rng.sample(pools.extras, min(count, len(pools.extras)))
    split = rng.randrange(len(remarks) + 1) if long else (1 if remarks and rng.random() < 0.2 else 0)
    blocks.append(writer.expand(" ".join(remarks[:split])))
    blocks.append(writer.expand(phrasing.template))
    blocks.append(writer.expand(rng.choice((" ", "\n")).join(remarks[split:])))
    if rng.random() < (0.2 if chat else 0.7):
        blocks.append(writer.expand(rng.choice(pools.closings)))
    if long or rng.random() < 0.05:
        small_print = rng.sample(pools.disclaimers, len(pools.disclaimers) if long else 1)
        blocks.append(writer.expand("\n".join(small_print)))
    if long or phrasing.family == "forwarded" or (not chat and rng.random() < 0.06):
        for depth in range(1, rng.randrange(2, 4) if long else 2):
            blocks.append(_quoted(writer, pools, depth, rng.randrange(3, 6) if long else rng.choice((1, 2, 2, 3))))
    pieces: list[Piece] = []
    for block in blocks:
        if "".join(piece.text for piece in block).strip():
            if pieces:
                gap = " " if chat else rng.choice(("\n", "\n", "\n\n"))
                pieces.append(Piece(gap, True))
            pieces += block
    if rng.random() < 0.18:
        pieces = _typo(rng, pieces)
    return Mail(tuple(pieces), writer.answer(), facts, sender, phrasing.id, phrasing.family)
