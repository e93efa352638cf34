"""ABOUT THE SITE: privacy, terms, accessibility, contact, and what a browser asks of a site that is installed."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Register the pages and the links of every footer to them."""
    from hms import areas
    from hms.information import views

    app.register_blueprint(views.bp)
    app.add_template_global(views.manifest_address)
    for order, (label, view) in enumerate(views.FOOTER):
        areas.menu(app, areas.FOOTER, label, f"information.{view}", icon="info", order=order)
