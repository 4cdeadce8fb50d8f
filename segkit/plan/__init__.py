"""THE MAP: every table of a planning run, each computed on first use and kept.

Read its parts in this order:

- ``company``: what a company brings, and what was read of it
- ``values``: order lines with margin and cost-to-serve, demand, what items and customers earn and why
- ``segments``: classes, micro-segments, how they move and why
- ``forecasts``: what will be needed, how sure that is, and over what interval stock must cover it
- ``policies``: which stock policy every item-location gets, and why
- ``shared_stock``: critical levels for classes of customers who share a stock
- ``promising``: supply, open orders, and who may have how much of it
- ``contest``: what every rule of sharing a short supply would have earned
- ``promises``: what open orders are promised, and how often promised dates held
- ``story``: headlines, assumptions, what wants a decision

``plan = open_plan("data/sample")``, then ``plan.item_segments``. A table is one property that calls one function of
the library. What it was made from is noted while it is made (see ``core/lineage``), so that ``what_if`` plans share
every table that a change does not touch, and a notebook reads what an earlier notebook of the same run has written.
"""

import textwrap
from datetime import date
from pathlib import Path
from typing import Any

from segkit.core.columns import nomenclature
from segkit.core.errors import SettingsError
from segkit.core.periods import parse_day
from segkit.core.settings import read_settings, workspace_folder
from segkit.core.store import InputStore
from segkit.explain import Explanation, explain
from segkit.plan.story import Story


class Plan(Story):
    """One planning run of one company, as known at ``as_of``.

    Opened by `open_plan`. ``what_if`` and ``write_tables`` come from the shelf that keeps the tables.
    """

    def explain(
        self, item_id: str | None = None, location_id: str | None = None, customer_id: str | None = None
    ) -> Explanation:
        """Return the way of one item, or of one customer, from its order lines to every result so far.

        Parameters
        ----------
        item_id, customer_id : str, optional
            The item, the customer, or both: the item's way, narrowed to the customer where a table tells them apart.
        location_id : str, optional
            Show only this location's rows, where a table tells them apart.

        Returns
        -------
        Explanation
            Steps, each with a sentence and the rows behind it; prints as text and shows as HTML in a notebook.

        Raises
        ------
        UsageError
            Neither an item nor a customer is named.
        """
        named = (None if name is None else str(name) for name in (item_id, location_id, customer_id))
        return explain(self, *named)

    def __repr__(self) -> str:
        """Say whose plan it is, and which tables it makes."""
        made = [name for name, spec in nomenclature().items() if spec.role not in ("input", "call")]
        names = textwrap.fill(", ".join(made), 100, initial_indent="  ", subsequent_indent="  ")
        whose = self._resolved.company.name or self.workspace.name
        return f"Plan of {whose}, as of {self.inputs.as_of}; tables:\n{names}"


def open_plan(
    workspace: str | Path,
    *,
    as_of: str | date | None = None,
    run_dir: str | Path | None = None,
    overrides: dict[str, Any] | None = None,
) -> Plan:
    """Open the plan of a workspace; nothing is read before a table is asked for.

    Parameters
    ----------
    workspace : str or Path
        Folder with segkit.toml; a relative one is looked for in the current folder and in those above it.
    as_of : str or date, optional
        Last day known (YYYY-MM-DD); blank = the end of the last complete period in the data.
    run_dir : str or Path, optional
        Folder of a run: settings and inputs are then those of the run. Blank = none.
    overrides : dict, optional
        Nested settings that win over segkit.toml.

    Returns
    -------
    Plan
        With every table as a property.

    Raises
    ------
    SettingsError
        The workspace does not exist, or a value has the wrong type.
    """
    for name, value, kinds in (("workspace", workspace, (str, Path)), ("run_dir", run_dir, (str, Path, type(None)))):
        if not isinstance(value, kinds):
            raise SettingsError(f"{name}: a folder is needed, got {value!r}")
    folder, day = workspace_folder(workspace), parse_day(as_of, "as_of")
    run = Path(run_dir) if run_dir else None
    if run and (run / "settings.json").is_file():
        inputs = InputStore.of_run(run, folder)
        if day and day != inputs.as_of:
            raise SettingsError(
                f"as_of {day} differs from the run's {inputs.as_of}\nLeave as_of blank, or start a new run."
            )
        return Plan(inputs.settings, inputs, run_dir=run)
    settings = read_settings(folder, overrides)
    return Plan(settings, InputStore(settings, folder, day), run_dir=run)
