"""Strict notebook parameters: names and types are checked against the parameters cell before a kernel starts.

papermill itself injects any name and any type, and ends with exit code 0.
"""

import ast
from collections.abc import Iterable
from typing import Any

TAG = "parameters"


def declared_parameters(notebook: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters that a notebook declares, with their default values.

    Parameters
    ----------
    notebook : dict
        A notebook as nbformat (or json) reads it.

    Returns
    -------
    dict
        Value by name, in the order of the cell tagged ``parameters``. A default of None means: must be given.

    Raises
    ------
    ValueError
        There is not exactly one such cell, or it holds more than literals given to names.

    Examples
    --------
    >>> cell = {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": "top = 5  # items"}
    >>> declared_parameters({"cells": [cell]})
    {'top': 5}
    """
    cells = [cell for cell in notebook["cells"] if _is_parameters(cell)]
    if len(cells) != 1:
        raise ValueError(f"{len(cells) or 'no'} cell{'s' * (len(cells) > 1)} tagged {TAG}; exactly one is needed")
    try:
        lines = ast.parse(_source(cells[0])).body
    except SyntaxError as error:
        raise ValueError(f"the {TAG} cell is no Python: {error.msg} in line {error.lineno}") from None
    return dict(_literal(line) for line in lines if not _is_docstring(line))


def parameter_problems(name: str, notebook: dict[str, Any], given: dict[str, Any]) -> list[str]:
    """Return what is wrong with parameters given to a notebook, one line each; an empty list if nothing is.

    Parameters
    ----------
    name : str
        The notebook's name, for the messages.
    notebook : dict
        A notebook as nbformat (or json) reads it.
    given : dict
        Value by parameter name.

    Returns
    -------
    list of str
        Unknown names, missing ones, and values of another type than the literal in the parameters cell.

    Examples
    --------
    >>> cell = {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": "top = 5"}
    >>> parameter_problems("1_demand", {"cells": [cell]}, {"top": "5", "botom": 1})
    ["1_demand: top must be int, got str '5'", '1_demand: unknown parameter botom; declared: top']
    """
    try:
        declared = declared_parameters(notebook)
    except ValueError as error:
        return [f"{name}: {error}"]
    return [
        *(
            f"{name}: parameter {key} is missing"
            for key, value in declared.items()
            if value is None and key not in given
        ),
        *(
            f"{name}: {text}"
            for key, value in given.items()
            if key in declared and (text := _mistyped(key, declared[key], value))
        ),
        *(f"{name}: unknown parameter {key}; declared: {', '.join(declared)}" for key in given if key not in declared),
    ]


def unread_parameters(notebook: dict[str, Any]) -> list[str]:
    """Return the declared parameters that no other code cell reads: they look as if they did something.

    Examples
    --------
    >>> cells = [{"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": "top = 5; rows = 3"},
    ...          {"cell_type": "code", "metadata": {}, "source": "print(top)"}]
    >>> unread_parameters({"cells": cells})
    ['rows']
    """
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code" and not _is_parameters(cell)]
    read = {name for cell in code for name in _names_read(_source(cell))}
    return [name for name in declared_parameters(notebook) if name not in read]


def _names_read(source: str) -> Iterable[str]:
    plain = "\n".join(line for line in source.splitlines() if not line.lstrip().startswith(("%", "!")))
    for node in ast.walk(ast.parse(plain)):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.id


def _mistyped(key: str, default: Any, value: Any) -> str:
    wanted = type(default)
    if default is None or type(value) is wanted or (wanted is float and type(value) is int):
        return ""
    return f"{key} must be {wanted.__name__}, got {type(value).__name__} {value!r}"


def _literal(line: ast.stmt) -> tuple[str, Any]:
    target = (
        line.targets[0] if isinstance(line, ast.Assign) and len(line.targets) == 1 else getattr(line, "target", None)
    )
    value = getattr(line, "value", None)
    if not isinstance(line, ast.Assign | ast.AnnAssign) or not isinstance(target, ast.Name) or value is None:
        raise ValueError(f"line {line.lineno} of the {TAG} cell is not of the form: name = literal")
    try:
        return target.id, ast.literal_eval(value)
    except ValueError:
        raise ValueError(f"parameter {target.id} is not a literal") from None


def _is_docstring(line: ast.stmt) -> bool:
    return isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant)


def _is_parameters(cell: dict[str, Any]) -> bool:
    return cell["cell_type"] == "code" and TAG in cell["metadata"].get("tags", [])


def _source(cell: dict[str, Any]) -> str:
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)
