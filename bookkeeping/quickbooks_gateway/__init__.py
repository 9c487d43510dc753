"""QuickBooks Online: sign-in, transport, limits, reading and writing. The only place that knows python-quickbooks and intuit-oauth.

What it needs of ours (token store, meter, limits) is passed in; no exception of a library leaves it.
"""
