"""The one irreversible step: previewing a migration, and in its night replacing each receipt, proving it, or taking it back. What is decided about a receipt is `bookkeeping.rules.migration`."""
