"""The measures of nolds, read from their file alone.

nolds 0.6.3 cannot be imported on Python 3.11: its data sets ask for their resources by a module where that version
knows packages only.  Its measures need no data sets.
"""

import importlib.util
from pathlib import Path


def _load():
    package = importlib.util.find_spec("nolds")
    file = Path(package.origin).parent / "measures.py"
    spec = importlib.util.spec_from_file_location("nolds_measures", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


nolds = _load()
