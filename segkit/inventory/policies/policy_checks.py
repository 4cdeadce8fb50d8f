"""Rows of ``policy_checks`` beside those of the rules: what a person set, and limits on all stock together."""

import numpy as np
import pandas as pd

from segkit.core.columns import empty_table


def add_check(policy_checks: pd.DataFrame, name: str, problem: str, *, matched: int) -> pd.DataFrame:
    """Return ``policy_checks`` with one more row at its end.

    Parameters
    ----------
    policy_checks : DataFrame
        Table of that name.
    name : str
        Stands where rules have their name.
    problem : str
        What is wrong.
    matched : int
        Item-locations that it was looked for in.

    Returns
    -------
    DataFrame
        A row longer, with the next rank.
    """
    row = {"rank": len(policy_checks) + 1, "rule": name, "where": "", "policy": "", "service_measure": ""}
    row |= {"target": np.nan, "matched": matched, "won": matched, "shadowed_by": "", "problem": problem}
    kinds = empty_table("policy_checks").dtypes
    last = pd.DataFrame([row], columns=list(kinds.index)).astype(kinds.to_dict())
    return pd.concat([policy_checks, last], ignore_index=True).astype(kinds.to_dict())
