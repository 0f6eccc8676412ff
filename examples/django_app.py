"""A Django application in one file: kirin django_app"""

import os

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse, JsonResponse
from django.urls import path

settings.configure(
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    SECRET_KEY=os.environ.get("SECRET_KEY", "change this before anybody else sees the page"),
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
)


def index(request):
    return HttpResponse(f"<h1>Hello from Django {django.get_version()}</h1>")


def add(request, one, other):
    return JsonResponse({"sum": one + other})


urlpatterns = [
    path("", index),
    path("add/<int:one>/<int:other>/", add),
]

application = get_wsgi_application()
