"""Settings of the connection: integrations, connecting and disconnecting, state and dates. How books are kept is in `bookkeeping_settings`."""
