"""The database; the only SQL. One repository an aggregate, one transaction a unit of work."""
