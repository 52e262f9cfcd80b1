"""Text that flows down sheets: a place on the current sheet, a new sheet when there is no more room."""

from __future__ import annotations

from collections.abc import Callable

from core.documents.sheet import BLACK, Sheet
from core.documents.typefaces import Weight
from core.documents.typesetting import SetText, Typesetter


class Flow:
    """Where the next thing goes. `y` is the top of it; `begin_sheet` draws what stands on top of each further sheet."""

    def __init__(
        self,
        typesetter: Typesetter,
        width: float,
        height: float,
        bottom: float,
        begin_sheet: Callable[[Flow], None],
    ) -> None:
        self.typesetter = typesetter
        self.sheets = [Sheet(width, height)]
        self.y = 0.0
        self.bottom = bottom
        self._begin_sheet = begin_sheet

    @property
    def sheet(self) -> Sheet:
        """The sheet being filled."""
        return self.sheets[-1]

    def has_room(self, height: float) -> bool:
        """Whether so much more fits on this sheet."""
        return self.y + height <= self.bottom

    def next_sheet(self) -> None:
        """Go on at the top of a new sheet."""
        self.sheets.append(Sheet(self.sheet.width, self.sheet.height))
        self._begin_sheet(self)

    def ensure(self, height: float) -> None:
        """Go on at a new sheet unless so much fits on this one."""
        if not self.has_room(height):
            self.next_sheet()

    def word(self, x: float, text: str, size: float, weight: Weight = Weight.REGULAR, grey: float = BLACK) -> SetText:
        """One line at `x` whose baseline is `y`."""
        line = self.typesetter.line(text, weight)
        self.sheet.left(x, self.y, line, size, grey)
        return line

    def paragraph(self, x: float, width: float, text: str, size: float, leading: float, grey: float = BLACK) -> None:
        """Lines of at most `width` from `y` downwards, on further sheets if need be; `y` ends below them."""
        for line in self.typesetter.wrap(text, width, size):
            self.ensure(leading)
            self.sheet.left(x, self.y + size, line, size, grey)
            self.y += leading


def clipped(lines: list[SetText], most: int, typesetter: Typesetter) -> list[SetText]:
    """At most so many lines; what is left out is announced in a last line of its own."""
    return lines if len(lines) <= most else [*lines[: most - 1], typesetter.line("[\u2026]")]
