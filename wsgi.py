"""What a WSGI server and the `flask` command load."""

from hms import create_app

app = create_app()
