import importlib.util
import sys
from pathlib import Path

import pytest

_spec = importlib.util.spec_from_file_location("fake_parts", Path(__file__).with_name("fake_parts.py"))
fake_parts = sys.modules.setdefault("fake_parts", importlib.util.module_from_spec(_spec))
_spec.loader.exec_module(fake_parts)


@pytest.fixture
def company(tmp_path):
    return fake_parts.Company(tmp_path)


@pytest.fixture
def notebook():
    return fake_parts.notebook
