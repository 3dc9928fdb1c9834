"""The campaign that kills the bot, cuts its connections, and counts what was not told.

    python -m bench.chaos [--kills N] [--seed N] [--quick]

`victim` is a process of the unchanged bot; `seams` are where it is watched and killed; `truth` is
what really happened, `phone` what people saw, `ledger` compares the two. `campaign` has the kills,
`controls` the builds that must fail, `outages` the faults one after another; `table` prints.
"""
