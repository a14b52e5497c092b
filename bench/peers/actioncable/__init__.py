"""Rails' Action Cable on puma, as Debian has them: one process, five threads, in memory.

https://guides.rubyonrails.org/action_cable_overview.html
One channel: no account, no database, no rendering; it passes on what comes in. The allowed
origins are checked, as ours are. It pings every socket every 3 s, which is part of what it costs:
no setting ends that (`ActionCable::Server::Connections::BEAT_INTERVAL`).
"""
