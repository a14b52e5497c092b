"""The verbs: each checks, writes and appends its event, in one transaction."""
