"""Work that may stop in the middle of a call and go on later: a desk that waits for an answer, a server for a lock.

Each piece of work is a greenlet, so that the real loop and the real ingest run unchanged. They all run in one thread,
and only where they call `pause` does another go on: the order of things is the scheduler's alone.
"""

from __future__ import annotations

from collections.abc import Callable

from greenlet import GreenletExit, getcurrent, greenlet


class Conversation:
    """A piece of work of `owner` (a desk's name, or who else it is). `waits_for` says where it stands.

    `at_server` is what a server does for it just now.
    """

    __slots__ = ("_thread", "at_server", "done", "owner", "waits_for")

    def __init__(self, owner: str, thread: greenlet) -> None:
        self.owner = owner
        self.waits_for = ""
        self.at_server: object = None
        self.done = False
        self._thread = thread

    def run(self) -> None:
        """Go on until it pauses or ends; what it raises is raised here."""
        try:
            self._thread.parent = getcurrent()
            self._thread.switch()
        finally:
            self.done = self._thread.dead

    def kill(self, why: BaseException) -> None:
        """End it where it stands, as if its process had died there: what is open is rolled back, nothing else runs."""
        try:
            self._thread.parent = getcurrent()
            self._thread.throw(why)
        except type(why):
            pass
        finally:
            self.done = self._thread.dead


class Conversations:
    """All that has begun and not ended, in the order in which it stopped."""

    def __init__(self) -> None:
        self._current: Conversation | None = None
        self.paused: list[Conversation] = []

    def begin(self, owner: str, work: Callable[[], None]) -> Conversation:
        """Start a piece of work; answers once it has paused or ended."""
        conversation = Conversation(owner, greenlet(work))
        self._run(conversation)
        return conversation

    def pause(self, waits_for: str) -> None:
        """Called inside a piece of work: let others go on until somebody resumes this one."""
        current = self._current
        if current is None:
            raise RuntimeError("only a conversation can pause")
        current.waits_for = waits_for
        self.paused.append(current)
        # Whoever started or resumed it goes on: the scheduler, or the desk whose request a server works on.
        parent = getcurrent().parent
        if parent is not None:
            parent.switch()

    def resume(self, conversation: Conversation) -> None:
        """Let it go on; answers once it has paused again or ended."""
        self.paused.remove(conversation)
        self._run(conversation)

    def kill(self, owner: str, why: BaseException) -> None:
        """End all paused work of an owner."""
        for conversation in [each for each in self.paused if each.owner == owner]:
            self.paused.remove(conversation)
            conversation.kill(why)

    def close(self) -> None:
        """End everything that is left."""
        while self.paused:
            self.paused.pop().kill(GreenletExit())

    def of(self, owner: str) -> Conversation | None:
        """The paused work of an owner, if there is any."""
        return next((each for each in self.paused if each.owner == owner), None)

    @property
    def current(self) -> Conversation | None:
        """The piece of work that is running now, which may pause."""
        return self._current

    def _run(self, conversation: Conversation) -> None:
        before, self._current = self._current, conversation
        try:
            conversation.run()
        finally:
            self._current = before
