"""Connection → adapter: the one file that chooses. Adapters are imported only where used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import load_backend
from django.utils import timezone

from paysync.domain.errors import RecordError
from paysync.env import env
from paysync.models import Company, Connection, MerchantAccount
from paysync.mssql_url import sqlserver
from paysync.ports import ErpLedger, PaymentGateway
from paysync.routers import SAGE500
from paysync.services.desk import OrmDeskFiles, OrmDeskStore
from paysync.services.vault import has_secret, reveal_secret

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from paysync.adapters.sage500.desk.folder import DeskFolder
    from paysync.adapters.sage500.desk.inbox import Inbox
    from paysync.adapters.sage500.flat_file import Outbox
    from paysync.adapters.sage500.installing import Compared
    from paysync.adapters.sage500.site import SiteSetting

#: Kinds whose Sage 500 we can only hand things to.
DESK_KINDS = frozenset({Connection.Kind.SAGE500_FLAT_FILE, Connection.Kind.SAGE500_MANUAL})
#: PayTrace states its settlement time in Pacific time; the zone of its stamps is inferred from it.
PAYTRACE_ZONE = "America/Los_Angeles"


def gateway_for(account: MerchantAccount) -> PaymentGateway:
    """The adapter of a merchant account. Raises RecordError when a credential is missing."""
    from paysync.adapters.paytrace.config import PayTraceConfig
    from paysync.adapters.paytrace.v1 import PayTraceV1
    from paysync.adapters.paytrace.v3 import PayTraceV3

    connection = account.connection
    config = PayTraceConfig(
        base_url=connection.base_url,
        username=secret(connection, "username"),
        password=secret(connection, "password"),
        integrator_id=secret(connection, "integrator_id"),
        merchant_id=account.merchant_id,
        environment=connection.environment,
        zone=str(option(connection, "zone", PAYTRACE_ZONE)),
        currency=account.currency,
        read_timeout_s=settings.PAYTRACE_READ_TIMEOUT_S,
        money_timeout_s=settings.PAYTRACE_MONEY_TIMEOUT_S,
    )
    if connection.kind == Connection.Kind.PAYTRACE_V3:
        return PayTraceV3(config)
    if connection.kind == Connection.Kind.PAYTRACE_V1:
        return PayTraceV1(config)
    raise RecordError(f"{connection} is no PayTrace connection")


def ledger_for(company: Company) -> ErpLedger:
    """The adapter of a company's ERP. Raises RecordError when a credential is missing."""
    connection = company.erp_connection
    if connection.kind == Connection.Kind.SAGE500_HTTP:
        return http_ledger(connection)
    if connection.kind == Connection.Kind.SAGE500_SQLSERVER:
        return sqlserver_ledger(connection)
    if connection.kind in DESK_KINDS:
        return desk_ledger(connection)
    raise RecordError(f"{connection} is no Sage 500 connection")


def http_ledger(connection: Connection) -> ErpLedger:
    from paysync.adapters.sage500.http_api import HttpErpConfig, HttpErpLedger

    return HttpErpLedger(
        HttpErpConfig(
            base_url=connection.base_url,
            api_key=secret(connection, "api_key"),
            read_timeout_s=settings.ERP_READ_TIMEOUT_S,
            submit_timeout_s=settings.ERP_SUBMIT_TIMEOUT_S,
        )
    )


def sqlserver_ledger(connection: Connection) -> ErpLedger:
    """For the thread that asks: Django's database connections are bound to theirs."""
    from paysync.adapters.sage500.odbc import Limits
    from paysync.adapters.sage500.sqlserver import SqlServerConfig, SqlServerLedger

    config = SqlServerConfig(
        zone=str(option(connection, "zone", settings.TIME_ZONE)),
        user_id=str(option(connection, "user_id", "")),
        limits=Limits(
            read_timeout_s=settings.ERP_READ_TIMEOUT_S,
            submit_timeout_s=settings.ERP_SUBMIT_TIMEOUT_S,
        ),
        site=option(connection, "site", {}),
    )
    return SqlServerLedger(sage500_database(connection), config)


def sage500_database(connection: Connection) -> BaseDatabaseWrapper:
    """Django's connection to Sage's database, not opened yet, with the log-in of the vault if any.

    Raises RecordError when no such database is set up.
    """
    alias = str(option(connection, "alias", SAGE500))
    if alias == DEFAULT_DB_ALIAS or alias not in connections:
        raise RecordError(
            f"{connection} has the database {alias}, which is not set up: set SAGE500_DATABASE_URL"
        )
    try:
        database = connections[alias]
    except ImproperlyConfigured as error:  # mssql-django needs pyodbc, pyodbc needs unixODBC
        raise RecordError(f"{connection}: {error}") from error
    names = {"USER": "sql_username", "PASSWORD": "sql_password"}
    vault = {key: secret(connection, n) for key, n in names.items() if has_secret(connection, n)}
    log_in_as(database, vault)
    return database


def log_in_as(database: BaseDatabaseWrapper, values: dict[str, str]) -> None:
    """Take this log-in from the next opening on; the settings that all threads share stay."""
    wanted = {**connections.databases[database.alias], **values}
    changed = {key for key in ("USER", "PASSWORD") if database.settings_dict[key] != wanted[key]}
    if changed:
        database.close()
        database.settings_dict = {**database.settings_dict, **{key: wanted[key] for key in changed}}


def wrapper_script(
    connection: Connection | None, *, uninstall: bool = False, drop_receipts: bool = False
) -> str:
    """The T-SQL for a site, with the settings of its connection; without one with the defaults."""
    from paysync.adapters.sage500.script import install_script, uninstall_script

    site = option(connection, "site", {}) if connection else {}
    if uninstall:
        return uninstall_script(site, drop_receipts=drop_receipts)
    return install_script(site)


def site_settings(connection: Connection) -> list[tuple[SiteSetting, str]]:
    """Every site setting of a SQL Server connection with its value, as it stands.

    Raises RecordError for a name that does not exist or a value that has not its form.
    """
    from paysync.adapters.sage500.site import SETTINGS, settings_of

    values = settings_of(option(connection, "site", {}))
    return [(found, values[found.name]) for found in SETTINGS]


def install_wrappers(connection: Connection, script: str) -> int:
    """Run a script in Sage's database, all or nothing. Returns how many batches ran."""
    from paysync.adapters.sage500.installing import run_script
    from paysync.adapters.sage500.odbc import error_while_connecting

    database = dba_database() or sage500_database(connection)
    try:
        try:
            database.ensure_connection()
        except Exception as error:
            raise error_while_connecting(error) from error
        return run_script(database.connection, script)
    finally:
        database.close()


def dba_database() -> BaseDatabaseWrapper | None:
    """A connection of its own with the DBA's login, where SAGE500_DBA_URL names one."""
    url = env.str("SAGE500_DBA_URL", default="").strip()
    if not url:
        return None
    found = sqlserver("SAGE500_DBA_URL", url, query_timeout_s=settings.ERP_SUBMIT_TIMEOUT_S)
    wrapper: BaseDatabaseWrapper = load_backend("mssql").DatabaseWrapper(found, "sage500_dba")
    return wrapper


def compare_wrappers(connection: Connection) -> Sequence[Compared]:
    """What is installed at a site against what we ship, file by file."""
    from paysync.adapters.sage500.installing import compare
    from paysync.adapters.sage500.odbc import SageDatabase

    reader = SageDatabase(sage500_database(connection))
    return compare(reader, option(connection, "site", {}))


def desk_ledger(connection: Connection) -> ErpLedger:
    from paysync.adapters.sage500.desk.options import rules_of
    from paysync.adapters.sage500.flat_file import FlatFileLedger
    from paysync.adapters.sage500.manual import ManualLedger

    is_by_hand = connection.kind == Connection.Kind.SAGE500_MANUAL
    ledger = ManualLedger if is_by_hand else FlatFileLedger
    store, rules = OrmDeskStore(connection.pk), rules_of(connection.options)
    return ledger(store, rules, timezone.now, desk_folder(connection))


def desk_folder(connection: Connection) -> DeskFolder:
    """The folder of a connection: from the settings and its short name, never from the console."""
    from paysync.adapters.sage500.desk.folder import DeskFolder

    return DeskFolder(settings.ERP_FILES_DIR, connection.slug)


def require_file_options(options: object) -> None:
    """Raises RecordError when a connection by files or by hand could not use these options."""
    from paysync.adapters.sage500.desk.columns import require_columns, require_kinds
    from paysync.adapters.sage500.desk.options import file_options_of, require_parts, rules_of

    require_parts(options)
    rules_of(options)
    files = file_options_of(options)
    require_columns(files.columns)
    require_kinds(files.partial)


def inbox_of(connection: Connection) -> Inbox:
    """Raises RecordError when an option or the folder is not right."""
    from paysync.adapters.sage500.desk.columns import require_columns
    from paysync.adapters.sage500.desk.inbox import Inbox
    from paysync.adapters.sage500.desk.options import file_options_of

    options, folder = file_options_of(connection.options), desk_folder(connection)
    require_columns(options.columns)
    folder.make()
    companies = OrmDeskStore(connection.pk).company_ids
    return Inbox(OrmDeskFiles(connection.pk), folder, options, companies, timezone.now)


def drop_done_files(connection: Connection, before: datetime) -> int:
    """Remove what was taken in before that moment. Returns how many files."""
    from paysync.adapters.sage500.desk.tidying import drop_done

    return drop_done(OrmDeskFiles(connection.pk), desk_folder(connection), before)


def outbox_of(connection: Connection) -> Outbox:
    """Raises RecordError when an option or the folder is not right."""
    from paysync.adapters.sage500.desk.options import rules_of
    from paysync.adapters.sage500.flat_file import Outbox

    folder = desk_folder(connection)
    folder.make()
    rules = rules_of(connection.options)
    return Outbox(OrmDeskFiles(connection.pk), folder, rules, timezone.now)


def secret(connection: Connection, name: str) -> str:
    return reveal_secret(connection, name, keys=settings.VAULT_KEYS)


def option(connection: Connection, name: str, default: Any) -> Any:
    """A setting of the connection, from its options."""
    options = connection.options if isinstance(connection.options, dict) else {}
    return options.get(name, default)
