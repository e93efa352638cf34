"""``/dev/mailbox``: what has been sent on this machine. A mail's own HTML is shown in a sandbox without any rights."""

from email.message import Message

from flask import Response, abort, current_app, make_response, render_template

from hms import areas
from hms.devtools.mailbox import store
from hms.devtools.mailbox.store import StoredMail
from hms.web import render
from hms.web.headers import CSP, csp_text

bp = areas.blueprint("public", "mailbox", __name__)

SANDBOX = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
    "style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
)


@bp.get("/dev/mailbox")
def index() -> Response:
    """The latest hundred mails."""
    return make_response(render("mailbox/index.html", mails=store.list_mails(current_app.config["MAILBOX_DIR"])))


@bp.get("/dev/mailbox/<mail_id>")
def mail(mail_id: str) -> Response:
    """One mail: its headers, its HTML in a sandboxed frame, its text, its calendar file."""
    stored = _get(mail_id)
    text, html = (stored.message.get_body((kind,)) for kind in ("plain", "html"))
    response = make_response(
        render(
            "mailbox/mail.html",
            mail=stored,
            headers=[(name, str(value)) for name, value in stored.message.items()],
            text=_content(text) if text else "",
            has_html=html is not None,
            attachments=[part.get_filename() for part in stored.message.iter_attachments()],
        )
    )
    response.headers["Content-Security-Policy"] = csp_text({**CSP, "frame-src": "'self'"})
    return response


@bp.get("/dev/mailbox/<mail_id>/html")
def html(mail_id: str) -> Response:
    """The mail's own HTML, for the frame only: no script, no form, nothing loaded from anywhere."""
    body = _get(mail_id).message.get_body(("html",))
    if body is None:
        abort(404)
    response = make_response(_content(body).replace("<head>", '<head><base target="_blank">', 1))
    response.headers["Content-Security-Policy"] = SANDBOX
    return response


@bp.get("/dev/mailbox/<mail_id>/attachments/<int:number>")
def attachment(mail_id: str, number: int) -> Response:
    """One attached file, as a download."""
    parts = list(_get(mail_id).message.iter_attachments())
    if number >= len(parts):
        abort(404)
    content = parts[number].get_payload(decode=True)
    response = make_response(content, {"Content-Type": "application/octet-stream"})
    response.headers.set("Content-Disposition", "attachment", filename=parts[number].get_filename() or "file")
    return response


def where_to_look(_subject: object) -> str:
    """The panel for a page that says that a mail was sent: on this machine, it is here."""
    return render_template("mailbox/_where_to_look.html")


def _content(part: Message) -> str:
    """The words of a part; as much as can be read where they are in an alphabet that nobody knows."""
    try:
        return str(part.get_content())  # type: ignore[attr-defined]  # an EmailMessage, which its parts are too
    except LookupError:
        return bytes(part.get_payload(decode=True) or b"").decode(errors="replace")


def _get(mail_id: str) -> StoredMail:
    stored = store.find_mail(current_app.config["MAILBOX_DIR"], mail_id)
    if stored is None:
        abort(404)
    return stored
