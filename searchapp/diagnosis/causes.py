"""Every cause that can be named: what it is, what it does to a score, how to mend it, what to run next."""

from searchapp.diagnosis.causes_after import AFTER
from searchapp.diagnosis.causes_before import BEFORE

CAUSES = BEFORE | AFTER
"""Cause id -> what it is."""
