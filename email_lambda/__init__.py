"""The email function: one message type and its data in, one mail over SMTP out.

It runs as an AWS Lambda function (see README.md in this folder) or behind ``python -m email_lambda.local`` on this
machine. It knows nothing of the rest of HMS: what it may be told is written in ``messages.py``, and every formatted
time reaches it as a ready string.
"""
