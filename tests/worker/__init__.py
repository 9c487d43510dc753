"""The worker's own rooms, module by module, in this process: real rows in SQLite, the stand-ins over real HTTP."""
