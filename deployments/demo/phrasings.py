"""Training phrasings: templates for the bodies of mails, in the notation explained in ``render``."""

from __future__ import annotations

from deployments.demo.render import read_book

# Shared building blocks. They are templates too, so each use of a macro may come out differently.
MACROS = {
    "lane": (
        "[<pol> to <pod>|<pol> to <pod>|<pol> - <pod>|<pol>/<pod>|<pol> -> <pod>|<pol> via <ts> to <pod>"
        "|<pol> to <pod> (via <ts>)|<pol> / <pod>, transshipment <ts>]"
    ),
    "sail": "[ETD <etd>[, ETA <eta>| / ETA <eta>| and ETA <eta>|]|etd <etd> eta <eta>|ETA <eta>|ETD <etd>]",
    "boxes": "[<qty>|<qty>|<n> x <type>|<n> [containers|units|boxes] <type>]",
    "price": "[<amount>[/<type>| per <type>| per container||]]",
    "cutoff": "[CY cut-off|VGM cut-off|Docs cut-off|SI closing|Gate closing] <xdate>[ <time>|]",
    "bkg": "[Booking|booking|Booking no.|Bkg|booking ref] <booking>",
}

BOOK = read_book(
    """
== q-offer quotation
[Many thanks for|Thank you for|Referring to] your [enquiry|rate request|request][ dated <xdate>| of \
<xdate>||], [we can offer|we are pleased to quote|our best offer is] <price> [on|with] <carrier>[ for \
<boxes>|], <lane>. [Next sailing <sail>.|Schedule: <sail>.|]
== q-bullets quotation
[Our quotation|Quote <ref>|Offer as below|Rate proposal]:
- [Routing|Lane|Trade]: <lane>
[- Carrier: <carrier>\n|- Line: <carrier>\n|]- [Equipment: <boxes>\n- |]Ocean freight: <price>[\n- \
<feename>: <fee>|][\n- Sailing: <sail>|\n- Transit: about <days> weeks|]
== q-allin quotation
[All in|All-in|Freight all kinds] rate [ex|from] <pol> [to|into] <pod> [stands at|comes to|is] <price>[, \
<feename> <fee> [on top|extra|not included]|]. [Carrier is <carrier>[, ETD <etd>|].|Line: <carrier>.|]
== q-twocarriers quotation
We compared the market for <lane>. [The winner is|We suggest|Best value is] <carrier> at <price>; [the \
others were all above <oldamount>|a second line wanted <oldamount>]. [Departure <etd>[, arrival <eta>|].|]
== q-table quotation
[POL ¦ POD ¦ TYPE ¦ RATE\n<pol> ¦ <pod> ¦ <type> ¦ <amount>|Carrier ¦ POL ¦ POD ¦ Freight\n<carrier> ¦ \
<pol> ¦ <pod> ¦ <amount>|Line ¦ Unit ¦ From ¦ To ¦ O/F\n<carrier> ¦ <type> ¦ <pol> ¦ <pod> ¦ <amount>]
[Valid until <xdate>|Prices net net|Subject to space|Rate filed under <ref>].
== q-question quotation
Would <price> work for [your|the] <goods>, <boxes>, <pol> to <pod>? [<carrier> has space on <etd>|We can \
load on <etd>[ with <carrier>|]|The service calls <ts> and <ts2> first]. [Arrival would be <eta>.|]
== q-renewal quotation
[The old level of|Your former rate of|Last month's] <oldamount> [has expired|ended on <xdate>|is gone]. \
New rate [with <carrier> |]for <lane>: <price>[, first departure <etd>|].[ Free time <days> days.|]
== q-lines quotation
Rate: <amount>
[Line: <carrier>\n|]Port pair: <pol> / <pod>
[Container: <type>|Volume: <boxes>|Cargo: <goods>, <boxes>]
[Next vessel: <vessel>, <sail>|Space: on request|Remark: rate excludes <feename> of <fee>]
== q-spot quotation
Spot deal [today|this week only|until <xdate>]: <boxes> <lane> for [just |]<price>[ on <carrier>|]. \
[Vessel <vessel> leaves <etd>.|Must load ETD <etd>, due in <eta>.|First come, first served.]
== b-confirm booking
[We confirm|We hereby confirm|This confirms] your [booking|shipment] [no. |number |]<booking> with \
<carrier>: <boxes> [from <pol> to <pod>|<lane>], [ETD <etd>, ETA <eta>|<sail>].[ <cutoff>.|]
== b-block booking
BOOKING CONFIRMATION
[Booking|Booking No|Carrier ref]: <booking>
[Carrier: <carrier>\n|Line: <carrier>\n|]POL: <pol>
POD: <pod>[\nT/S port: <ts>|]
[ETD: <etd>\n|][ETA: <eta>\n|]Equipment: <boxes>[\n<cutoff>|\nVessel: <vessel> <voy>|]
== b-vessel booking
Your [cargo|<goods>|shipment] [is|has been] booked on [mv |MV |]<vessel> [<voy>|voy <voy>|] [of|operated \
by] <carrier>, [leaving|loading] <pol> <etd>[ and reaching <pod> <eta>| for <pod>]. [Ref to quote at the \
gate: <bkg>.|<bkg>.]
== b-release booking
[Empty release|Pick-up order|Depot release] for <boxes> [is ready|has been issued], <bkg>. [Load port \
<pol>|Loading at <pol>][, discharge port <pod>|]. [<cutoff>.|Depot opens <time>.][ ETD <etd>.|]
== b-request booking
Please book [for us|on our behalf|the following]: <boxes> <goods>, <lane>, [<carrier>|preferred line \
<carrier>|any line][, sailing <etd>|, latest ETD <etd>|]. [Agreed freight|Rate as agreed|O/F] <price>.
== b-pairs booking
bkg=<booking>; [line=<carrier>; |]from=<pol>; to=<pod>; [etd=<etd>; |][eta=<eta>; |]qty=<n>; \
type=<type>[; cutoff=<xdate>|; weight=<kg>|; vsl=<vessel>]
== b-split booking
[Space is|We have space] confirmed [by|with] <carrier> under <booking>. [The boxes|All <n> x <type>] load \
at <pol>[ at terminal <days>|]. [Final destination is|They go to|Discharge is at] <pod>[ after a stop in \
<ts>|]. [<sail>.|]
== b-amended booking
[Amended|Revised|Updated] booking [confirmation|note]: number <booking> replaces <oldbooking>. \
[Everything else is unchanged|Details]: <boxes>, <lane>[, <carrier>|], <sail>.
== b-costs booking
Booking <booking> [placed|accepted] [with <carrier> |]at <price>. [Route <lane>|<pol> is load port, <pod> \
is discharge port].[ <n> units.|] [Please add <feename> <fee>.|Invoice follows by <xdate>.|Departs <etd>.]
== a-notice arrival
ARRIVAL NOTICE
Vessel: <vessel>[ / <voy>|]
[Port of loading: <pol>\n|]Port of discharge: <pod>
ETA: <eta>
[Containers: <boxes>\n|][B/L ref|Invoice]: <ref>[\nBooking: <booking>|][\nCarrier: <carrier>|]
== a-advise arrival
[Please note|Please be advised|Kindly note] that your [<boxes>|shipment <booking>|<goods>] [ex|from] \
<pol> [will arrive at|is due at|is expected in] <pod> on <eta>[ on board <vessel>|]. [Line: \
<carrier>.|Free time ends <days> days after discharge.|]
== a-charges arrival
[Local charges|Destination charges] for [booking |]<booking>: <feename> <fee>[, <feename> <fee>|]. \
[Boxes|<boxes>] [reach|get to] <pod> <eta>[, carried by <carrier>|]. [Pay before <xdate>.|]
== a-release arrival
[Delivery order|Telex release|Customs papers] needed for <booking>, <carrier> vessel <vessel>, ETA <pod> \
<eta>[ (left <pol>)| from <pol>|]. [<n> x <type> to be collected.|Number of boxes: <n>.|]
== a-track arrival
Tracking update [<ref>|for container <box>]: [POL <pol> > |]T/S <ts> > POD <pod>. [Expected|Due] <eta>. \
[Line <carrier>[, <boxes>|].|<boxes> on this B/L.|]
== a-plan arrival
[For your planning|To plan the trucks|For the warehouse]: <boxes> [of <goods> |]due <pod> <eta>, \
<carrier>[ / <booking>|]. [Unloading slot <time>.|Quay closes <time>.|][ Loaded in <pol>.|]
== a-list arrival
Arrivals [this week|next week|on our desk]:
* <booking> - <carrier> - <pod> - <eta>[ - <boxes>|]
[* nothing else so far|* other files: none|* customs status open]
== a-early arrival
[Good news|Heads up], <vessel> [is early|makes good speed]: <pod> [now on|already] <eta> [instead \
of|rather than] <lateeta>. [Bkg <booking>|<carrier> <booking>][, <boxes>|].
== c-delay change
[Sorry|Unfortunately|We regret], <carrier> [has delayed|has pushed back|postponed] [the \
vessel|<vessel>|booking <booking>]: ETD [is now <etd> instead of <oldetd>|was <oldetd>, new <etd>][, new \
ETA <eta>|]. [Lane <lane>.|<pol> to <pod> otherwise as agreed.]
== c-rollover change
[Roll-over notice|Rolled|Rollover]: [booking |]<booking> [missed|did not make] <vessel>. New \
[plan|schedule] <pol> <etd>[, <pod> <eta>|]. [<carrier> blames congestion at <ts>.|<boxes> stay at the \
terminal.]
== c-equipment change
[Equipment change|Change of equipment] on <booking>: [please supply|we now need] <boxes>[ for <goods>|]. \
[Rate becomes <price>, it was <oldamount>.|Carrier <carrier> agrees.|<lane> stays.] [<sail>.|]
== c-port change
[New load port|The load port changes]: <pol> [and no longer <ts>|in place of <ts>]. Discharge \
[remains|stays] <pod>. [<carrier> will advise the rest|Line <carrier>, <booking>|Departure <etd>].
== c-rate change
Rate correction [for <lane>|on booking <booking>]: [please read|correct is] <amount>, not <oldamount>[, \
valid from <xdate>|]. [Applies to <boxes>.|<carrier> tariff.|<pol> terminal fees not touched.]
== c-was-now change
[Schedule|Update|Changes] <booking>
[ETD: <etd> (was <oldetd>)\n|]ETA: <eta> (was <oldeta>)
[Line: <carrier>\n|]Port pair <pol> - <pod>[, <boxes>|]
== c-cancel change
[Void|Please cancel|We cancel] <oldbooking>. [Replacement|The new one] is <booking>[ at <carrier>|], \
<boxes>, <lane>[, ETD <etd>|][ at <price>|].
== c-omit change
<carrier> [omits|skips|will not call] <ts>. [Your|The] <n> [x |]<type> [run|go] direct <pol> to <pod>, \
ETA <eta>[ (before: <oldeta>)|].[ Booking <booking> stays valid.|]
== f-below forwarded
[See the thread below|Old mails below|History underneath], [final is|what counts now]: <price>[ by \
<carrier>|] for <lane>[, <boxes>|][, <sail>|].
== f-accept forwarded
[Customer accepted|They took it|Client says yes]. [Go ahead|Proceed] with <carrier>, <price>, <boxes>[ \
<lane>|, <pol> to <pod>]. [ETD <etd> please.|Aim for <etd>.|]
== f-correct forwarded
[Ignore my mail of <xdate>|Disregard the message underneath|My earlier numbers were wrong]. Correct: [ETD \
<etd>, ETA <eta>|rate <amount>, ETD <etd>|ETA <eta>, <boxes>], [booking <booking>|line <carrier>], <pol> \
- <pod>.
== f-passing forwarded
Passing on [what <carrier> wrote|news from <carrier>]: <booking> [will sail|sails] [from <pol>|<pol>] \
<etd> [to|for] <pod>[, <boxes>|][, arriving <eta>|].
== f-reply forwarded
Re your mail below: [yes|confirmed|agreed], <boxes> at <price>. [Load <pol>, discharge <pod>.|<lane>.] \
[Please use <carrier>.|Booking is <booking>.|Need ETA <eta> at the latest.]
== f-chaser forwarded
[Chasing again|Second reminder|Any news on this]? [We hold|Our file shows] <booking>, <carrier>, \
<pol>/<pod>, [ETD <etd>|ETA <eta>|<sail>][ and <boxes>|].
== f-handover forwarded
<you> [is away|is on leave|left us], I [took over|handle] [this|the file]. [Status|Where we are]: <boxes> \
<lane> with <carrier>[, <booking>|][, <price>|], [sailing <etd>|due <eta>].
== t-ping chat
[hi|hey|hello] <you>, <boxes> <pol>-<pod> [done at|ok for|fixed at] <price>[, <carrier>|]. [etd <etd>|eta \
<eta>|tell the shipper] [thx|ok?|cheers]
== t-short chat
<booking> [ok|is in|confirmed], <carrier>, <qty>, [etd <etd>|sails <etd>|eta <eta>][ from <pol>| <pol> to \
<pod>|]
== t-ask chat
[can you check|pls check|quick one]: [is <booking>|booking <booking>] still [good for|on] [ETD <etd>|eta \
<eta>]? [<pol> to <pod>|pod <pod>|<boxes> ex <pol>][, <carrier> says so|]
== t-counter chat
[they ask|customer wants] <oldamount>, [no way|we said no], [our floor is|we stay at] <price> [<lane>|for \
<type> into <pod>|on <carrier> to <pod>]
== t-call chat
[as per our call|just spoke|on the phone earlier]: <carrier>, <boxes>, <pol> -> <pod>, <sail>[, <amount>|]
== t-late chat
[ugh|fyi|sorry], <carrier> late again. <pod> now <eta>[ not <oldeta>|]. [<booking>|<boxes>] [sits in \
<ts>|still in <ts>|is on <vessel>]
== t-window chat
need [space|a slot] <lane>, <boxes> <goods>, [loading <etd>|ready for ETD <etd>|to be there by ETA \
<eta>][, budget <price>|]
"""
)
