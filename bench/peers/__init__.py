"""What Natterjack is compared with: for each a server, and its page as a load sees it."""
