"""What we know of inspections and of their documents: the mirror, what QuickBooks has of ours, whose Customer is whose, choices kept, migrations, numbers. Who works on them and when is in `work`."""
