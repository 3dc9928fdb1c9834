"""What is decided, and nothing else: no await, no clock, no log, no I/O; `now` is an argument."""
