"""`make mutants`: small faults planted in `bookkeeping/rules`, one at a time, and whether the rules' own tests notice.

`planting` makes the faults, `running` runs the tests against each, `known` lists those that change nothing and why.
"""
