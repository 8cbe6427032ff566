"""Carriers, people, companies and other names that fill the mails; the people are invented."""

from __future__ import annotations


def _names(text: str) -> tuple[str, ...]:
    """Split a comma-separated table into clean names."""
    return tuple(name.strip() for name in text.replace("\n", " ").split(",") if name.strip())


TRAIN_CARRIERS = _names(
    """Maersk, MSC, CMA CGM, Hapag-Lloyd, ONE, Evergreen, COSCO, HMM, Yang Ming, ZIM, Wan Hai, PIL, OOCL,
    ANL, APL, Hamburg Sud, K Line, X-Press Feeders, Unifeeder, Arkas, Seaboard Marine, Crowley, Matson,
    Turkon, Gold Star Line, KMTC, SITC, TS Lines, Sinokor, RCL, Grimaldi, ACL, Emirates Shipping Line"""
)

HELDOUT_CARRIERS = _names(
    """SM Line, Interasia Lines, Containerships, Borchard Lines, Nile Dutch, Messina Line, Eimskip,
    Samskip, Swire Shipping, Marfret, Medkon Lines, Safmarine"""
)

TRAIN_SENDERS = _names(
    """Ines Carvalho, Tom Brandt, Priya Raman, Joost de Wit, Mei Tanaka, Carlos Ibarra, Anna Kowal,
    Samir Haddad, Lucy Pratt, Henrik Dahl, Fatima Zahra, Marco Bellini, Chen Wei, Olga Petrenko,
    Daniel Osei, Sofia Marin, Kevin Byrne, Aylin Demir, Rajesh Nair, Nadia Blum, Peter Novak, Grace Lim,
    Hugo Lefevre, Emma Stone-Hale, Viktor Toth, Yuki Mori, Paula Reyes, Ahmed Salem, Britta Kern,
    Liam Doyle, Noor Aziz, Stefan Ilic, Teresa Vale, Bruno Castel, Kim Park, Irene Adler-Moss,
    Oscar Lund, Dina Farouk, Felix Wagner, Hannah Cole, Ivan Sokol, Julia Berg, Kofi Mensah, Lena Roth,
    Mateo Cruz, Nina Falk, Omar Said, Quentin Roy, Rosa Conti, Sven Holm"""
)

HELDOUT_SENDERS = _names(
    """Astrid Nygaard, Baltasar Queiroz, Colm Hennessy, Drita Hoxha, Eero Laine, Gabor Szalai,
    Ilse Vandamme, Jomo Wekesa, Katya Zorin, Luisa Fontes, Milan Horvat, Odile Perrin, Rashid Khoury,
    Tamsin Wood, Ulrich Ebner"""
)

TRAIN_COMPANIES = _names(
    """Northquay Logistics, Blue Delta Forwarding, Carvex Freight, Lindholm Spedition, Harbourline Ltd,
    Transmar Iberia, Ostara Cargo, Pelican Shipping Agency, Redwood Sea Freight, Sable & Finch Forwarders,
    Tidewater Trade, Vektor Freight, Meridian Box Lines Agency, Grey Heron Logistics, Polder Cargo BV"""
)

HELDOUT_COMPANIES = _names(
    """Kestrel Ocean Desk, Fjordhaven Shipping, Marula Freight, Andes Container Services, Osprey Maritime,
    Calypso Forwarding"""
)

TRAIN_VESSELS = _names(
    """Northern Grace, Baltic Lark, Ocean Tulip, Cape Marlin, Star Juniper, Coral Venture, Jade Horizon,
    Silver Tern, Delta Crown, Amber Wave, Royal Petrel, Iron Bay, Lotus Spirit, Polar Ember, Mistral Queen,
    Eastern Comet, Harvest Moon, Cobalt Sky"""
)

HELDOUT_VESSELS = _names("Thalassa Wind, Puffin Arrow, Kilima Pearl, Condor Strait, Vesper Sound, Aurora Reef")

GOODS = _names(
    """machine parts, frozen shrimp, furniture, tyres, coffee beans, ceramic tiles, cotton yarn, solar panels,
    auto spares, paper rolls, canned tomatoes, garments, plastic resin, wine, timber, toys, steel coils"""
)

CONTAINER_TYPES = _names(
    "40HC, 40HC, 40HC, 40HC, 20GP, 20GP, 20GP, 40GP, 40GP, 40RF, 20RF, 40HQ, 45HC, 20DV, 40DV, 20OT, 40OT, 40FR, 20TK"
)

CURRENCIES = _names("USD, USD, USD, USD, USD, USD, EUR, EUR, EUR, GBP, CNY, SGD, AUD, CAD, AED, INR")

SURCHARGES = _names(
    "THC, BAF, documentation fee, seal fee, chassis fee, ISPS, low sulphur surcharge, telex release fee"
)
