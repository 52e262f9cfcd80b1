"""Who and what the demo's bank consists of. Every person here is made up."""

from __future__ import annotations

from dataclasses import dataclass

BANK_NAME = "Havnebanken"
BANK_CODE = "5051"
BANK_BIC = "HAVNDKKK"
COUNTRY = "DK"
CURRENCY = "DKK"
PARTNER = "skovbank"
PARTNER_NAME = "Skovbanken"
PARTNER_BANK_CODE = "9570"
PARTNER_BIC = "SKOVDKKK"


@dataclass(frozen=True, slots=True)
class BranchPlan:
    """A branch of the demo."""

    code: str
    name: str
    address: str


@dataclass(frozen=True, slots=True)
class PersonPlan:
    """A member of staff. `approval_limit` in minor units; passwords are for the demo alone, and printed by it."""

    code: str
    name: str
    branch: str
    role: str
    password: str
    approval_limit: int = 1_000_000


@dataclass(frozen=True, slots=True)
class DeskPlan:
    """A desk, and the two people whose keys are the first there, each the witness of the other."""

    device: str
    branch: str
    people: tuple[str, str]


BRANCHES = (
    BranchPlan("norrebro", "Nørrebro", "Nørrebrogade 44, 2200 København N"),
    BranchPlan("aarhus", "Aarhus C", "Åboulevarden 31, 8000 Aarhus C"),
)

STAFF = (
    PersonPlan("ane", "Ane Holm", "norrebro", "teller", "gulls over the harbour"),
    PersonPlan("mads", "Mads Lund", "norrebro", "teller", "eleven wet umbrellas"),
    PersonPlan("karl", "Karl Berg", "norrebro", "supervisor", "a ladder in the orchard", 10_000_000),
    PersonPlan("lise", "Lise Dam", "aarhus", "teller", "bread before the ferry"),
    PersonPlan("otto", "Otto Friis", "aarhus", "supervisor", "seven quiet lighthouses", 10_000_000),
)

OFFICE_STAFF = (
    PersonPlan("eva", "Eva Nyholm", "norrebro", "teller", "tulips in a milk jug"),
    PersonPlan("finn", "Finn Bruun", "norrebro", "supervisor", "the clock runs slow", 10_000_000),
    PersonPlan("gry", "Gry Toft", "aarhus", "teller", "rain on the tramlines"),
    PersonPlan("hans", "Hans Ravn", "aarhus", "supervisor", "a red kite in april", 10_000_000),
)

DESKS = (
    DeskPlan("norrebro-desk-1", "norrebro", ("ane", "karl")),
    DeskPlan("norrebro-desk-2", "norrebro", ("mads", "karl")),
    DeskPlan("aarhus-desk-1", "aarhus", ("lise", "otto")),
)

OFFICES = (
    DeskPlan("norrebro-office", "norrebro", ("eva", "finn")),
    DeskPlan("aarhus-office", "aarhus", ("gry", "hans")),
)

PEOPLE = {person.code: person for person in (*STAFF, *OFFICE_STAFF)}
