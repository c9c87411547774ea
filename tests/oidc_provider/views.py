import json

from django.contrib.auth import login
from django.contrib.auth.models import User
from django.http import HttpResponse, HttpResponseRedirect
from django.middleware.csrf import get_token
from django.views.decorators.csrf import csrf_exempt
from oauth2_provider.models import Application

from tests.oidc_provider.people import PEOPLE

PAGE = """<!doctype html><title>Provider</title><form method="post">
<input type="hidden" name="csrfmiddlewaretoken" value="{token}">
<label>User name <input name="username"></label><button>Sign in at the provider</button></form>"""


def sign_in(request):
    """Sign in by a user name alone."""
    if request.method != "POST":
        return HttpResponse(PAGE.format(token=get_token(request)))
    user, _ = User.objects.get_or_create(username=request.POST["username"])
    login(request, user)
    return HttpResponseRedirect(request.GET["next"])


@csrf_exempt
def control(request):
    """Take from the tests who there is, and which client may ask."""
    given = json.loads(request.body)
    PEOPLE.update(given.get("people", {}))
    if client := given.get("client"):
        Application.objects.update_or_create(
            client_id=client["id"],
            defaults={
                "client_secret": client["secret"],
                "redirect_uris": client["redirect_uri"],
                "client_type": Application.CLIENT_CONFIDENTIAL,
                "authorization_grant_type": Application.GRANT_AUTHORIZATION_CODE,
                "algorithm": Application.RS256_ALGORITHM,
                "name": "VoiceAssist",
            },
        )
    return HttpResponse(status=204)
