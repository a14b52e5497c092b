"""The environment turned into Django's settings. What may be set is in docs/running.md."""

import uuid
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from csp.constants import NONE, SELF

from chat.headers import add_to_static
from project import environment as env
from project.layers import channel_layers

BASE_DIR = Path(__file__).resolve().parent.parent

# --- Where it runs -----------------------------------------------------------------------

DATA_DIR = env.data_dir("DATA_DIR", BASE_DIR)
DEBUG = env.boolean("DEBUG")
HOST = env.text("HOST", "127.0.0.1")
PORT = env.port("PORT", 8000)
SITE_URL = env.site_url("SITE_URL")
IS_SECURE = SITE_URL.startswith("https://")

SECRET_KEY = env.secret_key("SECRET_KEY", DATA_DIR)
SECRET_KEY_FALLBACKS = env.text("SECRET_KEY_FALLBACKS").split()

ALLOWED_HOSTS = [str(urlsplit(SITE_URL).hostname)] if SITE_URL else env.LOOPBACK_NAMES
CSRF_TRUSTED_ORIGINS = [SITE_URL] if SITE_URL else []

# --- Limits ------------------------------------------------------------------------------

LIMIT_POSTS = env.rate("LIMIT_POSTS", "60/m")
LIMIT_READS = env.rate("LIMIT_READS", "600/m")
LIMIT_SIGNINS = env.rate("LIMIT_SIGNINS", "20/m")
LIMIT_JOINS = env.rate("LIMIT_JOINS", "20/m")
LIMIT_HOOKS = env.rate("LIMIT_HOOKS", "60/m")
LIMIT_FRAMES = env.rate("LIMIT_FRAMES", "20/s")
LIMIT_SOCKETS = env.limit("LIMIT_SOCKETS", 20)
LIMIT_STREAMS = env.limit("LIMIT_STREAMS", 3)

# Where hooks may send to that is not the open internet.
WEBHOOK_ALLOW = env.allowed("WEBHOOK_ALLOW")

# A frame holds in both directions: daphne applies one number to what comes and what goes.
MAX_FRAME_BYTES = 256 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024
# Beyond this a request is refused while it comes; between the two by Django, with a page.
MAX_BODY_BYTES = 512 * 1024

# --- Parts -------------------------------------------------------------------------------

INSTALLED_APPS = [
    "daphne",  # before staticfiles: both bring a runserver, and daphne's has WebSockets
    "chat",
    "channels",
    "django_htmx",
    "csp",
    "allauth",
    "allauth.account",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "chat.middleware.HeadersMiddleware",
    "chat.middleware.CompressionMiddleware",
    "csp.middleware.CSPMiddleware",
    "chat.middleware.ProblemsMiddleware",
    "chat.middleware.CookieMiddleware",
    "chat.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "chat.middleware.PreferencesMiddleware",  # the innermost: see there
]

ROOT_URLCONF = "project.urls"
ASGI_APPLICATION = "project.asgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        # The owner's templates come first: any part of any page can be replaced.
        "DIRS": [DATA_DIR / "templates", BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "chat.context.shell",
            ],
        },
    }
]

# --- Data --------------------------------------------------------------------------------

DATABASES: dict[str, dict[str, Any]] = {
    "default": env.database("DATABASE_URL", f"sqlite:///{DATA_DIR / 'natterjack.sqlite3'}")
}
_options = DATABASES["default"].setdefault("OPTIONS", {})
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    _options |= {
        # IMMEDIATE: a transaction that reads first and writes later fails at once when
        # another one wrote in between, whatever the timeout. FULL: acknowledged is durable,
        # through a power cut too. No mmap: it made the WAL-reset bug of SQLite corrupt files.
        # No connection checkpoints by itself, for the same bug: chat.sqlite does.
        # secure_delete: what is deleted is overwritten in the file, whatever this SQLite's default.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA mmap_size=0;"
            "PRAGMA journal_size_limit=67108864; PRAGMA cache_size=-20000;"
            "PRAGMA wal_autocheckpoint=0; PRAGMA secure_delete=ON;"
        ),
    }
else:
    _options |= {
        # Acknowledged is durable. A process that is frozen in the middle of a transaction would
        # hold its room's lock for as long: PostgreSQL ends it, and the others go on. No JIT: what
        # may find much is compiled for 30 ms and more, to run for 10.
        "options": "-c synchronous_commit=on -c jit=off -c lock_timeout=5s"
        " -c idle_in_transaction_session_timeout=15s",
        "connect_timeout": 4,
        # A network that swallows, or a host that is gone: what is sent and not confirmed ends the
        # connection, and who waits for an answer looks whether there is still anybody.
        "tcp_user_timeout": 5000,
        "keepalives_idle": 5,
        "keepalives_interval": 2,
    }
    # One that was kept is tried before it is used again.
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
# The few threads that answer (project.handlers, chat.database) keep their connections.
DATABASES["default"]["CONN_MAX_AGE"] = None
DATABASES["default"]["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# The limits' counters. Django's default of 300 entries would drop them at random as soon as
# somebody tries as many names.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}

REDIS_URL = env.redis("REDIS_URL")
CHANNEL_LAYERS = channel_layers(REDIS_URL)

EMAIL: dict[str, Any] = env.email("EMAIL_URL", "consolemail://")
EMAIL_BACKEND = EMAIL["EMAIL_BACKEND"]
EMAIL_HOST, EMAIL_PORT = EMAIL.get("EMAIL_HOST") or "localhost", EMAIL.get("EMAIL_PORT") or 25
EMAIL_HOST_USER = EMAIL.get("EMAIL_HOST_USER") or ""
EMAIL_HOST_PASSWORD = EMAIL.get("EMAIL_HOST_PASSWORD") or ""
EMAIL_USE_TLS = bool(EMAIL.get("EMAIL_USE_TLS"))
EMAIL_USE_SSL = bool(EMAIL.get("EMAIL_USE_SSL"))

# --- People ------------------------------------------------------------------------------

AUTH_USER_MODEL = "chat.Person"
AUTHENTICATION_BACKENDS = ["chat.accounts.AuthenticationBackend"]
PASSWORD_HASHERS = ["project.hashers.Argon2idHasher"]
PASSWORD_RESET_TIMEOUT = 24 * 3600
_VALIDATION = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {
        "NAME": f"{_VALIDATION}.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("username", "name", "email")},
    },
    {"NAME": f"{_VALIDATION}.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": f"{_VALIDATION}.CommonPasswordValidator"},
]

LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "chat.accounts.AccountAdapter"
ACCOUNT_FORMS = {"login": "chat.accounts.SignInForm"}
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_SESSION_REMEMBER = True
# chat.limits counts sign-ins: one limiter for forms, frames and API, switched by one variable.
ACCOUNT_RATE_LIMITS = False

# --- Sessions, tokens, headers (notes on the values: docs/security.md) ---------------------

SESSION_ENGINE = "chat.sessions"
SESSION_COOKIE_NAME = "__Host-sessionid" if IS_SECURE else "sessionid"
SESSION_COOKIE_AGE = 30 * 24 * 3600
SESSION_COOKIE_SECURE = IS_SECURE
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_USE_SESSIONS = True
CSRF_FAILURE_VIEW = "chat.views.errors.stale_token"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

if IS_SECURE:
    SECURE_HSTS_SECONDS = 63072000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# Whether http leads to https is the proxy's to say, who alone listens on both; to be built into
# browsers for good (preload) is for the domain's owner to ask.
SILENCED_SYSTEM_CHECKS = ["security.W008", "security.W021"]
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "media-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "object-src": [NONE],
        "report-to": "csp",
        "report-uri": "/csp-report",
    }
}

# --- Static files ------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "build" / "static"
STATICFILES_DIRS = [path for path in (DATA_DIR / "static", BASE_DIR / "static") if path.is_dir()]
STATICFILES_FINDERS = [
    "chat.assets.StylesheetFinder",
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "chat.assets.HtmxFinder",
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "servestatic.storage.CompressedManifestStaticFilesStorage"},
}
SERVESTATIC_MAX_AGE = 31536000
SERVESTATIC_USE_MANIFEST = True
SERVESTATIC_ADD_HEADERS_FUNCTION = add_to_static

# --- Language and time -------------------------------------------------------------------

LANGUAGE_CODE = env.language("LANGUAGE_CODE", "en")
TIME_ZONE = env.time_zone("TIME_ZONE", "UTC")
USE_TZ = True
USE_I18N = True

# --- Logs --------------------------------------------------------------------------------

# Names this process on the doorbell channel, so that it knows its own rings.
PROCESS_ID = uuid.uuid4().hex
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "project.logs.Line",
            "format": "{asctime} {levelname} {name}: {message}",
            "style": "{",
        }
    },
    "filters": {
        "outages": {"()": "project.logs.Outages"},
        "keys": {"()": "project.logs.Keys"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "chat": {"level": "INFO"},
        # A refused page is the answer to a bad request, not an event for the console.
        "django.request": {"level": "ERROR", "filters": ["outages", "keys"]},
        # What runserver writes of each request, by a handler of Django's.
        "django.channels.server": {"filters": ["keys"]},
        "django.security": {"level": "CRITICAL"},
    },
}
