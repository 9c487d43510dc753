"""Chaos on real processes: gunicorn, two workers, the tick and Valkey as `Procfile` starts them, killed, stopped and cut off on order.

`stories` says from a seed what happens, `disturbances` does it, `installation` holds the processes and replaces those that end, `proxy` stands
in their ways, `machine` is what a story needs of the machine (a small disk, a clock to set), `telling` tells a story and lets the independent
checker judge its end, `running` tells many. Clocks and the kernel's order of things are real: a seed says what happens, and about when.
"""
