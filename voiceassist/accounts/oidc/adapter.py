"""The library's OpenID Connect, held to the one provider of the settings and to our own two routes."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from allauth.core.internal.httpkit import add_query_params
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.oauth2.client import OAuth2Client
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.http import HttpRequest
from django.urls import reverse

from voiceassist.accounts.oidc import provider_settings
from voiceassist.accounts.oidc.errors import AnswerNotUnderstood
from voiceassist.accounts.oidc.transport import ProviderSession

ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    """Finds the provider in the settings only, and lets nobody register: `services.single_sign_on` decides that."""

    def list_apps(self, *_: Any, client_id: str | None = None, **__: Any) -> list[Any]:
        """Return the provider of the settings; rows in the database are not looked at."""
        found = provider_settings.current()
        if found is None or (client_id and client_id != found.client_id):
            return []
        return [_app(found)]

    def get_provider(self, request: HttpRequest, provider: str, client_id: str | None = None) -> Provider:
        """Return the provider, whatever name is asked for. Raises SocialApp.DoesNotExist."""
        return Provider(request, app=self.get_app(request, provider=provider, client_id=client_id))

    def get_requests_session(self) -> ProviderSession:
        """Return what every request to the provider goes through."""
        return ProviderSession()

    def is_open_for_signup(self, *_: Any, **__: Any) -> bool:
        """Refuse, should one of the library's own views ever be reached."""
        return False


class Client(OAuth2Client):
    def get_redirect_url(self, authorization_url: str, scope: Any, extra_params: dict[str, Any]) -> str:
        """Add our parameters to those that the provider's address may have already."""
        params = {
            "client_id": self.consumer_key,
            "redirect_uri": self.callback_url,
            "scope": " ".join(scope),
            "response_type": "code",
            "state": self.state,
            **extra_params,
        }
        url: str = add_query_params(authorization_url, params)
        return url


class Connection(OpenIDConnectOAuth2Adapter):
    """The provider's endpoints, as it describes them itself."""

    client_class = Client

    @cached_property
    def openid_config(self) -> dict[str, Any]:
        """Fetch the description. Raises requests.RequestException, AnswerNotUnderstood.

        The issuer it names must be the one of the settings (OpenID Connect Discovery 1.0, 4.3), but for a slash at its
        end; and no secret goes anywhere in the clear.
        """
        config = self.fetch(self.get_provider().server_url)
        issuer = config.get("issuer")
        if not isinstance(issuer, str) or issuer.rstrip("/") != self.provider_id:
            raise AnswerNotUnderstood
        if not all(provider_settings.is_safe_url(config.get(name)) for name in ENDPOINTS):
            raise AnswerNotUnderstood
        return config

    @property
    def basic_auth(self) -> bool:
        """Tell how the secret is sent; where the provider says nothing, by HTTP Basic (Discovery 1.0, 3)."""
        return "client_secret_post" not in (self.openid_config.get("token_endpoint_auth_methods_supported") or ())

    def get_callback_url(self, request: HttpRequest, *_: Any) -> str:
        """Return the redirect URI that is registered at the provider."""
        return request.build_absolute_uri(reverse("oidc-callback"))

    def keys(self) -> dict[str, Any]:
        """Fetch the keys that id_tokens are signed with. Raises requests.RequestException."""
        return self.fetch(self.openid_config["jwks_uri"])

    def details(self, access_token: str) -> dict[str, Any]:
        """Fetch what the id_token left out; nothing where the provider has no such endpoint."""
        url = self.openid_config.get("userinfo_endpoint")
        if url is None:
            return {}
        if not provider_settings.is_safe_url(url):
            raise AnswerNotUnderstood
        return self.fetch(url, headers={"Authorization": f"Bearer {access_token}"})

    def fetch(self, url: str, **more: Any) -> dict[str, Any]:
        """Return the object at an address of the provider. Raises requests.RequestException."""
        with ProviderSession() as session:
            found: dict[str, Any] = session.get(url, **more).json()
        return found


class Provider(OpenIDConnectProvider):
    oauth2_adapter_class = Connection

    def extract_extra_data(self, *_: Any) -> dict[str, Any]:
        """Keep nothing of what the provider says, should the library ever store an account."""
        return {}


def _app(found: provider_settings.ProviderSettings) -> SocialApp:
    """Describe the provider to the library; nothing is stored. Identities are kept under the issuer's name."""
    return SocialApp(
        provider=Provider.id,
        provider_id=found.issuer,
        name=found.name[:40],
        client_id=found.client_id,
        secret=found.client_secret,
        settings={"server_url": found.discovery_url, "oauth_pkce_enabled": True, "scope": list(found.scopes)},
    )
