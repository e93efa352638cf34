"""The anchor of pages: what Flask and the web server cost by themselves. The web server finds it by its name."""

from flask import Flask

app = Flask(__name__)


@app.get("/")
def hello() -> str:
    """One word."""
    return "hello"
