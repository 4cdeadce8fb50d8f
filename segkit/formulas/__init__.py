"""Arithmetic on arrays, tested against books: no tables, no settings.

Every module of it is reached as ``sk.formulas.newsvendor``, ``sk.formulas.lot_sizing`` …, and loaded on first use.
"""

from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

_MODULES = tuple(module.name for module in iter_modules(__path__) if not module.name.endswith("kernels"))


def __getattr__(name: str) -> ModuleType:
    if name not in _MODULES:
        raise AttributeError(f"module 'segkit.formulas' has no attribute {name!r}")
    return import_module(f"{__name__}.{name}")


def __dir__() -> list[str]:
    return sorted(_MODULES)
