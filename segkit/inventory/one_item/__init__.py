"""One item under the analyst's eye: its series, the models of statsmodels for it, and how good they were."""
