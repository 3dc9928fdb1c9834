"""What can be wrong with a database before it is used."""


class DatabaseUnusable(Exception):
    """It cannot be opened; `str()` is one sentence for a person, without a secret."""


class DatabaseAway(DatabaseUnusable):
    """It cannot be had now; tried again later it may be, with the same settings."""
