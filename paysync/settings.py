"""All settings, by concern, each read from the environment and typed. `.env.example` names each."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from csp.constants import NONCE, NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse_lazy

from paysync.env import BASE_DIR, database, delays, env, fernet_keys, number, required, switch, zone
from paysync.mssql_url import sqlserver

# --- the site -----------------------------------------------------------------------------------

DEBUG = switch("DEBUG", default=False)
DEMO = switch("DEMO", default=False)
HTTPS = switch("HTTPS", default=True)
SECRET_KEY = required("SECRET_KEY", "Set it to a long random text, different on every site.")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
ROOT_URLCONF = "paysync.urls"
WSGI_APPLICATION = "paysync.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

if len(SECRET_KEY) < 32:
    raise ImproperlyConfigured("SECRET_KEY is shorter than 32 characters. Set a longer random one.")
if HTTPS and DEBUG:
    raise ImproperlyConfigured(
        "DEBUG=true and HTTPS=true contradict each other. Set HTTPS=false on a development "
        "machine, or DEBUG=false on a site."
    )

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "paysync.apps.ConsoleConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_q",
    "rest_framework",
    "drf_spectacular",
    "csp",
    "paysync.apps.PaysyncConfig",
    "customers.apps.CustomersConfig",
    "reconciliation.apps.ReconciliationConfig",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "paysync.middleware.RequestIdMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

# --- the database -------------------------------------------------------------------------------

DATABASES: dict[str, Any] = {
    "default": database(
        "DATABASE_URL",
        "Set it to sqlite:///var/paysync.sqlite3, postgres://user:password@host/name "
        "or mssql://user:password@host/name.",
    )
}
_database = DATABASES["default"]
if _database["ENGINE"].endswith("sqlite3"):
    if not Path(_database["NAME"]).is_absolute():
        _database["NAME"] = str(BASE_DIR / _database["NAME"])
    Path(_database["NAME"]).parent.mkdir(parents=True, exist_ok=True)
    # Without these two, two workers on one file lose to "database is locked".
    _database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
else:
    _database["CONN_HEALTH_CHECKS"] = True
# A pool would be forked open by the worker cluster and hang it; one connection stays instead.
_database["CONN_MAX_AGE"] = None
DATABASE_CONNECTION_POOLING = False  # unixODBC's own, should a machine have switched it on

# --- the cache: counts of requests, nothing that must last ----------------------------------------

REDIS_URL = env.str("REDIS_URL", default="")
_cache = "redis.RedisCache" if REDIS_URL else "locmem.LocMemCache"
CACHES = {
    "default": {
        "BACKEND": f"django.core.cache.backends.{_cache}",
        "LOCATION": REDIS_URL or "paysync",
    }
}

# --- secrets of the outside systems -------------------------------------------------------------

VAULT_KEYS = fernet_keys(
    "VAULT_KEYS",
    "Set it to one or more Fernet keys, newest first, separated by commas; make one with: "
    "python3 -c 'import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())'",
)

# --- sign-in and browser security ---------------------------------------------------------------

AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_URL = reverse_lazy("admin:login")
SESSION_COOKIE_AGE = int(timedelta(hours=10).total_seconds())
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
SECURE_HSTS_SECONDS = int(timedelta(days=365).total_seconds()) if HTTPS else 0
if switch("BEHIND_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
# The console's shell (Alpine, Chart.js) evaluates expressions and sets inline styles.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE, UNSAFE_EVAL],
        "style-src": [SELF, UNSAFE_INLINE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# --- language, time and files -------------------------------------------------------------------

# Notices go out by e-mail once EMAIL_URL names a server: smtp+tls://user:password@host:587
_mail = env.str("EMAIL_URL", default="").strip()
SENDS_MAIL = bool(_mail)
if SENDS_MAIL:
    vars().update(env.email_url_config(_mail))
# Of each step with the mail server: some eight have to stay within the claim of a notice (5 min).
EMAIL_TIMEOUT = number("EMAIL_TIMEOUT_S", 20, 1, 30)
DEFAULT_FROM_EMAIL = env.str("EMAIL_FROM", default="").strip() or "paysync@localhost"
SITE_URL = env.str("SITE_URL", default="").strip().rstrip("/")

LANGUAGE_CODE = "en-us"
USE_I18N = True
USE_TZ = True
TIME_ZONE = zone("TIME_ZONE", "America/Los_Angeles")
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "var" / "static"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True

# --- jobs ---------------------------------------------------------------------------------------

Q_TIMEOUT_S = int(number("Q_TIMEOUT_S", 600, 60, 7200))
Q_CLUSTER: dict[str, Any] = {
    "name": "paysync",
    "workers": int(number("Q_WORKERS", 2, 1, 64)),
    "timeout": Q_TIMEOUT_S,
    # The lock clock starts when a task is prefetched: retry > timeout x (queue_limit/workers + 1).
    "retry": Q_TIMEOUT_S * 6,
    "queue_limit": 4,
    "bulk": 1,
    "max_attempts": 5,
    "ack_failures": False,
    "save_limit": 10_000,
    "poll": number("Q_POLL_S", 0.2, 0.02, 10),
    "catch_up": False,
    "label": "Jobs",
}
# Redis only wakes faster: it loses tasks in a crash, and the sweeps find their rows again.
Q_CLUSTER |= {"redis": REDIS_URL} if REDIS_URL else {"orm": "default"}

# --- the outside systems ------------------------------------------------------------------------

POLL_LOOKBACK_DAYS = int(number("POLL_LOOKBACK_DAYS", 3, 1, 60))
PAYTRACE_READ_TIMEOUT_S = number("PAYTRACE_READ_TIMEOUT_S", 30, 0.1, 300)
PAYTRACE_MONEY_TIMEOUT_S = number("PAYTRACE_MONEY_TIMEOUT_S", 90, 0.1, 600)
ERP_READ_TIMEOUT_S = number("ERP_READ_TIMEOUT_S", 30, 0.1, 300)
ERP_SUBMIT_TIMEOUT_S = number("ERP_SUBMIT_TIMEOUT_S", 60, 0.1, 600)
# Sage's own database, for companies whose connection is "on SQL Server". Only wrappers write there.
_sage500_url = env.str("SAGE500_DATABASE_URL", default="").strip()
if _sage500_url:
    DATABASES["sage500"] = sqlserver(
        "SAGE500_DATABASE_URL", _sage500_url, query_timeout_s=ERP_READ_TIMEOUT_S
    )
DATABASE_ROUTERS = ["paysync.routers.SageRouter"]
# The folder shared with sites that exchange files with us; one folder in it for each connection.
ERP_FILES_DIR = env.str("ERP_FILES_DIR", default="").strip()
# How long a file that was taken in stays in `done`, and the record of it in the console.
ERP_FILES_KEEP_DAYS = int(number("ERP_FILES_KEEP_DAYS", 90, 7, 3650))
# Where papers about disputes are kept: nothing in it is ever given out by the web server itself.
DOCUMENTS_DIR = Path(env.str("DOCUMENTS_DIR", default="").strip() or BASE_DIR / "var" / "documents")
# When an unknown outcome is looked up again, in seconds after the try; the last one repeats.
UNKNOWN_LOOKUP_DELAYS_S = delays("UNKNOWN_LOOKUP_DELAYS_S", "60,300,1800,3600")
# How long a receipt may stay in "sending" before its worker is taken for dead.
SENDING_LEASE_S = number("SENDING_LEASE_S", 900, 1, 86_400)
# How long an authorization is expected to hold, in days. PayTrace names no period (unknown):
# seven is what gateways commonly promise for a card that was not present (inferred).
AUTHORIZATION_DAYS = int(number("AUTHORIZATION_DAYS", 7, 3, 60))
HINT_MAX_BYTES = int(number("HINT_MAX_BYTES", 65_536, 1_024, 1_048_576))
HINT_TOLERANCE_S = int(number("HINT_TOLERANCE_S", 300, 5, 3_600))

if PAYTRACE_MONEY_TIMEOUT_S < 60 and not DEMO:
    raise ImproperlyConfigured(
        f"PAYTRACE_MONEY_TIMEOUT_S is {PAYTRACE_MONEY_TIMEOUT_S:g}. PayTrace answers have been "
        "seen to take 20 seconds: set 60 or more, so that a slow charge is not taken for lost."
    )
if SENDING_LEASE_S <= ERP_SUBMIT_TIMEOUT_S:
    raise ImproperlyConfigured(
        f"SENDING_LEASE_S ({SENDING_LEASE_S:g}) must be longer than ERP_SUBMIT_TIMEOUT_S "
        f"({ERP_SUBMIT_TIMEOUT_S:g}): a receipt still being sent would be taken for lost."
    )

# --- logs ---------------------------------------------------------------------------------------

LOG_LEVEL = env.str("LOG_LEVEL", default="INFO").upper()
if LOG_LEVEL not in {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}:
    raise ImproperlyConfigured(f"LOG_LEVEL is {LOG_LEVEL}; set DEBUG, INFO, WARNING or ERROR.")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "paysync.logs.JsonFormatter"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "json", "stream": sys.stderr}
    },
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        "django": {"level": "WARNING"},
        "django_q": {"level": "WARNING", "handlers": ["stderr"], "propagate": False},
        "django-q": {"level": "WARNING", "handlers": ["stderr"], "propagate": False},
    },
}

# --- the console --------------------------------------------------------------------------------

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "paysync",
    "SITE_HEADER": "paysync",
    "SITE_SUBHEADER": "PayTrace to Sage 500",
    "SITE_SYMBOL": "sync_alt",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": "paysync.console.favicon"},
    ],
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "ENVIRONMENT": "paysync.console.environment_badge",
    "DASHBOARD_CALLBACK": "reconciliation.dashboard.dashboard",
    "STYLES": ["paysync.console.console_css"],
    "SIDEBAR": {
        "show_search": True,
        "show_all_applications": False,
        "navigation": "paysync.console.navigation",
    },
    "COLORS": {
        "primary": {
            "50": "239 246 255",
            "100": "219 234 254",
            "200": "191 219 254",
            "300": "147 197 253",
            "400": "96 165 250",
            "500": "37 99 235",
            "600": "29 78 216",
            "700": "30 64 175",
            "800": "30 58 138",
            "900": "23 37 84",
            "950": "15 23 42",
        },
    },
}

# --- the API ------------------------------------------------------------------------------------

# Whoever shows this as a bearer token may read /metrics; staff may anyway.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.DjangoModelPermissions"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "paysync.api.problems.handle",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "paysync",
    "DESCRIPTION": "Invoices of Sage 500 and payments by PayTrace, for a company's own programs.",
    "VERSION": "1",
    "SERVE_PERMISSIONS": [],
    "SERVE_AUTHENTICATION": [],
    "SERVE_INCLUDE_SCHEMA": False,
    "PREPROCESSING_HOOKS": ["paysync.api.schema.only_keys"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "paysync.api.schema.with_header",
    ],
}
