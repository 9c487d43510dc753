"""OpenTelemetry traces, where an installation wants them. What is logged and counted is not here."""
