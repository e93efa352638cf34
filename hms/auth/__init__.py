"""WHO: accounts, the people behind them, and who may pass.

Owns the tables ``users``, ``patients``, ``doctors``, ``doctor_photos``, ``doctor_changes``, ``specialties``,
``sessions``, ``known_devices``, ``authenticator_apps``, ``recovery_codes``, ``email_codes``, ``mail_pauses`` and
``drafts``.

Promises
- An email belongs to one account, whatever its capitals; two simultaneous sign-ups have one winner.
- A role is given by the service that makes the account, never by a posted field. A doctor is found by patients once
  approved; receptionists and administrators are made from the command line.
- Somebody who is signed in has a row in ``sessions`` and an opaque cookie; signing out, or deactivating the account,
  deletes the row, and the next request is nobody's. Somebody who is not signed in never has a row.
- Where mail is on, nobody has an account whose address they have not proved, and nobody learns from signing up, or from
  asking for a new password, who has one. Mails that anybody can ask for have growing pauses.
- The guard handed to ``hms.areas`` lets only those into a page whom its access names (``guards.ROLES``).
- ``guards.current_patient`` and ``guards.current_doctor`` are the person who is signed in, without another query.

Announces ``flask_login.user_logged_in`` and ``user_logged_out``, and ``signals.access_ended``. Listens to
``outbox.database_restored``: sign-ins made before are over.
"""

from flask import Flask

SWEEP_EVERY_SECONDS = 3600
FINDABLE_EVERY_SECONDS = 3600


def init_app(app: Flask) -> None:
    """Take over the sessions, know the current user, answer the pages of accounts, and offer ``flask users``."""
    from hms import mailer, outbox, worker
    from hms.auth import cli, devices, emails, guards, passwords, queries, services, sessions, views
    from hms.web import panels

    passwords.init_app(app)
    devices.init_app(app)
    app.session_interface = sessions.Sessions()
    guards.init_app(app)
    for blueprint in views.blueprints:
        app.register_blueprint(blueprint)
    views.menus.init_app(app)
    panels.register(app, "workspace", views.doctor_profile.waits_for_approval)
    app.cli.add_command(cli.group)
    emails.init_app(app)
    mailer.know_addresses_with(app, queries.find_address)
    panels.register(app, "home", views.recovery.unverified)
    worker.every(FINDABLE_EVERY_SECONDS, "let doctors be found", services.make_all_findable)
    views.signed_out.init_app(app)
    views.session_end.init_app(app)
    worker.every(SWEEP_EVERY_SECONDS, "forget old drafts", services.delete_old_drafts)
    worker.every(SWEEP_EVERY_SECONDS, "forget ended sign-ins", services.delete_ended_sign_ins)
    outbox.database_restored.connect(services.end_all_sign_ins)
    worker.every(SWEEP_EVERY_SECONDS, "forget old email codes", services.forget_old_requests)
