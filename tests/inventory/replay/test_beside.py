"""Work done two at a time: everything is made once, in order, and what fails is told."""

import threading

import pytest

from segkit.inventory.replay import beside


@pytest.mark.parametrize("allowed", [True, False])
def test_all_parts_are_worked_out_once_and_in_order(monkeypatch, allowed):
    monkeypatch.setattr(beside, "may_run_beside", lambda: allowed)
    asked, threads = [], set()

    def work(part):
        asked.append(part)
        threads.add(threading.get_ident())
        return 10 * part

    assert beside.work_beside(work, range(7)) == [0, 10, 20, 30, 40, 50, 60]
    assert sorted(asked) == list(range(7))
    assert len(threads) <= 1 + (beside.AT_ONCE if allowed else 1)
    assert beside.work_beside(work, []) == []


def test_the_first_part_is_made_alone_where_no_compiled_loop_has_run(monkeypatch):
    running, made = [], []
    monkeypatch.setattr(beside, "may_run_beside", lambda: bool(made))

    def work(part):
        running.append(part)
        assert made or running == [0]
        made.append(part)
        return threading.get_ident()

    assert beside.work_beside(work, range(4))[0] == threading.get_ident()


def test_what_fails_is_told():
    with pytest.raises(ZeroDivisionError):
        beside.work_beside(lambda part: 1 / part, [1, 0, 2])
