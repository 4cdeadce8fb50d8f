"""What the README shows of the formulas can be called from `sk`, and nothing of them is loaded before."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import segkit as sk

README = Path(__file__).parents[2] / "README.md"


def test_formulas_of_the_readme_run_as_they_stand_there():
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.S)
    shown = [block for block in blocks if "sk.formulas" in block]
    assert len(shown) == 1
    exec(shown[0], {"sk": sk})


def test_modules_are_listed_without_their_compiled_loops_and_unknown_ones_are_told():
    assert {"newsvendor", "lot_sizing", "min_max", "demand_distributions", "two_echelon"} <= set(dir(sk.formulas))
    assert not [name for name in dir(sk.formulas) if name.endswith("kernels")]
    assert "formulas" in dir(sk)
    with pytest.raises(AttributeError, match=r"segkit\.formulas' has no attribute 'newsvendors'"):
        _ = sk.formulas.newsvendors


def test_formulas_are_not_loaded_with_the_package():
    told = "import sys, segkit; print([name for name in sys.modules if name.startswith(('segkit.formulas', 'scipy'))])"
    run = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
