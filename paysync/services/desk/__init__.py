"""The desk in our own database: what a site exported, and the receipts we have for it."""

from paysync.services.desk.entering import enter_receipt, post_entered, undo_entry
from paysync.services.desk.files import OrmDeskFiles
from paysync.services.desk.store import OrmDeskStore

__all__ = ["OrmDeskFiles", "OrmDeskStore", "enter_receipt", "post_entered", "undo_entry"]
