"""How books are kept: Items, accounts, methods, dates, and the practice run that shows what a choice brings. The connection itself is in `quickbooks_settings`."""
