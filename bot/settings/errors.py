"""What is wrong with the settings, line by line."""

from collections.abc import Iterable


class SettingsError(Exception):
    """The settings cannot be used; each line begins with the full name of one."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = tuple(lines)
        super().__init__("\n".join(self.lines))
