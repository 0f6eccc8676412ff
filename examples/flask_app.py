"""A Flask application with a factory: kirin 'flask_app:create_app("Visitors")'"""

from flask import Flask, redirect, render_template_string, request, session, url_for

PAGE = """<!doctype html>
<title>{{ title }}</title>
<h1>{{ title }}</h1>
{% if session.name %}<p>Welcome back, {{ session.name }}.</p>{% endif %}
<form method="post"><input name="name" placeholder="Your name" required> <button>Say hello</button></form>
"""


def create_app(title="Hello from Flask"):
    app = Flask(__name__)
    app.secret_key = "change this before anybody else sees the page"

    @app.route("/", methods=["GET", "POST"])
    def index():
        if request.method == "POST":
            session["name"] = request.form["name"]
            return redirect(url_for("index"))
        return render_template_string(PAGE, title=title)

    return app


app = create_app()
