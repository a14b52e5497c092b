"""Argon2id at the cost that OWASP names for it: 19 MiB, two passes, one lane.

Django's default takes 100 MiB an attempt: twenty people who sign in at once would need 2 GB.
Source: the OWASP Password Storage Cheat Sheet.
"""

from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2idHasher(Argon2PasswordHasher):
    memory_cost = 19 * 1024
    time_cost = 2
    parallelism = 1
