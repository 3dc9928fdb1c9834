"""Shared balance fetchers."""
