# puma -C bench/peers/actioncable/puma.rb bench/peers/actioncable/config.ru
require "logger"
require "rails"
require "action_controller/railtie"
require "action_cable/engine"

class Chat < Rails::Application
  config.root = __dir__
  config.eager_load = false
  config.logger = Logger.new(File::NULL)
  config.log_level = :warn
  config.secret_key_base = "only for measuring, and as long as Rails wants it"
  config.action_cable.mount_path = "/cable"
  config.action_cable.cable = { "adapter" => "async" }
  config.action_cable.allowed_request_origins = ["http://127.0.0.1:#{ENV.fetch("PORT")}"]
end

module ApplicationCable
  class Connection < ActionCable::Connection::Base; end
  class Channel < ActionCable::Channel::Base; end
end

class ChatChannel < ApplicationCable::Channel
  def subscribed
    stream_from "lobby"
  end

  def speak(data)
    ActionCable.server.broadcast("lobby", { message: data["message"] })
  end
end

Chat.initialize!
Chat.routes.draw { root to: ->(_env) { [200, { "Content-Type" => "text/plain" }, ["ok"]] } }
run Chat
