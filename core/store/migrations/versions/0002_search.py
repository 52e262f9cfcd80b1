"""Customers are found by their names: cards and folded terms, filled from the values and records that are there.

Revision ID: 0002
"""

from alembic import op

from core.store.search import cards_of_all

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SEARCH = """
CREATE TABLE search_cards (
    no INTEGER NOT NULL,
    customer TEXT NOT NULL,
    name TEXT NOT NULL,
    born_on TEXT NOT NULL,
    city TEXT NOT NULL,
    PRIMARY KEY (no),
    UNIQUE (customer)
);
CREATE TABLE search_terms (
    term TEXT NOT NULL,
    card INTEGER NOT NULL,
    PRIMARY KEY (term, card),
    FOREIGN KEY(card) REFERENCES search_cards (no)
)
 WITHOUT ROWID;
CREATE INDEX search_terms_of_card ON search_terms (card, term);
"""


def upgrade() -> None:
    """Make the tables and a card for every customer."""
    for statement in SEARCH.split(";\n"):
        if statement.strip():
            op.execute(statement)
    cards_of_all(op.get_bind())
