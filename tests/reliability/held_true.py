"""What holds at the centre after any crash: read from its database, compared with what devices were told."""

from __future__ import annotations

from tests.reliability.centre_site import wait_until
from tests.reliability.load import Follower, Load
from tests.sync_server.centre_bank import CentreBank

_HALF = {
    "operations that no feed has": (
        "SELECT count(*) FROM operations o WHERE NOT EXISTS (SELECT 1 FROM feed_items f WHERE f.operation_no = o.no)"
    ),
    "feed items of no operation": (
        "SELECT count(*) FROM feed_items f WHERE NOT EXISTS (SELECT 1 FROM operations o WHERE o.no = f.operation_no)"
    ),
    "postings of no operation": (
        "SELECT count(*) FROM postings p WHERE NOT EXISTS (SELECT 1 FROM operations o WHERE o.no = p.operation_no)"
    ),
    "payments booked with no postings": (
        "SELECT count(*) FROM operations o WHERE kind LIKE 'cash.%%' "
        "AND NOT EXISTS (SELECT 1 FROM postings p WHERE p.operation_no = o.no)"
    ),
    "entries that do not balance": (
        "SELECT count(*) FROM "
        "(SELECT 1 FROM postings GROUP BY operation_no, branch, currency HAVING sum(amount) <> 0) AS x"
    ),
    "chains whose head is not their last operation": (
        "SELECT count(*) FROM chains c LEFT JOIN LATERAL (SELECT count(*) AS length, max(seq) AS last, "
        "max(hash) FILTER (WHERE seq = c.seq) AS hash FROM operations o "
        "WHERE o.device = c.device AND o.epoch = c.epoch) o ON true "
        "WHERE c.seq <> o.length OR c.seq <> coalesce(o.last, 0) OR c.hash IS DISTINCT FROM o.hash"
    ),
    "transfers sent on that nobody sent": (
        "SELECT count(*) FROM payments p WHERE NOT EXISTS (SELECT 1 FROM operations o WHERE o.id = p.transfer_id)"
    ),
    "transfers sent that nobody takes on": (
        "SELECT count(*) FROM operations o WHERE kind = 'transfer.sent' "
        "AND NOT EXISTS (SELECT 1 FROM payments p WHERE p.transfer_id = o.id)"
    ),
}
_VERDICTS = (
    "SELECT seq, hash, verdict, received_at FROM operations WHERE device = %s AND epoch = %s AND seq >= %s ORDER BY seq"
)
_HASHES = "SELECT o.hash FROM feed_items f JOIN operations o ON o.no = f.operation_no WHERE feed = %s ORDER BY position"
_OPEN_PAYMENTS = (
    "SELECT count(*) FROM payments WHERE state NOT IN ('settled', 'returned', 'completed') "
    "AND next_attempt_ms < 9000000000000"
)
_CLAIMS_END = (
    b"UPDATE payments SET next_attempt_ms = 0 "
    b"WHERE state NOT IN ('settled', 'returned', 'completed') AND next_attempt_ms < 9000000000000"
)


def assert_acknowledged(load: Load, since: dict[str, int]) -> None:
    """Every acknowledged operation is there once, with the verdict that its device was given.

    `since` says from which seq each device is looked at, and is moved on.
    """
    for pusher in load.pushers:
        chain = pusher.desk.chain
        first = since.get(chain.device, 1)
        told = {seq: verdict for seq, verdict in list(pusher.verdicts.items()) if seq >= first}
        rows = load.site.bank.rows(_VERDICTS, chain.device, chain.epoch, first)
        there = {row[0]: row for row in rows}
        assert len(there) == len(rows)
        for seq, verdict in told.items():
            assert there.get(seq) == (seq, verdict.hash, verdict.verdict, verdict.received_at), (chain.device, seq)
        since[chain.device] = max(told, default=first)


def assert_whole(bank: CentreBank) -> None:
    """Nothing is half there; money is conserved; what is stored is the sum of its postings; feeds have no gaps."""
    assert {what: count for what, question in _HALF.items() if (count := bank.rows(question)[0][0])} == {}
    bank.assert_conserved()


def assert_settled(load: Load) -> None:
    """Once everybody has stopped: all of it is there, each transfer was completed once, and feeds read alike."""
    bank = load.site.bank
    load.site.server.wait_ready()
    with bank.connection() as connection:
        # A job that was killed has its payment for a minute; here that minute is over.
        connection.execute(_CLAIMS_END)
    wait_until(lambda: bank.rows(_OPEN_PAYMENTS)[0][0] == 0, "transfers to be completed")
    assert_acknowledged(load, {})
    for pusher in load.pushers:
        chain = pusher.desk.chain
        (head,) = bank.rows("SELECT seq FROM chains WHERE device = %s AND epoch = %s", chain.device, chain.epoch)
        assert head[0] == pusher.desk.pushed == len(chain.operations)
    assert_whole(bank)
    sent, completed, received = (
        bank.rows("SELECT count(*) FROM operations WHERE kind = %s", kind)[0][0]
        for kind in ("transfer.sent", "transfer.completed", "transfer.received")
    )
    finished = bank.rows("SELECT count(*) FROM payments WHERE state = 'completed'")[0][0]
    assert completed == received == finished <= sent
    for follower in load.followers:
        again = Follower(load.site, follower.desk, follower.feed)
        for reader in (follower, again):
            while reader.read():
                pass
        assert follower.hashes == again.hashes == [row[0] for row in bank.rows(_HASHES, follower.feed)]
