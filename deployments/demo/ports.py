"""Sea ports with their UN/LOCODEs, split so that no held-out port is ever seen in training."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Port:
    """One sea port.

    Attributes:
        code: UN/LOCODE without the space.
        names: Spellings used in mails; the first is the usual English one.
    """

    code: str
    names: tuple[str, ...]


def _read(table: str) -> tuple[Port, ...]:
    """Read ``CODE Name/Other name`` entries separated by semicolons."""
    ports: list[Port] = []
    for entry in table.replace("\n", " ").split(";"):
        if not entry.strip():
            continue
        code, names = entry.strip().split(" ", 1)
        ports.append(Port(code, tuple(name.strip() for name in names.split("/"))))
    return tuple(ports)


TRAIN_PORTS = _read(
    """
    NLRTM Rotterdam; BEANR Antwerp/Anvers/Antwerpen; DEHAM Hamburg; DEBRV Bremerhaven; FRLEH Le Havre;
    FRFOS Fos-sur-Mer/Fos; GBFXT Felixstowe; GBSOU Southampton; ESVLC Valencia; ESALG Algeciras;
    ESBCN Barcelona; ITGOA Genoa/Genova; ITSPE La Spezia; ITTRS Trieste; SIKOP Koper;
    GRPIR Piraeus/Pireas; TRMER Mersin; EGPSD Port Said; EGALY Alexandria; ILHFA Haifa;
    SAJED Jeddah; AEJEA Jebel Ali; OMSLL Salalah; INNSA Nhava Sheva; INMUN Mundra; INMAA Chennai/Madras;
    LKCMB Colombo; BDCGP Chittagong/Chattogram; MYPKG Port Klang/Port Kelang; MYTPP Tanjung Pelepas;
    SGSIN Singapore; THLCH Laem Chabang; VNSGN Ho Chi Minh City/Saigon; VNHPH Haiphong; IDJKT Jakarta;
    PHMNL Manila; CNSHA Shanghai; CNNGB Ningbo; CNYTN Yantian; CNTAO Qingdao/Tsingtao; CNXMN Xiamen;
    HKHKG Hong Kong; TWKHH Kaohsiung; KRPUS Busan/Pusan; JPYOK Yokohama; JPTYO Tokyo; JPUKB Kobe;
    AUSYD Sydney; AUMEL Melbourne; USLAX Los Angeles; USLGB Long Beach; USOAK Oakland; USNYC New York;
    USSAV Savannah; USHOU Houston; USCHS Charleston; CAVAN Vancouver; CAMTR Montreal; BRSSZ Santos;
    ARBUE Buenos Aires; ZADUR Durban; MAPTM Tanger Med; NGAPP Apapa
    """
)

HELDOUT_PORTS = _read(
    """
    PLGDN Gdansk; SEGOT Gothenburg/Goteborg; NOOSL Oslo; DKAAR Aarhus; IEDUB Dublin; PTSIE Sines;
    PTLEI Leixoes; MTMAR Marsaxlokk; ROCND Constanta/Constantza; TRIZM Izmir; KEMBA Mombasa;
    TZDAR Dar es Salaam; GHTEM Tema; PECLL Callao; CLVAP Valparaiso; COCTG Cartagena;
    ECGYE Guayaquil; MXZLO Manzanillo; MXVER Veracruz; USSEA Seattle; USBAL Baltimore; NZAKL Auckland;
    AUFRE Fremantle; AUBNE Brisbane; CNDLC Dalian; JPNGO Nagoya; KRINC Incheon; TWKEL Keelung;
    INCOK Cochin/Kochi; LBBEY Beirut
    """
)
