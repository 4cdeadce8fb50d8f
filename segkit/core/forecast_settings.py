"""The part of segkit.toml that says how demand is forecast, and over what interval stock must cover it."""

from typing import Annotated

from pydantic import Field

from segkit.core.source_settings import Section


class Forecasts(Section):
    """How demand is forecast and judged."""

    horizon_periods: int = Field(3, ge=1, description="Periods ahead that are forecast, and judged on hold-out.")
    origins: int = Field(
        3, ge=0, description="Hold-out origins, a horizon apart, at which forecasts are judged; 0 = none."
    )
    review_days: float = Field(7, ge=0, description="Days between two looks at the stock of an item.")
    lead_time_days: Annotated[float, Field(ge=0)] | None = Field(
        None,
        description="Lead time [days] of items of which neither receipts nor the master tell one; blank = left out.",
    )
    stockout_share: float = Field(
        0.25,
        gt=0,
        le=1,
        description="Share of the days of a period without stock from which on what was sold is not taken for demand.",
    )
    seed: int = Field(0, ge=0, description="Which of many earlier forecasts tell the scatter.")
