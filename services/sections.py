"""What every table of the settings file is, and the hours that several hold."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from services import hours


class Section(BaseModel):
    """A table of the settings file; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _hours(text: str) -> str:
    hours.read(text)
    return text


Hours = Annotated[str, AfterValidator(_hours), Field(description=hours.ALLOWED)]
