"""A row that two devices make at once is made by one, and the other's change is added to it."""

from core.ids import Identifiers
from tests.sync_server.centre_bank import CentreBank, answer_of, at_once

_ROUNDS = 12


def test_deposits_at_once_to_an_account_that_is_not_there_yet_both_count(
    bank: CentreBank, two_addresses: tuple[str, str]
) -> None:
    desks = [bank.desk(f"nor-{number}", "nor") for number in range(4)]
    for desk in desks:
        desk.settle(two_addresses[0])
    ids = Identifiers(bank.clock)
    for _ in range(_ROUNDS):
        accounts = [ids.new() for _ in range(3)]
        for desk in desks:
            for account in accounts:
                desk.make(desk.deposit(account, 1_00))
        answers = at_once(*(lambda n=n, desk=desk: desk.push(two_addresses[n % 2]) for n, desk in enumerate(desks)))
        for desk, response in zip(desks, answers, strict=True):
            desk.pushed += len(answer_of(response).verdicts)
        assert [bank.balance(account) for account in accounts] == [4_00] * 3
