"""Expected refusals: each says in a sentence of the catalogue what was wrong and what to do."""

from __future__ import annotations

from services.messages import Param, T


class Refused(Exception):  # noqa: N818 - a refusal is not an error
    """Something that may well happen and is answered kindly; the turn keeps nothing but the answer."""

    key = "refused"
    ends = True  # a form that meets it is over; False: the question stays open

    def __init__(self, **params: Param) -> None:
        """Take what fills the sentence."""
        super().__init__(self.key)
        self.text = T(self.key, **params)


class NotFound(Refused):
    """Nothing there, or nothing that this person may see: the same answer for both."""

    key = "refused.not_found"


class NotAllowed(Refused):
    """The person may see it but not do this."""

    key = "refused.not_allowed"
