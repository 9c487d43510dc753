"""The tie-out statement: both sides read for it, compared by the rules, and said as text. Nothing is written to QuickBooks here."""
