"""What a browser sees. `create_app` puts it together; each line is a room of its own. Never imports the worker."""

from flask import Flask

from bookkeeping.queueing import Bell
from bookkeeping.settings import Settings
from bookkeeping.storage.base import connect_storage
from bookkeeping.storage.company.vault import Vault
from bookkeeping.watching import set_up_watching
from tieout_files import place
from webapp.access.extensions import set_up_extensions
from webapp.access.roles import require_marked_views
from webapp.access.security import set_up_security
from webapp.access.typed import set_up_typed
from webapp.frame.error_pages import register_error_pages
from webapp.frame.navigation import set_up_frame
from webapp.frame.request_ids import set_up_request_ids
from webapp.frame.words import set_up_words
from webapp.machines.traces import set_up_traces
from webapp.ops.looks import set_up_looks
from webapp.page_families import register_views
from webapp.serving.files import set_up_files
from webapp.serving.lazy_rules import compile_addresses_late
from webapp.serving.packing import set_up_packing


def create_app(settings: Settings) -> Flask:
    """Return the web app for these settings."""
    set_up_watching(settings)
    app = Flask(__name__, template_folder=place("templates"), static_folder=None)
    compile_addresses_late(app)
    set_up_typed(app)
    app.extensions["settings"] = settings
    app.extensions["vault"] = Vault(settings.token_keys)
    app.extensions["bell"] = Bell(settings.redis_url)
    connect_storage(app, settings.database_url)
    set_up_request_ids(app)
    set_up_traces(app)
    set_up_packing(app)
    set_up_security(app, settings)
    set_up_files(app)
    set_up_extensions(app, settings)
    set_up_words(app)
    set_up_frame(app)
    set_up_looks(app)
    register_views(app)
    register_error_pages(app)
    require_marked_views(app)
    return app
