"""A busy machine is slow: laws are judged by their cases, not by the time of each."""

from hypothesis import settings

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
