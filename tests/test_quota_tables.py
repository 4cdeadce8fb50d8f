"""Quotas and contracts as tables: as many as a planner has, beside those of segkit.toml and with the same meaning."""

import pandas as pd
import pytest
from promise_company import company

from segkit import open_plan
from segkit.core.errors import DataError, SettingsError
from segkit.prepare import check_workspace

DAY = "2025-06-30"
TOML = '[promising]\nclass_by = "tier"\nclasses = ["gold", "tin"]\nrelease_days = 0\nrule = "{}"\n'
QUOTAS = pd.DataFrame({"demand_class": ["gold", "gold", "tin"], "item_id": [None, "SKU-1", None]})
OWED = pd.DataFrame({"contract_id": ["C-1", "C-2"], "demand_class": "tin", "quantity": [2, 3], "item_id": "SKU-1"})


@pytest.fixture
def planned(write_workspace):
    """Return a function that opens the company's plan with further tables."""

    def ask(rule, more="", **tables):
        return open_plan(write_workspace({**_company(), **tables}, TOML.format(rule) + more), as_of=DAY)

    return ask


def _company():
    """Return the company with customers who take turns at both items."""
    tables = company()
    tables["orders"]["customer_id"] = [f"CUST-{1 + n // 2 % 2}" for n in range(len(tables["orders"]))]
    return tables


def toml(name, value, part="quotas", **more):
    rows = {"demand_class": name, "share" if part == "quotas" else "quantity": value, **more}
    return f"[promising.{part}.{name}]\n" + "".join(f"{key} = {_cell(cell)}\n" for key, cell in rows.items())


def _cell(cell):
    return f'"{cell}"' if isinstance(cell, str) else cell


def test_quotas_of_a_table_are_those_of_segkit_toml(planned):
    told = planned("by_share", quotas=QUOTAS.assign(share=[0.25, 0.5, 0.25])).allocations
    stated = planned("by_share", toml("gold", 0.25) + toml("tin", 0.25) + '[promising.quotas.one]\n'
                     'demand_class = "gold"\nshare = 0.5\nitem_id = "SKU-1"\n').allocations  # fmt: skip
    assert len(told)
    pd.testing.assert_frame_equal(told, stated)


def test_rows_join_the_entries_of_segkit_toml(planned):
    made = planned("by_share", toml("tin", 0.25), quotas=QUOTAS.head(2).assign(share=[0.25, 0.5])).allocations
    first = made[(made["item_id"] == "SKU-1") & (made["available_date"] == made["available_date"].min())]
    assert dict(zip(first["demand_class"], first["share"], strict=True)) == {"gold": 0.5, "tin": 0.25}


def test_contracts_of_a_table_are_added_up_and_kept_from_better_classes(planned):
    made = planned("first_come", commitments=OWED).allocations
    first = made[made["item_id"] == "SKU-1"].iloc[0]
    assert first[["demand_class", "quantity", "committed"]].tolist() == ["tin", 5.0, 5.0]
    day = "2025-07-01"
    dated = planned("first_come", commitments=OWED.assign(period=[day, "2025-06-01"])).allocations
    assert dated["quantity"].tolist() == [2.0], "one is over"


def test_five_hundred_quotas_are_read(planned):
    items = [f"SKU-{number % 2 + 1}" for number in range(500)]
    many = pd.DataFrame({"item_id": items, "location_id": [f"P-{number:03}" for number in range(500)]})
    tables = {"locations": pd.DataFrame({"location_id": [*many["location_id"], "DC"]})}
    plan = planned("by_number", quotas=many.assign(demand_class="gold", number=5.0), **tables)
    assert plan.promise_headlines.set_index("headline").loc["idle_terms", "value"] == 500


@pytest.mark.parametrize(
    ("quotas", "more", "words"),
    [
        (QUOTAS.assign(number=5.0), "", r"share is missing, and promising.rule is by_share in 3 rows(.|\n)*number is"),
        (QUOTAS.assign(share=0.2), toml("gold", 0.1), r"segkit.toml tells the same items, place and class in 1 row"),
        (QUOTAS.assign(share=[0.2, 20, 0.2]), "", "share"),
        (QUOTAS.assign(share=0.2, kind="soft"), "", "kind"),
        (pd.concat([QUOTAS, QUOTAS]).assign(share=0.2), "", "repeat|again"),
    ],
    ids=range(5),
)  # fmt: skip
def test_rows_that_cannot_be_used_are_refused_all_at_once(planned, quotas, more, words):
    with pytest.raises(DataError, match=words):
        _ = planned("by_share", more, quotas=quotas).allocations


def test_a_table_that_counts_for_nothing_is_refused(planned):
    with pytest.raises(SettingsError, match=r"sources.quotas is given, but promising.rule is nested"):
        planned("nested", quotas=QUOTAS.assign(share=0.2))
    with pytest.raises(SettingsError, match=r"rule by_share needs quotas: .*sources.quotas"):
        planned("by_share")


def test_places_and_classes_of_the_tables_must_be_known(write_workspace):
    for column, word in (("item_id", "SKU-9"), ("demand_class", "silver")):
        workspace = write_workspace({**_company(), "commitments": OWED.assign(**{column: word})}, TOML.format("nested"))
        with pytest.raises(SettingsError, match=word):
            _ = open_plan(workspace, as_of=DAY).allocations
        if column == "item_id":
            told = r"table 'commitments' \(.*commitments\..*\), row 'C-1': item_id 'SKU-9' is not known"
            with pytest.raises(SettingsError, match=told):
                check_workspace(workspace, as_of=DAY)
