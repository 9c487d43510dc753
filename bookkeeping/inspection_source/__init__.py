"""The inspection platform: its feed and its names. Behind this package there is only our own neutral Inspection; what becomes of one is not decided here."""
