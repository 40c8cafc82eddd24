"""By which name a module is installed, where that is not its own."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, packages_distributions, version

__all__ = ["distribution_of", "installed_version"]

_NAMES: Mapping[str, str] = {
    "Bio": "biopython",
    "Crypto": "pycryptodome",
    "MySQLdb": "mysqlclient",
    "OpenSSL": "pyOpenSSL",
    "PIL": "pillow",
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "community": "python-louvain",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "docx": "python-docx",
    "dotenv": "python-dotenv",
    "faiss": "faiss-cpu",
    "fitz": "pymupdf",
    "git": "GitPython",
    "google.cloud.bigquery": "google-cloud-bigquery",
    "google.cloud.storage": "google-cloud-storage",
    "google.protobuf": "protobuf",
    "igraph": "python-igraph",
    "imblearn": "imbalanced-learn",
    "jwt": "PyJWT",
    "magic": "python-magic",
    "mpl_toolkits": "matplotlib",
    "mpl_toolkits.basemap": "basemap",
    "osgeo": "GDAL",
    "pkg_resources": "setuptools",
    "pptx": "python-pptx",
    "psycopg2": "psycopg2-binary",
    "pylab": "matplotlib",
    "pywt": "PyWavelets",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "skopt": "scikit-optimize",
    "skvideo": "sk-video",
    "slugify": "python-slugify",
    "snappy": "python-snappy",
    "talib": "TA-Lib",
    "telegram": "python-telegram-bot",
    "umap": "umap-learn",
    "usb": "pyusb",
    "websocket": "websocket-client",
    "wx": "wxPython",
    "yaml": "PyYAML",
    "zmq": "pyzmq",
}
"""Those that data scientists meet. Lower-case letters and hyphens do not count when installing."""


def distribution_of(module: str) -> str:
    """What to install for a dotted name to be there: the longest beginning of it that is known, else its first part."""
    parts = module.split(".")
    for count in range(len(parts), 0, -1):
        known = _NAMES.get(".".join(parts[:count]))
        if known is not None:
            return known
    return parts[0]


def installed_version(module: str) -> str:
    """Name and version of the distribution that a module has come with, in our own Python; '' when it has not."""
    top = module.partition(".")[0]
    try:
        name = packages_distributions()[top][0]
        return f"{name} {version(name)}"
    except (KeyError, IndexError, PackageNotFoundError):
        return ""
