"""Django settings. Every value an operator may change is an environment variable listed in `.env.example`.

A variable may also be given as `NAME_FILE`, the path of a mounted secret. An empty one means an unset one.
"""

from __future__ import annotations

import os
from pathlib import Path

from kombu import Queue

import voiceassist.celery  # noqa: F401 (every process that queues work needs the Celery app)
from voiceassist.core.client_address import checked_proxies
from voiceassist.core.logging import logging_config
from voiceassist.core.secrets import Secrets, checked_secrets, split
from voiceassist.core.variables import Variables
from voiceassist.runtime.loopback import is_loopback_host

BASE_DIR = Path(__file__).resolve().parent.parent

env = Variables()
env.read_env(BASE_DIR / ".env")

# --- Where it runs -----------------------------------------------------------

HOST: str = env("HOST", default="")  # set by manage.py; unset, nobody knows who can reach the server
PORT: int = env.int("PORT", default=8000)
DATA_DIR = Path(env("DATA_DIR", default=str(BASE_DIR / "var"))).resolve()
DEBUG: bool = env.bool("DEBUG", default=False)
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", default=[])
HTTPS: bool = env.bool("HTTPS", default=False)
TRUSTED_PROXIES = checked_proxies(env.list("TRUSTED_PROXIES", default=["127.0.0.0/8", "::1"] if HTTPS else []))
_secrets = checked_secrets(
    given=Secrets(
        signing=env("SECRET_KEY", default=""),
        tokens=env("JWT_SECRET_KEY", default=""),
        fields=split(env("FIELD_ENCRYPTION_KEYS", default="")),
    ),
    data_dir=DATA_DIR,
    on_loopback=is_loopback_host(HOST),
)
SECRET_KEY = _secrets.signing
JWT_SECRET_KEY = _secrets.tokens
FIELD_ENCRYPTION_KEYS = _secrets.fields  # the newest first

# --- The house ---------------------------------------------------------------

INSTALLED_APPS = [
    "daphne",
    "unfold.apps.BasicAppConfig",  # its own default puts another site in the place of ours
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "channels",
    "csp",
    "corsheaders",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "waffle",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "voiceassist.console.apps.ConsoleConfig",
    "sharing",
    "voice",
    "conversations",
    "clinical",
    "knowledge",
    "voiceassist.evidence",
    "voiceassist.ai",
    "voiceassist.privacy",
    "voiceassist.files",
    "voiceassist.accounts",
    "voiceassist.audit",
    "voiceassist.core",
    "voiceassist.console.apps.ConsoleAdminConfig",
]
MIDDLEWARE = [
    "voiceassist.core.request_id.RequestIdMiddleware",
    "voiceassist.core.browser_policy.BrowserPolicyMiddleware",
    "voiceassist.console.middleware.HealthMiddleware",
    "voiceassist.core.api.aliases.ApiAliasMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "voiceassist.core.request_log.RequestLogMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "voiceassist.core.plain_text.PlainTextMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "voiceassist.accounts.middleware.SignInMiddleware",
    "voiceassist.accounts.middleware.TimeZoneMiddleware",
    "voiceassist.core.middleware.DomainErrorMiddleware",
    "voiceassist.core.rate_limits.LimitHeaders",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "csp.middleware.CSPMiddleware",
    "voiceassist.console.middleware.ConsolePolicyMiddleware",
]
ROOT_URLCONF = "voiceassist.urls"
ASGI_APPLICATION = "voiceassist.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "voiceassist.accounts.contexts.for_every_page",
            ],
        },
    }
]

# --- PostgreSQL, Redis, Celery -----------------------------------------------
# Without a URL, manage.py starts the embedded servers and sets both variables.

DATABASES = {"default": env.db_url("DATABASE_URL", default="postgres://voiceassist@127.0.0.1:5432/voiceassist")}
DATABASES["default"]["OPTIONS"] = {
    **DATABASES["default"].get("OPTIONS", {}),
    "pool": {"min_size": 1, "max_size": 16, "timeout": 5},
    "connect_timeout": 5,
}
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True  # a restarted database costs no failed request
DATABASES["default"]["TEST"] = {"NAME": f"test_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_va"}

REDIS_URL: str = env("REDIS_URL", default="redis://127.0.0.1:6379/0")
CACHES = {
    "default": {
        "BACKEND": "voiceassist.core.cache.ForgivingRedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},  # seconds
    }
}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        "CONFIG": {"hosts": [{"address": REDIS_URL, "socket_timeout": None}]},
    }
}

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 6 * 3600}  # seconds; above the longest task
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_QUEUES = [Queue("default"), Queue("index")]  # a worker without -Q serves both
HOURLY_TASKS = ["accounts.sweep"]
CELERY_TASK_ROUTES = {"knowledge.index_document": {"queue": "index"}}

# --- Accounts ----------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["voiceassist.accounts.backends.EmailBackend"]
AUTH_PASSWORD_VALIDATORS = [{"NAME": "voiceassist.accounts.passwords.StrengthValidator"}]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.BCryptSHA256PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",  # of accounts made before; renewed when they sign in
]
PASSWORD_RESET_TIMEOUT = 3600  # seconds
LOGIN_URL = "/app/login/"
LOGIN_REDIRECT_URL = "/app/"
LOGOUT_REDIRECT_URL = "/app/login/"
DEMO_USER_EMAIL = "demo@voiceassist.test"
_public_url: str = env("PUBLIC_URL", default="").rstrip("/")
PUBLIC_URL_GIVEN = bool(_public_url)  # what is made up here is right on this machine only: see accounts.checks
PUBLIC_URL = _public_url or (f"https://{ALLOWED_HOSTS[0]}" if HTTPS else f"http://{HOST or 'localhost'}:{PORT}")
MFA_TOTP_ISSUER = "VoiceAssist"
MFA_ADAPTER = "voiceassist.accounts.second_factor_adapter.SecondFactorAdapter"
WAFFLE_FLAG_MODEL = "accounts.FeatureFlag"
MIGRATION_MODULES = {"waffle": None}  # its own flag table would stay unused, with a key into ours

# --- Single sign-on (OpenID Connect) -----------------------------------------

OIDC_ISSUER: str = env("OIDC_ISSUER", default="")
OIDC_CLIENT_ID: str = env("OIDC_CLIENT_ID", default="")
OIDC_CLIENT_SECRET: str = env("OIDC_CLIENT_SECRET", default="")
OIDC_NAME: str = env("OIDC_NAME", default="single sign-on")
OIDC_SCOPES: list[str] = env.list("OIDC_SCOPES", default=["openid", "email", "profile"])
SOCIALACCOUNT_ADAPTER = "voiceassist.accounts.oidc.adapter.SocialAccountAdapter"
SOCIALACCOUNT_STORE_TOKENS = False

# --- Mail --------------------------------------------------------------------

vars().update(env.email_url("EMAIL_URL", default="consolemail://"))
DEFAULT_FROM_EMAIL: str = env("DEFAULT_FROM_EMAIL", default="VoiceAssist <voiceassist@localhost>")
EMAIL_TIMEOUT = 20  # seconds

# --- The API -----------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "voiceassist.accounts.api.authentication.BearerAuthentication",
        "voiceassist.accounts.api.authentication.BrowserAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["voiceassist.accounts.api.permissions.HasRole"],
    "DEFAULT_RENDERER_CLASSES": ["voiceassist.core.api.renderers.EnvelopeRenderer"],
    "DEFAULT_PARSER_CLASSES": ["voiceassist.core.api.parsers.BoundedJSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "voiceassist.core.api.renderers.AlwaysJson",
    "DEFAULT_PAGINATION_CLASS": "voiceassist.core.api.pagination.Pages",
    "DEFAULT_SCHEMA_CLASS": "voiceassist.core.api.schema.EnvelopeSchema",
    "EXCEPTION_HANDLER": "voiceassist.core.api.errors.exception_handler",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "VoiceAssist",
    "DESCRIPTION": "Clinical answers with a source for every claim. Every JSON answer stands in the same envelope.",
    "VERSION": "1.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "RoleEnum": "voiceassist.accounts.models.Role",
        "JobStatusEnum": "voiceassist.core.models.JobStatus",
        "SourceTypeEnum": ["document"],
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "voiceassist.core.api.schema.add_shared_parts",
    ],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}
RATE_LIMITS = {  # count per s, min, h or day, by address unless a view says by user; others are system settings
    "register": "5/h",
    "login": "10/min",
    "refresh": "20/min",
    "oidc": "30/min",
    "password_reset": "5/h",
    "link": "60/min",
    "mail": "5/h",  # to one address, whoever asks for it
    "strength": "60/min",
    "api": "600/min",
}
CORS_ALLOWED_ORIGINS: list[str] = env.list("CORS_ORIGINS", default=[])
CORS_URLS_REGEX = r"^/api/v1/"  # as ApiAliasMiddleware leaves it; pages and console are for their own origin only
CORS_ALLOW_CREDENTIALS = False  # other sites bring a token; no browser sends them our cookies
CORS_ALLOW_METHODS = ["DELETE", "GET", "OPTIONS", "PATCH", "POST", "PUT"]
CORS_ALLOW_HEADERS = ["accept", "authorization", "content-type", "prefer", "x-request-id"]
CORS_EXPOSE_HEADERS = ["X-Request-ID", "Retry-After", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"]

# --- Browser security --------------------------------------------------------

SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None  # see core.forwarding
SECURE_SSL_REDIRECT = HTTPS  # health checks and metrics are answered before
SECURE_HSTS_SECONDS: int = env.int("HSTS_SECONDS", default=365 * 24 * 3600) if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS: bool = env.bool("HSTS_INCLUDE_SUBDOMAINS", default=True)
SECURE_HSTS_PRELOAD: bool = env.bool("HSTS_PRELOAD", default=False)
SILENCED_SYSTEM_CHECKS = ["security.W021"]  # to be in browsers' preload lists is for the owner of the domain to ask
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_NAME = "__Host-sessionid" if HTTPS else "sessionid"  # the prefix: of this host alone, RFC 6265bis 4.1.3
CSRF_COOKIE_NAME = "__Host-csrftoken" if HTTPS else "csrftoken"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True  # our scripts read the token from the page
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_ENGINE = "voiceassist.accounts.browser_sessions"
SESSION_COOKIE_AGE = 12 * 3600  # seconds; of a browser in which somebody signed in, the system setting counts
CSRF_FAILURE_VIEW = "voiceassist.core.middleware.csrf_failure"
DEFAULT_EXCEPTION_REPORTER = "voiceassist.core.error_report.DiscreetReporter"
DEFAULT_EXCEPTION_REPORTER_FILTER = "voiceassist.core.error_report.AlwaysFilter"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "frame-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "upgrade-insecure-requests": HTTPS,
    }
}

# --- Files -------------------------------------------------------------------

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT: str | None = env("STATIC_ROOT", default="") or None
WHITENOISE_USE_FINDERS = True
WHITENOISE_ALLOW_ALL_ORIGINS = False
MEDIA_ROOT = DATA_DIR / "files"
LIBRARY_MAX_FILE_SIZE_MB: int = env.int("LIBRARY_MAX_FILE_SIZE_MB", default=200)
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
FILE_UPLOAD_MAX_MEMORY_SIZE = 2_500_000  # bytes; larger uploads go to a temporary file
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000  # bytes of a request without its files, as in core.body_limit
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500
DATA_UPLOAD_MAX_NUMBER_FILES = 20
CLAMAV_HOST: str = env("CLAMAV_HOST", default="")
CLAMAV_PORT: int = env.int("CLAMAV_PORT", default=3310)

# --- Models ------------------------------------------------------------------

OPENAI_API_KEY: str = env("OPENAI_API_KEY", default="")
OPENAI_BASE_URL: str = env("OPENAI_BASE_URL", default="")
OPENAI_MODEL: str = env("OPENAI_MODEL", default="gpt-5-mini")
EMBEDDING_MODEL_DIR: str = env("EMBEDDING_MODEL_DIR", default="")

# --- Language, time, logs ----------------------------------------------------

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LOG_LEVEL: str = env("LOG_LEVEL", default="INFO").upper()
LOGGING = logging_config(LOG_LEVEL)
METRICS_TOKEN: str = env("METRICS_TOKEN", default="")

# --- The console -------------------------------------------------------------

_TEAL = {
    "50": "97% .012",
    "100": "94% .025",
    "200": "88% .045",
    "300": "80% .07",
    "400": "71% .09",
    "500": "60% .09",
    "600": "48.5% .08",
    "700": "43% .072",
    "800": "37% .06",
    "900": "31% .05",
    "950": "24% .04",
}
UNFOLD = {
    "SITE_TITLE": "VoiceAssist console",
    "SITE_HEADER": "VoiceAssist console",
    "SITE_URL": "/app/",
    "SITE_SYMBOL": "menu_book",
    "COLORS": {"primary": {shade: f"oklch({value} 195)" for shade, value in _TEAL.items()}},
}
