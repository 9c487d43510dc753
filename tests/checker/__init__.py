"""The independent checker: what the books must hold, computed from docs/bookkeeping.md by code of its own, and what is wrong with them.

`wanted` computes from the platform's truth and the company's options, `ledger` reads QuickBooks' side, `compare` tells the differences,
`history` judges every moment on the way, `excuses` says which exceptions have a cause, `against` asks the stand-ins and fails a test.
Nothing of `bookkeeping`, `worker` or `webapp` is imported here: a mistake in the rules must not be repeated in their check.
"""
