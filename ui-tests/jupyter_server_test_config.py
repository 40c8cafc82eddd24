"""The server that the browser tests talk to. Never use it for anything else: it has no protection."""

import os
from tempfile import mkdtemp

from jupyterlab.galata import configure_jupyter_server

c = get_config()  # noqa: F821 # given by Jupyter

configure_jupyter_server(c)

c.ServerApp.ip = "127.0.0.1"
c.ServerApp.port = int(os.environ["CAUCE_UI_PORT"])
# The developer's own settings and layouts neither disturb the tests nor are touched.
c.LabApp.user_settings_dir = mkdtemp(prefix="cauce-ui-settings-")
# No network.
c.LabApp.news_url = None
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
