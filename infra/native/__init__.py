"""The shared stack of many users without containers, as ``infra/compose.yaml`` has it with them.

PostgreSQL with a role for each service, an S3 service with a key for each user, MLflow with its
basic-auth app, Prefect with a password, two workers: all on loopback, started by
``python -m infra.native up FOLDER``. Passwords are made once and lie in ``FOLDER/secrets``, one a
file, readable by their owner; they reach processes through files and the environment only.
"""
