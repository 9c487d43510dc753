"""Tables and the journal, one subject a file. Knows nothing of QuickBooks' wire or of the platform's."""
