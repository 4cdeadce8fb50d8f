"""Helpers of the tests beside this file are imported by name."""

import importlib.util
import sys
from pathlib import Path

_spec = importlib.util.spec_from_file_location("stock_simulation", Path(__file__).with_name("stock_simulation.py"))
stock_simulation = sys.modules.setdefault("stock_simulation", importlib.util.module_from_spec(_spec))
_spec.loader.exec_module(stock_simulation)
