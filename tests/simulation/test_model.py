"""The second bank, written without the first one's rules, comes to the same from the same texts."""

import pytest

from core.book.rows import DepositAccount, LedgerBalance
from counterfoil.simulation.model import Model, payload_of
from counterfoil.simulation.world import begin


@pytest.mark.usefixtures("simulator")
def test_the_model_comes_to_what_the_founded_bank_holds() -> None:
    simulation, model = begin(1), Model()
    for text in simulation.centre.texts():
        assert model.take(payload_of(text)) == frozenset()
    accounts = simulation.centre.database.rows(DepositAccount)
    assert len(accounts) == sum(len(here) for here in simulation.accounts.values())
    for row in accounts.values():
        account = model.account(row.id)
        assert (account.posted, account.reserved, account.free) == (row.posted, row.rights, row.posted - row.rights)
    balances = {key: row.balance for key, row in simulation.centre.database.rows(LedgerBalance).items() if row.balance}
    assert {key: balance for key, balance in model.balances.items() if balance} == balances
    simulation.conversations.close()
