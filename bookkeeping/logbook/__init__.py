"""What screens and commands read: pages of operations, runs and inspections, failures by cause, how companies stand. Writes nothing."""
