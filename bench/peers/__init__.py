"""What Natterjack is compared with, on the same daphne."""
