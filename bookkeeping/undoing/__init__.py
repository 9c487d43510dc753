"""Acts that a person can take back for ten seconds, and how each is taken back. The acts themselves are not here, but in `acts`."""
