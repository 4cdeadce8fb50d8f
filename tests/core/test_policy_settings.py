"""Rules of policies keep the order of the file through whatever stores settings, and say one thing each."""

import json

import pytest

from segkit.core.errors import SettingsError
from segkit.core.policy_settings import DEFAULT_RULES, Policies, PolicyRule
from segkit.core.settings import Settings, check_settings, merge_settings, read_settings
from segkit.core.shelf import section_fingerprint

TOML = """
[policies.rules.vital]
where = "abc = 'A'"
fill_rate = 0.98
[policies.rules.bulky]
where = "volume_m3 > 1"
policy = "min_max"
max_cover_days = 30
[policies.rules.all_others]
where = "true"
"""


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "segkit.toml").write_text(TOML, "utf-8")
    return read_settings(tmp_path)


def rules_of(settings):
    return list(settings.policies.rules_in_order)


def checked(**rule):
    return check_settings({"policies": {"rules": {"mine": rule}}}, "test").policies.rules["mine"]


def test_rules_are_tried_in_the_order_of_the_file(settings):
    assert rules_of(settings) == ["vital", "bulky", "all_others"]


def test_settings_that_were_stored_sorted_keep_the_order(settings):
    """As a run stores them: keys in alphabetical order."""
    stored = json.loads(json.dumps(settings.model_dump(mode="json"), sort_keys=True))
    assert list(stored["policies"]["rules"]) == ["all_others", "bulky", "vital"]
    again = check_settings(stored, "stored")
    assert again == settings
    assert rules_of(again) == ["vital", "bulky", "all_others"]


def test_another_order_is_another_fingerprint(settings, tmp_path):
    parts = TOML.split("[policies")
    swapped = "[policies".join([parts[0], parts[2], parts[1], parts[3]])
    (tmp_path / "segkit.toml").write_text(swapped, "utf-8")
    other = read_settings(tmp_path)
    assert rules_of(other) == ["bulky", "vital", "all_others"]
    assert section_fingerprint(other, "policies") != section_fingerprint(settings, "policies")


def test_a_rule_that_is_added_comes_last_and_may_say_where_it_stands(settings):
    def added(**rule):
        values = merge_settings(settings.model_dump(mode="json"), {"policies": {"rules": {"a": rule}}})
        return rules_of(check_settings(values, "what_if"))

    assert added(where="true") == ["vital", "bulky", "all_others", "a"]
    assert added(where="true", rank=0.5) == ["a", "vital", "bulky", "all_others"]
    with pytest.raises(SettingsError, match="rules bulky and a have the same rank 2"):
        added(where="true", rank=2)


def test_the_default_rules_cover_all_and_a_workspace_with_rules_has_its_own_only(settings):
    assert Settings().policies.rules == {}
    assert rules_of(Settings()) == list(DEFAULT_RULES)
    assert DEFAULT_RULES["all_others"].where == "true"
    assert not set(DEFAULT_RULES) - {"all_others"} & set(rules_of(settings))
    ranks = [rule.rank for rule in DEFAULT_RULES.values()]
    assert ranks == sorted(set(ranks))


@pytest.mark.parametrize(
    ("rule", "measure", "target"),
    [
        ({}, "economic", None),
        ({"economic": True}, "economic", None),
        ({"fill_rate": 0.9}, "fill_rate", 0.9),
        ({"cycle_service": 0.9}, "cycle_service", 0.9),
        ({"economic": False, "cycle_service": 0.9}, "cycle_service", 0.9),
        ({"policy": "to_order"}, "", None),
        ({"policy": "to_order", "economic": False}, "", None),
    ],
)
def test_what_a_rule_is_sized_by(rule, measure, target):
    made = checked(where="true", **rule)
    assert (made.service_measure, made.target) == (measure, target)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"fill_rate": 0.9, "cycle_service": 0.9}, "give one target, not cycle_service and fill_rate"),
        ({"fill_rate": 0.9, "economic": True}, "give one target, not fill_rate and economic"),
        ({"economic": False}, "economic = false needs a cycle_service or a fill_rate"),
        ({"fill_rate": 1.0}, "policies.rules.mine.fill_rate: Input should be less than or equal to 0.9999"),
        ({"cycle_service": 0.0}, "policies.rules.mine.cycle_service: Input should be greater than 0"),
        ({"policy": "min_max", "max_cover_days": 0}, "max_cover_days: Input should be greater than 0"),
        ({"policy": "to_order", "min_stock": 1, "fill_rate": 0.9}, "keeps no stock: leave out fill_rate, min_stock"),
        ({"min_stock": 5, "max_stock": 4}, "min_stock must not be above max_stock"),
        ({"policy": "minmax"}, "'order_up_to', 'min_max', 'reorder_quantity' or 'to_order'"),
        ({"fill_rat": 0.9}, "fill_rat: unknown key; did you mean fill_rate?"),
    ],
)
def test_a_rule_that_cannot_be_is_told(rule, said):
    with pytest.raises(SettingsError) as caught:
        checked(where="true", **rule)
    assert said in str(caught.value)


def test_a_rule_needs_a_condition():
    with pytest.raises(SettingsError, match=r"policies.rules.mine.where: Field required"):
        checked(policy="min_max")


def test_rules_made_in_code_are_ranked_too():
    rules = {"z": PolicyRule(where="abc = 'A'"), "a": PolicyRule(where="true")}
    assert list(Policies(rules=rules).rules_in_order) == ["z", "a"]
    assert rules["z"].rank is None
