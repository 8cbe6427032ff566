"""Held-out wordings: nothing here is shared with the training templates, so the test shows generalisation."""

from __future__ import annotations

from deployments.demo.mail import Pools
from deployments.demo.render import read_book

MACROS = {
    "route": "[<pol> => <pod>|between <pol> and <pod>|out of <pol> into <pod>|<pol>, routed over <ts>, then <pod>]",
    "times": "[leaving <etd>, landing <eta>|estimated departure <etd>|estimated arrival <eta>|ETD: <etd> ETA: <eta>]",
    "load": "[<qty>|<n> pcs <type>|<n> of <type>]",
    "cost": "[<amount>|<amount> per box|<amount> a unit]",
}

BOOK = read_book(
    """
== h-tender quotation
[Tender result|Outcome of the tender]: [lot <days>|your lot] goes to <carrier>. [Trade <route>|<route>], \
[level|freight] <cost>[, volume <load>|]. [Start <times>.|]
== h-indication quotation
[Just an indication|Budget figure|Ballpark], [not firm yet|to be confirmed]: <cost> to move <load> \
<route>[, probably on <carrier>|][, <times>|]. [Last year it cost <oldamount>.|]
== h-fields quotation
freight....... <amount>
[carrier....... <carrier>\n|]from.......... <pol>
to............ <pod>
[kit........... <load>|kit........... <type>\nready......... <xdate>]
== h-secured booking
[Happy to say|Glad to report] <carrier> [took|accepted] the job as <booking>: <load>, <route>, <times>. \
[Papers close <xdate>.|]
== h-sheet booking
SHIPPING ORDER / <booking>
1. Ocean carrier <carrier>
2. Loading berth <pol>[, feeder to <ts>|]
3. Destination berth <pod>
[4. Boxes <load>|4. Departs <etd>|4. Kit <type>][\n5. Arrives <eta>|]
== h-nominate booking
We nominate <carrier> for order <ref>. [Their number is|They gave us] <booking>; [stuffing on \
<xdate>|stuffing done], <load>, [<times>|<route>].
== h-inbound arrival
Inbound [note|memo]: [the|your] <goods> [from <pol> |]should [touch|berth at] <pod> [around|by] <eta>. \
[<load> under <booking>.|<carrier> handles it.|Look for <booking> on <carrier>.]
== h-handling arrival
Before <carrier> [hands over|lets go of] <load> at <pod> [(due <eta>)|on <eta>] you [settle|owe] <fee> \
for <feename>. [File <booking>.|]
== h-slip change
[Timetable slip|Late running] on <booking>: [berthing|arrival] at <pod> slides from <oldeta> to <eta>[, \
<carrier> says|]. [Loading at <pol> kept.|]
== h-swap change
Swap [order|request]: drop <oldbooking>, keep <booking>. [It carries <load>|Same <load>], <route>, [price \
<cost>|<times>][, <carrier>|].
== h-recap forwarded
[Recap of where this ended|To close the loop], older figures are void: <cost>, <load>, <route>[, \
<carrier>|][, <times>|].
== h-settled forwarded
[After much back and forth|Finally settled]: <carrier> [moves|carries] <load> [<route>|into <pod>], \
<times>, number <booking>.
== h-nudge chat
[yo|morning] <you>, need a yes on <cost>, <load> <route>[, <carrier>|]
== h-blip chat
<pod> [slipping|running late], think <eta>[, was <oldeta>|]. [<carrier>|<booking>|<booking> w/ <carrier>]
"""
)

HELDOUT_POOLS = Pools(
    greetings=("Greetings <you>,", "Hallo <you>!", "To whom it may concern,", "Morning <you>,", "Dear partner,", "Ahoy <you>,", ""),
    extras=(
        "Stuffing is set for <xdate>.",
        "The broker in <office> bills <fee> for <feename>.",
        "We reserved truck slots from <time>.",
        "Purchase order <ref>, signed <xdate>.",
        "Expect a stop of <days> days over in <ts>.",
        "Ship's name is <vessel>, trip <voy>.",
        "Total load <kg> of <goods>.",
        "Unit <box> needs a new seal.",
        "A rail leg past <ts2> is not part of this.",
        "Credit note <ref> went out <xdate>.",
    ),
    closings=("Sincerely yours,\n<me>", "All the best from <office>,\n<my>", "Yours, <me> (<co>)", "Talk soon\n<my>", "Sent on the go by <my>", "<me> / <co> / <phone>"),
    disclaimers=("Figures may change without notice and bind <co> only once signed.", "Think of the trees before you put this on paper."),
    quotes=(
        ("rate", "They first asked for <oldamount>."),
        ("etd", "First idea was to leave <oldetd>."),
        ("eta", "First idea was to land <oldeta>."),
        ("booking", "The number used to be <oldbooking>."),
        ("", "Kindly look into it, goods are ready since <xdate>."),
        ("", "Pls see order <ref>."),
    ),
    headers=("<you> said on <xdate>:", "=== earlier, <xdate> ==="),
)  # fmt: skip
