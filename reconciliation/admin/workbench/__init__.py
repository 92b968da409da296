"""The workbench: the screen where finance decides about payments that wait."""

from reconciliation.admin.workbench import pages, steps

__all__ = ["pages", "steps"]
