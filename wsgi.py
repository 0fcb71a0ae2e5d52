"""For any WSGI server: ``gunicorn wsgi:app``."""

import os

from timeline.app import create_app
from timeline.config import Settings

app = create_app(Settings.from_env(os.environ))
