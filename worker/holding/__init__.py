"""Holding a company: the lease, the gateway that goes with it, and what stops all work on it. What the work is lives in the other rooms."""
