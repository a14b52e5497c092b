bind "tcp://127.0.0.1:#{ENV.fetch("PORT")}"
environment "production"
workers 0
threads 5, 5
quiet
log_requests false
