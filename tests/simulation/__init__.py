"""Deterministic simulation: months of a company's life in seconds, with everything that can go wrong, repeatable from one number.

One process, in which the outside world is simulated: clock and chance (`moment`), the network with both stand-ins behind it (`network`), the
order in which 2 to 8 workers go on, where they die and where they stand still (`workers`). The product's own code runs as it is, on a real
database and a real Valkey. `stories` tells what happens from a seed, `happenings`, `people` and `feeds` carry it out, `judging` asks the checker,
`shrinking` makes a failing story short. `python -m tests.simulation --seeds 1-100`, or `make simulate`.

In the same world `scenarios` and `erasing` are broken off at each step (`crashing`) and at each pair of steps (`pairs`): `make crashes`.
"""
