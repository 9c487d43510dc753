"""Commands for whoever keeps an installation: is it well, whose data is taken out of it for good, copies that only another machine can open.

What they do to a company's rows is in `worker.clock`, which goes on with it by itself; what companies and people are given is not done here.
"""
