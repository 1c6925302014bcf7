"""An autoencoder of one's own, examined: findings with evidence, severity and advice."""

from aecourse.checkup.checking import checkup
from aecourse.checkup.findings import Finding
from aecourse.checkup.report import Report

__all__ = ["Finding", "Report", "checkup"]
