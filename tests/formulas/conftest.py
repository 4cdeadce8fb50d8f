"""Helpers of the tests beside this file are imported by name."""

import importlib.util
import sys
from pathlib import Path

for _name in ("stock_simulation", "promising_twin"):
    _spec = importlib.util.spec_from_file_location(_name, Path(__file__).with_name(f"{_name}.py"))
    _module = sys.modules.setdefault(_name, importlib.util.module_from_spec(_spec))
    _spec.loader.exec_module(_module)
