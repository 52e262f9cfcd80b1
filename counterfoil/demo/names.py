"""Names, streets and reasons for made-up customers, put together by a seeded choice so that every demo is alike."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

_GIVEN = (
    "Mikkel", "Sofie", "Emil", "Freja", "Noah", "Alma", "Oscar", "Ida", "Karla", "Malthe", "Astrid", "Viggo",
    "Johanne", "Rasmus", "Ellen", "Søren", "Maja", "Tobias", "Liva", "Anton", "Bodil", "Henrik", "Kirsten", "Åse",
    "Jørgen", "Inger", "Poul", "Birthe", "Leif", "Yasmin", "Amir", "Piotr", "Agnieszka", "Linh", "Thanh", "Fatima",
)  # fmt: skip
_FAMILY = (
    "Sørensen", "Kjær", "Vestergaard", "Lundqvist", "Østergaard", "Bach", "Holst", "Krogh", "Mølgaard", "Thygesen",
    "Aagaard", "Winther", "Bonde", "Skovgaard", "Dahl", "Frandsen", "Juhl", "Lauritsen", "Munk", "Nørgaard",
    "Overgaard", "Petersen", "Quist", "Rønne", "Steffensen", "Toft", "Ulriksen", "Vinther", "Kowalska", "Nguyen",
)  # fmt: skip
_STREETS = {
    "norrebro": (
        "Blågårdsgade", "Jægersborggade", "Stefansgade", "Griffenfeldsgade", "Rantzausgade", "Sjællandsgade",
        "Elmegade", "Ravnsborggade", "Baggesensgade",
    ),
    "aarhus": (
        "Mejlgade", "Jægergårdsgade", "Skolegade", "Frederiksgade", "Vestergade", "Klostergade", "Studsgade",
        "Badstuegade", "Graven",
    ),
}  # fmt: skip
_TOWNS = {"norrebro": ("2200", "København N"), "aarhus": ("8000", "Aarhus C")}
WELL_TRAVELLED = (
    ("Θεοδώρα", "Παπαδοπούλου"),
    ("Светлана", "Ковалёва"),
    ("נועה", "בן־דוד"),
    ("ليلى", "الحداد"),
    ("Maximiliane-Alexandrine", "Freifrau von Hohenfels-Wittenstein-Sønderborg"),
)
NARRATIVES_IN = ("Takings", "Savings", "Birthday money", "Market day", "Cash at counter", "Sale of a bicycle")
NARRATIVES_OUT = ("Cash at counter", "Holiday", "Groceries", "Repairs", "Pocket money")
REMITTANCES = ("Rent", "Football club", "Shared dinner", "Loan repaid", "Electricity", "Kindergarten", "Band rehearsal")


@dataclass(frozen=True, slots=True)
class CustomerPlan:
    """A made-up customer: the fields of the profile as the bank keeps them."""

    fields: dict[str, str]

    @property
    def name(self) -> str:
        """The name as it is said."""
        return f"{self.fields['given_name']} {self.fields['family_name']}"


def customers(branch: str, count: int, seed: int) -> list[CustomerPlan]:
    """`count` customers of a branch; among them names in Greek, Cyrillic, Hebrew and Arabic, and a very long one."""
    random = Random(f"{branch}-{seed}")  # noqa: S311 - made-up people, the same every time
    plans = [_customer(random, branch, given, family) for given, family in WELL_TRAVELLED]
    seen = {plan.name for plan in plans}
    while len(plans) < count:
        plan = _customer(random, branch, random.choice(_GIVEN), random.choice(_FAMILY))
        if plan.name not in seen:
            seen.add(plan.name)
            plans.append(plan)
    return plans


def _customer(random: Random, branch: str, given: str, family: str) -> CustomerPlan:
    postcode, city = _TOWNS[branch]
    born = date(1938, 1, 1) + timedelta(days=random.randrange(25_000))
    return CustomerPlan(
        {
            "given_name": given,
            "family_name": family,
            "born_on": born.isoformat(),
            "street": f"{random.choice(_STREETS[branch])} {random.randrange(1, 180)}",
            "postcode": postcode,
            "city": city,
            "country": "DK",
            "telephone": f"+45{random.randrange(20_000_000, 99_999_999)}",
        }
    )
