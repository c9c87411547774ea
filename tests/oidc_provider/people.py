"""Whom the provider knows, and what it says about them."""

from oauth2_provider.oauth2_validators import OAuth2Validator

PEOPLE: dict[str, dict[str, object]] = {}  # claims by user name, as the tests set them


class Validator(OAuth2Validator):
    def get_additional_claims(self, request):
        return PEOPLE[request.user.username]
