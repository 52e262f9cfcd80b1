"""The words on paper, in English and Danish; a bank may pass its own mapping with the same keys."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

Wording = Mapping[str, str]

ENGLISH: Wording = MappingProxyType(
    {
        "statement": "Account statement",
        "period": "{first} \u2013 {last}",
        "customer_number": "Customer number",
        "iban": "IBAN",
        "bic": "BIC",
        "product": "Product",
        "currency": "Currency",
        "branch": "Branch",
        "opening_balance": "Opening balance",
        "closing_balance": "Closing balance",
        "money_in": "Money in",
        "money_out": "Money out",
        "movements_one": "{count} movement",
        "movements_many": "{count} movements",
        "booked": "Booked",
        "value_date": "Value date",
        "details": "Details",
        "reference": "Reference",
        "amount": "Amount, {currency}",
        "balance": "Balance, {currency}",
        "brought_forward": "Brought forward",
        "carried_forward": "Carried forward",
        "no_movements": "No movements in this period. The balance has stayed as it was.",
        "booked_late": "Booked late",
        "booked_late_note": (
            "Booked late: made at a counter while its line to the centre was down, and received after its day had been "
            "closed."
        ),
        "covers": "What this statement covers",
        "covers_up_to": "This statement covers operations up to:",
        "device": "Device",
        "epoch": "Epoch",
        "operation_number": "Operation",
        "hash_begins": "Hash begins with",
        "covers_check": (
            "To check it, ask the bank for its signed operations and run \u201ccounterfoil verify\u201d on them: at "
            "each device, the operation with this number must have a hash that begins with these characters."
        ),
        "covers_nothing": "No counter had made an operation when this statement was made.",
        "boxes_note": (
            "A box with digits stands for a character that could not be printed; the digits are its Unicode number. "
            "On this statement: {characters}."
        ),
        "made": "Made {instant} by {staff} at {device}.",
        "page": "Page {page} of {pages}",
        "receipt_deposit": "Cash deposit",
        "receipt_withdrawal": "Cash withdrawal",
        "receipt_transfer": "Transfer",
        "receipt_account": "Account",
        "receipt_customer": "Customer",
        "receipt_text": "Text",
        "receipt_to": "To",
        "receipt_drawer": "Drawer",
        "receipt_teller": "Teller",
        "receipt_balance": "Balance",
        "receipt_as_of": "as of {instant}",
        "receipt_made": "Made",
        "receipt_operation": "Operation",
        "receipt_number": "Number at device",
        "receipt_hash": "Hash",
        "receipt_queued": "Queued for the centre",
        "receipt_queued_note": "Signed and kept at this counter. It is sent when the line to the centre is back.",
        "receipt_recorded": "Recorded by the centre",
        "receipt_reprint": "Copy \u2013 printed again",
        "receipt_boxes": "Not printable: {characters}",
        "receipt_thanks": "Keep this receipt.",
    }
)

DANISH: Wording = MappingProxyType(
    {
        "statement": "Kontoudtog",
        "period": "{first} \u2013 {last}",
        "customer_number": "Kundenummer",
        "iban": "IBAN",
        "bic": "BIC",
        "product": "Produkt",
        "currency": "Valuta",
        "branch": "Afdeling",
        "opening_balance": "Primosaldo",
        "closing_balance": "Ultimosaldo",
        "money_in": "Ind",
        "money_out": "Ud",
        "movements_one": "{count} bevægelse",
        "movements_many": "{count} bevægelser",
        "booked": "Bogført",
        "value_date": "Valør",
        "details": "Tekst",
        "reference": "Reference",
        "amount": "Beløb, {currency}",
        "balance": "Saldo, {currency}",
        "brought_forward": "Overført fra forrige side",
        "carried_forward": "Overføres til næste side",
        "no_movements": "Ingen bevægelser i perioden. Saldoen er uændret.",
        "booked_late": "Bogført sent",
        "booked_late_note": (
            "Bogført sent: udført ved en skranke, mens dens forbindelse til centralen var afbrudt, og modtaget, efter "
            "at dagen var lukket."
        ),
        "covers": "Hvad kontoudtoget omfatter",
        "covers_up_to": "Kontoudtoget omfatter operationer til og med:",
        "device": "Enhed",
        "epoch": "Epoke",
        "operation_number": "Operation",
        "hash_begins": "Hash begynder med",
        "covers_check": (
            "Kontrol: bed banken om dens signerede operationer, og kør \u201dcounterfoil verify\u201d på dem: for hver "
            "enhed skal operationen med dette nummer have en hash, der begynder med disse tegn."
        ),
        "covers_nothing": "Ingen skranke havde udført en operation, da kontoudtoget blev lavet.",
        "boxes_note": (
            "En boks med cifre står for et tegn, der ikke kunne trykkes; cifrene er tegnets Unicode-nummer. "
            "På dette kontoudtog: {characters}."
        ),
        "made": "Lavet {instant} af {staff} på {device}.",
        "page": "Side {page} af {pages}",
        "receipt_deposit": "Kontant indbetaling",
        "receipt_withdrawal": "Kontant udbetaling",
        "receipt_transfer": "Overførsel",
        "receipt_account": "Konto",
        "receipt_customer": "Kunde",
        "receipt_text": "Tekst",
        "receipt_to": "Til",
        "receipt_drawer": "Kasse",
        "receipt_teller": "Kasserer",
        "receipt_balance": "Saldo",
        "receipt_as_of": "pr. {instant}",
        "receipt_made": "Udført",
        "receipt_operation": "Operation",
        "receipt_number": "Nummer på enheden",
        "receipt_hash": "Hash",
        "receipt_queued": "I kø til centralen",
        "receipt_queued_note": "Signeret og gemt ved skranken. Den sendes, når forbindelsen til centralen er tilbage.",
        "receipt_recorded": "Registreret af centralen",
        "receipt_reprint": "Kopi \u2013 trykt igen",
        "receipt_boxes": "Kan ikke trykkes: {characters}",
        "receipt_thanks": "Gem denne kvittering.",
    }
)


def wording_for(locale: str) -> Wording:
    """The words for a locale (`da_DK`); English where there is no translation."""
    return DANISH if locale.partition("_")[0] == "da" else ENGLISH
