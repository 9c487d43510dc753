"""Settings of the connection: integrations, connecting and disconnecting, state and dates."""
