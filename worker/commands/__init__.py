"""The commands of `flask --app wsgi …`: each a few lines over the function that the job of that name runs. Nothing that only a command could do lives here."""
