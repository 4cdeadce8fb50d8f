"""The benchmarks are run by ``make``; only the tests of their measures are collected."""

import sys
from pathlib import Path

collect_ignore_glob = ["[!t]*.py"]
sys.path.append(str(Path(__file__).parent))
