"""Inside Jupyter Server: the only package that knows jupyter_server, tornado and traitlets."""
