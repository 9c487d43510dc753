"""The web app and the worker's commands, put together; the only place that knows both. `gunicorn wsgi:app`, `flask --app wsgi …`."""

from bookkeeping.errors import MisconfiguredError
from bookkeeping.settings import SettingsError, settings_from_environment
from webapp import create_app
from worker.commands.register import register_commands

try:
    app = create_app(settings_from_environment())
except (SettingsError, MisconfiguredError) as error:
    raise SystemExit(f"Tieout cannot start: {error}") from None

register_commands(app)
