"""The function on this machine, behind the same endpoint that AWS has: no Node, no docker.

``python -m email_lambda.local --port 3002`` answers Lambda's Invoke API, so that an unchanged
``boto3.client("lambda")`` reaches it through ``AWS_ENDPOINT_URL_LAMBDA``, and the development endpoint
``POST /dev/send-email``. The handler runs in AWS's own runtime client (awslambdaric), in a process of its own:

    boto3 -> handlers.py -> function.py -> environment.py <- Runtime API -> child.py (awslambdaric -> handler.py)
"""
