import pytest
from fake_parts import notebook

from segkit.report.runner.parameters import declared_parameters, parameter_problems, unread_parameters

GIVEN = {"workspace": "w", "as_of": "", "run_dir": ""}


def test_every_problem_is_listed_at_once():
    made = notebook("pass", parameters='workspace = 3\nas_of = ""\ncurrency = None')
    assert parameter_problems("1_demand", made, GIVEN) == [
        "1_demand: parameter currency is missing",
        "1_demand: workspace must be int, got str 'w'",
        "1_demand: unknown parameter run_dir; declared: workspace, as_of, currency",
    ]


@pytest.mark.parametrize(
    ("default", "value", "fits"),
    [
        ("1", 2, True),
        ("1", True, False),
        ("1", 2.0, False),
        ("1.0", 2, True),
        ("1.0", "2", False),
        ("True", 1, False),
        ("''", "00123", True),
        ("''", 123, False),
        ("[]", ["a"], True),
        ("None", "anything", True),
    ],
)
def test_type_of_a_parameter_is_the_type_of_its_literal(default, value, fits):
    made = notebook("pass", parameters=f"limit = {default}")
    assert (parameter_problems("1_demand", made, {"limit": value}) == []) is fits


@pytest.mark.parametrize(
    ("parameters", "problem"),
    [
        ("top = len('abc')", "parameter top is not a literal"),
        ("import os", "line 1 of the parameters cell is not of the form: name = literal"),
        ("a = b = 1", "line 1 of the parameters cell is not of the form: name = literal"),
        ("top =", "the parameters cell is no Python: invalid syntax in line 1"),
    ],
)
def test_parameters_cell_holds_literals_only(parameters, problem):
    with pytest.raises(ValueError, match=problem):
        declared_parameters(notebook("pass", parameters=parameters))


def test_annotations_docstring_and_comments_are_allowed():
    made = notebook("pass", parameters='"""What to run."""\ntop: int = 5  # items\nlow = -1.5')
    assert declared_parameters(made) == {"top": 5, "low": -1.5}


@pytest.mark.parametrize("count", [0, 2])
def test_exactly_one_parameters_cell(count):
    made = notebook("pass")
    cell = made["cells"].pop(1)
    made["cells"] += [cell] * count
    assert "tagged parameters" in parameter_problems("1_demand", made, GIVEN)[0]


def test_declared_but_unread_parameters_are_found():
    made = notebook("%matplotlib inline\nprint(f'{workspace}')", "as_of = 3\n!ls", "x = dict(run_dir=1)")
    assert unread_parameters(made) == ["as_of", "run_dir"]
